//! Events of clients, text and binary, and the answers to them.

use bellgate_codes::Code;
use bellgate_hub::engine::{ConnId, Delivery};
use bellgate_hub::{Event, Member, SocketId};
use bytes::Bytes;

use crate::world::{World, conn};

const ONE: &str = r#"51-["up",{"_placeholder":true,"num":0}]"#;
const TWO: &str = r#"52-7["up",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;

fn joined() -> (World, ConnId, SocketId) {
    let mut world = World::new();
    let socket = world.visitor(0);
    (world, conn(0), socket)
}

#[test]
fn an_event_reaches_the_application_with_raw_arguments() {
    let (mut world, conn, socket) = joined();
    let event = world.text(conn, r#"23["message",1,"2",{"3":[ true ]}]"#);
    assert_eq!(
        event,
        Some(Event::Received {
            socket,
            name: "message".into(),
            args: ["1", r#""2""#, r#"{"3":[ true ]}"#].into_iter().collect(),
            attachments: Vec::new(),
            ack: Some(3),
        })
    );
}

#[test]
fn events_that_cannot_be_read_close() {
    for text in [
        "abc",
        "2{}",
        "2abc[\"message\"]",
        "2[{}]",
        "2[null]",
        "2[]",
        "2[{\"toString\":\"x\"}]",
        "2[\"connect\"]",
        "2[\"connect_error\"]",
        "2",
        "4{}",
        "5",
        "51",
        "5a-",
        "51.23-",
        "999",
        "3[]",
        "211-[\"x\"]",
        "511-[\"x\"]",
        "451000000-[\"x\"]",
    ] {
        let (mut world, conn, _) = joined();
        assert_eq!(world.text(conn, text), None, "{text}");
        assert_eq!(world.closed().len(), 1, "{text}");
    }
}

#[test]
fn an_event_of_a_namespace_that_was_never_joined_closes() {
    let (mut world, conn, _) = joined();
    assert_eq!(world.text(conn, r#"2/admin,["x"]"#), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
    let (mut world, conn, _) = joined();
    assert_eq!(world.text(conn, r#"2/nowhere,["x"]"#), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
}

#[test]
fn nothing_is_read_after_a_rule_was_broken() {
    let (mut world, conn, _) = joined();
    world.text(conn, "abc");
    assert_eq!(world.text(conn, r#"2["x"]"#), None);
    assert_eq!(world.binary(conn, b"x"), None);
    assert_eq!(world.text(conn, "0/admin,"), None);
    assert_eq!(world.closed().len(), 1, "a connection is closed once");
}

#[test]
fn an_event_is_answered_under_its_id() {
    let (mut world, _, socket) = joined();
    let out = &mut world.out;
    world.hub.ack(socket, 456, "[1]", &[], out);
    let parts = vec![Bytes::from_static(b"\x01\x02")];
    let array = r#"[{"_placeholder":true,"num":0}]"#;
    world.hub.ack(socket, 789, array, &parts, out);
    assert_eq!(
        world.sent(),
        [
            (0, "43456[1]".to_owned()),
            (0, format!("461-789{array}\u{1e}bAQI=")),
        ]
    );
}

#[test]
fn an_event_to_one_socket_keeps_its_attachments_beside_it() {
    let (mut world, _, socket) = joined();
    let array = r#"["x",{"_placeholder":true,"num":0}]"#;
    let parts = vec![Bytes::from_static(b"\x01")];
    let out = &mut world.out;
    world
        .hub
        .emit(socket, array, &parts, Delivery::Volatile, out);
    assert_eq!(world.out.sent.len(), 1);
    assert_eq!(world.out.sent[0].2, Delivery::Volatile);
    assert_eq!(world.sent()[0].1, format!("451-{array}\u{1e}bAQ=="));
}

#[test]
fn a_binary_event_is_whole_with_its_last_attachment() {
    let (mut world, conn, socket) = joined();
    assert_eq!(world.text(conn, TWO), None);
    assert_eq!(world.binary(conn, b"a"), None);
    let event = world.binary(conn, b"");
    assert_eq!(
        event,
        Some(Event::Received {
            socket,
            name: "up".into(),
            args: [
                r#"{"_placeholder":true,"num":0}"#,
                r#"{"_placeholder":true,"num":1}"#
            ]
            .into_iter()
            .collect(),
            attachments: vec![Bytes::from_static(b"a"), Bytes::new()],
            ack: Some(7),
        })
    );
    assert_eq!(world.hub.poll_deadline(conn), None);
    assert!(world.text(conn, r#"2["next"]"#).is_some());
}

#[test]
fn text_between_attachments_closes() {
    for text in [r#"2["x"]"#, "0/admin,", "1", TWO] {
        let (mut world, conn, _) = joined();
        world.text(conn, TWO);
        world.binary(conn, b"a");
        assert_eq!(world.text(conn, text), None);
        assert_eq!(world.closed(), [Code::PacketOutOfPlace], "{text}");
    }
}

#[test]
fn an_attachment_of_nothing_closes() {
    let (mut world, conn, _) = joined();
    assert_eq!(world.binary(conn, b"x"), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
}

#[test]
fn one_attachment_too_many_closes() {
    let (mut world, conn, _) = joined();
    world.text(conn, ONE);
    assert!(world.binary(conn, b"a").is_some());
    assert_eq!(world.binary(conn, b"b"), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
}

#[test]
fn placeholders_that_name_no_attachment_close_at_the_header() {
    for num in ["\"__proto__\"", "-1", "0.5", "1000000000", "1", "null"] {
        let (mut world, conn, _) = joined();
        let text = format!(r#"51-["x",{{"_placeholder":true,"num":{num}}}]"#);
        assert_eq!(world.text(conn, &text), None);
        assert_eq!(world.closed(), [Code::PacketMalformed], "{num}");
    }
}

#[test]
fn more_than_ten_attachments_close_at_the_header() {
    let (mut world, conn, _) = joined();
    let places: Vec<String> = (0..11)
        .map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#))
        .collect();
    world.text(conn, &format!(r#"511-["x",{}]"#, places.join(",")));
    assert_eq!(world.closed(), [Code::PacketLimit]);
}

#[test]
fn attachments_are_together_no_larger_than_one_message() {
    let mut world = World::with(|config| config.limits.message_bytes = 1000);
    world.visitor(0);
    world.text(conn(0), TWO);
    assert_eq!(world.binary(conn(0), &[0; 600]), None);
    assert_eq!(world.binary(conn(0), &[0; 600]), None);
    assert_eq!(world.closed(), [Code::PayloadTooLarge]);
}

#[test]
fn a_partial_binary_event_goes_with_its_connection() {
    let (mut world, conn, _) = joined();
    world.text(conn, TWO);
    world.binary(conn, b"a");
    world.close(conn);
    let fresh = ConnId {
        slot: 0,
        generation: 1,
    };
    world.hub.open(fresh, world.now);
    world.join(fresh, "/", Member::visitor());
    assert!(world.text(fresh, r#"2["clean"]"#).is_some());
    assert_eq!(world.closed(), []);
}
