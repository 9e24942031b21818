//! Flask-WTF's CSRF tokens: the session's `csrf_token`, signed with a salt and a time of its own.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use super::inflate::unpack;
use super::json::{self, Tags};
use super::{Derivation, Digest, Fault, Signer, Value};

/// The longest token that is looked at, in bytes; Flask-WTF's have 91.
const TOKEN_BYTES: usize = 4096;

/// Judges CSRF tokens (`flask_wtf.csrf.validate_csrf`).
#[derive(Debug, Clone)]
pub struct CsrfTokens {
    signer: Signer,
}

/// Why a token is refused, in the order in which Flask-WTF finds out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrfFault {
    /// There is no token, or an empty one.
    TokenMissing,
    /// There is none in the session to compare with.
    SessionTokenMissing,
    /// It is too old, or from the future.
    Expired,
    /// It was not signed here, or what was signed is no token.
    Invalid,
    /// It is another session's.
    Mismatch,
}

impl CsrfTokens {
    /// The secret is `WTF_CSRF_SECRET_KEY`, or `SECRET_KEY` where that is not set; no fallbacks.
    pub fn new(secret: &[u8]) -> Self {
        Self {
            signer: Signer::new(
                Digest::Sha1,
                Derivation::DjangoConcat,
                "wtf-csrf-token",
                [secret],
            ),
        }
    }

    /// The token of a session that holds `kept`, for tests: Flask-WTF makes the true ones.
    pub(crate) fn sign(&self, kept: &str, at: u64) -> Option<String> {
        let payload = URL_SAFE_NO_PAD.encode(format!("\"{kept}\""));
        self.signer.sign_timed(&payload, at)
    }

    /// Whether `token` belongs to the session that holds `kept` at `csrf_token`. With an `age`, a token
    /// that is older (`WTF_CSRF_TIME_LIMIT`) or of the future is refused; without one time is no matter.
    pub fn check(
        &self,
        token: Option<&str>,
        kept: Option<&Value>,
        age: Option<CsrfAge>,
    ) -> Result<(), CsrfFault> {
        let token = token.filter(|token| !token.is_empty());
        let token = token.ok_or(CsrfFault::TokenMissing)?;
        let kept = kept.ok_or(CsrfFault::SessionTokenMissing)?;
        let signed = self.read(token, age).map_err(|fault| {
            if fault.is_of_time() {
                CsrfFault::Expired
            } else {
                CsrfFault::Invalid
            }
        })?;
        // Python's compare_digest raises for what is no text or not ASCII.
        match (kept, signed) {
            (Value::Text(kept), Value::Text(signed)) if kept.is_ascii() && signed.is_ascii() => {
                if kept.as_bytes().ct_eq(signed.as_bytes()).into() {
                    Ok(())
                } else {
                    Err(CsrfFault::Mismatch)
                }
            }
            _ => Err(CsrfFault::Invalid),
        }
    }

    fn read(&self, token: &str, age: Option<CsrfAge>) -> Result<Value, Fault> {
        if token.len() > TOKEN_BYTES {
            let limit = TOKEN_BYTES;
            return Err(Fault::TooLong { limit });
        }
        let signed = self.signer.unsign_timed(token)?;
        if let Some(age) = age {
            signed.check_age(age.now, age.limit, age.leeway)?;
        }
        json::read(&unpack(signed.payload, TOKEN_BYTES)?, Tags::None)
    }
}

/// How old a token may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsrfAge {
    /// The time, in Unix seconds.
    pub now: u64,
    /// `WTF_CSRF_TIME_LIMIT` in seconds.
    pub limit: u64,
    /// By how many seconds the application's clock may run ahead of ours.
    pub leeway: u64,
}

impl fmt::Display for CsrfFault {
    /// Flask-WTF's own sentences.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenMissing => "The CSRF token is missing.",
            Self::SessionTokenMissing => "The CSRF session token is missing.",
            Self::Expired => "The CSRF token has expired.",
            Self::Invalid => "The CSRF token is invalid.",
            Self::Mismatch => "The CSRF tokens do not match.",
        })
    }
}
