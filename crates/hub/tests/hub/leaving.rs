//! The ends of sockets: by the client, by the server, by the transport.

use std::time::Duration;

use bellgate_codes::{Code, Refusal};
use bellgate_hub::engine::Delivery;
use bellgate_hub::{Command, Event, Member, Target};

use crate::world::{World, conn, news, publish, room};

const ONE: &str = r#"51-["up",{"_placeholder":true,"num":0}]"#;

#[test]
fn a_client_that_leaves_a_namespace_keeps_the_transport() {
    let mut world = World::new();
    let socket = world.visitor(0);
    let sid = world.sid(socket);
    let event = world.text(conn(0), "1");
    assert_eq!(
        event,
        Some(Event::Disconnected {
            socket,
            conn: conn(0),
            sid,
            namespace: "/".into(),
            member: Member::visitor(),
            reason: "client namespace disconnect",
        })
    );
    assert_eq!((world.sent(), world.closed()), (Vec::new(), Vec::new()));
    assert_eq!(world.hub.poll_deadline(conn(0)), None, "nothing is due");
    world.join(conn(0), "/", Member::visitor());
}

#[test]
fn a_client_that_leaves_one_namespace_stays_in_the_others() {
    let mut world = World::new();
    world.visitor(0);
    world.join(conn(0), "/admin", Member::visitor());
    assert!(world.text(conn(0), "1/admin,").is_some());
    assert!(world.text(conn(0), r#"2["still"]"#).is_some());
}

#[test]
fn an_event_after_the_clients_own_goodbye_closes() {
    let mut world = World::new();
    world.visitor(0);
    world.text(conn(0), "1");
    assert_eq!(world.text(conn(0), r#"2["late"]"#), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
}

#[test]
fn a_socket_that_the_server_disconnects_gets_41_and_nothing_after_it() {
    let mut world = World::new();
    let socket = world.visitor(0);
    let events = world
        .hub
        .disconnect(socket, false, world.now, &mut world.out);
    assert!(matches!(
        events[..],
        [Event::Disconnected {
            reason: "server namespace disconnect",
            ..
        }]
    ));
    let out = &mut world.out;
    world
        .hub
        .emit(socket, r#"["x"]"#, &[], Delivery::Regular, out);
    world.hub.ack(socket, 1, "[]", &[], out);
    assert!(world.hub.join(socket, room("a")).is_err());
    assert_eq!(world.sent(), [(0, "41".to_owned())]);
    assert_eq!(world.closed(), []);
}

#[test]
fn what_crosses_a_disconnect_by_the_server_is_ignored_for_ten_seconds() {
    let mut world = World::new();
    let socket = world.visitor(0);
    world
        .hub
        .disconnect(socket, false, world.now, &mut world.out);
    world.now += Duration::from_millis(9999);
    for text in [r#"2["x"]"#, "30[]", "1", ONE] {
        assert_eq!(world.text(conn(0), text), None);
        assert_eq!(world.closed(), [], "{text}");
    }
    assert_eq!(world.binary(conn(0), b"of the event before"), None);
    assert_eq!(world.closed(), []);
    world.now += Duration::from_millis(1);
    assert_eq!(world.text(conn(0), r#"2["x"]"#), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
}

#[test]
fn a_disconnect_between_header_and_attachment_forgets_the_event() {
    let mut world = World::new();
    let socket = world.visitor(0);
    world.text(conn(0), ONE);
    world
        .hub
        .disconnect(socket, false, world.now, &mut world.out);
    assert_eq!(world.binary(conn(0), b"x"), None);
    assert_eq!(world.closed(), []);
}

#[test]
fn the_forgiveness_of_a_namespace_ends_when_the_client_asks_for_it_again() {
    let mut world = World::new();
    let socket = world.visitor(0);
    world
        .hub
        .disconnect(socket, false, world.now, &mut world.out);
    world.knock(conn(0), "/");
    assert_eq!(world.text(conn(0), r#"2["early"]"#), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
}

#[test]
fn the_clients_own_goodbye_after_a_return_is_not_forgiven() {
    let mut world = World::new();
    let socket = world.visitor(0);
    world
        .hub
        .disconnect(socket, false, world.now, &mut world.out);
    world.join(conn(0), "/", Member::visitor());
    world.text(conn(0), "1");
    assert_eq!(world.text(conn(0), r#"2["late"]"#), None);
    assert_eq!(world.closed(), [Code::PacketOutOfPlace]);
}

#[test]
fn a_connection_that_is_being_closed_joins_nothing_and_hears_nothing() {
    let mut world = World::new();
    let socket = world.visitor(0);
    world.text(conn(0), "abc");
    assert!(world.hub.join(socket, room("a")).is_err());
    world.command(&Command::Join {
        ns: "/".into(),
        who: vec![Target::All],
        rooms: vec![room("a")],
    });
    assert_eq!(world.hub.rooms(socket), []);
    let out = &mut world.out;
    world
        .hub
        .emit(socket, r#"["x"]"#, &[], Delivery::Regular, out);
    assert_eq!(world.sent(), []);
}

#[test]
fn the_address_of_a_gone_socket_reaches_nobody_when_its_place_is_taken() {
    let mut world = World::new();
    let gone = world.visitor(0);
    let address = Target::Socket(world.sid(gone));
    world.text(conn(0), "1");
    world.join(conn(0), "/", Member::visitor());
    world.command(&publish(news(&[address], &[])));
    assert_eq!(world.reached(), crate::world::NOBODY);
}

#[test]
fn a_disconnect_with_the_transport_ends_every_namespace() {
    let mut world = World::new();
    let socket = world.visitor(0);
    world.join(conn(0), "/admin", Member::visitor());
    let events = world
        .hub
        .disconnect(socket, true, world.now, &mut world.out);
    assert_eq!(events.len(), 2);
    assert_eq!(
        world.sent(),
        [(0, "41".to_owned()), (0, "41/admin,".to_owned())]
    );
    assert_eq!(world.closed(), [Code::ServerDisconnect]);
    assert_eq!(world.close(conn(0)), [], "told already");
    assert_eq!(world.hub.stats().connections, 0);
}

#[test]
fn a_disconnect_with_the_transport_ends_waiting_namespaces_in_silence() {
    let mut world = World::new();
    let socket = world.visitor(0);
    let waiting = world.knock(conn(0), "/admin");
    let events = world
        .hub
        .disconnect(socket, true, world.now, &mut world.out);
    assert_eq!(events.len(), 1);
    assert_eq!(world.sent(), [(0, "41".to_owned())]);
    let member = Member::visitor();
    assert!(!world.hub.accept(waiting, member, &mut world.out));
}

#[test]
fn a_gone_transport_disconnects_every_socket_with_its_reason() {
    let mut world = World::new();
    let conn = world.open(0);
    world.join(conn, "/", Member::of_user("7"));
    world.join(conn, "/admin", Member::of_user("7"));
    let why = Refusal::PingTimeout { after: "1s".into() };
    let told: Vec<(String, &str)> = world
        .hub
        .close(conn, &why)
        .into_iter()
        .map(|event| match event {
            Event::Disconnected {
                namespace,
                reason,
                member,
                ..
            } => {
                assert_eq!(member, Member::of_user("7"));
                (namespace.to_string(), reason)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            ("/".to_owned(), "ping timeout"),
            ("/admin".to_owned(), "ping timeout"),
        ]
    );
    assert_eq!(world.hub.stats().rooms, 0);
}

#[test]
fn a_command_disconnects_an_audience() {
    let mut world = World::new();
    for slot in 0..3 {
        let conn = world.open(slot);
        let user = if slot < 2 { "7" } else { "8" };
        world.join(conn, "/", Member::of_user(user));
    }
    let events = world.command(&Command::Disconnect {
        ns: "/".into(),
        who: vec![Target::User("7".into())],
        close: true,
    });
    assert_eq!(events.len(), 2);
    assert_eq!(world.closed().len(), 2);
    world.sent();
    world.command(&publish(news(&[Target::All], &[])));
    assert_eq!(world.reached(), [2]);
}
