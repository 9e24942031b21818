//! One table of (settings, request) → verdict: every example of contract §3, and the attacks of
//! hardening §3 rows 11, 23, 24 and 26.

use crate::common::{build, get, request_from, stranger};
use crate::table;
use bellgate_gate::origin::{OriginPolicy, OriginSettings, Rule, judge};
use http::Method;

/// The policy of a row's settings.
fn policy(settings: &str) -> OriginPolicy {
    let split = |text: &str| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
    let port = |text: &str| text.parse().expect("a row writes a port");
    let set = |into: &mut OriginSettings, setting: &str| {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        match name {
            "-" => {}
            "host" => value.clone_into(&mut into.flask_host),
            "port" => into.flask_port = port(value),
            "public" => into.public_url = split(value),
            "list" => into.cors_origins = Some(split(value)),
            "own" => into.own = vec![(value.to_owned(), 5001)],
            "own_port" => into.own[0].1 = port(value),
            "https" => into.require_https = true,
            "production" => (into.production, into.require_https) = (true, true),
            "allow_null" => into.allow_null = true,
            "require_origin" => into.require_origin = true,
            _ => panic!("no setting is called {name}"),
        }
    };
    build(|into| settings.split(';').for_each(|setting| set(into, setting))).0
}

/// What an origin is answered with: the rule that admits it, or the code that refuses it.
fn answer(policy: &OriginPolicy, headers: &[(&str, &str)]) -> String {
    let verdict = judge(policy, &get(headers));
    match verdict.refusal {
        None => verdict.rule.name().to_owned(),
        Some(refusal) => refusal.code().name().to_owned(),
    }
}

/// Checks the rows of a table.
fn check(table: &str) {
    let rows = table.lines().filter(|row| !row.is_empty());
    for row in rows {
        let [settings, origin, expected] = row.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("a row has three columns: {row}");
        };
        let origin = origin.replace("\\t", "\t");
        assert_eq!(
            answer(&policy(settings), &[("origin", &origin)]),
            expected,
            "{row}"
        );
    }
}

const HOST: &str = "origin_host_not_allowed";
const BAD: &str = "origin_malformed";

#[test]
fn generated_origins_are_those_of_the_application() {
    check(table::GENERATED);
}

#[test]
fn a_repaired_flask_host_means_what_was_plainly_meant() {
    check(table::REPAIRED);
}

#[test]
fn an_explicit_list_replaces_the_generated_one() {
    check(table::EXPLICIT);
}

#[test]
fn a_pattern_admits_whole_labels_in_front() {
    check(table::PATTERNS);
}

#[test]
fn a_star_alone_admits_every_origin_but_null() {
    check(table::STAR);
}

#[test]
fn the_own_address_is_in_every_list() {
    check(table::OWN);
}

#[test]
fn production_knows_no_loopback_and_no_plaintext() {
    check(table::PRODUCTION);
}

#[test]
fn look_alikes_are_refused() {
    check(table::LOOK_ALIKES);
    let long = format!("https://{}.example.com", "a".repeat(4096));
    assert_eq!(answer(&policy("-"), &[("origin", &long)]), BAD);
}

#[test]
fn the_origin_null_needs_its_setting() {
    check(table::NULL);
}

#[test]
fn a_request_without_origin_is_judged_by_fetch_metadata() {
    let cross = "origin_cross_site_no_cors";
    for (set, site, expected) in [
        ("-", None, "no_origin"),
        ("-", Some("same-origin"), "same_origin_fetch"),
        ("-", Some("none"), "no_origin"),
        ("-", Some("same-site"), cross),
        ("-", Some("cross-site"), cross),
        ("-", Some("galaxy"), "no_origin"),
        ("require_origin", None, "origin_missing"),
        ("require_origin", Some("none"), "origin_missing"),
        ("require_origin", Some("galaxy"), "origin_missing"),
        ("require_origin", Some("same-origin"), "same_origin_fetch"),
        ("require_origin", Some("cross-site"), cross),
        ("list=*", Some("cross-site"), cross),
    ] {
        let headers: Vec<_> = site
            .map(|site| ("sec-fetch-site", site))
            .into_iter()
            .collect();
        assert_eq!(answer(&policy(set), &headers), expected, "{site:?}");
    }
    let twice = [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(answer(&policy("-"), &twice), cross);
}

#[test]
fn an_origin_counts_more_than_fetch_metadata() {
    let headers = [
        ("origin", "http://localhost:5000"),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(answer(&policy("-"), &headers), "listed");
}

#[test]
fn a_host_header_never_admits_a_host() {
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
    ] {
        let headers = [("origin", "http://evil.example"), (name, value)];
        assert_eq!(answer(&policy("-"), &headers), HOST);
    }
}

#[test]
fn two_origin_headers_are_malformed() {
    for second in ["http://localhost:5000", "http://evil.example"] {
        let headers = [("origin", "http://localhost:5000"), ("origin", second)];
        assert_eq!(answer(&policy("-"), &headers), BAD);
    }
}

#[test]
fn hostile_bytes_in_the_origin_are_malformed() {
    let high: Vec<u8> = (0x80..=0xff).collect();
    for value in [
        vec![b' '; 32 * 1024],
        vec![b','; 1000],
        high,
        b"http://localhost:5000\xff".to_vec(),
    ] {
        let facts = request_from(&stranger(), "", &Method::GET, &[("origin", &value)]);
        let verdict = judge(&policy("-"), &facts);
        assert_eq!(verdict.rule, Rule::Malformed);
        let refusal = verdict.refusal.expect("it is refused");
        assert!(
            refusal.cause().len() < 400 && !refusal.cause().contains('\u{ff}'),
            "{}",
            refusal.cause()
        );
    }
}

#[test]
fn a_websocket_handshake_is_judged_as_a_poll() {
    for origin in ["http://localhost:5000", "http://evil.example"] {
        let poll = answer(&policy("-"), &[("origin", origin)]);
        let upgrade = [
            ("origin", origin),
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-fetch-mode", "websocket"),
        ];
        assert_eq!(answer(&policy("-"), &upgrade), poll);
    }
}
