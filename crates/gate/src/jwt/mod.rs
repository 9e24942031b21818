//! JSON Web Tokens: a token and `now` in, who it names out.
//!
//! [`Tokens`] is made of the settings, once: which keys verify, with which algorithms, and what the
//! claims must say. What a token's own header says chooses among these and never adds to them; its
//! `jwk`, `jku`, `x5u` and `x5c` are not looked at. [`KeySet`] holds the keys of a JWKS URL and says
//! when to fetch it; [`TokenPlaces`] finds a token where Flask-JWT-Extended does.
//!
//! ```
//! use bellgate_gate::jwt::{TokenRules, Tokens};
//!
//! let tokens = Tokens::new(TokenRules::default()).with_secret(b"a secret of thirty-two bytes ...").unwrap();
//! let fault = tokens.read("e30.e30.", None, 1_764_000_000).unwrap_err();
//! assert_eq!(fault.to_string(), "names no algorithm");
//! ```
//!
//! | file | what |
//! |---|---|
//! | `tokens.rs` | the order of the checks; start here |
//! | `algorithm.rs`, `key.rs`, `pem.rs` | which key may do what, and how it verifies |
//! | `set.rs`, `jwk.rs` | JWKS: its keys, and when it is fetched |
//! | `claims.rs` | times, audience, issuer, user and roles |
//! | `places.rs` | where a token lies |
//! | `sign.rs` | the other side, for `bellgate token` |
//! | `compact.rs`, `json.rs` | the three parts of a token; JSON in which no name stands twice |

mod algorithm;
mod claims;
mod compact;
mod fault;
mod json;
mod jwk;
mod key;
mod pem;
mod places;
mod set;
mod sign;
mod tokens;

pub use algorithm::Algorithm;
pub use claims::{Token, TokenRules};
pub use fault::{CsrfFault, KeyFault, PlaceFault, SetFault, TokenFault};
pub use places::{Found, Place, TokenPlaces};
pub use set::{FETCH_TIMEOUT, KeySet, REFRESH_AT_MOST, REFRESH_EVERY, SET_BYTES, SET_KEYS};
pub(crate) use sign::sign;
pub use tokens::Tokens;

/// The longest token that is looked at, in bytes: what a listener takes for all headers together.
pub const TOKEN_BYTES: usize = 16 * 1024;
