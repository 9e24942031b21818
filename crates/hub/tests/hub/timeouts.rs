//! What becomes overdue.

use std::time::Duration;

use bellgate_codes::Code;
use bellgate_hub::Member;

use crate::world::{World, conn};

const CONNECT: Duration = Duration::from_secs(45);

#[test]
fn a_connection_without_a_namespace_is_closed_at_the_connect_timeout() {
    let mut world = World::new();
    let conn = world.open(0);
    let due = world.hub.poll_deadline(conn).unwrap();
    assert_eq!(due, world.now + CONNECT);
    let early = world.now + CONNECT.saturating_sub(Duration::from_nanos(1));
    world.hub.handle_timeout(conn, early, &mut world.out);
    assert_eq!(world.closed(), []);
    world.hub.handle_timeout(conn, due, &mut world.out);
    assert_eq!(world.closed(), [Code::ConnectTimeout]);
    assert_eq!(world.hub.poll_deadline(conn), None);
    world.hub.handle_timeout(conn, due, &mut world.out);
    assert_eq!(world.closed(), [], "closed once");
}

#[test]
fn a_refused_connect_does_not_stop_the_clock() {
    let mut world = World::new();
    let conn = world.open(0);
    let due = world.hub.poll_deadline(conn);
    world.text(conn, "0/random,");
    let socket = world.knock(conn, "/");
    world.hub.refuse(socket, "{}", &mut world.out);
    assert_eq!(world.hub.poll_deadline(conn), due);
    world.hub.handle_timeout(conn, due.unwrap(), &mut world.out);
    assert_eq!(world.closed(), [Code::ConnectTimeout]);
}

#[test]
fn a_joined_connection_is_never_closed_for_its_connect() {
    let mut world = World::new();
    world.visitor(0);
    assert_eq!(world.hub.poll_deadline(conn(0)), None);
    world.text(conn(0), "1");
    let later = world.now + CONNECT * 2;
    world.hub.handle_timeout(conn(0), later, &mut world.out);
    assert_eq!(world.closed(), []);
}

#[test]
fn a_connect_that_nobody_answers_in_time_is_too_late() {
    let mut world = World::new();
    let conn = world.open(0);
    let socket = world.knock(conn, "/");
    let due = world.now + CONNECT;
    world.hub.handle_timeout(conn, due, &mut world.out);
    assert_eq!(world.closed(), [Code::ConnectTimeout]);
    assert!(!world.hub.accept(socket, Member::visitor(), &mut world.out));
}

#[test]
fn attachments_that_do_not_come_close_after_ten_seconds() {
    let mut world = World::new();
    world.visitor(0);
    world.text(conn(0), r#"51-["up",{"_placeholder":true,"num":0}]"#);
    let due = world.hub.poll_deadline(conn(0)).unwrap();
    assert_eq!(due, world.now + Duration::from_secs(10));
    world.hub.handle_timeout(conn(0), due, &mut world.out);
    assert_eq!(world.closed(), [Code::MessageTimeout]);
    assert_eq!(world.binary(conn(0), b"late"), None);
}
