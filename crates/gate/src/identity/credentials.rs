//! What a request brings that may tell who sent it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::IpAddr;

use http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use crate::cookie::Cookies;
use crate::flask::Client;

/// Flask-WTF's usual headers, in the order in which it looks.
const CSRF: [HeaderName; 2] = [
    HeaderName::from_static("x-csrftoken"),
    HeaderName::from_static("x-csrf-token"),
];
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What a request brings that may tell who sent it; kept until a namespace is joined, judged by
/// [`Identities::find`](super::Identities::find).
#[derive(Clone, Default)]
pub struct Credentials {
    cookies: Vec<HeaderValue>,
    authorization: Option<HeaderValue>,
    csrf: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    forwarded_for: Option<HeaderValue>,
    remote_addr: Option<IpAddr>,
    across: Option<String>,
    is_upgrade: bool,
}

impl Credentials {
    /// Of the headers of a request from this peer.
    pub(crate) fn read(headers: &HeaderMap, remote_addr: Option<IpAddr>) -> Self {
        let filled = |name| headers.get(name).filter(|value| !value.is_empty());
        Self {
            cookies: headers.get_all(COOKIE).iter().cloned().collect(),
            authorization: None,
            csrf: CSRF.iter().find_map(filled).cloned(),
            user_agent: headers.get(USER_AGENT).cloned(),
            forwarded_for: headers.get(FORWARDED_FOR).cloned(),
            remote_addr,
            across: None,
            is_upgrade: headers.contains_key(http::header::UPGRADE),
        }
    }

    /// Of a request without any such header.
    pub(crate) fn of_stranger(remote_addr: Option<IpAddr>) -> Self {
        Self {
            remote_addr,
            ..Self::default()
        }
    }

    /// The same in memory of its own. Header values share the buffer that the whole request was read
    /// into, and keep it for as long as they live.
    pub(crate) fn apart(&self) -> Self {
        let copied = |value: &HeaderValue| {
            // The bytes of a header value make one again.
            HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone())
        };
        Self {
            cookies: self.cookies.iter().map(copied).collect(),
            authorization: self.authorization.as_ref().map(copied),
            csrf: self.csrf.as_ref().map(copied),
            user_agent: self.user_agent.as_ref().map(copied),
            forwarded_for: self.forwarded_for.as_ref().map(copied),
            across: self.across.clone(),
            ..*self
        }
    }

    /// Takes the CSRF token of the first of these headers that is filled, if one is.
    pub(crate) fn read_csrf(&mut self, headers: &HeaderMap, names: &[HeaderName]) {
        let filled = |name| headers.get(name).filter(|value| !value.is_empty());
        if let Some(token) = names.iter().find_map(filled) {
            self.csrf = Some(token.clone());
        }
    }

    /// With an `Authorization` header, of which there was exactly one.
    pub(crate) fn authorized(self, authorization: Option<HeaderValue>) -> Self {
        Self {
            authorization,
            ..self
        }
    }

    /// Of a page of this origin, which is not the server's own.
    pub(crate) fn of_page_at(self, across: Option<String>) -> Self {
        Self { across, ..self }
    }

    /// Whether there is a cookie.
    pub fn has_cookie(&self) -> bool {
        !self.cookies.is_empty()
    }

    /// Whether there is anything that may log in.
    pub fn may_log_in(&self) -> bool {
        self.has_cookie() || self.authorization.is_some()
    }

    /// A number that tells what may log in from others; none without any. Equal for equal bytes only, but
    /// for chance: whoever brings other bytes is looked at again.
    pub fn bytes_hash(&self) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        self.cookies.hash(&mut hasher);
        self.authorization.hash(&mut hasher);
        self.may_log_in().then(|| hasher.finish())
    }

    /// `Authorization`, where there is exactly one in visible ASCII. Never for a log.
    pub fn authorization(&self) -> Option<&str> {
        let header = self.authorization.as_ref();
        header.and_then(|value| value.to_str().ok())
    }

    /// The origin of the page, where it is another than the server's.
    pub(super) fn across(&self) -> Option<&str> {
        self.across.as_deref()
    }

    /// A page of another origin polled, and its browser was not asked to send cookies. With a WebSocket
    /// handshake cookies come unasked.
    pub(super) fn lacks_cookies_across(&self) -> Option<&str> {
        let is_asked = self.has_cookie() || self.is_upgrade;
        self.across().filter(|_| !is_asked)
    }

    pub(super) fn cookies(&self) -> Cookies {
        Cookies::of_lines(self.cookies.iter().map(HeaderValue::as_bytes))
    }

    /// The headers that the application may know the client by, under their names in lower case; each byte
    /// is the character of its number, as WSGI has it. Cookies only where they count.
    pub(super) fn told(&self, counts: bool) -> BTreeMap<&'static str, String> {
        let text =
            |value: &HeaderValue| value.as_bytes().iter().map(|byte| *byte as char).collect();
        let cookies = self.cookies.iter().map(text).filter(|_| counts);
        let cookies = cookies.collect::<Vec<String>>().join("; ");
        let headers = [
            ("cookie", Some(cookies).filter(|line| !line.is_empty())),
            ("authorization", self.authorization.as_ref().map(text)),
            ("user-agent", self.user_agent.as_ref().map(text)),
            ("x-csrftoken", self.csrf.as_ref().map(text)),
        ];
        let present = headers.into_iter();
        present
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    pub(super) fn csrf(&self) -> Option<&str> {
        self.csrf.as_ref().and_then(|value| value.to_str().ok())
    }

    /// Calls `ask` with what Flask-Login knows the browser by.
    pub(super) fn with_client<T>(&self, ask: impl FnOnce(&Client<'_>) -> T) -> T {
        let addr = self.remote_addr.map(|addr| addr.to_string());
        ask(&Client {
            forwarded_for: self.forwarded_for.as_ref().map(HeaderValue::as_bytes),
            remote_addr: addr.as_deref(),
            user_agent: self.user_agent.as_ref().map(HeaderValue::as_bytes),
        })
    }
}

/// Nothing of what is in it: it logs somebody in.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({} cookie headers)", self.cookies.len())
    }
}
