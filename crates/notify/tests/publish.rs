//! What a publish may hold, through the crate's face: each limit at its edge, each error with its place.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a helper of a test fails the test"
)]

use std::time::Duration;

use bellgate_codes::Refusal;
use bellgate_notify::{Audience, Kind, OnUpdate, Priority, Publish, Rules, Unless};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_735_787_045_678;
const RULES: Rules<'static> = Rules {
    admin_role: "boss",
    now: NOW,
};

/// A publish that holds only what it must, with some members put over it.
fn with(members: Value) -> Value {
    let mut body = json!({"to": {"user": "7"}, "title": "Done"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn accepted(members: Value) -> Publish {
    let body = with(members);
    Publish::parse(&body, &RULES).unwrap_or_else(|refusal| panic!("{body}: {}", refusal.cause()))
}

/// Pointer and detail of the refusal.
fn refused(body: &Value) -> (String, String) {
    match Publish::parse(body, &RULES) {
        Err(Refusal::FieldInvalid { pointer, detail }) => (pointer, detail),
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let publish = accepted(json!({}));
    assert_eq!(publish.to, Audience::User("7".into()));
    assert_eq!(
        (publish.kind, publish.priority),
        (Kind::Info, Priority::Normal)
    );
    assert_eq!(
        (
            publish.category.as_str(),
            publish.title.as_str(),
            publish.message.as_str()
        ),
        ("general", "Done", "")
    );
    assert_eq!(publish.data.get(), "{}");
    assert!(publish.icon.is_none() && publish.group.is_none() && publish.key.is_none());
    assert!(publish.tags.is_empty() && publish.actions.is_empty() && publish.expires_in.is_none());
    assert!(!publish.requires_ack && publish.durable);
    assert_eq!(
        (publish.on_update, publish.unless),
        (OnUpdate::Silent, Unless::Seen)
    );
    assert_eq!(
        accepted(json!({"requires_ack": true})).unless,
        Unless::Acked
    );
}

#[test]
fn null_is_the_same_as_left_out() {
    let nulls = json!({
        "type": null, "category": null, "priority": null, "message": null, "data": null, "icon": null,
        "group": null, "tags": null, "actions": null, "key": null, "on_update": null, "deliver_at": null,
        "expires_in": null, "requires_ack": null, "durable": null, "fallback": null, "unless": null, "repeat": null,
    });
    assert_eq!(accepted(nulls).category, "general");
    assert_eq!(refused(&with(json!({"title": null}))).0, "/title");
    assert_eq!(refused(&with(json!({"to": null}))).0, "/to");
    assert_eq!(refused(&with(json!({"to": {"user": null}}))).0, "/to/user");
}

#[test]
fn every_field_of_the_contract_is_read() {
    let publish = accepted(json!({
        "to": {"role": "boss"}, "type": "warning", "category": "security", "priority": "critical",
        "title": "Disk <b>full</b>", "message": "90 %\nof 1 TB", "data": {"b": 1, "a": [true]},
        "icon": "https://cdn.example/disk.png", "group": "disks", "tags": ["ops", "disk", "ops"],
        "actions": [
            {"id": "open", "text": "Open", "url": "/disks/1", "style": "primary"},
            {"id": "mute", "text": "Mute", "event": "disk.mute"},
        ],
        "key": "disk:1", "on_update": "again", "expires_in": "2h", "requires_ack": true, "durable": false,
        "fallback": "off", "unless": "read", "deliver_at": "2025-01-02T03:04:05Z",
    }));
    assert_eq!(publish.to, Audience::Role("boss".into()));
    assert_eq!(
        (publish.kind, publish.priority),
        (Kind::Warning, Priority::Critical)
    );
    assert_eq!(
        publish.title, "Disk <b>full</b>",
        "text is text and stays as it came"
    );
    assert_eq!(publish.data.get(), r#"{"a":[true],"b":1}"#);
    assert_eq!(publish.tags, ["ops", "disk"]);
    assert_eq!(publish.actions[0].url.as_deref(), Some("/disks/1"));
    assert_eq!(publish.actions[1].event.as_deref(), Some("disk.mute"));
    assert_eq!(
        (publish.key.as_deref(), publish.on_update),
        (Some("disk:1"), OnUpdate::Again)
    );
    assert_eq!(publish.expires_in, Some(Duration::from_secs(7200)));
    assert_eq!(
        (publish.requires_ack, publish.durable, publish.unless),
        (true, false, Unless::Read)
    );
}

#[test]
fn an_audience_is_exactly_one_of_five() {
    for (to, expected) in [
        (json!({"user": "7"}), Audience::User("7".into())),
        (json!({"user": 7}), Audience::User("7".into())),
        (json!({"user": "1:admin"}), Audience::User("1:admin".into())),
        (
            json!({"user": "x".repeat(256)}),
            Audience::User("x".repeat(256)),
        ),
        (
            json!({"users": ["7", 8, "7"]}),
            Audience::Users(vec!["7".into(), "8".into()]),
        ),
        (json!({"role": "editor"}), Audience::Role("editor".into())),
        (json!({"topic": "job:42"}), Audience::Topic("job:42".into())),
        (json!({"all": true}), Audience::All),
    ] {
        assert_eq!(accepted(json!({"to": to})).to, expected);
    }
    for (to, pointer) in [
        (json!({}), "/to"),
        (json!([]), "/to"),
        (json!("all"), "/to"),
        (json!({"user": "7", "role": "a"}), "/to"),
        (json!({"user": "7", "all": true}), "/to"),
        (json!({"all": false}), "/to/all"),
        (json!({"all": 1}), "/to/all"),
        (json!({"room": "a"}), "/to/room"),
        (json!({"user": ""}), "/to/user"),
        (json!({"user": 1.5}), "/to/user"),
        (json!({"user": ["7"]}), "/to/user"),
        (json!({"user": "x".repeat(257)}), "/to/user"),
        (json!({"user": "a\u{0}b"}), "/to/user"),
        (json!({"role": {}}), "/to/role"),
        (json!({"topic": true}), "/to/topic"),
        (json!({"users": []}), "/to/users"),
        (json!({"users": "7"}), "/to/users"),
        (json!({"users": ["7", ""]}), "/to/users/1"),
        (json!({"users": vec!["7"; 1001]}), "/to/users"),
    ] {
        assert_eq!(refused(&with(json!({"to": to}))).0, pointer, "{to}");
    }
    assert_eq!(refused(&json!({"title": "x"})).0, "/to");
}

#[test]
fn limits_hold_at_their_edge_in_characters() {
    let at_the_edge = json!({
        "title": "é".repeat(200), "message": "😀".repeat(2000), "group": "ü".repeat(64), "key": "k".repeat(256),
        "tags": vec!["t".repeat(32)], "category": "c".repeat(64), "data": {"x": "y".repeat(16 * 1024 - 8)},
        "actions": [
            {"id": "1", "text": "t".repeat(80), "url": format!("/{}", "p".repeat(2047))},
            {"id": "2", "text": "t", "url": "/"}, {"id": "3", "text": "t", "url": "/"},
        ],
    });
    assert_eq!(accepted(at_the_edge).data.get().len(), 16 * 1024);
    let action = |text: &str, url: &str| json!([{"id": "1", "text": text, "url": url}]);
    for (members, pointer) in [
        (json!({"title": "é".repeat(201)}), "/title"),
        (json!({"title": "x".repeat(1_000_000)}), "/title"),
        (json!({"title": ""}), "/title"),
        (json!({"title": " \u{a0} "}), "/title"),
        (json!({"title": "a\nb"}), "/title"),
        (json!({"title": 7}), "/title"),
        (json!({"message": "x".repeat(2001)}), "/message"),
        (json!({"message": "\u{1b}[31m"}), "/message"),
        (json!({"group": "x".repeat(65)}), "/group"),
        (json!({"key": "x".repeat(257)}), "/key"),
        (json!({"key": ""}), "/key"),
        (json!({"category": "x".repeat(65)}), "/category"),
        (json!({"category": "a b"}), "/category"),
        (json!({"tags": "ops"}), "/tags"),
        (
            json!({"tags": ["a", "b", "c", "d", "e", "f", "g", "h", "i"]}),
            "/tags",
        ),
        (json!({"tags": ["ok", "x".repeat(33)]}), "/tags/1"),
        (json!({"tags": [1]}), "/tags/0"),
        (json!({"data": []}), "/data"),
        (json!({"data": {"x": "y".repeat(16 * 1024 - 7)}}), "/data"),
        (
            json!({"actions": action(&"t".repeat(81), "/")}),
            "/actions/0/text",
        ),
        (
            json!({"actions": action("t", &format!("/{}", "p".repeat(2048)))}),
            "/actions/0/url",
        ),
        (
            json!({"actions": vec![json!({"id": "1", "text": "t", "url": "/"}); 4]}),
            "/actions",
        ),
    ] {
        assert_eq!(refused(&with(members)).0, pointer);
    }
}

#[test]
fn data_is_eight_levels_deep_at_most() {
    let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
    accepted(json!({"data": nested(8)}));
    assert_eq!(refused(&with(json!({"data": nested(9)}))).0, "/data");
    let lists = (1..8).fold(json!([]), |inner, _| json!([inner]));
    assert_eq!(refused(&with(json!({"data": {"a": lists}}))).0, "/data");
}

#[test]
fn an_action_has_one_purpose_and_a_harmless_address() {
    for (action, pointer) in [
        (json!("open"), "/actions/0"),
        (json!({"text": "t", "url": "/"}), "/actions/0/id"),
        (
            json!({"id": "a b", "text": "t", "url": "/"}),
            "/actions/0/id",
        ),
        (json!({"id": "a", "url": "/"}), "/actions/0/text"),
        (json!({"id": "a", "text": "t"}), "/actions/0/url"),
        (
            json!({"id": "a", "text": "t", "url": "/", "event": "e"}),
            "/actions/0/url",
        ),
        (
            json!({"id": "a", "text": "t", "url": "javascript:alert(1)"}),
            "/actions/0/url",
        ),
        (
            json!({"id": "a", "text": "t", "url": "data:text/html,x"}),
            "/actions/0/url",
        ),
        (
            json!({"id": "a", "text": "t", "url": "//evil.example"}),
            "/actions/0/url",
        ),
        (json!({"id": "a", "text": "t", "url": 7}), "/actions/0/url"),
        (
            json!({"id": "a", "text": "t", "url": "/", "style": "a;b"}),
            "/actions/0/style",
        ),
        (
            json!({"id": "a", "text": "t", "url": "/", "href": "/"}),
            "/actions/0/href",
        ),
    ] {
        assert_eq!(
            refused(&with(json!({"actions": [action]}))).0,
            pointer,
            "{action}"
        );
    }
    let twice = json!({"actions": [{"id": "a", "text": "t", "url": "/"}, {"id": "a", "text": "u", "event": "e"}]});
    assert_eq!(refused(&with(twice)).0, "/actions/1/id");
    assert_eq!(
        refused(&with(json!({"icon": "javascript:alert(1)"}))).0,
        "/icon"
    );
    assert_eq!(
        refused(&with(json!({"icon": "http://cdn.example/i.png"}))).0,
        "/icon"
    );
}

#[test]
fn categories_for_admins_go_to_the_admin_role_alone() {
    for category in ["admin", "security", "Security", "ADMIN"] {
        let for_admins = json!({"category": category, "to": {"role": "boss"}});
        assert_eq!(accepted(for_admins).category, category);
        for to in [
            json!({"user": "7"}),
            json!({"users": ["7"]}),
            json!({"role": "admin"}),
            json!({"topic": "boss"}),
            json!({"all": true}),
        ] {
            let (pointer, detail) = refused(&with(json!({"category": category, "to": to})));
            assert_eq!(pointer, "/category");
            assert!(detail.contains("boss"), "{detail}");
        }
    }
    accepted(json!({"category": "security.audit"}));
}

#[test]
fn unknown_fields_are_named_with_their_place() {
    let (pointer, detail) = refused(&with(json!({"tittle": "x"})));
    assert_eq!(pointer, "/tittle");
    assert!(detail.contains("title"), "{detail}");
    assert_eq!(refused(&with(json!({"a/b~c": 1}))).0, "/a~1b~0c");
    assert!(refused(&with(json!({"x".repeat(10_000): 1}))).0.len() < 100);
    assert_eq!(refused(&with(json!({"__proto__": {}}))).0, "/__proto__");
    for body in [json!([]), json!("x"), json!(null), json!(7)] {
        assert_eq!(refused(&body).0, "");
    }
}

#[test]
fn closed_vocabularies_are_closed() {
    for (name, values) in [
        ("type", ["fatal", "Success"]),
        ("priority", ["urgent", "HIGH"]),
        ("on_update", ["replace", ""]),
        ("unless", ["never", "delivered"]),
    ] {
        for value in values {
            assert_eq!(refused(&with(json!({name: value}))).0, format!("/{name}"));
        }
        assert_eq!(refused(&with(json!({name: 1}))).0, format!("/{name}"));
    }
    assert_eq!(
        refused(&with(json!({"requires_ack": "true"}))).0,
        "/requires_ack"
    );
    assert_eq!(refused(&with(json!({"durable": 1}))).0, "/durable");
}

#[test]
fn lengths_of_time_are_bounded() {
    for (value, expected) in [
        (json!("30s"), 30),
        (json!(90), 90),
        (json!("1d"), 86_400),
        (json!("366d"), 31_622_400),
    ] {
        assert_eq!(
            accepted(json!({"expires_in": value})).expires_in,
            Some(Duration::from_secs(expected))
        );
    }
    for value in [
        json!(0),
        json!("999ms"),
        json!("367d"),
        json!(-5),
        json!("soon"),
        json!("5 m"),
        json!(true),
        json!({}),
    ] {
        assert_eq!(
            refused(&with(json!({"expires_in": value}))).0,
            "/expires_in",
            "{value}"
        );
    }
}

#[test]
fn what_is_not_available_yet_is_refused_and_says_so() {
    let step = json!({"after": "5m", "via": "email"});
    for (members, pointer) in [
        (
            json!({"deliver_at": "2025-01-02T03:04:05.679Z"}),
            "/deliver_at",
        ),
        (json!({"deliver_at": "10m"}), "/deliver_at"),
        (json!({"fallback": [step.clone()]}), "/fallback"),
        (json!({"fallback": []}), "/fallback"),
        (
            json!({"repeat": {"every": "30s", "until": "3h"}, "requires_ack": true}),
            "/repeat",
        ),
    ] {
        let (found, detail) = refused(&with(members));
        assert_eq!(found, pointer);
        assert!(detail.contains("not available yet"), "{detail}");
    }
    accepted(json!({"deliver_at": "2025-01-02T03:04:05.678Z"}));
    accepted(json!({"deliver_at": "1999-12-31T00:00:00+02:00"}));
    accepted(json!({"fallback": "off"}));
}

#[test]
fn what_is_not_available_yet_is_checked_all_the_same() {
    for (members, pointer) in [
        (json!({"deliver_at": "tomorrow"}), "/deliver_at"),
        (json!({"deliver_at": "2026-01-04T00:00:00Z"}), "/deliver_at"),
        (json!({"fallback": "none"}), "/fallback"),
        (json!({"fallback": {"after": "5m"}}), "/fallback"),
        (json!({"fallback": [{"via": "email"}]}), "/fallback/0/after"),
        (
            json!({"fallback": [{"after": "5m", "via": "sms"}]}),
            "/fallback/0/via",
        ),
        (
            json!({"fallback": [{"after": "5m", "via": "email", "to": "x"}]}),
            "/fallback/0/to",
        ),
        (
            json!({"fallback": vec![json!({"after": "5m", "via": "email"}); 9]}),
            "/fallback",
        ),
        (json!({"repeat": "30s"}), "/repeat"),
        (
            json!({"repeat": {"every": "29s", "until": "1h"}}),
            "/repeat/every",
        ),
        (
            json!({"repeat": {"every": "30s", "until": "4h"}}),
            "/repeat/until",
        ),
        (json!({"repeat": {"every": "30s"}}), "/repeat/until"),
    ] {
        let (found, detail) = refused(&with(members));
        assert_eq!(found, pointer);
        assert!(!detail.contains("not available yet"), "{detail}");
    }
    let (_, detail) = refused(&with(json!({"repeat": {"every": "30s", "until": "1h"}})));
    assert!(detail.contains("requires_ack"), "{detail}");
}

/// JSON of every shape, names of real fields among the members.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        ".{0,6}",
        proptest::sample::select(vec![
            "to",
            "title",
            "data",
            "actions",
            "tags",
            "users",
            "user",
            "all",
            "fallback",
            "repeat",
            "deliver_at",
            "expires_in",
            "url",
            "id",
            "text",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_panics_and_every_refusal_names_a_field(body in any_json()) {
        for body in [body.clone(), json!({"to": {"all": true}, "title": "x", "data": body.clone(), "actions": body})] {
            if let Err(refusal) = Publish::parse(&body, &RULES) {
                let Refusal::FieldInvalid { pointer, detail } = refusal else {
                    panic!("{refusal:?}");
                };
                prop_assert!(pointer.is_empty() || pointer.starts_with('/'));
                prop_assert!(!detail.is_empty());
            }
        }
    }
}
