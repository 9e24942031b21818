//! Membership.

use bellgate_codes::Code;
use bellgate_hub::{Command, Member, Target};

use crate::world::{NOBODY, World, conn, news, publish, room};

#[test]
fn a_room_and_a_user_of_the_same_name_are_two_places() {
    let mut world = World::new();
    let user = world.open(0);
    world.join(user, "/", Member::of_user("1"));
    let spy = world.visitor(1);
    for name in ["1", "user:1", "user_1", "1:admin", "*", "/", ""] {
        world.hub.join(spy, room(name)).unwrap();
    }
    let topic = Target::Topic("1".into());
    world.hub.join(spy, topic).unwrap();
    world.command(&publish(news(&[Target::User("1".into())], &[])));
    assert_eq!(world.reached(), [0]);
    world.command(&publish(news(&[room("1")], &[])));
    assert_eq!(world.reached(), [1]);
}

#[test]
fn rooms_of_two_namespaces_are_two_places() {
    let mut world = World::new();
    let first = world.visitor(0);
    let other = world.open(1);
    let second = world.join(other, "/admin", Member::visitor());
    world.hub.join(first, room("a")).unwrap();
    world.hub.join(second, room("a")).unwrap();
    world.command(&publish(news(&[room("a")], &[])));
    assert_eq!(world.reached(), [0]);
}

#[test]
fn a_room_is_joined_once_and_left_once() {
    let mut world = World::new();
    let socket = world.visitor(0);
    world.hub.join(socket, room("a")).unwrap();
    world.hub.join(socket, room("a")).unwrap();
    assert_eq!(world.hub.rooms(socket), [room("a")]);
    world.hub.leave(socket, &room("a"));
    world.hub.leave(socket, &room("a"));
    assert_eq!(world.hub.rooms(socket), []);
}

#[test]
fn an_empty_room_vanishes() {
    let mut world = World::new();
    let sockets = [world.visitor(0), world.visitor(1)];
    for socket in sockets {
        world.hub.join(socket, room("a")).unwrap();
    }
    assert_eq!(world.hub.stats().rooms, 1);
    world.hub.leave(sockets[0], &room("a"));
    world.close(conn(1));
    assert_eq!(world.hub.stats().rooms, 0);
}

#[test]
fn rooms_have_a_limit_and_the_rooms_of_before_stay() {
    let mut world = World::with(|config| config.rooms_per_socket = 3);
    let conn = world.open(0);
    let socket = world.join(conn, "/", Member::of_user("7"));
    world.hub.join(socket, room("a")).unwrap();
    world.hub.join(socket, room("b")).unwrap();
    let refused = world.hub.join(socket, room("c")).unwrap_err();
    assert_eq!(refused.code(), Code::SocketLimit);
    world.hub.join(socket, room("b")).unwrap();
    world.hub.leave(socket, &room("b"));
    world.hub.join(socket, room("c")).unwrap();
}

#[test]
fn nobody_joins_the_address_of_another_socket() {
    let mut world = World::new();
    let victim = world.visitor(0);
    let spy = world.visitor(1);
    let address = Target::Socket(world.sid(victim));
    assert!(world.hub.join(spy, address.clone()).is_err());
    world.command(&publish(news(&[address], &[])));
    assert_eq!(world.reached(), [0]);
}

#[test]
fn nobody_leaves_the_namespace_as_if_it_were_a_room() {
    let mut world = World::new();
    let socket = world.visitor(0);
    world.hub.leave(socket, &Target::All);
    world.command(&publish(news(&[Target::All], &[])));
    assert_eq!(world.reached(), [0]);
}

#[test]
fn a_waiting_socket_is_in_no_room() {
    let mut world = World::new();
    let conn = world.open(0);
    let socket = world.knock(conn, "/");
    assert!(world.hub.join(socket, room("a")).is_err());
    world.command(&publish(news(&[Target::All, room("a")], &[])));
    assert_eq!(world.reached(), NOBODY);
}

#[test]
fn commands_join_and_leave_for_an_audience() {
    let mut world = World::new();
    for slot in 0..3 {
        let conn = world.open(slot);
        let user = if slot < 2 { "7" } else { "8" };
        world.join(conn, "/", Member::of_user(user));
    }
    world.command(&Command::Join {
        ns: "/".into(),
        who: vec![Target::User("7".into())],
        rooms: vec![room("a"), room("b")],
    });
    world.command(&publish(news(&[room("b")], &[])));
    assert_eq!(world.reached(), [0, 1]);
    world.command(&Command::Leave {
        ns: "/".into(),
        who: vec![room("b")],
        rooms: vec![room("b")],
    });
    world.command(&publish(news(&[room("b")], &[])));
    assert_eq!(world.reached(), NOBODY);
    world.command(&publish(news(&[room("a")], &[])));
    assert_eq!(world.reached(), [0, 1]);
}

#[test]
fn a_member_that_lost_a_role_has_left_its_room_at_once() {
    let mut world = World::new();
    let conn = world.open(0);
    let with_role = |role: &str| Member {
        roles: vec![role.into()],
        ..Member::of_user("7")
    };
    let socket = world.join(conn, "/", with_role("admin"));
    world.hub.join(socket, room("a")).unwrap();
    world.hub.set_member(socket, with_role("editor"));
    world.command(&publish(news(&[Target::Role("admin".into())], &[])));
    assert_eq!(world.reached(), NOBODY);
    for target in [
        Target::Role("editor".into()),
        Target::User("7".into()),
        room("a"),
    ] {
        world.command(&publish(news(&[target], &[])));
        assert_eq!(world.reached(), [0]);
    }
    assert_eq!(**world.hub.member(socket).unwrap(), with_role("editor"));
}
