//! What the log and the command line say of a refusal, and what the mode makes of it.

use crate::common::{build, get, kinds, listing, peer, preflight, request_from, stranger};
use bellgate_codes::Code;
use bellgate_gate::origin::{
    Binding, CorsMode, Explanation, OriginPolicy, Rule, Telling, cors_headers, explain, judge,
    page_headers,
};
use bellgate_gate::{NoticeKind, RequestFacts};
use http::{HeaderMap, Method};

const CHROMIUM: &str = "Mozilla/5.0 (X11; Linux x86_64)";

/// The explanation of a request that must be refused.
fn refused(policy: &OriginPolicy, facts: &RequestFacts) -> Explanation {
    let refusal = judge(policy, facts).refusal.expect("it is refused");
    explain(policy, facts, &refusal)
}

#[test]
fn the_nearest_entry_is_named_with_the_part_that_differs() {
    let policy = listing(&["https://app.example", "https://*.shop.example"]);
    for (origin, nearest) in [
        (
            "http://app.example",
            "https://app.example (the scheme differs)",
        ),
        (
            "https://app.example:8443",
            "https://app.example (the port differs)",
        ),
        (
            "https://apt.example",
            "https://app.example (the host differs)",
        ),
        (
            "http://a.shop.example",
            "https://*.shop.example (the scheme differs)",
        ),
    ] {
        let explanation = refused(&policy, &get(&[("origin", origin)]));
        assert_eq!(
            explanation.nearest.unwrap().to_string(),
            nearest,
            "{origin}"
        );
    }
}

#[test]
fn the_line_to_change_is_the_present_list_with_the_origin_added() {
    let policy = listing(&["https://app.example", "https://*.shop.example"]);
    let explanation = refused(&policy, &get(&[("origin", "HTTP://Evil.Example:80")]));
    assert_eq!(explanation.received.unwrap(), "HTTP://Evil.Example:80");
    assert_eq!(explanation.canonical.unwrap(), "http://evil.example");
    assert_eq!(
        explanation.change,
        ["SOCKETIO_CORS_ORIGINS=https://app.example,https://*.shop.example,http://evil.example"]
    );
}

#[test]
fn a_generated_list_is_written_out_so_that_its_origins_stay() {
    let policy = build(|settings| {
        "app.example".clone_into(&mut settings.flask_host);
        settings.public_url = vec!["https://www.app.example".to_owned()];
    })
    .0;
    let explanation = refused(&policy, &get(&[("origin", "http://localhost:3000")]));
    assert_eq!(
        explanation.change,
        [
            "SOCKETIO_CORS_ORIGINS=http://app.example:5000,https://app.example:5000,http://localhost:3000"
        ]
    );
}

#[test]
fn each_line_admits_what_it_was_made_for() {
    let change = |policy: &OriginPolicy, facts: &RequestFacts| refused(policy, facts).change;
    let list = listing(&["https://a.example"]);
    let long: Vec<String> = (0..200).map(|n| format!("https://{n}.example")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let origin = get(&[("origin", "https://b.example")]);
    assert_eq!(
        change(&listing(&long), &origin),
        ["SOCKETIO_CORS_ORIGINS=…,https://b.example"]
    );
    let null = get(&[("origin", "null")]);
    assert_eq!(change(&list, &null), ["SOCKETIO_ALLOW_NULL_ORIGIN=true"]);
    let strict = build(|settings| settings.require_origin = true).0;
    assert_eq!(
        change(&strict, &get(&[])),
        ["SOCKETIO_REQUIRE_ORIGIN=false"]
    );
    let https = build(|settings| settings.require_https = true).0;
    let plain = get(&[("origin", "http://a.example")]);
    assert_eq!(change(&https, &plain), ["SOCKETIO_REQUIRE_HTTPS=false"]);
    let put = preflight("https://a.example", "PUT", "");
    assert_eq!(change(&list, &put), ["SOCKETIO_CORS_METHODS=GET,POST,PUT"]);
    let header = preflight("https://a.example", "POST", "X-Mine");
    let line = change(&list, &header).remove(0);
    assert!(line.starts_with("SOCKETIO_CORS_HEADERS=") && line.ends_with(",x-mine"));
    let twice = get(&[
        ("origin", "https://a.example"),
        ("origin", "https://a.example"),
    ]);
    assert!(change(&list, &twice).is_empty(), "no setting helps");
}

#[test]
fn one_name_for_page_and_server_needs_the_public_url() {
    let policy = build(|_| {}).0;
    let headers: [(&str, &[u8]); 5] = [
        ("host", b"app.example"),
        ("origin", b"https://app.example"),
        ("user-agent", CHROMIUM.as_bytes()),
        ("x-forwarded-proto", b"https"),
        ("x-forwarded-for", b"203.0.113.7\x01"),
    ];
    let facts = request_from(&peer("127.0.0.1"), "", &Method::GET, &headers[..4]);
    let explanation = refused(&policy, &facts);
    assert_eq!(
        explanation.change,
        [
            "BELLGATE_PUBLIC_URL=https://app.example",
            "BELLGATE_TRUSTED_PROXIES=loopback"
        ]
    );
    assert_eq!(explanation.forwarded, "ignored: x-forwarded-proto: https");
    assert_eq!(explanation.host.as_deref(), Some("app.example"));
    let hint = judge(&policy, &facts).refusal.unwrap().fix();
    assert!(
        hint.ends_with("BELLGATE_PUBLIC_URL=https://app.example"),
        "{hint}"
    );
    let believed = request_from(&peer("127.0.0.1"), "loopback", &Method::GET, &headers[..4]);
    // A proxy has rewritten Host; the browser says that the name is one.
    let rewritten = [
        ("host", "127.0.0.1:5001"),
        ("origin", "https://app.example"),
        ("user-agent", CHROMIUM),
        ("sec-fetch-site", "same-origin"),
    ];
    let change = refused(&policy, &get(&rewritten)).change;
    assert_eq!(change, ["BELLGATE_PUBLIC_URL=https://app.example"]);
    let explanation = refused(&policy, &believed);
    assert_eq!(explanation.forwarded, "believed: x-forwarded-proto: https");
    assert_eq!(
        explanation.change,
        ["BELLGATE_PUBLIC_URL=https://app.example"]
    );
}

#[test]
fn a_python_client_that_names_its_target_is_told_how_not_to() {
    let policy = listing(&["https://app.example"]);
    let target = [("host", "api.example"), ("origin", "http://api.example")];
    let hint = judge(&policy, &get(&target)).refusal.unwrap().fix();
    assert!(
        hint.contains("websocket_extra_options={'suppress_origin': True}"),
        "{hint}"
    );
    let other = [("host", "api.example"), ("origin", "http://else.example")];
    let hint = judge(&policy, &get(&other)).refusal.unwrap().fix();
    assert!(!hint.contains("suppress_origin"), "{hint}");
}

#[test]
fn text_of_the_network_stays_on_one_line() {
    let policy = build(|_| {}).0;
    let headers: [(&str, &[u8]); 2] = [
        ("origin", b"http://a\xff\xfe.example"),
        ("forwarded", b"for=\"\xe2\x80\xae\""),
    ];
    let explanation = refused(
        &policy,
        &request_from(&stranger(), "", &Method::GET, &headers),
    );
    assert_eq!(explanation.received.unwrap(), r"http://a\xff\xfe.example");
    assert_eq!(
        explanation.forwarded,
        r#"ignored: forwarded: for="\u{202e}""#
    );
}

#[test]
fn the_mode_report_lets_in_and_keeps_the_reason() {
    let (policy, notices) = build(|settings| settings.mode = CorsMode::Report);
    assert_eq!(kinds(&notices), [NoticeKind::Advice]);
    let facts = get(&[("origin", "http://evil.example"), ("user-agent", CHROMIUM)]);
    let verdict = judge(&policy, &facts);
    assert!(verdict.is_allowed() && verdict.rule == Rule::NotListed);
    assert_eq!(
        verdict.reported.as_ref().unwrap().code(),
        Code::OriginHostNotAllowed
    );
    assert!(!Telling::Auto.is_for(&facts, &verdict));
    let mut headers = HeaderMap::new();
    cors_headers(&policy, &facts, &verdict, &mut headers);
    assert_eq!(
        headers["access-control-allow-origin"],
        "http://evil.example"
    );
    assert_eq!(headers["access-control-allow-credentials"], "true");
    Binding::default().admit(&facts).unwrap();
    for (headers, code) in [
        (vec![("origin", "null")], Code::OriginNull),
        (
            vec![("sec-fetch-site", "cross-site")],
            Code::OriginCrossSiteNoCors,
        ),
    ] {
        let verdict = judge(&policy, &get(&headers));
        assert!(verdict.is_allowed());
        assert_eq!(verdict.reported.unwrap().code(), code);
    }
    let malformed = judge(&policy, &get(&[("origin", "a"), ("origin", "b")]));
    assert!(!malformed.is_allowed(), "there is nobody to answer");
    let listed = judge(&policy, &get(&[("origin", "http://localhost:5000")]));
    assert_eq!(listed.reported, None);
}

#[test]
fn production_does_not_report_unless_told_to() {
    let (policy, notices) = build(|settings| {
        settings.mode = CorsMode::Report;
        settings.production = true;
    });
    assert_eq!(policy.mode(), CorsMode::Enforce);
    assert!(kinds(&notices).contains(&NoticeKind::Dropped));
    let (policy, _) = build(|settings| {
        settings.mode = CorsMode::Report;
        settings.production = true;
        settings.allow_report = true;
    });
    assert_eq!(policy.mode(), CorsMode::Report);
}

#[test]
fn the_mode_off_judges_and_writes_no_header_but_vary() {
    let (policy, _) = build(|settings| settings.mode = CorsMode::Off);
    for (origin, allowed) in [
        ("http://localhost:5000", true),
        ("http://evil.example", false),
    ] {
        let facts = get(&[("origin", origin), ("user-agent", CHROMIUM)]);
        let verdict = judge(&policy, &facts);
        assert_eq!(verdict.is_allowed(), allowed);
        let mut headers = HeaderMap::new();
        cors_headers(&policy, &facts, &verdict, &mut headers);
        page_headers(&policy, &facts, &mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["vary"], "{origin}");
    }
}

#[test]
fn cookies_sent_across_to_a_star_are_refused_readably() {
    let (policy, _) = build(|settings| settings.cors_origins = Some(vec!["*".to_owned()]));
    let page = |more: &[(&str, &str)]| {
        let mut headers = vec![
            ("host", "localhost:5001"),
            ("origin", "http://localhost:5000"),
            ("user-agent", CHROMIUM),
        ];
        headers.extend_from_slice(more);
        get(&headers)
    };
    let facts = page(&[("cookie", "session=x")]);
    let verdict = judge(&policy, &facts);
    assert_eq!(verdict.rule, Rule::AnyWithCredentials);
    assert_eq!(
        verdict.refusal.as_ref().unwrap().code(),
        Code::CredentialsWithWildcard
    );
    assert!(Telling::Auto.is_for(&facts, &verdict));
    for more in [
        &[][..],
        // Sent unasked with a WebSocket handshake.
        &[("cookie", "session=x"), ("upgrade", "websocket")],
        &[("cookie", "session=x"), ("sec-fetch-site", "same-origin")],
    ] {
        assert_eq!(judge(&policy, &page(more)).rule, Rule::Any, "{more:?}");
    }
    let same = [
        ("host", "localhost:5001"),
        ("origin", "http://localhost:5001"),
        ("user-agent", CHROMIUM),
        ("cookie", "a=b"),
    ];
    assert_eq!(judge(&policy, &get(&same)).rule, Rule::Listed);
    let behind_tls = [
        ("host", "app.example"),
        ("origin", "https://app.example"),
        ("user-agent", CHROMIUM),
        ("cookie", "a=b"),
    ];
    assert_eq!(judge(&policy, &get(&behind_tls)).rule, Rule::Any);
    let program = [("origin", "http://a.example"), ("cookie", "a=b")];
    assert_eq!(judge(&policy, &get(&program)).rule, Rule::Any);
}
