//! What a request says of itself. The only reader of a request's origin and addresses.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http::request::Parts;
use http::{Method, header};

use crate::canon::Scheme;
use crate::header::OriginHeader;
use crate::identity::Credentials;
use crate::peer::{Peer, PeerAddr, TrustedProxies};
use crate::{escape_for_log, forwarded, host};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");

/// More request headers than any page sends; a preflight that asks for more is refused.
pub(crate) const PREFLIGHT_HEADERS: usize = 64;

/// How the page that made the request relates to this server (Fetch Metadata).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchSite {
    /// `same-origin`
    SameOrigin,
    /// `same-site`: another origin of the same registrable domain, another port included.
    SameSite,
    /// `cross-site`
    CrossSite,
    /// `none`: the person asked for it, as by the address bar.
    None,
    /// A value that is not known.
    Other,
}

impl FetchSite {
    /// The value as the header spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameOrigin => "same-origin",
            Self::SameSite => "same-site",
            Self::CrossSite => "cross-site",
            Self::None => "none",
            Self::Other => "other",
        }
    }

    fn parse(value: &HeaderValue) -> Self {
        match value.as_bytes() {
            b"same-origin" => Self::SameOrigin,
            b"same-site" => Self::SameSite,
            b"cross-site" => Self::CrossSite,
            b"none" => Self::None,
            _ => Self::Other,
        }
    }

    /// Of several headers the one that admits least counts.
    const fn distance(self) -> u8 {
        match self {
            Self::SameOrigin => 0,
            Self::None => 1,
            Self::Other => 2,
            Self::SameSite => 3,
            Self::CrossSite => 4,
        }
    }
}

/// How the page made the request (Fetch Metadata).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchMode {
    /// `cors`: `fetch` or `XMLHttpRequest`.
    Cors,
    /// `no-cors`: an image, a script, a form's target.
    NoCors,
    /// `same-origin`
    SameOrigin,
    /// `navigate`
    Navigate,
    /// `websocket`
    Websocket,
    /// A value that is not known.
    Other,
}

/// What a CORS preflight asks for (Fetch, CORS-preflight fetch).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// The method of the request to come; as it came, not checked.
    pub method: String,
    /// The header names of the request to come, in lower case; at most one more than 64.
    pub headers: Vec<String>,
    /// Whether a public page asks for a private address (Private Network Access).
    pub private_network: bool,
}

/// Everything of a request that a verdict may depend on, read once.
///
/// The work is bounded for whatever the headers hold; the size of the headers as a whole is the
/// transport's limit.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    method: Method,
    origin: OriginHeader,
    /// The first Origin header as it came.
    received: Option<HeaderValue>,
    credentials: Credentials,
    is_upgrade: bool,
    client_addr: Option<IpAddr>,
    scheme: Scheme,
    host: Option<String>,
    fetch_site: Option<FetchSite>,
    fetch_mode: Option<FetchMode>,
    user_agent: Option<HeaderValue>,
    preflight: Option<Preflight>,
    peer: PeerAddr,
    forwarded: ForwardedUse,
    /// The forwarded headers as they came.
    forwarded_lines: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ForwardedUse {
    Absent,
    Believed,
    Ignored,
}

impl RequestFacts {
    /// Reads a request that came from `peer`. Forwarded headers count only if `peer` is one of
    /// `proxies`.
    pub fn read(parts: &Parts, peer: &Peer, proxies: &TrustedProxies) -> Self {
        let headers = &parts.headers;
        let carried = Carried::by(headers);
        let is_forwarded = carried.has(Carried::FORWARDED);
        let forwarded = match (is_forwarded, is_forwarded && proxies.contains(&peer.addr)) {
            (false, _) => ForwardedUse::Absent,
            (true, true) => ForwardedUse::Believed,
            (true, false) => ForwardedUse::Ignored,
        };
        let told = match forwarded {
            ForwardedUse::Believed => forwarded::read(headers, proxies),
            _ => forwarded::Forwarded::default(),
        };
        let scheme = told.scheme.unwrap_or(if peer.tls {
            Scheme::Https
        } else {
            Scheme::Http
        });
        let host = told.host.or_else(|| requested_host(parts));
        let fetch = carried.has(Carried::FETCH).then_some(headers);
        let value = |bit, name| {
            let headers = carried.has(bit).then_some(headers);
            headers.and_then(|headers| headers.get(name)).cloned()
        };
        let received = value(Carried::ORIGIN, &header::ORIGIN);
        Self {
            method: parts.method.clone(),
            origin: match received {
                Some(_) => OriginHeader::read(headers),
                None => OriginHeader::Absent,
            },
            received,
            credentials: if carried.has(Carried::CREDENTIALS) {
                Credentials::read(headers, peer.addr.ip())
            } else {
                Credentials::of_stranger(peer.addr.ip())
            }
            .authorized(
                value(Carried::AUTHORIZATION, &AUTHORIZATION)
                    .filter(|_| single(headers, &AUTHORIZATION).is_some()),
            ),
            is_upgrade: carried.has(Carried::UPGRADE),
            client_addr: told.client.or(peer.addr.ip()),
            scheme,
            host: host.map(|host| without_default_port(host, scheme)),
            fetch_site: fetch.and_then(fetch_site),
            fetch_mode: fetch
                .and_then(|headers| headers.get(FETCH_MODE))
                .map(parse_mode),
            user_agent: value(Carried::USER_AGENT, &USER_AGENT),
            preflight: read_preflight(&parts.method, headers),
            peer: peer.addr,
            forwarded,
            forwarded_lines: if is_forwarded {
                forwarded::lines(headers)
            } else {
                Vec::new()
            },
        }
    }

    /// Reads the page's CSRF token where the application has it in headers of its own (`WTF_CSRF_HEADERS`).
    /// The first of them that is filled counts before Flask-WTF's usual ones.
    pub fn read_csrf(&mut self, headers: &HeaderMap, names: &[HeaderName]) {
        self.credentials.read_csrf(headers, names);
    }

    /// The Origin header.
    pub const fn origin(&self) -> &OriginHeader {
        &self.origin
    }

    /// The Origin header as it came, of several the first; escaped, at most 256 bytes.
    pub fn received_origin(&self) -> Option<String> {
        let received = self.received.as_ref();
        received.map(|value| escape_for_log(value.as_bytes(), 256))
    }

    /// The address of the client: the peer's, or what trusted proxies say. None where a unix
    /// socket's peer says nothing.
    pub const fn client_addr(&self) -> Option<IpAddr> {
        self.client_addr
    }

    /// `http` or `https`, as the client's own hop had it.
    pub const fn scheme(&self) -> &str {
        self.scheme.name()
    }

    /// Host and port that the client asked for, canonical, the scheme's default port left out.
    /// None where there is none, several, or one that is no host.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// `Sec-Fetch-Site`; of several the one that admits least.
    pub const fn sec_fetch_site(&self) -> Option<FetchSite> {
        self.fetch_site
    }

    /// `Sec-Fetch-Mode`.
    pub const fn sec_fetch_mode(&self) -> Option<FetchMode> {
        self.fetch_mode
    }

    /// `User-Agent`, where it is visible ASCII; the log still escapes it.
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent
            .as_ref()
            .and_then(|value| value.to_str().ok())
    }

    /// Whether a page in a browser made the request, so that a refusal has to reach its script
    /// (contract §3). Browsers leave fetch metadata out on WebSocket handshakes and towards plain
    /// HTTP, so an Origin with a browser's User-Agent tells it too.
    pub fn is_browser_page(&self) -> bool {
        if matches!(
            self.fetch_mode,
            Some(FetchMode::Cors | FetchMode::Websocket)
        ) {
            return true;
        }
        let browser = self
            .user_agent
            .as_ref()
            .is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/"));
        browser && self.origin != OriginHeader::Absent
    }

    /// `Authorization`, where there is exactly one in visible ASCII. Never for a log.
    pub fn authorization(&self) -> Option<&str> {
        self.credentials.authorization()
    }

    /// A number by which the credentials of two requests are told apart; none without any.
    pub fn credentials_hash(&self) -> Option<u64> {
        self.credentials.bytes_hash()
    }

    /// What may tell who sent it. Never for a log.
    pub fn credentials(&self) -> Credentials {
        let is_across = self.is_browser_page() && !self.is_page_of_same_name();
        let page = self.origin.valid().filter(|_| is_across);
        self.credentials
            .apart()
            .of_page_at(page.map(ToString::to_string))
    }

    /// Whether forwarded headers were there and came from a trusted proxy.
    pub fn forwarded_believed(&self) -> bool {
        self.forwarded == ForwardedUse::Believed
    }

    /// Whether forwarded headers were there and counted for nothing. From a loopback or unix peer
    /// that means a proxy is missing in `BELLGATE_TRUSTED_PROXIES` (contract §4, limits).
    pub fn forwarded_ignored(&self) -> bool {
        self.forwarded == ForwardedUse::Ignored
    }

    /// The forwarded headers as they came: `x-forwarded-proto: https; …`, escaped, at most 512 bytes.
    pub fn forwarded_text(&self) -> String {
        let lines = self.forwarded_lines.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            format!("{name}: {value}")
        });
        escape_for_log(lines.collect::<Vec<_>>().join("; ").as_bytes(), 512)
    }

    /// The other end of the socket.
    pub const fn peer(&self) -> &PeerAddr {
        &self.peer
    }

    /// The request's method.
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// What a preflight asks for; none for any other request.
    pub const fn preflight(&self) -> Option<&Preflight> {
        self.preflight.as_ref()
    }

    /// Whether the Origin has the name that was asked for, whatever its scheme: same origin, also
    /// behind a proxy that ends TLS and says nothing of it, or a program such as the python client,
    /// which sends its target as Origin. Never a reason to admit (DNS rebinding).
    pub fn is_origin_of_host(&self) -> bool {
        let (OriginHeader::Valid(origin), Some(host)) = (&self.origin, &self.host) else {
            return false;
        };
        let host = without_default_port(host.clone(), origin.scheme());
        let origin = origin.to_string();
        origin.split_once("://").map(|(_, name)| name) == Some(&host)
    }

    /// Whether a page in a browser was opened under the name that it asks, as far as one can see: by
    /// the name itself, or by what the browser says where a proxy has rewritten it.
    pub(crate) fn is_page_of_same_name(&self) -> bool {
        let is_same = self.fetch_site == Some(FetchSite::SameOrigin) || self.is_origin_of_host();
        is_same && self.is_browser_page()
    }

    /// Whether a page of another origin had its browser send cookies. A WebSocket handshake carries
    /// them unasked.
    pub(crate) fn sends_cookies_across(&self) -> bool {
        let is_across = self.is_browser_page() && !self.is_page_of_same_name();
        self.credentials.has_cookie() && !self.is_upgrade && is_across
    }
}

/// Which of the headers that are read a request carries. One walk over their names tells it; to look
/// for each would cost a hash apiece, and most requests carry few.
#[derive(Debug, Clone, Copy)]
struct Carried(u8);

impl Carried {
    const ORIGIN: u8 = 1;
    const UPGRADE: u8 = 1 << 1;
    const FORWARDED: u8 = 1 << 2;
    const FETCH: u8 = 1 << 3;
    const USER_AGENT: u8 = 1 << 4;
    const AUTHORIZATION: u8 = 1 << 5;
    /// Anything that [`Credentials::read`] reads.
    const CREDENTIALS: u8 = 1 << 6;

    fn by(headers: &HeaderMap) -> Self {
        let bits = headers.keys().map(|name| match name.as_str() {
            "origin" => Self::ORIGIN,
            "upgrade" => Self::UPGRADE | Self::CREDENTIALS,
            "user-agent" => Self::USER_AGENT | Self::CREDENTIALS,
            "cookie" | "x-csrftoken" | "x-csrf-token" => Self::CREDENTIALS,
            "authorization" => Self::AUTHORIZATION,
            "sec-fetch-site" | "sec-fetch-mode" => Self::FETCH,
            "x-forwarded-for" => Self::FORWARDED | Self::CREDENTIALS,
            "x-forwarded-proto" | "x-forwarded-host" | "forwarded" => Self::FORWARDED,
            _ => 0,
        });
        Self(bits.fold(0, |all, bits| all | bits))
    }

    const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// The one header of this name; of several none counts.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}

/// The authority of an absolute request target comes before `Host` (RFC 9112 §3.2.2).
fn requested_host(parts: &Parts) -> Option<String> {
    let written = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => single(&parts.headers, &HOST)?.to_str().ok()?,
    };
    host::with_port(written).ok()
}

fn without_default_port(mut host: String, scheme: Scheme) -> String {
    if let Ok((name, Some(port))) = host::split_port(&host)
        && scheme.default_port() == Some(port)
    {
        host.truncate(name.len());
    }
    host
}

fn fetch_site(headers: &HeaderMap) -> Option<FetchSite> {
    let all = headers.get_all(FETCH_SITE).iter().map(FetchSite::parse);
    all.max_by_key(|site| site.distance())
}

fn parse_mode(value: &HeaderValue) -> FetchMode {
    match value.as_bytes() {
        b"cors" => FetchMode::Cors,
        b"no-cors" => FetchMode::NoCors,
        b"same-origin" => FetchMode::SameOrigin,
        b"navigate" => FetchMode::Navigate,
        b"websocket" => FetchMode::Websocket,
        _ => FetchMode::Other,
    }
}

fn read_preflight(method: &Method, headers: &HeaderMap) -> Option<Preflight> {
    if method != Method::OPTIONS {
        return None;
    }
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    let names = headers
        .get_all(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
        .take(PREFLIGHT_HEADERS + 1)
        .map(|name| String::from_utf8_lossy(name).to_ascii_lowercase());
    Some(Preflight {
        method: String::from_utf8_lossy(asked.as_bytes()).into_owned(),
        headers: names.collect(),
        private_network: headers
            .get(PRIVATE_NETWORK)
            .is_some_and(|value| value == "true"),
    })
}
