//! Flask-Session: the cookie holds an id, a store holds the session at `prefix ‖ id`.
//!
//! Fetching is for others; here an id is checked before it becomes part of a key, and a value is read.

use super::json::{self, Tags};
use super::{Derivation, Digest, Fault, STORED_BYTES, Session, Signer, Value, msgpack};

/// The longest id that is looked up, in bytes; Flask-Session's have 43.
const ID_BYTES: usize = 256;

/// Reads what Flask-Session keeps.
#[derive(Debug, Clone)]
pub struct StoredSessions {
    prefix: String,
    signer: Option<Signer>,
}

impl StoredSessions {
    /// `prefix` is `SESSION_KEY_PREFIX`; `signing` is `SECRET_KEY` where `SESSION_USE_SIGNER` is on.
    pub fn new(prefix: &str, signing: Option<&[u8]>) -> Self {
        let signer =
            |secret| Signer::new(Digest::Sha1, Derivation::Hmac, "flask-session", [secret]);
        Self {
            prefix: prefix.to_owned(),
            signer: signing.map(signer),
        }
    }

    /// The session's id that a cookie's value holds. Ids outside of `[A-Za-z0-9_-]` are refused: no
    /// release of Flask-Session makes them.
    pub fn id<'a>(&self, cookie: &'a str) -> Result<&'a str, Fault> {
        let id = match &self.signer {
            Some(signer) => signer.unsign(cookie)?,
            None => cookie,
        };
        if id.len() > ID_BYTES {
            let limit = ID_BYTES;
            return Err(Fault::TooLong { limit });
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if id.is_empty() || !id.bytes().all(is_plain) {
            return Err(Fault::Malformed);
        }
        Ok(id)
    }

    /// The key at which the session of an id is kept.
    pub fn key(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    /// The id of the session that is kept at a key; none of another's key.
    pub fn id_of_key<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(self.prefix.as_str())
    }

    /// Whether a stored value is a pickle, of protocol 2 to 5; those before are plain garbage to both
    /// formats.
    pub const fn is_pickle(value: &[u8]) -> bool {
        matches!(value, [0x80, 2..=5, ..])
    }

    /// The session in a stored value: msgpack or JSON, whichever `SESSION_SERIALIZATION_FORMAT` wrote.
    /// None where nothing is kept. Pickles are told apart and never decoded.
    pub fn read(&self, id: &str, value: &[u8]) -> Result<Option<Session>, Fault> {
        if value.len() > STORED_BYTES {
            let limit = STORED_BYTES;
            return Err(Fault::TooLong { limit });
        }
        if value.is_empty() {
            return Ok(None);
        }
        if Self::is_pickle(value) {
            return Err(Fault::Pickle);
        }
        let value = msgpack::read(value).or_else(|_| json::read(value, Tags::None))?;
        match value {
            Value::Map(values) => Ok(Some(Session::stored(values, id))),
            Value::Null => Ok(None),
            _ => Err(Fault::Content("it is not a map")),
        }
    }
}
