//! Who Flask-Login takes for logged in: the session's user, guarded against another browser, else the
//! remember cookie's.

use std::borrow::Cow;

use sha2::Sha512;
use subtle::ConstantTimeEq;

use super::signer::hash;
use super::{RememberCookies, Session, Value, hex};

/// Flask-Login's `SESSION_PROTECTION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protection {
    /// The browser is not compared.
    Off,
    /// Another browser than the one that logged in is not fresh.
    #[default]
    Basic,
    /// Another browser is not logged in, unless the session is permanent.
    Strong,
}

impl Protection {
    /// `basic` and `strong`; anything else is off, as in Flask-Login.
    pub fn parse(text: &str) -> Self {
        match text {
            "basic" => Self::Basic,
            "strong" => Self::Strong,
            _ => Self::Off,
        }
    }
}

/// What Flask-Login knows a browser by. The bytes are those of the wire.
#[derive(Debug, Clone, Copy, Default)]
pub struct Client<'a> {
    /// `X-Forwarded-For` as the application gets it; only what stands before the first comma counts,
    /// whatever proxies there are.
    pub forwarded_for: Option<&'a [u8]>,
    /// The address of the peer, where that header is missing.
    pub remote_addr: Option<&'a str>,
    /// `User-Agent`.
    pub user_agent: Option<&'a [u8]>,
}

impl Client<'_> {
    /// The identifier that a session keeps at `_id`: 128 hex digits.
    pub fn identifier(&self) -> String {
        let addr = match (self.forwarded_for, self.remote_addr) {
            (Some(list), _) => python_repr(&utf8(list.split(|byte| *byte == b',').next())),
            (None, Some(addr)) => python_repr(addr.trim_ascii().as_bytes()),
            (None, None) => "None".to_owned(),
        };
        let agent = self.user_agent.map(|agent| python_repr(&as_utf8(agent)));
        let agent = agent.as_deref().unwrap_or("None");
        hex(&hash::<Sha512>(&[addr.as_bytes(), b"|", agent.as_bytes()]))
    }
}

fn utf8(first: Option<&[u8]>) -> Vec<u8> {
    as_utf8(first.unwrap_or_default().trim_ascii())
}

/// WSGI decodes headers as latin-1; Flask-Login encodes them again, as UTF-8.
fn as_utf8(latin1: &[u8]) -> Vec<u8> {
    let text: String = latin1.iter().map(|byte| char::from(*byte)).collect();
    text.into_bytes()
}

/// Python's `repr()` of bytes.
fn python_repr(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let mut out = format!("b{quote}");
    for byte in bytes {
        let shown: Cow<'_, str> = match byte {
            b'\t' => r"\t".into(),
            b'\n' => r"\n".into(),
            b'\r' => r"\r".into(),
            b'\\' => r"\\".into(),
            b'\'' if quote == '\'' => r"\'".into(),
            b' '..=b'~' => char::from(*byte).to_string().into(),
            _ => format!(r"\x{byte:02x}").into(),
        };
        out.push_str(&shown);
    }
    out.push(quote);
    out
}

/// What session protection says of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Nothing.
    Kept,
    /// Another browser: the login is not fresh.
    NotFresh,
    /// Another browser: there is no login, by the remember cookie neither.
    Dropped,
}

impl Guard {
    /// Compares the browser with the one that logged in. An empty session is not compared.
    pub fn judge(protection: Protection, session: &Session, client: &Client<'_>) -> Self {
        if protection == Protection::Off || session.is_empty() {
            return Self::Kept;
        }
        let kept = session.get("_id").and_then(Value::as_text);
        let is_same = kept.is_some_and(|kept| {
            let own = client.identifier();
            kept.as_bytes().ct_eq(own.as_bytes()).into()
        });
        match protection {
            _ if is_same => Self::Kept,
            Protection::Strong if !session.is_permanent() => Self::Dropped,
            _ => Self::NotFresh,
        }
    }
}

/// Where a login comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The session.
    Session,
    /// The remember cookie.
    Remember,
}

/// A user that is logged in. Whether the application still knows such a user is its own affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's id, as text.
    pub user: String,
    /// Whether the user logged in with this browser, in this session (`_fresh`).
    pub is_fresh: bool,
    /// Where it comes from.
    pub source: Source,
}

/// Who is logged in. No session cookie, or a bad one, is the same as no session. `remember` is the reader
/// and the value of the remember cookie, where it is to be honoured.
pub fn login(
    session: Option<&Session>,
    remember: Option<(&RememberCookies, &str)>,
    protection: Protection,
    client: &Client<'_>,
) -> Option<Login> {
    let guard = session.map_or(Guard::Kept, |session| {
        Guard::judge(protection, session, client)
    });
    if guard == Guard::Dropped {
        return None;
    }
    let of_session = session.and_then(|session| {
        Some(Login {
            user: session.get("_user_id")?.to_id()?,
            is_fresh: guard == Guard::Kept && session.get("_fresh").is_some_and(Value::is_true),
            source: Source::Session,
        })
    });
    let is_cleared = session
        .and_then(|session| session.get("_remember")?.as_text())
        .is_some_and(|word| word == "clear");
    of_session.or_else(|| {
        let (cookies, value) = remember.filter(|_| !is_cleared)?;
        Some(Login {
            user: cookies.read(value).ok()?.to_owned(),
            is_fresh: false,
            source: Source::Remember,
        })
    })
}
