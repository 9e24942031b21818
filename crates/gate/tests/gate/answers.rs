//! The CORS headers of answers, preflights, and sessions that stay with their origin.

use crate::common::{build, get, listing, preflight, request_from, stranger};
use bellgate_gate::RequestFacts;
use bellgate_gate::origin::{Binding, CorsMode, OriginPolicy, Reader, Rule, cors_headers, judge};
use http::Method;
use http::header::{HeaderMap, HeaderValue};

fn answer(policy: &OriginPolicy, facts: &RequestFacts) -> HeaderMap {
    let mut out = HeaderMap::new();
    cors_headers(policy, facts, &judge(policy, facts), &mut out);
    out
}

/// Names and values of the headers, sorted, `Vary` left out.
fn beside_vary(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut found: Vec<_> = headers
        .iter()
        .filter(|(name, _)| *name != "vary")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    found.sort();
    found
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn an_admitted_origin_gets_its_own_name_back_with_credentials() {
    let policy = build(|_| {}).0;
    let headers = answer(&policy, &get(&[("origin", "http://LOCALHOST:5000")]));
    assert_eq!(
        beside_vary(&headers),
        pairs(&[
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-origin", "http://localhost:5000"),
            ("access-control-expose-headers", "X-Request-Id, Retry-After"),
        ])
    );
}

#[test]
fn every_answer_varies_by_origin() {
    let policy = build(|_| {}).0;
    for headers in [
        vec![],
        vec![("origin", "http://localhost:5000")],
        vec![("origin", "http://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "a"), ("origin", "b")],
        vec![("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(
            answer(&policy, &get(&headers))["vary"],
            "Origin",
            "{headers:?}"
        );
    }
    let three = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
    for origin in ["http://localhost:5000", "http://evil.example"] {
        assert_eq!(
            answer(&policy, &preflight(origin, "GET", ""))["vary"],
            three
        );
    }
    let options = request_from(&stranger(), "", &Method::OPTIONS, &[]);
    assert_eq!(
        answer(&policy, &options)["vary"],
        three,
        "an answer without preflight is no answer to one"
    );
}

#[test]
fn vary_is_added_to_and_nothing_stands_twice() {
    let policy = build(|_| {}).0;
    let facts = get(&[("origin", "http://localhost:5000")]);
    let mut out = HeaderMap::new();
    out.append("vary", HeaderValue::from_static("Accept-Encoding"));
    out.append("vary", HeaderValue::from_static("cookie, ORIGIN"));
    out.append("access-control-allow-origin", HeaderValue::from_static("*"));
    out.append(
        "access-control-allow-origin",
        HeaderValue::from_static("http://evil.example"),
    );
    for _ in 0..2 {
        cors_headers(&policy, &facts, &judge(&policy, &facts), &mut out);
        let vary: Vec<_> = out.get_all("vary").iter().collect();
        assert_eq!(vary, ["Accept-Encoding, cookie, ORIGIN"]);
        let allowed: Vec<_> = out.get_all("access-control-allow-origin").iter().collect();
        assert_eq!(allowed, ["http://localhost:5000"]);
    }
}

#[test]
fn a_refused_origin_gets_nothing_and_loses_what_was_there() {
    let policy = listing(&["https://app.example"]);
    for headers in [
        vec![("origin", "http://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "http://a b")],
        vec![("sec-fetch-site", "cross-site")],
        vec![],
    ] {
        let facts = get(&headers);
        let mut out = HeaderMap::new();
        out.insert("access-control-allow-origin", HeaderValue::from_static("*"));
        out.insert(
            "access-control-allow-credentials",
            HeaderValue::from_static("true"),
        );
        cors_headers(&policy, &facts, &judge(&policy, &facts), &mut out);
        assert_eq!(beside_vary(&out), [], "{headers:?}");
    }
}

#[test]
fn null_and_star_go_without_credentials() {
    let null = build(|settings| settings.allow_null = true).0;
    let headers = answer(&null, &get(&[("origin", "null")]));
    assert_eq!(headers["access-control-allow-origin"], "null");
    assert!(!headers.contains_key("access-control-allow-credentials"));

    let any = listing(&["*"]);
    for origin in ["https://evil.example", "http://localhost:5000"] {
        let headers = answer(&any, &get(&[("origin", origin)]));
        assert_eq!(headers["access-control-allow-origin"], origin, "never *");
        assert!(!headers.contains_key("access-control-allow-credentials"));
    }
    let off = build(|settings| settings.credentials = false).0;
    let headers = answer(&off, &get(&[("origin", "http://localhost:5000")]));
    assert!(!headers.contains_key("access-control-allow-credentials"));
}

#[test]
fn an_admitted_preflight_is_answered_with_the_lists() {
    let policy = build(|_| {}).0;
    let headers = answer(
        &policy,
        &preflight("http://localhost:5000", "POST", "content-type, X-CSRFToken"),
    );
    assert_eq!(
        beside_vary(&headers),
        pairs(&[
            ("access-control-allow-credentials", "true"),
            (
                "access-control-allow-headers",
                "Content-Type, Authorization, X-CSRFToken, X-CSRF-Token"
            ),
            ("access-control-allow-methods", "GET, POST"),
            ("access-control-allow-origin", "http://localhost:5000"),
            ("access-control-max-age", "600"),
        ])
    );
}

#[test]
fn a_refused_preflight_names_no_methods_or_headers() {
    let policy = build(|_| {}).0;
    let many = (0..100)
        .map(|index| format!("x-{index}"))
        .collect::<Vec<_>>()
        .join(",");
    let same = vec!["content-type"; 100].join(",");
    for (method, asked, code, shown) in [
        ("DELETE", "", "preflight_method", "DELETE"),
        ("get", "", "preflight_method", "get"),
        ("GET\u{ff}", "", "preflight_method", "GET"),
        ("", "", "preflight_method", ""),
        ("GET", "x-evil", "preflight_header", "x-evil"),
        ("GET", "Content-Type, X-Evil", "preflight_header", "x-evil"),
        ("GET", "*", "preflight_header", "*"),
        ("GET", &many, "preflight_header", "x-0"),
        ("GET", &same, "preflight_header", "64"),
    ] {
        let facts = preflight("http://localhost:5000", method, asked);
        let refusal = judge(&policy, &facts).refusal.expect("it is refused");
        assert_eq!(refusal.code().name(), code, "{method} {asked}");
        assert!(refusal.cause().contains(shown), "{}", refusal.cause());
        let headers = answer(&policy, &facts);
        for name in [
            "access-control-allow-methods",
            "access-control-allow-headers",
            "access-control-max-age",
        ] {
            assert!(!headers.contains_key(name), "{method} {asked}");
        }
    }
    let refused = answer(&policy, &preflight("http://evil.example", "GET", ""));
    assert_eq!(beside_vary(&refused), []);
}

#[test]
fn an_empty_list_of_preflight_headers_asks_for_nothing() {
    let policy = build(|_| {}).0;
    for asked in ["", ",", " , ,", &",".repeat(1000), &" ".repeat(32 * 1024)] {
        let facts = preflight("http://localhost:5000", "GET", asked);
        assert_eq!(judge(&policy, &facts).rule, Rule::Listed);
    }
}

#[test]
fn a_private_network_is_opened_by_its_setting_alone() {
    let ask = |policy: &OriginPolicy, origin: &str| {
        let facts = request_from(
            &stranger(),
            "",
            &Method::OPTIONS,
            &[
                ("origin", origin.as_bytes()),
                ("access-control-request-method", b"GET"),
                ("access-control-request-private-network", b"true"),
            ],
        );
        answer(policy, &facts)
    };
    let name = "access-control-allow-private-network";
    assert!(!ask(&build(|_| {}).0, "http://localhost:5000").contains_key(name));
    let open = build(|settings| settings.private_network = true).0;
    assert_eq!(ask(&open, "http://localhost:5000")[name], "true");
    assert!(!ask(&open, "http://evil.example").contains_key(name));
    assert!(
        ask(&open, "http://evil.example")["vary"]
            .to_str()
            .unwrap()
            .contains("Private-Network")
    );
}

#[test]
fn a_session_keeps_the_first_origin_it_brings() {
    let mut binding = Binding::default();
    assert!(binding.admit(&get(&[])).is_ok());
    assert!(
        binding.origin().is_none(),
        "a poll without Origin binds nothing"
    );
    assert!(
        binding
            .admit(&get(&[("origin", "http://localhost:5000")]))
            .is_ok()
    );
    assert_eq!(
        binding.origin().unwrap().to_string(),
        "http://localhost:5000"
    );
    assert!(binding.admit(&get(&[])).is_ok());
    assert!(
        binding
            .admit(&get(&[("origin", "HTTP://LocalHost:5000")]))
            .is_ok()
    );
    for other in ["http://127.0.0.1:5000", "https://localhost:5000", "null"] {
        let refusal = binding.admit(&get(&[("origin", other)])).unwrap_err();
        assert_eq!(refusal.code().name(), "origin_changed");
        assert!(refusal.log_detail().contains("http://localhost:5000"));
        assert!(!refusal.cause().contains("http://localhost:5000"));
    }
    let twice = get(&[
        ("origin", "http://localhost:5000"),
        ("origin", "http://localhost:5000"),
    ]);
    assert_eq!(
        binding.admit(&twice).unwrap_err().code().name(),
        "origin_malformed"
    );
    assert_eq!(
        binding.origin().unwrap().to_string(),
        "http://localhost:5000"
    );
}

#[test]
fn a_session_of_null_stays_one() {
    let mut binding = Binding::default();
    assert!(binding.admit(&get(&[("origin", "null")])).is_ok());
    assert!(binding.origin().is_none(), "no cookie counts");
    assert!(binding.admit(&get(&[("origin", "null")])).is_ok());
    assert!(
        binding
            .admit(&get(&[("origin", "http://localhost:5000")]))
            .is_err()
    );
}

#[test]
fn the_nearest_entry_is_told_to_the_log_alone() {
    let policy = listing(&[
        "https://app.example.com",
        "https://shop.example.org:8443",
        "http://*.tenants.example",
        "http://localhost:3000",
    ]);
    for (origin, code, nearest) in [
        (
            "http://app.example.com",
            "origin_scheme_mismatch",
            "https://app.example.com",
        ),
        (
            "https://app.example.com:444",
            "origin_port_mismatch",
            "https://app.example.com",
        ),
        (
            "https://shop.example.org",
            "origin_port_mismatch",
            "https://shop.example.org:8443",
        ),
        (
            "http://shop.example.org",
            "origin_port_mismatch",
            "https://shop.example.org:8443",
        ),
        (
            "https://app.exmaple.com",
            "origin_host_not_allowed",
            "https://app.example.com",
        ),
        (
            "https://example.com",
            "origin_host_not_allowed",
            "https://app.example.com",
        ),
        (
            "https://a.tenants.example",
            "origin_scheme_mismatch",
            "http://*.tenants.example",
        ),
        (
            "http://a.tenants.example:81",
            "origin_port_mismatch",
            "http://*.tenants.example",
        ),
        (
            "http://127.0.0.2:3000",
            "origin_host_not_allowed",
            "http://localhost:3000",
        ),
    ] {
        let refusal = judge(&policy, &get(&[("origin", origin)]))
            .refusal
            .expect("it is refused");
        assert_eq!(refusal.code().name(), code, "{origin}");
        assert_eq!(
            refusal.log_detail(),
            format!("the nearest entry is {nearest}"),
            "{origin}"
        );
        let page = refusal.http_body("r", None) + &refusal.connect_error("r", None);
        for entry in policy.admitted() {
            assert!(
                !page.contains(&format!("{entry}\"")) && !page.contains(&format!("{entry} ")),
                "{page}"
            );
        }
    }
}

#[test]
fn a_reader_kept_for_later_writes_the_same_headers() {
    let policies = [
        build(|_| {}).0,
        build(|settings| settings.credentials = false).0,
        build(|settings| settings.allow_null = true).0,
        build(|settings| settings.mode = CorsMode::Off).0,
        build(|settings| settings.mode = CorsMode::Report).0,
        build(|settings| settings.cors_origins = Some(vec!["http://*.localhost:5000".into()])).0,
    ];
    for policy in &policies {
        for headers in [
            vec![],
            vec![("origin", "http://localhost:5000")],
            vec![("origin", "http://a.localhost:5000")],
            vec![("origin", "http://evil.example")],
            vec![("origin", "null")],
            vec![("origin", "a"), ("origin", "b")],
        ] {
            let facts = get(&headers);
            let mut later = HeaderMap::new();
            later.insert("vary", HeaderValue::from_static("Accept-Encoding"));
            let mut at_once = later.clone();
            Reader::of(policy, &facts, &judge(policy, &facts)).write(&mut later);
            cors_headers(policy, &facts, &judge(policy, &facts), &mut at_once);
            assert_eq!(later, at_once, "{headers:?}");
            assert_eq!(later["vary"], "Accept-Encoding, Origin");
        }
    }
}

#[test]
fn a_binding_holds_what_it_would_admit_without_a_change() {
    let requests = [
        get(&[]),
        get(&[("origin", "null")]),
        get(&[("origin", "http://localhost:5000")]),
        get(&[("origin", "http://127.0.0.1:5000")]),
        get(&[("origin", "a"), ("origin", "b")]),
    ];
    for first in &requests {
        let mut binding = Binding::default();
        let _ = binding.admit(first);
        for next in &requests {
            let mut after = binding.clone();
            let is_same = after.admit(next).is_ok() && after == binding;
            assert_eq!(binding.holds(next), is_same, "{first:?}, {next:?}");
        }
    }
}
