//! What is read from a request, and whom it is believed.

use crate::common::{get, peer, request_from, stranger};
use bellgate_gate::{FetchMode, FetchSite, OriginHeader, Peer, PeerAddr, RequestFacts};
use http::Method;

const PROXIES: &str = "10.0.0.0/8,loopback,unix";

fn from(peer: &Peer, headers: &[(&str, &str)]) -> RequestFacts {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    request_from(peer, PROXIES, &Method::GET, &headers)
}

fn client(facts: &RequestFacts) -> Option<String> {
    facts.client_addr().map(|ip| ip.to_string())
}

const SPOOFED: [(&str, &str); 4] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "app.example"),
    ("host", "inner:5001"),
];

#[test]
fn a_trusted_proxy_is_believed() {
    for peer in [
        peer("10.1.2.3"),
        peer("::ffff:10.1.2.3"),
        peer("127.0.0.1"),
        peer("::1"),
        unix(),
    ] {
        let facts = from(&peer, &SPOOFED);
        assert_eq!(client(&facts).as_deref(), Some("203.0.113.7"));
        assert_eq!(
            (facts.scheme(), facts.host()),
            ("https", Some("app.example"))
        );
        assert!(facts.forwarded_believed() && !facts.forwarded_ignored());
    }
}

#[test]
fn a_stranger_is_not_believed() {
    let facts = from(&stranger(), &SPOOFED);
    assert_eq!(client(&facts).as_deref(), Some("198.51.100.9"));
    assert_eq!((facts.scheme(), facts.host()), ("http", Some("inner:5001")));
    assert!(!facts.forwarded_believed() && facts.forwarded_ignored());
    let rfc = from(
        &stranger(),
        &[("forwarded", "for=203.0.113.7;proto=https;host=app.example")],
    );
    assert_eq!(client(&rfc).as_deref(), Some("198.51.100.9"));
    assert_eq!((rfc.scheme(), rfc.host()), ("http", None));
}

#[test]
fn without_forwarded_headers_the_socket_speaks() {
    let facts = from(&peer("::ffff:192.0.2.1"), &[("host", "App.Example:80")]);
    assert_eq!(client(&facts).as_deref(), Some("192.0.2.1"));
    assert_eq!(
        (facts.scheme(), facts.host()),
        ("http", Some("app.example"))
    );
    assert!(!facts.forwarded_believed() && !facts.forwarded_ignored());
    let tls = Peer {
        tls: true,
        ..stranger()
    };
    let facts = from(&tls, &[("host", "app.example:443")]);
    assert_eq!(
        (facts.scheme(), facts.host()),
        ("https", Some("app.example"))
    );
    assert_eq!(client(&from(&unix(), &[])), None);
}

#[test]
fn an_unreadable_chain_ends_at_the_proxy() {
    for line in [
        "unknown",
        "",
        "203.0.113.7, _hidden",
        "203.0.113.7;",
        "a\u{ff}b",
    ] {
        let facts = from(&peer("10.1.2.3"), &[("x-forwarded-for", line)]);
        assert_eq!(client(&facts).as_deref(), Some("10.1.2.3"), "{line}");
    }
}

#[test]
fn a_host_that_is_none_or_two_is_none() {
    for headers in [
        vec![],
        vec![("host", "a.example"), ("host", "b.example")],
        vec![("host", "a/b")],
        vec![("host", "a b")],
        vec![("host", "")],
        vec![("host", "a:99999")],
        vec![("host", "[::1")],
    ] {
        assert_eq!(from(&stranger(), &headers).host(), None, "{headers:?}");
    }
    assert_eq!(
        from(&stranger(), &[("host", "[0:0::1]:5001")]).host(),
        Some("[::1]:5001")
    );
}

#[test]
fn pages_in_browsers_are_told_from_programs() {
    let mozilla = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)");
    let origin = ("origin", "http://localhost:5000");
    for (headers, expected) in [
        (vec![("sec-fetch-mode", "cors")], true),
        (vec![("sec-fetch-mode", "websocket")], true),
        (vec![origin, mozilla], true),
        (vec![("origin", "null"), mozilla], true),
        (vec![mozilla], false),
        (vec![origin], false),
        (vec![origin, ("user-agent", "python-requests/2")], false),
        (vec![origin, ("user-agent", "curl Mozilla/5.0")], false),
        (vec![("sec-fetch-mode", "navigate"), mozilla], false),
        (vec![("sec-fetch-mode", "no-cors")], false),
        (vec![], false),
    ] {
        assert_eq!(get(&headers).is_browser_page(), expected, "{headers:?}");
    }
}

#[test]
fn fetch_metadata_is_read() {
    for (text, site) in [
        ("same-origin", FetchSite::SameOrigin),
        ("same-site", FetchSite::SameSite),
        ("cross-site", FetchSite::CrossSite),
        ("none", FetchSite::None),
        ("galaxy", FetchSite::Other),
    ] {
        assert_eq!(
            get(&[("sec-fetch-site", text)]).sec_fetch_site(),
            Some(site)
        );
    }
    for (text, mode) in [
        ("cors", FetchMode::Cors),
        ("no-cors", FetchMode::NoCors),
        ("same-origin", FetchMode::SameOrigin),
        ("navigate", FetchMode::Navigate),
        ("websocket", FetchMode::Websocket),
        ("x", FetchMode::Other),
    ] {
        assert_eq!(
            get(&[("sec-fetch-mode", text)]).sec_fetch_mode(),
            Some(mode)
        );
    }
    assert_eq!(
        (get(&[]).sec_fetch_site(), get(&[]).sec_fetch_mode()),
        (None, None)
    );
}

#[test]
fn two_credentials_are_none() {
    assert_eq!(
        get(&[("authorization", "Bearer a")]).authorization(),
        Some("Bearer a")
    );
    assert_eq!(
        get(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]).authorization(),
        None
    );
    assert_eq!(get(&[("authorization", "Bearer é")]).authorization(), None);
}

#[test]
fn only_options_with_a_method_is_a_preflight() {
    let asked: &[(&str, &[u8])] = &[
        ("access-control-request-method", b"POST"),
        ("access-control-request-headers", b"X-A,,x-b"),
    ];
    let facts = request_from(&stranger(), "", &Method::OPTIONS, asked);
    let preflight = facts.preflight().expect("it is one");
    assert_eq!(
        (preflight.method.as_str(), preflight.headers.as_slice()),
        ("POST", ["x-a".to_owned(), "x-b".to_owned()].as_slice())
    );
    assert!(
        request_from(&stranger(), "", &Method::POST, asked)
            .preflight()
            .is_none()
    );
    assert!(
        request_from(&stranger(), "", &Method::OPTIONS, &[])
            .preflight()
            .is_none()
    );
}

#[test]
fn a_client_that_sends_its_target_as_origin_is_recognised() {
    let target = [
        ("host", "api.example:5001"),
        ("origin", "http://api.example:5001"),
    ];
    assert!(from(&stranger(), &target).is_origin_of_host());
    let other = [
        ("host", "api.example:5001"),
        ("origin", "http://api.example:5000"),
    ];
    assert!(!from(&stranger(), &other).is_origin_of_host());
    assert!(!from(&stranger(), &[("host", "api.example")]).is_origin_of_host());
}

#[test]
fn hostile_headers_are_read_in_bounded_work() {
    let spaces = vec![b' '; 32 * 1024];
    let commas = vec![b','; 1000];
    let high: Vec<u8> = (0x80..=0xff).collect();
    let names = [
        "origin",
        "host",
        "user-agent",
        "authorization",
        "sec-fetch-site",
        "sec-fetch-mode",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "forwarded",
        "access-control-request-method",
        "access-control-request-headers",
    ];
    for value in [&spaces, &commas, &high] {
        let headers: Vec<_> = names.iter().map(|name| (*name, value.as_slice())).collect();
        let facts = request_from(&peer("10.1.2.3"), PROXIES, &Method::OPTIONS, &headers);
        assert!(
            matches!(facts.origin(), OriginHeader::Malformed { received, .. } if received.len() <= 256)
        );
        assert_eq!(client(&facts).as_deref(), Some("10.1.2.3"));
        assert_eq!(facts.host(), None);
        assert!(facts.preflight().expect("it is one").headers.len() <= 65);
    }
}

fn unix() -> Peer {
    Peer {
        addr: PeerAddr::Unix,
        tls: false,
    }
}
