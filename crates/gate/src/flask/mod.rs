//! Flask's session, login and CSRF formats, read natively.
//!
//! | file | format | read with |
//! |---|---|---|
//! | `signer.rs` | itsdangerous: signatures with and without a time | [`Signer`] |
//! | `session.rs` | the signed session cookie | [`SessionCookies`], gives a [`Session`] |
//! | `json.rs`, `value.rs` | Flask's tagged JSON | [`Value`] |
//! | `stored.rs`, `msgpack.rs` | Flask-Session's values in Redis | [`StoredSessions`], gives a [`Session`] |
//! | `login.rs`, `remember.rs` | Flask-Login | [`login()`] |
//! | `csrf.rs` | Flask-WTF's CSRF tokens | [`CsrfTokens`] |
//!
//! Nothing is inflated or parsed before its signature is verified, nothing is ever unpickled, and
//! signatures are compared in constant time. Each input has a limit. Clock, address and keys are
//! parameters. Sources are named by package: itsdangerous 2.2, Flask 3.1, Flask-Login 0.6,
//! Flask-WTF 1.3, Flask-Session 0.8.

mod csrf;
mod fault;
mod inflate;
mod json;
mod login;
mod msgpack;
mod remember;
mod session;
mod signer;
mod stored;
mod value;

pub use csrf::{CsrfAge, CsrfFault, CsrfTokens};
pub use fault::Fault;
pub use login::{Client, Guard, Login, Protection, Source, login};
pub use remember::RememberCookies;
pub use session::{Session, SessionCookies, SessionRules};
pub use signer::{Derivation, Digest, Signer};
pub use stored::StoredSessions;
pub use value::{Map, Value};

/// The longest cookie that is looked at, in bytes: what a listener takes for all headers together.
/// Browsers stop at 4093.
pub const COOKIE_BYTES: usize = 16 * 1024;

/// What a signed payload may inflate to, in bytes; Python has no limit.
pub const INFLATED_BYTES: usize = 256 * 1024;

/// The longest value of Flask-Session that is read, in bytes.
pub const STORED_BYTES: usize = 1024 * 1024;

/// How deep lists and maps may lie in each other.
pub const DEPTH: usize = 128;

/// Lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            let letter = if nibble < 10 { b'0' } else { b'a' - 10 };
            out.push(char::from(letter + nibble));
        }
    }
    out
}
