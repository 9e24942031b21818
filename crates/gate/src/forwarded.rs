//! What proxies say of the client: `X-Forwarded-For`, `-Proto`, `-Host`, and `Forwarded` (RFC 7239).
//!
//! Only a trusted peer is believed, and only as far as the chain of trusted addresses reaches:
//! entries are read from the right, where the nearest proxy wrote, and the first address that is
//! no trusted proxy is the client. What stands left of it is the client's own invention and is
//! never looked at, so that it cannot even make the header unreadable.
//!
//! Where both families are there, `X-Forwarded-For` is believed and `Forwarded` is not: proxies
//! that write the former pass the latter on as the client sent it.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName, HeaderValue};

use crate::canon::Scheme;
use crate::host;
use crate::peer::TrustedProxies;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// More trusted proxies than any chain has; further entries are not read.
const HOPS: usize = 32;

/// What the trusted part of the chain says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// The first address from the right that is no trusted proxy, else the left-most one read.
    pub(crate) client: Option<IpAddr>,
    /// `Http` or `Https`, as the client's hop had it.
    pub(crate) scheme: Option<Scheme>,
    /// Host and port that the client asked for, as written.
    pub(crate) host: Option<String>,
}

/// The headers as they came, for the log; of a long list the first few.
pub(crate) fn lines(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let named = [FOR, PROTO, HOST, FORWARDED].into_iter().flat_map(|name| {
        let values = headers.get_all(&name).iter().take(2).cloned();
        values
            .map(|value| (name.clone(), value))
            .collect::<Vec<_>>()
    });
    named.collect()
}

/// Reads the headers of a request whose peer is a trusted proxy.
pub(crate) fn read(headers: &HeaderMap, proxies: &TrustedProxies) -> Forwarded {
    if [FOR, PROTO, HOST]
        .iter()
        .any(|name| headers.contains_key(name))
    {
        read_x(headers, proxies)
    } else {
        read_rfc(headers, proxies)
    }
}

fn read_x(headers: &HeaderMap, proxies: &TrustedProxies) -> Forwarded {
    let nodes = from_right(headers, &FOR).map(|text| parse_node(unquote(text).as_ref()));
    let (client, hop) = walk(nodes, proxies);
    // A list as long as the chain is read at the client's hop; a shorter one, as proxies write
    // that replace the value, at its left end.
    let at_hop = |name| from_right(headers, name).take(hop + 1).last();
    Forwarded {
        client,
        scheme: at_hop(&PROTO).and_then(parse_scheme),
        host: at_hop(&HOST).and_then(parse_host),
    }
}

fn read_rfc(headers: &HeaderMap, proxies: &TrustedProxies) -> Forwarded {
    let elements = || from_right(headers, &FORWARDED);
    let nodes = elements().map(|element| parse_node(&parameter(element, "for")?));
    let (client, hop) = walk(nodes, proxies);
    let at_hop = |name| {
        elements()
            .nth(hop)
            .and_then(|element| parameter(element, name))
    };
    Forwarded {
        client,
        scheme: at_hop("proto").and_then(|text| parse_scheme(&text)),
        host: at_hop("host").and_then(|text| parse_host(&text)),
    }
}

/// Follows trusted addresses from the right. Gives the client and its place, counted from the
/// right; a node that cannot be read ends the walk at the one before it.
fn walk(
    nodes: impl Iterator<Item = Option<IpAddr>>,
    proxies: &TrustedProxies,
) -> (Option<IpAddr>, usize) {
    let mut last = (None, 0);
    for (place, node) in nodes.take(HOPS).enumerate() {
        let Some(ip) = node else {
            return (last.0, place);
        };
        last = (Some(ip), place);
        if !proxies.contains_ip(ip) {
            break;
        }
    }
    last
}

/// The comma-separated entries of all lines of a header, right-most first. Bytes that are not
/// visible ASCII end the reading.
fn from_right<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a str> + use<'a> {
    headers
        .get_all(name)
        .iter()
        .rev()
        .map(|line| line.to_str().ok())
        .take_while(Option::is_some)
        .flatten()
        .flat_map(|line| SplitRight {
            rest: Some(line),
            at: b',',
        })
}

/// Splits from the right at a byte outside double quotes, trimming blanks.
struct SplitRight<'a> {
    rest: Option<&'a str>,
    at: u8,
}

impl<'a> Iterator for SplitRight<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest?;
        let mut quoted = false;
        for (index, byte) in text.bytes().enumerate().rev() {
            if byte == b'"' && !is_escaped(text, index) {
                quoted = !quoted;
            } else if byte == self.at && !quoted {
                let (left, right) = text.split_at_checked(index)?;
                self.rest = Some(left);
                return Some(right.get(1..).unwrap_or_default().trim());
            }
        }
        self.rest = None;
        Some(text.trim())
    }
}

/// Whether the byte at `index` stands behind an odd number of backslashes.
fn is_escaped(text: &str, index: usize) -> bool {
    let before = text.bytes().rev().skip(text.len() - index);
    before.take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// The value of one parameter of a `Forwarded` element; a repeated one is not believed.
fn parameter(element: &str, name: &str) -> Option<String> {
    let mut found = SplitRight {
        rest: Some(element),
        at: b';',
    }
    .filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then_some(value.trim())
    });
    match (found.next(), found.next()) {
        (Some(value), None) => Some(unquote(value)),
        _ => None,
    }
}

fn unquote(text: &str) -> String {
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

/// An address with or without port; names, `unknown` and hidden ones (`_x`) are no addresses.
fn parse_node(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let ip = match bare.unwrap_or(text).parse::<IpAddr>() {
        Ok(ip) => ip,
        Err(_) => text.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(ip.to_canonical())
}

/// Proxies name the scheme of a WebSocket by either of its names.
fn parse_scheme(text: &str) -> Option<Scheme> {
    if text.eq_ignore_ascii_case("https") || text.eq_ignore_ascii_case("wss") {
        Some(Scheme::Https)
    } else if text.eq_ignore_ascii_case("http") || text.eq_ignore_ascii_case("ws") {
        Some(Scheme::Http)
    } else {
        None
    }
}

fn parse_host(text: &str) -> Option<String> {
    host::with_port(text).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{Forwarded, HOPS, read};
    use crate::canon::Scheme;
    use crate::peer::TrustedProxies;

    fn facts(lines: &[(&'static str, &str)]) -> Forwarded {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        read(&headers, &TrustedProxies::parse("10.0.0.0/8,loopback").0)
    }

    fn client(lines: &[(&'static str, &str)]) -> Option<String> {
        facts(lines).client.map(|ip| ip.to_string())
    }

    #[test]
    fn the_right_most_untrusted_address_is_the_client() {
        for (line, expected) in [
            ("203.0.113.7", Some("203.0.113.7")),
            ("198.51.100.1, 203.0.113.7", Some("203.0.113.7")),
            ("198.51.100.1, 203.0.113.7, 10.0.0.2", Some("203.0.113.7")),
            ("203.0.113.7,10.0.0.3 ,10.0.0.2", Some("203.0.113.7")),
            ("10.0.0.3, 10.0.0.2", Some("10.0.0.3")),
            ("203.0.113.7:4711", Some("203.0.113.7")),
            ("[2001:db8::1]:4711, 127.0.0.1", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("::ffff:203.0.113.7", Some("203.0.113.7")),
            ("203.0.113.7, unknown", None),
            ("203.0.113.7, unknown, 10.0.0.2", Some("10.0.0.2")),
            ("203.0.113.7, ", None),
            ("", None),
            ("localhost", None),
        ] {
            assert_eq!(
                client(&[("x-forwarded-for", line)]).as_deref(),
                expected,
                "{line}"
            );
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-for", "203.0.113.7, 10.0.0.2"),
        ];
        assert_eq!(client(&lines).as_deref(), Some("203.0.113.7"));
    }

    #[test]
    fn no_more_hops_are_read_than_a_chain_can_have() {
        let all = vec!["10.0.0.1"; 50].join(",");
        assert_eq!(
            client(&[("x-forwarded-for", &all)]).as_deref(),
            Some("10.0.0.1")
        );
        let beyond = format!("203.0.113.7,{}", vec!["10.0.0.1"; HOPS].join(","));
        assert_eq!(
            client(&[("x-forwarded-for", &beyond)]).as_deref(),
            Some("10.0.0.1")
        );
    }

    #[test]
    fn scheme_and_host_are_those_of_the_clients_hop() {
        let found = facts(&[
            ("x-forwarded-for", "203.0.113.7, 10.0.0.2"),
            ("x-forwarded-proto", "https, http"),
            ("x-forwarded-host", "App.Example:8443, inner"),
        ]);
        assert_eq!(found.scheme, Some(Scheme::Https));
        assert_eq!(found.host.as_deref(), Some("app.example:8443"));
        let single = facts(&[
            ("x-forwarded-for", "203.0.113.7, 10.0.0.2"),
            ("x-forwarded-proto", "wss"),
        ]);
        assert_eq!(single.scheme, Some(Scheme::Https));
        let forged = facts(&[
            ("x-forwarded-for", "1.2.3.4, 203.0.113.7"),
            ("x-forwarded-proto", "https, http"),
        ]);
        assert_eq!(forged.scheme, Some(Scheme::Http));
        assert_eq!(facts(&[("x-forwarded-proto", "javascript")]).scheme, None);
        assert_eq!(facts(&[("x-forwarded-host", "a/b")]).host, None);
    }

    #[test]
    fn rfc_7239_is_read_from_the_right() {
        for (line, expected) in [
            ("for=203.0.113.7", Some("203.0.113.7")),
            (
                "For=\"[2001:db8:cafe::17]:4711\"",
                Some("2001:db8:cafe::17"),
            ),
            (
                "for=198.51.100.1, for=203.0.113.7;proto=https;by=10.0.0.9, for=10.0.0.2",
                Some("203.0.113.7"),
            ),
            ("for=unknown, for=10.0.0.2", Some("10.0.0.2")),
            ("for=_hidden", None),
            ("for=203.0.113.7;for=198.51.100.1", None),
            ("proto=https", None),
            // What the client wrote cannot swallow what the proxy wrote.
            ("for=\"198.51.100.1, for=203.0.113.7", Some("203.0.113.7")),
            ("for=\"a\\\", for=203.0.113.7", Some("203.0.113.7")),
        ] {
            assert_eq!(
                client(&[("forwarded", line)]).as_deref(),
                expected,
                "{line}"
            );
        }
        let found = facts(&[(
            "forwarded",
            "for=203.0.113.7; proto=https; host=\"app.example:8443\"",
        )]);
        assert_eq!(found.scheme, Some(Scheme::Https));
        assert_eq!(found.host.as_deref(), Some("app.example:8443"));
    }

    #[test]
    fn a_forwarded_header_beside_the_others_is_not_believed() {
        let lines = [
            ("x-forwarded-for", "203.0.113.7"),
            ("forwarded", "for=198.51.100.1;proto=https"),
        ];
        assert_eq!(client(&lines).as_deref(), Some("203.0.113.7"));
        assert_eq!(facts(&lines).scheme, None);
    }

    #[test]
    fn hostile_lists_cost_little_and_say_nothing() {
        let quotes = "\"".repeat(32 * 1024);
        let slashes = format!("\"{}", "\\".repeat(32 * 1024));
        for value in [
            ",".repeat(1000),
            " ".repeat(32 * 1024),
            ";".repeat(1000),
            quotes,
            slashes,
        ] {
            assert_eq!(
                facts(&[("x-forwarded-for", &value), ("x-forwarded-proto", &value)]).client,
                None
            );
            assert_eq!(facts(&[("forwarded", &value)]), Forwarded::default());
        }
    }
}
