//! Flask's session: the map that an application keeps for a visitor, and the signed cookie it comes in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::Sha256;

use super::inflate::unpack;
use super::json::{self, Tags};
use super::signer::hash;
use super::{COOKIE_BYTES, Derivation, Digest, Fault, INFLATED_BYTES, Map, Signer, Value, hex};

/// The settings of Flask's session interface, by Flask's own names.
#[derive(Debug, Clone)]
pub struct SessionRules {
    /// `digest_method`
    pub digest: Digest,
    /// `key_derivation`
    pub derivation: Derivation,
    /// `salt`
    pub salt: String,
    /// `PERMANENT_SESSION_LIFETIME` in seconds; Flask applies it to every session, permanent or not.
    pub lifetime: u64,
    /// By how many seconds the application's clock may run ahead of ours; Flask itself allows none.
    pub leeway: u64,
}

impl Default for SessionRules {
    /// Flask's defaults, and five seconds of leeway.
    fn default() -> Self {
        Self {
            digest: Digest::Sha1,
            derivation: Derivation::Hmac,
            salt: "cookie-session".to_owned(),
            lifetime: 31 * 24 * 60 * 60,
            leeway: 5,
        }
    }
}

/// Reads signed session cookies.
#[derive(Debug, Clone)]
pub struct SessionCookies {
    signer: Signer,
    lifetime: u64,
    leeway: u64,
}

/// An application's session, verified.
#[derive(Clone, PartialEq)]
pub struct Session {
    values: Map,
    key: String,
    expires_at: Option<u64>,
}

impl SessionCookies {
    /// `secrets` are `SECRET_KEY` and `SECRET_KEY_FALLBACKS` as bytes; a text is UTF-8 here.
    pub fn new<'a>(rules: &SessionRules, secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self {
            signer: Signer::new(rules.digest, rules.derivation, &rules.salt, secrets),
            lifetime: rules.lifetime,
            leeway: rules.leeway,
        }
    }

    /// A cookie with this JSON, for tests: Flask makes the true ones.
    pub(crate) fn sign(&self, json: &str, at: u64) -> Option<String> {
        self.signer.sign_timed(&URL_SAFE_NO_PAD.encode(json), at)
    }

    /// The session of a cookie's value, at `now` in Unix seconds. Whatever the fault, Flask sees an empty
    /// session or answers 500.
    pub fn read(&self, cookie: &str, now: u64) -> Result<Session, Fault> {
        if cookie.len() > COOKIE_BYTES {
            let limit = COOKIE_BYTES;
            return Err(Fault::TooLong { limit });
        }
        let signed = self.signer.unsign_timed(cookie)?;
        signed.check_age(now, self.lifetime, self.leeway)?;
        let text = unpack(signed.payload, INFLATED_BYTES)?;
        let values = match json::read(&text, Tags::Flask)? {
            Value::Map(values) => values,
            Value::Null => Map::new(),
            _ => return Err(Fault::Content("it is not a map")),
        };
        Ok(Session {
            values,
            key: key_of(signed.signed),
            expires_at: Some(signed.at.saturating_add(self.lifetime)),
        })
    }
}

impl Session {
    /// A session that was kept at `id`; when it ends is the store's affair.
    pub(super) fn stored(values: Map, id: &str) -> Self {
        Self {
            values,
            key: key_of(id),
            expires_at: None,
        }
    }

    /// What [`Session::key`] is for a session that is kept at this id.
    pub fn name_of(id: &str) -> String {
        key_of(id)
    }

    /// The value at a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// All that the session holds.
    pub const fn values(&self) -> &Map {
        &self.values
    }

    /// Whether it holds nothing: an anonymous visitor's, or one that has just logged out.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether the session outlives the browser (`_permanent`).
    pub fn is_permanent(&self) -> bool {
        self.get("_permanent").is_some_and(Value::is_true)
    }

    /// The last second in which it is valid, in Unix seconds; none where a store decides.
    pub const fn expires_at(&self) -> Option<u64> {
        self.expires_at
    }

    /// A name for this session that tells nothing of it: SHA-256 of what was signed, or of its id, in
    /// hex. The cookie's own text is no name; it can be written in several ways.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The roles at a key: a list of texts, one text, or `true` for `admin`.
    pub fn roles(&self, key: &str, admin: &str) -> Vec<String> {
        match self.get(key) {
            Some(Value::Text(role)) => vec![role.clone()],
            Some(Value::List(roles) | Value::Tuple(roles)) => {
                let texts = roles.iter().filter_map(Value::as_text);
                texts.map(str::to_owned).collect()
            }
            Some(Value::Bool(true)) => vec![admin.to_owned()],
            _ => Vec::new(),
        }
    }
}

/// Keys only: the values are the visitor's.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

fn key_of(text: &str) -> String {
    hex(&hash::<Sha256>(&[text.as_bytes()]))
}
