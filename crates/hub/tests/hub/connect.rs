//! CONNECT: who gets in, and what ends a connection before.

use bellgate_codes::Code;
use bellgate_hub::{Event, Member, Target};

use crate::world::{World, room};

#[test]
fn a_connect_is_answered_with_a_sid_of_128_bits() {
    let mut world = World::new();
    let conn = world.open(0);
    let socket = world.knock(conn, "/");
    assert!(world.hub.accept(socket, Member::visitor(), &mut world.out));
    let sid = world.sid(socket);
    assert_eq!(sid.len(), 22);
    assert_eq!(world.sent(), [(0, format!(r#"40{{"sid":"{sid}"}}"#))]);
}

#[test]
fn a_connect_to_a_custom_namespace_is_answered_there() {
    let mut world = World::new();
    let conn = world.open(0);
    let socket = world.knock(conn, "/admin");
    world.hub.accept(socket, Member::visitor(), &mut world.out);
    let sid = world.sid(socket);
    assert_eq!(
        world.sent(),
        [(0, format!(r#"40/admin,{{"sid":"{sid}"}}"#))]
    );
}

#[test]
fn the_payload_of_a_connect_reaches_the_application_raw() {
    let mut world = World::new();
    let conn = world.open(0);
    let event = world.text(conn, r#"0/admin,{"token":"1\u0032"}"#);
    let Some(Event::Connect {
        namespace, auth, ..
    }) = event
    else {
        panic!("{event:?}");
    };
    assert_eq!(&*namespace, "/admin");
    assert_eq!(auth.as_deref(), Some(r#"{"token":"1\u0032"}"#));
}

#[test]
fn a_payload_that_is_no_object_closes() {
    for payload in ["[]", "\"x\"", "null", "1", "{"] {
        let mut world = World::new();
        let conn = world.open(0);
        assert_eq!(world.text(conn, &format!("0{payload}")), None);
        assert_eq!(world.closed(), [Code::PacketMalformed], "{payload}");
        assert_eq!(world.sent(), [], "{payload}");
    }
}

#[test]
fn the_query_of_a_namespace_is_no_part_of_its_name() {
    let mut world = World::new();
    let conn = world.open(0);
    let event = world.text(conn, "0/admin?token=1,");
    assert!(matches!(event, Some(Event::Connect { namespace, .. }) if &*namespace == "/admin"));
}

#[test]
fn an_unknown_namespace_is_refused_with_its_reason_and_the_transport_stays() {
    let mut world = World::new();
    let conn = world.open(0);
    assert_eq!(world.text(conn, "0/random,"), None);
    let sent = world.sent();
    let (_, refusal) = &sent[0];
    assert!(refusal.starts_with("44/random,{"), "{refusal}");
    for part in [
        r#""message":"Invalid namespace""#,
        r#""code":"namespace_unknown""#,
        r#""request_id":"r-1""#,
    ] {
        assert!(refusal.contains(part), "{refusal} lacks {part}");
    }
    assert_eq!(world.closed(), []);
    world.join(conn, "/", Member::visitor());
}

#[test]
fn a_plain_refusal_is_exactly_what_the_official_suite_compares() {
    let mut world = World::with(|config| config.plain_refusals = true);
    let conn = world.open(0);
    world.text(conn, "0/random,");
    let expected = r#"44/random,{"message":"Invalid namespace"}"#.to_owned();
    assert_eq!(world.sent(), [(0, expected)]);
}

#[test]
fn anything_before_a_connect_closes() {
    for text in [
        "2[\"x\"]",
        "1",
        "30[]",
        "51-[\"x\",{\"_placeholder\":true,\"num\":0}]",
        "abc",
        "",
    ] {
        let mut world = World::new();
        let conn = world.open(0);
        assert_eq!(world.text(conn, text), None);
        assert_eq!(world.closed().len(), 1, "{text}");
    }
    let mut world = World::new();
    let conn = world.open(0);
    assert_eq!(world.binary(conn, b"x"), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
}

#[test]
fn an_event_before_the_answer_to_connect_closes() {
    let mut world = World::new();
    let conn = world.open(0);
    let socket = world.knock(conn, "/");
    assert_eq!(world.text(conn, r#"2["early"]"#), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
    assert!(!world.hub.accept(socket, Member::visitor(), &mut world.out));
    assert_eq!(world.sent(), []);
}

#[test]
fn a_second_connect_of_a_waiting_namespace_closes() {
    let mut world = World::new();
    let conn = world.open(0);
    world.knock(conn, "/");
    assert_eq!(world.text(conn, "0"), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
}

#[test]
fn a_second_connect_of_a_joined_namespace_closes() {
    let mut world = World::new();
    world.visitor(0);
    assert_eq!(world.text(crate::world::conn(0), "0"), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
}

#[test]
fn a_refused_connect_may_be_tried_again() {
    let mut world = World::new();
    let conn = world.open(0);
    let socket = world.knock(conn, "/");
    world
        .hub
        .refuse(socket, r#"{"message":"no"}"#, &mut world.out);
    assert_eq!(world.sent(), [(0, r#"44{"message":"no"}"#.to_owned())]);
    assert_eq!(world.closed(), []);
    assert!(!world.hub.accept(socket, Member::visitor(), &mut world.out));
    assert!(world.hub.join(socket, room("a")).is_err());
    let again = world.join(conn, "/", Member::visitor());
    assert_ne!(again, socket);
}

#[test]
fn a_client_that_left_before_the_answer_is_not_let_in() {
    let mut world = World::new();
    let conn = world.open(0);
    let socket = world.knock(conn, "/");
    assert_eq!(world.close(conn), []);
    assert!(!world.hub.accept(socket, Member::visitor(), &mut world.out));
    world.hub.refuse(socket, "{}", &mut world.out);
    assert_eq!(world.sent(), []);
    assert_eq!(world.hub.stats().sockets, 0);
}

#[test]
fn a_connect_is_accepted_once() {
    let mut world = World::new();
    let socket = world.visitor(0);
    assert!(
        !world
            .hub
            .accept(socket, Member::of_user("7"), &mut world.out)
    );
    world.hub.refuse(socket, "{}", &mut world.out);
    assert_eq!(world.sent(), [], "a joined socket is never refused");
}

#[test]
fn a_connection_asks_for_so_many_namespaces_and_no_more() {
    let mut world = World::with(|config| config.sockets_per_conn = 2);
    world.hub.define_namespace("/third");
    let conn = world.open(0);
    world.knock(conn, "/");
    world.knock(conn, "/admin");
    assert_eq!(world.text(conn, "0/third,"), None);
    assert_eq!(world.closed(), [Code::SocketLimit]);
}

#[test]
fn a_member_belongs_to_the_rooms_of_its_user_roles_and_topics() {
    let mut world = World::new();
    let conn = world.open(0);
    let member = Member {
        user: Some("7".into()),
        roles: vec!["admin".into()],
        topics: vec!["a".into(), "b".into()],
    };
    let socket = world.join(conn, "/", member.clone());
    let mut rooms = world.hub.rooms(socket);
    rooms.sort();
    assert_eq!(
        rooms,
        [
            Target::User("7".into()),
            Target::Role("admin".into()),
            Target::Topic("a".into()),
            Target::Topic("b".into()),
        ]
    );
    assert_eq!(**world.hub.member(socket).unwrap(), member);
    assert_eq!(&**world.hub.namespace(socket).unwrap(), "/");
    assert_eq!(world.hub.conn(socket), Some(conn));
}

#[test]
fn the_sockets_of_a_connection_are_those_that_joined() {
    let mut world = World::new();
    let conn = world.open(0);
    let waiting = world.knock(conn, "/");
    let joined = world.join(conn, "/admin", Member::visitor());
    assert_eq!(world.hub.sockets(conn), [joined]);
    assert!(world.hub.joined_as(waiting).is_none());
    let place = world.hub.joined_as(joined).map(|joined| joined.namespace);
    assert_eq!(place, Some(1), "`/admin` was defined behind `/`");
    world.close(conn);
    assert!(world.hub.joined_as(joined).is_none());
    assert_eq!(world.hub.sockets(conn), []);
}

#[test]
fn the_members_of_a_room_share_one_text() {
    let mut world = World::new();
    let users = [0, 1].map(|slot| {
        let conn = world.open(slot);
        let member = Member {
            roles: vec!["admin".into()],
            ..Member::of_user("7")
        };
        let socket = world.join(conn, "/", member);
        Member::clone(world.hub.member(socket).unwrap())
    });
    let [first, second] = users.map(|member| (member.user.unwrap(), member.roles[0].clone()));
    assert!(std::sync::Arc::ptr_eq(&first.0, &second.0));
    assert!(std::sync::Arc::ptr_eq(&first.1, &second.1));
}

#[test]
fn a_slot_that_is_used_again_reaches_nobody_of_before() {
    let mut world = World::new();
    let before = world.visitor(0);
    let old = crate::world::conn(0);
    world.close(old);
    let new = bellgate_hub::engine::ConnId {
        slot: 0,
        generation: 1,
    };
    world.hub.open(new, world.now);
    let after = world.join(new, "/", Member::visitor());
    assert_ne!(before, after);
    assert_eq!(world.text(old, r#"2["x"]"#), None);
    assert_eq!(world.hub.sid(before), None);
    world.text(new, r#"51-["up",{"_placeholder":true,"num":0}]"#);
    assert!(world.hub.poll_deadline(new).is_some());
    assert_eq!(world.hub.poll_deadline(old), None);
    assert_eq!(world.close(old), []);
    assert_eq!(world.hub.stats().sockets, 1);
}

#[test]
fn a_connection_whose_end_the_driver_forgot_to_tell_is_told_of_later() {
    let mut world = World::new();
    world.visitor(0);
    world.hub.open(
        bellgate_hub::engine::ConnId {
            slot: 0,
            generation: 1,
        },
        world.now,
    );
    assert_eq!(world.hub.poll_ack_deadline(), Some(world.now));
    let events = world.hub.handle_ack_timeout(world.now);
    assert!(matches!(events[..], [Event::Disconnected { .. }]));
    assert_eq!(world.hub.poll_ack_deadline(), None);
}
