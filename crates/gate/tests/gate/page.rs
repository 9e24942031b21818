//! Which refusals a page gets to read, and the headers that let it.

use crate::common::{build, get, listing, request_from, stranger};
use bellgate_gate::origin::{Telling, judge, page_headers};
use http::Method;
use http::header::HeaderMap;

const EVIL: (&str, &str) = ("origin", "http://evil.example");

#[test]
fn a_refusal_is_for_a_page_where_a_browser_shows_itself() {
    let policy = build(|_| {}).0;
    let told = |headers: &[(&str, &str)]| {
        let facts = get(headers);
        Telling::Auto.is_for(&facts, &judge(&policy, &facts))
    };
    assert!(told(&[EVIL, ("sec-fetch-mode", "cors")]));
    assert!(told(&[EVIL, ("sec-fetch-mode", "websocket")]));
    assert!(told(&[EVIL, ("user-agent", "Mozilla/5.0 (X11)")]));
    assert!(told(&[("origin", "null"), ("sec-fetch-mode", "cors")]));
    assert!(!told(&[EVIL]), "a program");
    assert!(!told(&[EVIL, ("user-agent", "curl/8")]), "a program");
    assert!(
        !told(&[("sec-fetch-mode", "cors"), ("sec-fetch-site", "cross-site")]),
        "no origin to answer to"
    );
    assert!(
        !told(&[("origin", "nonsense"), ("sec-fetch-mode", "cors")]),
        "no origin to answer to"
    );
    assert!(
        !told(&[
            ("origin", "http://localhost:5000"),
            ("sec-fetch-mode", "cors")
        ]),
        "admitted"
    );
}

#[test]
fn a_refused_page_may_read_its_refusal_with_credentials_and_nothing_more() {
    let policy = build(|_| {}).0;
    let mut out = HeaderMap::new();
    page_headers(&policy, &get(&[EVIL]), &mut out);
    assert_eq!(out.len(), 2);
    assert_eq!(out["access-control-allow-origin"], "http://evil.example");
    assert_eq!(out["access-control-allow-credentials"], "true");
}

#[test]
fn the_preflight_of_a_refused_page_names_what_the_request_needs() {
    let policy = build(|_| {}).0;
    let lines: [(&str, &[u8]); 3] = [
        ("origin", b"http://evil.example"),
        ("sec-fetch-mode", b"cors"),
        ("access-control-request-method", b"POST"),
    ];
    let facts = request_from(&stranger(), "", &Method::OPTIONS, &lines);
    assert!(Telling::Auto.is_for(&facts, &judge(&policy, &facts)));
    let mut out = HeaderMap::new();
    page_headers(&policy, &facts, &mut out);
    assert_eq!(out["access-control-allow-methods"], "GET, POST");
    assert!(out.contains_key("access-control-allow-headers"));
}

#[test]
fn a_refused_preflight_of_an_admitted_page_stays_refused() {
    let policy = listing(&["http://localhost:5000"]);
    let lines: [(&str, &[u8]); 3] = [
        ("origin", b"http://localhost:5000"),
        ("sec-fetch-mode", b"cors"),
        ("access-control-request-method", b"DELETE"),
    ];
    let facts = request_from(&stranger(), "", &Method::OPTIONS, &lines);
    assert!(!Telling::Auto.is_for(&facts, &judge(&policy, &facts)));
}

#[test]
fn the_setting_tells_everybody_or_nobody_inside_the_protocol() {
    let policy = build(|_| {}).0;
    let program = get(&[EVIL]);
    let page = get(&[EVIL, ("sec-fetch-mode", "cors")]);
    for (facts, is_page) in [(&program, false), (&page, true)] {
        let verdict = judge(&policy, facts);
        assert!(Telling::InBand.is_for(facts, &verdict));
        assert!(!Telling::InBand.is_by_status(facts, &verdict));
        assert!(!Telling::Http.is_for(facts, &verdict));
        assert_eq!(Telling::Http.is_by_status(facts, &verdict), is_page);
    }
    let silent = get(&[("sec-fetch-site", "cross-site")]);
    assert!(!Telling::InBand.is_for(&silent, &judge(&policy, &silent)));
}
