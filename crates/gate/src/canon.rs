//! The canonical form of an origin: what has to be equal before two origins are the same.
//!
//! Scheme and host are lower case, an international name is punycode, the scheme's default port
//! is left out, an IPv6 address is compressed and in brackets. Nothing is compared, stored or
//! echoed in another form (contract §3). Start with [`Origin::parse`].

use std::fmt;

use crate::host;

/// Longer texts are refused unread. A name has at most 253 bytes; the rest is room for a name in
/// UTF-8 whose punycode is shorter.
const LONGEST: usize = 1024;

/// The schemes that a page or an app shell can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
    /// `capacitor`
    Capacitor,
    /// `ionic`
    Ionic,
    /// `tauri`
    Tauri,
    /// `app`
    App,
    /// `chrome-extension`
    ChromeExtension,
    /// `moz-extension`
    MozExtension,
    /// `safari-web-extension`
    SafariWebExtension,
    /// `vscode-webview`
    VscodeWebview,
}

impl Scheme {
    /// All schemes of the contract, pages' first.
    pub const ALL: [Self; 10] = [
        Self::Http,
        Self::Https,
        Self::Capacitor,
        Self::Ionic,
        Self::Tauri,
        Self::App,
        Self::ChromeExtension,
        Self::MozExtension,
        Self::SafariWebExtension,
        Self::VscodeWebview,
    ];

    /// The scheme as an origin spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Capacitor => "capacitor",
            Self::Ionic => "ionic",
            Self::Tauri => "tauri",
            Self::App => "app",
            Self::ChromeExtension => "chrome-extension",
            Self::MozExtension => "moz-extension",
            Self::SafariWebExtension => "safari-web-extension",
            Self::VscodeWebview => "vscode-webview",
        }
    }

    /// The port that is left out; app shells have none.
    pub const fn default_port(self) -> Option<u16> {
        match self {
            Self::Http => Some(80),
            Self::Https => Some(443),
            _ => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|scheme| scheme.name().eq_ignore_ascii_case(text))
    }
}

/// One origin in canonical form.
///
/// ```
/// use bellgate_gate::Origin;
///
/// let origin = Origin::parse("HTTPS://Bücher.Example:443").unwrap();
/// assert_eq!(origin.to_string(), "https://xn--bcher-kva.example");
/// assert!(Origin::parse("https://example.com/path").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    scheme: Scheme,
    host: Box<str>,
    port: Option<u16>,
}

impl Origin {
    /// Reads an origin and brings it into canonical form.
    ///
    /// The error is a lower-case fragment that says what is wrong and never repeats the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err("it is longer than any origin".to_owned());
        }
        let Some((scheme, authority)) = text.split_once("://") else {
            return Err("it has no scheme, write http:// or https:// in front".to_owned());
        };
        let scheme = known_scheme(scheme)?;
        check_authority(authority)?;
        let (host, port) = host::split_port(authority)?;
        Self::from_parts(scheme, host, port)
    }

    /// Reads an entry of a list in the configuration: as [`Origin::parse`], with blanks around it
    /// and one trailing `/` tolerated (contract §3).
    pub fn parse_entry(text: &str) -> Result<Self, String> {
        let text = text.trim();
        Self::parse(text.strip_suffix('/').unwrap_or(text))
    }

    /// Puts an origin together; the host may be any spelling of a name or address.
    pub fn from_parts(scheme: Scheme, host: &str, port: Option<u16>) -> Result<Self, String> {
        if port == Some(0) {
            return Err("0 is no port".to_owned());
        }
        Ok(Self {
            scheme,
            host: host::canonical(host)?.into_boxed_str(),
            port: port.filter(|port| scheme.default_port() != Some(*port)),
        })
    }

    /// The scheme.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host: a lower-case ASCII name, an IPv4 address, or an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port as the canonical form has it: none where it is the scheme's own.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port that a connection goes to; none for app shells.
    pub fn effective_port(&self) -> Option<u16> {
        self.port.or(self.scheme.default_port())
    }

    /// Whether the host is this machine: `localhost`, a name under it, 127.0.0.0/8 or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        host::is_loopback(&self.host)
    }

    /// Whether the page came over plain HTTP.
    pub fn is_plaintext(&self) -> bool {
        self.scheme == Scheme::Http
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn known_scheme(text: &str) -> Result<Scheme, String> {
    if let Some(scheme) = Scheme::parse(text) {
        return Ok(scheme);
    }
    Err(match text.to_ascii_lowercase().as_str() {
        "ws" => "ws is not the scheme of a page, write http".to_owned(),
        "wss" => "wss is not the scheme of a page, write https".to_owned(),
        _ => "its scheme is neither http, https nor that of an app shell".to_owned(),
    })
}

/// Tells what does not belong behind the `://`, so that the message names it.
fn check_authority(authority: &str) -> Result<(), String> {
    let odd = authority.chars().find(|c| {
        matches!(c, '/' | '\\' | '?' | '#' | '@' | '*') || c.is_whitespace() || c.is_control()
    });
    let detail = match odd {
        None if authority.is_empty() => "it has no host",
        None => return Ok(()),
        Some('/' | '\\') => "it has a path, an origin ends with host and port",
        Some('?' | '#') => "it has a query or fragment, an origin ends with host and port",
        Some('@') => "it has a user name, an origin has none",
        Some('*') => "* stands only alone or for whole labels in front: https://*.example.com",
        Some(_) => "it has a blank or control character",
    };
    Err(detail.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Origin;

    fn canonical(text: &str) -> Result<String, String> {
        Origin::parse(text).map(|origin| origin.to_string())
    }

    #[test]
    fn every_spelling_of_an_origin_has_one_canonical_form() {
        for (spelling, form) in [
            ("http://localhost:5000", "http://localhost:5000"),
            ("HTTP://LOCALHOST:5000", "http://localhost:5000"),
            ("http://example.com:80", "http://example.com"),
            ("https://example.com:443", "https://example.com"),
            ("http://example.com:443", "http://example.com:443"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            (
                "https://XN--BCHER-KVA.example",
                "https://xn--bcher-kva.example",
            ),
            ("https://faß.de", "https://xn--fa-hia.de"),
            ("http://[0:0:0:0:0:0:0:1]:5000", "http://[::1]:5000"),
            (
                "http://[2001:DB8:0:0:1:0:0:1]",
                "http://[2001:db8::1:0:0:1]",
            ),
            ("http://[::FFFF:127.0.0.1]", "http://[::ffff:7f00:1]"),
            ("http://example.com.", "http://example.com."),
            ("http://my_service:8000", "http://my_service:8000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("tauri://localhost:1420", "tauri://localhost:1420"),
            (
                "chrome-extension://abcdefghijklmnop",
                "chrome-extension://abcdefghijklmnop",
            ),
        ] {
            assert_eq!(canonical(spelling).as_deref(), Ok(form), "{spelling}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "null",
            "localhost",
            "localhost:5000",
            "//localhost",
            "http:/localhost",
            "http://",
            "http://:80",
            "http://a/",
            "http://a/b",
            "http://a?b",
            "http://a#b",
            "http://a\\b",
            "http://u@a",
            "http://u:p@a",
            "http://a:0",
            "http://a:65536",
            "http://a:080",
            "http://a:",
            "http://a:+80",
            "http://a:443:80",
            "http://a b",
            "http://a\tb",
            "http://a\r\nX: y",
            " http://a",
            "http://a ",
            "ftp://a",
            "file://",
            "ws://a",
            "wss://a",
            "javascript://a",
            "http://::1",
            "http://[::1",
            "http://[::1]x",
            "http://[::1%25eth0]",
            "http://[127.0.0.1]",
            "http://[]",
            "http://127.1",
            "http://0x7f.0.0.1",
            "http://0177.0.0.1",
            "http://1.2.3.256",
            "http://2130706433",
            "http://a..b",
            "http://.a",
            "http://a,b",
            "http://a;b",
            "http://%61",
            "http://xn--",
            "https://xn--\u{fffd}",
            "http://*",
            "http://*.a",
            "http://a.*",
            "http://<a>",
            "http://a, http://b",
            "http://a http://b",
        ] {
            assert!(canonical(text).is_err(), "{text:?} was taken");
        }
        assert!(canonical(&format!("http://{}", "a".repeat(4096))).is_err());
        assert!(canonical(&format!("http://{}.com", "a".repeat(64))).is_err());
        assert!(canonical(&format!("http://{}com", "a.".repeat(130))).is_err());
    }

    #[test]
    fn an_entry_may_end_with_one_slash() {
        let entry = |text| Origin::parse_entry(text).map(|origin| origin.to_string());
        assert_eq!(
            entry(" https://example.com/ ").as_deref(),
            Ok("https://example.com")
        );
        assert!(entry("https://example.com//").is_err());
        assert!(entry("https://example.com/app").is_err());
    }

    #[test]
    fn a_websocket_scheme_is_answered_with_the_right_one() {
        assert!(canonical("ws://a").unwrap_err().contains("write http"));
        assert!(canonical("wss://a").unwrap_err().contains("write https"));
    }
}
