//! The envelope's bytes, and that the published schema names the same fields.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use bellgate_notify::{Audience, Envelope, Kind, Priority, Publish, Rules, SCHEMA, Stamp, limits};
use serde_json::{Value, json};

const RULES: Rules<'static> = Rules {
    admin_role: "admin",
    now: 1_735_787_045_678,
};
const STAMP: Stamp<'static> = Stamp {
    id: "01943e3c-0c6e-7000-8000-000000000000",
    seq: 12,
    revision: 1,
    stream: "user:7",
    now: RULES.now,
    source: "cron",
};

fn publish(body: &Value) -> Publish {
    Publish::parse(body, &RULES).unwrap()
}

fn full() -> Publish {
    publish(&json!({
        "to": {"user": 7}, "type": "progress", "category": "export", "priority": "high", "title": "50 %",
        "message": "a \"b\"", "data": {"z": 1, "a": null}, "icon": "bell", "group": "g", "tags": ["x"],
        "actions": [{"id": "o", "text": "Open", "url": "/x", "style": "primary"}, {"id": "c", "text": "Cancel", "event": "cancel"}],
        "key": "k", "requires_ack": true, "expires_in": "1h",
    }))
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect()
}

#[test]
fn the_bytes_of_an_envelope_do_not_change() {
    let least = publish(&json!({"to": {"all": true}, "title": "Hi"}));
    assert_eq!(
        Envelope::new(
            &least,
            &Stamp {
                stream: "all",
                ..STAMP
            }
        )
        .to_json(),
        concat!(
            r#"{"v":1,"id":"01943e3c-0c6e-7000-8000-000000000000","seq":12,"revision":1,"stream":"all","type":"info","#,
            r#""category":"general","priority":"normal","title":"Hi","message":"","data":{},"icon":null,"group":null,"#,
            r#""tags":[],"actions":[],"key":null,"requires_ack":false,"created_at":"2025-01-02T03:04:05.678Z","#,
            r#""expires_at":null,"source":"cron"}"#
        )
    );
    assert_eq!(
        Envelope::new(&full(), &STAMP).to_json(),
        concat!(
            r#"{"v":1,"id":"01943e3c-0c6e-7000-8000-000000000000","seq":12,"revision":1,"stream":"user:7","type":"progress","#,
            r#""category":"export","priority":"high","title":"50 %","message":"a \"b\"","data":{"a":null,"z":1},"icon":"bell","#,
            r#""group":"g","tags":["x"],"actions":[{"id":"o","text":"Open","url":"/x","style":"primary"},"#,
            r#"{"id":"c","text":"Cancel","event":"cancel"}],"key":"k","requires_ack":true,"#,
            r#""created_at":"2025-01-02T03:04:05.678Z","expires_at":"2025-01-02T04:04:05.678Z","source":"cron"}"#
        )
    );
}

#[test]
fn an_event_is_an_array_of_its_name_and_the_envelope() {
    let publish = full();
    let envelope = Envelope::new(&publish, &STAMP);
    let event: Value = serde_json::from_str(&envelope.to_event("a\"b")).unwrap();
    assert_eq!(event[0], "a\"b");
    assert_eq!(
        event[1],
        serde_json::from_str::<Value>(&envelope.to_json()).unwrap()
    );
    assert_eq!(event.as_array().unwrap().len(), 2);
}

#[test]
fn code_and_schema_name_the_same_fields() {
    let schema = schema();
    assert_eq!(
        names(&schema["required"]),
        Envelope::FIELDS,
        "every field is always there, in this order"
    );
    let json = Envelope::new(&full(), &STAMP).to_json();
    let written: Value = serde_json::from_str(&json).unwrap();
    // The first `id` is the envelope's own; those of the actions come later.
    let places = Envelope::FIELDS.map(|name| json.find(&format!("\"{name}\":")).unwrap());
    assert!(
        places.is_sorted(),
        "fields are written in the contract's order"
    );
    let mut fields = Envelope::FIELDS.to_vec();
    fields.sort_unstable();
    assert_eq!(
        written.as_object().unwrap().keys().collect::<Vec<_>>(),
        fields
    );
    assert_eq!(
        schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        fields
    );
    let mut of_actions = Vec::new();
    for action in written["actions"].as_array().unwrap() {
        of_actions.extend(action.as_object().unwrap().keys().map(String::as_str));
    }
    of_actions.sort_unstable();
    of_actions.dedup();
    let action = schema["$defs"]["action"]["properties"].as_object().unwrap();
    assert_eq!(action.keys().collect::<Vec<_>>(), of_actions);
}

#[test]
fn code_and_schema_have_the_same_limits() {
    let schema = schema();
    let properties = &schema["properties"];
    let action = &schema["$defs"]["action"]["properties"];
    for (place, limit) in [
        (&properties["title"]["maxLength"], limits::TITLE),
        (&properties["message"]["maxLength"], limits::MESSAGE),
        (&properties["group"]["maxLength"], limits::GROUP),
        (&properties["category"]["maxLength"], limits::TOKEN),
        (&properties["key"]["maxLength"], limits::KEY),
        (&properties["icon"]["maxLength"], limits::URL),
        (&properties["tags"]["maxItems"], limits::TAGS),
        (&properties["tags"]["items"]["maxLength"], limits::TAG),
        (&properties["actions"]["maxItems"], limits::ACTIONS),
        (&action["id"]["maxLength"], limits::TOKEN),
        (&action["text"]["maxLength"], limits::ACTION_TEXT),
        (&action["url"]["maxLength"], limits::URL),
        (&action["event"]["maxLength"], limits::KEY),
        (&action["style"]["maxLength"], limits::TOKEN),
    ] {
        assert_eq!(place, &json!(limit));
    }
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names(&properties["type"]["enum"]), kinds);
    let priorities: Vec<_> = Priority::ALL
        .iter()
        .map(|priority| priority.name())
        .collect();
    assert_eq!(names(&properties["priority"]["enum"]), priorities);
}

#[test]
fn every_user_of_a_list_gets_an_envelope_of_their_own_stream() {
    let publish = publish(&json!({"to": {"users": [7, 8]}, "title": "Hi"}));
    let streams: Vec<_> = publish
        .to
        .recipients()
        .iter()
        .filter_map(Audience::stream)
        .collect();
    assert_eq!(streams, ["user:7", "user:8"]);
}
