//! Who connects, and whether they may join: credentials in, verdict out.
//!
//! [`Identities`] is made of the settings, once. At CONNECT [`Identities::find`] turns what the requests
//! of a session brought ([`Credentials`]) into a [`Standing`], which the connection keeps; then
//! [`Standing::admit`] decides for each namespace that is asked for. A login is known by its token or
//! cookie alone, as the application knows it, and a cookie counts only beside an admitted origin and with
//! the CSRF token that the application's own requests bring. What only others know is asked for as a
//! [`Need`].

mod anew;
mod brought;
mod credentials;
mod find;
mod issue;
mod outside;
mod settings;
mod standing;
mod stored;
mod token;
mod webhook;

pub use brought::{Arrival, Brought};
pub use credentials::Credentials;
pub use find::{Found, Identities};
pub use issue::Login;
pub use outside::{Answer, Answers, Need, Written};
pub use settings::{CrossCookies, CsrfMode, IdentitySettings, TokenSettings};
pub use standing::{Identity, NamespaceRule, Provider, Standing, User};
pub use stored::{StoredKey, StoredRules};
pub use webhook::{AnswerFault, Question, Said, Told};
