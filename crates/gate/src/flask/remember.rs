//! Flask-Login's remember cookie: `user_id|hex(HMAC_sha512(secret, user_id))`.
//!
//! It has no time and so is valid for ever; only a new `SECRET_KEY` revokes it. Honouring it is a choice.

use hmac::Hmac;
use sha2::Sha512;
use subtle::ConstantTimeEq;

use super::signer::{keyed, mac};
use super::{COOKIE_BYTES, Fault, hex};

/// Reads remember cookies.
#[derive(Clone)]
pub struct RememberCookies {
    key: Vec<u8>,
}

impl RememberCookies {
    /// `SECRET_KEY` as text: Flask-Login takes it as latin-1, where the session takes UTF-8, and knows no
    /// fallbacks. None where the text has characters outside of latin-1; Flask-Login raises there.
    pub fn new(secret: &str) -> Option<Self> {
        let bytes = secret.chars().map(|letter| u8::try_from(u32::from(letter)));
        let key = bytes.collect::<Result<_, _>>().ok()?;
        Some(Self { key })
    }

    /// The user's id that the value of a cookie proves.
    pub fn read<'a>(&self, cookie: &'a str) -> Result<&'a str, Fault> {
        if cookie.len() > COOKIE_BYTES {
            let limit = COOKIE_BYTES;
            return Err(Fault::TooLong { limit });
        }
        let (user, digest) = cookie.rsplit_once('|').ok_or(Fault::Malformed)?;
        let expected = hex(&mac(keyed::<Hmac<Sha512>>(&self.key), user.as_bytes()));
        // Lower case only, as Python's hexdigest() is.
        if expected.as_bytes().ct_eq(digest.as_bytes()).into() {
            Ok(user)
        } else {
            Err(Fault::Signature)
        }
    }
}

impl std::fmt::Debug for RememberCookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RememberCookies")
    }
}
