//! What holds for every text: nothing panics, canonical forms stay, look-alikes stay out.

use crate::common::{get, listing, peer, request_from};
use bellgate_gate::origin::{OriginPolicy, OriginSettings, Rule, cors_headers, judge};
use bellgate_gate::{Origin, Scheme, TrustedProxies};
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;

/// Texts that are origins or nearly so.
fn origin_like() -> impl Strategy<Value = String> {
    let scheme = prop_oneof!["https?", "HTTPS?", "ws", "app", "tauri", "[a-z-]{0,12}"];
    let host = prop_oneof![
        "[a-zA-Z0-9.-]{0,20}",
        "[a-z]{1,8}(\\.[a-z]{1,8}){0,3}",
        "[0-9]{1,3}(\\.[0-9]{1,3}){0,4}",
        "\\[[0-9a-f:.]{0,20}\\]",
        "\\PC{0,12}",
        Just("bücher.example".to_owned()),
    ];
    let tail = prop_oneof!["", ":[0-9]{0,6}", "[/?#@:*\\\\]{1,2}", "\\PC{0,6}"];
    (
        scheme,
        prop_oneof![Just("://"), Just(":"), Just("")],
        host,
        tail,
    )
        .prop_map(|(scheme, middle, host, tail)| format!("{scheme}{middle}{host}{tail}"))
}

/// Host names in canonical form.
fn name() -> impl Strategy<Value = String> {
    "[a-z]{1,10}(\\.[a-z]{2,8}){1,3}"
}

fn header_bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(b'\t'), 0x20u8..0x7f, 0x80u8..=0xff], 0..80)
}

proptest! {
    #[test]
    fn parsing_never_panics_and_a_canonical_form_stays_as_it_is(text in origin_like()) {
        let _ = Origin::parse_entry(&text);
        if let Ok(origin) = Origin::parse(&text) {
            let form = origin.to_string();
            prop_assert!(form.is_ascii());
            let again = Origin::parse(&form);
            prop_assert_eq!(again.as_ref(), Ok(&origin), "{}", form);
            prop_assert_eq!(again.unwrap().to_string(), form);
            prop_assert!(HeaderValue::from_str(&origin.to_string()).is_ok());
        }
    }

    #[test]
    fn any_text_may_be_parsed(text in "\\PC{0,60}", raw: String) {
        let _ = Origin::parse(&text);
        let _ = Origin::parse(&raw);
        let _ = TrustedProxies::parse(&raw);
    }

    #[test]
    fn an_admitted_origin_is_its_own_canonical_form(
        entries in proptest::collection::vec(origin_like(), 0..6),
        host in "\\PC{0,20}", port: u16, production: bool, require_https: bool,
    ) {
        let settings = OriginSettings {
            cors_origins: Some(entries.clone()), public_url: entries, flask_host: host, flask_port: port,
            production, require_https, ..OriginSettings::default()
        };
        let (policy, _) = OriginPolicy::build(&settings);
        for origin in policy.admitted() {
            let form = origin.to_string();
            prop_assert_eq!(Origin::parse(&form).map(|origin| origin.to_string()), Ok(form.clone()));
            let facts = get(&[("origin", &form)]);
            let verdict = judge(&policy, &facts);
            prop_assert_eq!(verdict.rule, Rule::Listed);
            let mut out = HeaderMap::new();
            cors_headers(&policy, &facts, &verdict, &mut out);
            prop_assert_eq!(out["access-control-allow-origin"].as_bytes(), form.as_bytes());
            prop_assert!(!(require_https && origin.scheme() == Scheme::Http));
        }
    }

    #[test]
    fn look_alikes_of_an_entry_are_never_admitted(
        host in name(), evil in "[a-z0-9-]{1,10}", port in 1u16.., pattern: bool,
    ) {
        let entry = if pattern { format!("https://*.{host}") } else { format!("https://{host}") };
        let policy = listing(&[&entry]);
        let mut variants = vec![
            format!("https://{evil}{host}"), format!("https://{host}{evil}"), format!("https://{host}.{evil}"),
            format!("https://{host}."), format!("https://{evil}@{host}"), format!("https://{host}@{evil}"),
            format!("https://{host}:{evil}"), format!("https://{host}/{evil}"), format!("https://{host}#.{evil}"),
            format!("https://{host}\\.{evil}"), format!("https://{host},https://{evil}"),
            format!("http://{host}"), format!("wss://{host}"), format!("//{host}"), host.clone(),
            format!("https://{}", host.replacen('.', "", 1)), format!("https://{}", host.replacen('.', "-", 1)),
        ];
        if port != 443 {
            variants.push(format!("https://{host}:{port}"));
            variants.push(format!("https://{evil}.{host}:{port}"));
        }
        // The one in front of a pattern is meant to be admitted; the bare name is not.
        variants.push(if pattern { format!("https://{host}") } else { format!("https://{evil}.{host}") });
        for variant in variants {
            let verdict = judge(&policy, &get(&[("origin", &variant)]));
            prop_assert!(!verdict.rule.admits_origin(), "{} let {} in", entry, variant);
            prop_assert!(!verdict.is_allowed());
        }
    }

    #[test]
    fn whatever_the_headers_hold_a_verdict_comes_out(
        lines in proptest::collection::vec((0usize..9, header_bytes()), 0..12),
        options: bool, trusted: bool,
    ) {
        let names = [
            "origin", "host", "sec-fetch-site", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
            "forwarded", "access-control-request-method", "access-control-request-headers",
        ];
        let lines: Vec<_> = lines.iter().map(|(name, value)| (names[*name], value.as_slice())).collect();
        let method = if options { Method::OPTIONS } else { Method::GET };
        let facts = request_from(&peer("10.0.0.1"), if trusted { "10.0.0.0/8" } else { "" }, &method, &lines);
        let policy = listing(&["https://app.example"]);
        let verdict = judge(&policy, &facts);
        let mut out = HeaderMap::new();
        cors_headers(&policy, &facts, &verdict, &mut out);
        prop_assert!(out["vary"].to_str().unwrap().contains("Origin"));
        if !trusted {
            prop_assert_eq!(facts.client_addr().unwrap().to_string(), "10.0.0.1");
        }
    }

    #[test]
    fn the_client_never_chooses_its_own_address(
        invented in "[ -~]{0,60}", real in 0u8..=255, rfc: bool,
    ) {
        let real = format!("203.0.113.{real}");
        // A proxy adds what it saw behind whatever the client had sent.
        let (name, line) = if rfc {
            ("forwarded", format!("{invented}, for={real};proto=https"))
        } else {
            ("x-forwarded-for", format!("{invented}, {real}"))
        };
        let facts = request_from(&peer("10.0.0.1"), "10.0.0.0/8", &Method::GET, &[(name, line.as_bytes())]);
        prop_assert_eq!(facts.client_addr().unwrap().to_string(), real);
    }
}
