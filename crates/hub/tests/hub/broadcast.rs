//! Who a publication reaches, and how often it is encoded.

use std::rc::Rc;

use bellgate_hub::engine::Delivery;
use bellgate_hub::{Command, Event, Member, Publication, Target};
use bytes::Bytes;

use crate::world::{NOBODY, World, everywhere, news, publish, room};

/// Sockets 0, 1, 2 in rooms a, a and b, b.
fn three() -> World {
    let mut world = World::new();
    let sockets = [0, 1, 2].map(|slot| world.visitor(slot));
    for (socket, name) in [(0, "a"), (1, "a"), (1, "b"), (2, "b")] {
        world.hub.join(sockets[socket], room(name)).unwrap();
    }
    world
}

#[test]
fn all_receivers_share_one_message() {
    let mut world = three();
    world.command(&publish(news(&[Target::All], &[])));
    let sent = &world.out.sent;
    assert_eq!(sent.len(), 3);
    assert!(
        sent.iter()
            .all(|(_, message, _)| Rc::ptr_eq(message, &sent[0].1))
    );
    assert_eq!(world.sent()[0].1, r#"42["news"]"#);
}

#[test]
fn a_union_reaches_each_connection_once() {
    let mut world = three();
    world.command(&publish(news(&[room("a"), room("b"), room("a")], &[])));
    assert_eq!(world.reached(), [0, 1, 2]);
}

#[test]
fn an_except_list_leaves_out_rooms_and_sockets() {
    let mut world = three();
    world.command(&publish(news(&[Target::All], &[room("b")])));
    assert_eq!(world.reached(), [0]);
    world.command(&publish(news(&[room("a"), room("b")], &[room("z")])));
    assert_eq!(world.reached(), [0, 1, 2], "an empty room excepts nobody");
    world.command(&publish(news(&[room("a")], &[Target::All])));
    assert_eq!(world.reached(), NOBODY);
}

#[test]
fn the_sender_is_left_out_by_its_sid() {
    let mut world = World::new();
    let sender = world.visitor(0);
    world.visitor(1);
    let sid = Target::Socket(world.sid(sender));
    world.command(&publish(news(&[Target::All], std::slice::from_ref(&sid))));
    assert_eq!(world.reached(), [1]);
    world.command(&publish(news(&[sid], &[])));
    assert_eq!(world.reached(), [0]);
}

#[test]
fn an_empty_union_reaches_nobody() {
    let mut world = three();
    world.command(&publish(news(&[], &[])));
    world.command(&publish(news(&[], &[room("a")])));
    assert_eq!(world.reached(), NOBODY);
}

#[test]
fn an_address_of_nobody_reaches_nobody() {
    let mut world = three();
    let nobody = [
        room("z"),
        Target::User("7".into()),
        Target::Socket("x".into()),
        Target::Socket("A".repeat(22).into()),
    ];
    for target in nobody {
        world.command(&publish(news(&[target], &[])));
    }
    world.command(&publish(Publication {
        route: bellgate_hub::Route::Namespace("/nowhere".into()),
        ..news(&[Target::All], &[])
    }));
    assert_eq!(world.reached(), NOBODY);
}

#[test]
fn a_sid_of_another_namespace_is_no_address_here() {
    let mut world = World::new();
    let conn = world.open(0);
    let socket = world.join(conn, "/admin", Member::visitor());
    let sid = Target::Socket(world.sid(socket));
    world.command(&publish(news(&[sid], &[])));
    assert_eq!(world.reached(), NOBODY);
}

/// 0: both namespaces, 1: `/` only, 2: `/admin` only, all of user 7; 3: nowhere.
fn devices() -> World {
    let mut world = World::new();
    for (slot, namespaces) in [
        (0, &["/admin", "/"][..]),
        (1, &["/"]),
        (2, &["/admin"]),
        (3, &[]),
    ] {
        let conn = world.open(slot);
        for namespace in namespaces {
            world.join(conn, namespace, Member::of_user("7"));
        }
    }
    world
}

#[test]
fn a_device_gets_an_entry_once_on_the_first_namespace_it_has_joined() {
    for target in [Target::All, Target::User("7".into())] {
        let mut world = devices();
        world.command(&publish(everywhere(&[target], &[])));
        let mut sent = world.sent();
        sent.sort();
        assert_eq!(
            sent,
            [
                (0, r#"42["news"]"#.to_owned()),
                (1, r#"42["news"]"#.to_owned()),
                (2, r#"42/admin,["news"]"#.to_owned()),
            ]
        );
    }
}

#[test]
fn a_visitor_on_the_first_namespace_is_reached_as_the_user_of_the_second() {
    let mut world = World::new();
    let conn = world.open(0);
    world.join(conn, "/", Member::visitor());
    world.join(conn, "/admin", Member::of_user("7"));
    world.command(&publish(everywhere(&[Target::User("7".into())], &[])));
    assert_eq!(world.sent(), [(0, r#"42/admin,["news"]"#.to_owned())]);
}

#[test]
fn an_excepted_device_gets_nothing_on_any_namespace_of_the_route() {
    let mut world = devices();
    let admin = Target::Role("admin".into());
    let conn = world.open(4);
    world.join(conn, "/", Member::of_user("7"));
    let member = Member {
        roles: vec!["admin".into()],
        ..Member::of_user("7")
    };
    world.join(conn, "/admin", member);
    world.command(&publish(everywhere(&[Target::All], &[admin])));
    assert_eq!(world.reached(), [0, 1, 2]);
}

#[test]
fn a_publication_travels_with_its_attachments_and_its_delivery() {
    let mut world = three();
    world.command(&publish(Publication {
        array: r#"["up",{"_placeholder":true,"num":0}]"#.into(),
        attachments: vec![Bytes::from_static(b"\x01")],
        delivery: Delivery::Volatile,
        ..news(&[room("a")], &[])
    }));
    let all_volatile = |delivery: &Delivery| *delivery == Delivery::Volatile;
    assert!(world.out.sent.iter().all(|(_, _, how)| all_volatile(how)));
    let expected = "451-[\"up\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQ==";
    assert_eq!(
        world.sent(),
        [(0, expected.to_owned()), (1, expected.to_owned())]
    );
}

#[test]
fn a_count_is_of_connections_and_sends_nothing() {
    let mut world = devices();
    let events = world.command(&Command::Count {
        token: 5,
        route: everywhere(&[], &[]).route,
        to: vec![Target::User("7".into())],
        except: Vec::new(),
    });
    assert_eq!(
        events,
        [Event::Counted {
            token: 5,
            connections: 3
        }]
    );
    assert_eq!(world.sent(), []);
}
