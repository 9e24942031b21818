//! What building a policy says to the operator, and what it uses instead.

use crate::common::{build, kinds};
use bellgate_gate::NoticeKind::{self, Advice, Dropped, Fatal, Repaired};
use bellgate_gate::origin::OriginSettings;

/// Kinds and texts of the notices of changed settings.
fn notices(change: impl FnOnce(&mut OriginSettings)) -> Vec<(NoticeKind, String)> {
    let (_, notices) = build(change);
    notices
        .iter()
        .map(|notice| (notice.kind, notice.to_string()))
        .collect()
}

fn admitted(change: impl FnOnce(&mut OriginSettings)) -> Vec<String> {
    build(change)
        .0
        .admitted()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn list(entries: &[&str]) -> Vec<String> {
    entries.iter().map(|entry| (*entry).to_owned()).collect()
}

#[test]
fn nothing_set_says_nothing_and_admits_the_two_default_addresses() {
    let (policy, notices) = build(|_| {});
    assert_eq!(notices, []);
    let mut expected = Vec::new();
    for port in [5000, 5001] {
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            for scheme in ["http", "https"] {
                expected.push(format!("{scheme}://{host}:{port}"));
            }
        }
    }
    let found: Vec<_> = policy.admitted().iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_bind_all_host_asks_for_the_public_url() {
    for host in ["0.0.0.0", "::", "[::]"] {
        let said = notices(|settings| settings.flask_host = host.to_owned());
        assert_eq!(said.len(), 1, "{host}");
        assert!(said[0].0 == Advice && said[0].1.contains("BELLGATE_PUBLIC_URL"));
        let answered = notices(|settings| {
            settings.flask_host = host.to_owned();
            settings.public_url = vec!["https://app.example".to_owned()];
        });
        assert_eq!(answered, []);
    }
}

#[test]
fn a_repair_names_what_is_used() {
    for (host, port, shown) in [
        (
            " app.example ",
            8000,
            "the host app.example and the port 8000",
        ),
        (
            "http://app.example",
            8000,
            "the host app.example and the port 8000",
        ),
        (
            "https://app.example:9000/x",
            5000,
            "the host app.example and the port 9000",
        ),
        (
            "app.example:9000",
            8000,
            "the host app.example and the port 8000",
        ),
    ] {
        let said = notices(|settings| {
            (settings.flask_host, settings.flask_port) = (host.to_owned(), port);
        });
        assert_eq!(said.len(), 1);
        assert!(
            said[0].0 == Repaired && said[0].1.contains(shown),
            "{said:?}"
        );
    }
    for plain in [
        "localhost",
        "127.0.0.1",
        "::1",
        "[::1]",
        "App.Example",
        "bücher.example",
    ] {
        assert_eq!(
            notices(|settings| settings.flask_host = plain.to_owned()),
            [],
            "{plain}"
        );
    }
}

#[test]
fn a_host_without_plain_meaning_is_dropped_for_the_default() {
    for host in [
        "a b",
        "a.example,b.example",
        "*",
        "u@a",
        "ftp://a",
        "a:b",
        "a:0",
        "\x1b[31m",
        "http://",
    ] {
        let said = notices(|settings| settings.flask_host = host.to_owned());
        assert_eq!(said.len(), 1, "{host:?}");
        assert!(
            said[0].0 == Dropped && said[0].1.contains("localhost is used"),
            "{said:?}"
        );
        assert!(!said[0].1.contains('\x1b'));
    }
    let said = notices(|settings| settings.flask_port = 0);
    assert!(said[0].0 == Dropped && said[0].1.contains("5000 is used"));
}

#[test]
fn a_dropped_entry_is_told_with_its_reason() {
    for (entry, reason) in [
        ("https://a.example/path", "path"),
        ("https://a.example?x", "query"),
        ("https://u@a.example", "user name"),
        ("https://a.example:0", "port"),
        ("https://a.example:65536", "port"),
        ("ftp://a.example", "scheme"),
        ("ws://a.example", "write http"),
        ("wss://a.example", "write https"),
        ("a.example", "scheme"),
        ("null", "SOCKETIO_ALLOW_NULL_ORIGIN"),
        ("https://a.*", "*"),
        ("https://a*.example.com", "*"),
        ("https://*.10.0.0.1", "address"),
    ] {
        let said = notices(|settings| {
            settings.cors_origins = Some(list(&["https://good.example", entry]));
        });
        assert_eq!(said.len(), 1, "{entry}");
        assert!(
            said[0].0 == Dropped && said[0].1.contains(reason) && said[0].1.contains(entry),
            "{said:?}"
        );
    }
}

#[test]
fn a_list_without_a_usable_entry_gives_way_to_the_generated_one() {
    let (policy, notices) =
        build(|settings| settings.cors_origins = Some(list(&["a.example", "ws://b.example"])));
    assert_eq!(kinds(&notices), [Dropped, Dropped, Advice]);
    assert_eq!(policy.admitted()[0].to_string(), "http://localhost:5000");
}

#[test]
fn entries_that_are_one_origin_stand_once() {
    let found = admitted(|settings| {
        settings.cors_origins = Some(list(&[
            "https://a.example",
            "HTTPS://A.example:443/",
            "https://a.example",
        ]));
        settings.public_url = vec!["https://a.example/app".to_owned()];
        settings.own.clear();
    });
    assert_eq!(found, ["https://a.example"]);
}

#[test]
fn requiring_https_leaves_the_plain_ones_out_and_says_so() {
    let (policy, notices) = build(|settings| settings.require_https = true);
    assert!(
        policy
            .admitted()
            .iter()
            .all(|origin| !origin.is_plaintext())
    );
    assert_eq!(kinds(&notices), [Advice]);
    let said = self::notices(|settings| {
        settings.require_https = true;
        settings.cors_origins = Some(list(&["http://a.example", "https://a.example"]));
        settings.public_url = vec!["http://b.example".to_owned()];
    });
    assert_eq!(
        said.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        [Dropped, Dropped]
    );
    assert!(
        said.iter()
            .all(|(_, text)| text.contains("SOCKETIO_REQUIRE_HTTPS"))
    );
}

#[test]
fn a_public_url_that_is_none_is_dropped() {
    for url in [
        "app.example",
        "ftp://app.example",
        "https://u@app.example",
        "https://",
        "https://*.example.com",
    ] {
        let said = notices(|settings| settings.public_url = vec![url.to_owned()]);
        assert!(
            said.len() == 1 && said[0].0 == Dropped && said[0].1.contains(url),
            "{said:?}"
        );
    }
}

#[test]
fn production_without_an_address_says_that_nobody_is_admitted() {
    let (policy, notices) =
        build(|settings| (settings.production, settings.require_https) = (true, true));
    assert_eq!(policy.admitted(), []);
    assert!(
        notices
            .iter()
            .any(|notice| notice.text.contains("no origin is admitted"))
    );
}

#[test]
fn a_star_never_goes_with_credentials() {
    for explicit in [false, true] {
        let (policy, notices) = build(|settings| {
            settings.cors_origins = Some(list(&["*"]));
            settings.credentials_set = explicit;
        });
        assert!(policy.admits_any() && !policy.credentials());
        assert_eq!(kinds(&notices), [Advice]);
    }
}

#[test]
fn a_star_in_production_stops_the_start() {
    for (allowed, explicit, stops) in [
        (false, false, true),
        (false, true, true),
        (true, true, true),
        (true, false, false),
    ] {
        let (policy, notices) = build(|settings| {
            settings.production = true;
            settings.cors_origins = Some(list(&["*"]));
            settings.allow_any_origin = allowed;
            settings.credentials_set = explicit;
        });
        assert_eq!(
            kinds(&notices).contains(&Fatal),
            stops,
            "{allowed} {explicit}"
        );
        assert_eq!(policy.admits_any(), !stops);
        assert!(!(policy.admits_any() && policy.credentials()));
    }
}

#[test]
fn beside_a_star_other_entries_are_told_to_be_idle() {
    let said = notices(|settings| settings.cors_origins = Some(list(&["*", "https://a.example"])));
    assert!(
        said.iter()
            .any(|(kind, text)| *kind == Advice && text.contains("beside *"))
    );
}

#[test]
fn a_pattern_under_a_top_level_name_is_advised_against() {
    let said = notices(|settings| settings.cors_origins = Some(list(&["https://*.com"])));
    assert_eq!(said.len(), 1);
    assert!(said[0].0 == Advice && said[0].1.contains("https://*.com"));
    assert_eq!(
        notices(|settings| settings.cors_origins = Some(list(&["http://*.localhost:5000"]))),
        []
    );
}

#[test]
fn names_of_methods_and_headers_are_tokens() {
    let said = notices(|settings| {
        settings.methods = vec![
            "get".into(),
            "GET".into(),
            "P OST".into(),
            "*".into(),
            String::new(),
        ];
        settings.headers = vec!["X-A\r\nSet-Cookie: a=b".into(), "X-B".into()];
    });
    assert_eq!(
        said.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        [Dropped, Dropped, Dropped]
    );
    assert!(said.iter().all(|(_, text)| !text.contains('\n')));
}
