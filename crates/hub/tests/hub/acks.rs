//! Publications that ask for answers.

use std::time::Duration;

use bellgate_hub::{Event, Member, Target};
use bytes::Bytes;

use crate::world::{World, conn, publish, question, room};

const WAIT: Duration = Duration::from_secs(5);

/// Two sockets that were asked; the id of the question.
fn asked() -> (World, u64) {
    let mut world = World::new();
    world.visitor(0);
    world.visitor(1);
    let deadline = world.now + WAIT;
    let events = world.command(&publish(question(&[Target::All], 9, deadline)));
    assert_eq!(events, []);
    let sent = world.sent();
    let id = id_of(&sent[0].1);
    assert_eq!(id, id_of(&sent[1].1), "all receivers share one id");
    (world, id)
}

/// `421["news"]` → 1
fn id_of(text: &str) -> u64 {
    let digits = text
        .strip_prefix("42")
        .and_then(|rest| rest.split('[').next());
    digits.unwrap().parse().unwrap()
}

fn acked(event: &Event) -> (usize, usize) {
    match event {
        Event::Acked {
            token: 9,
            answers,
            missing,
        } => (answers.len(), *missing),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_answers_of_all_receivers_come_together() {
    let (mut world, id) = asked();
    assert_eq!(world.text(conn(1), &format!("3{id}[true,\"x\"]")), None);
    let event = world.text(conn(0), &format!("3{id}[]"));
    let Some(Event::Acked {
        token: 9,
        answers,
        missing: 0,
    }) = event
    else {
        panic!("{event:?}");
    };
    assert_eq!(answers[0].1.array(), "[true,\"x\"]");
    assert_eq!(answers[1].1.array(), "[]");
    assert_ne!(answers[0].0, answers[1].0);
    assert_eq!(world.hub.poll_ack_deadline(), None);
    assert_eq!(world.hub.stats().pending_acks, 0);
}

#[test]
fn an_answer_may_carry_attachments() {
    let (mut world, id) = asked();
    world.text(conn(0), &format!("3{id}[]"));
    let header = format!(r#"61-{id}[{{"_placeholder":true,"num":0}}]"#);
    assert_eq!(world.text(conn(1), &header), None);
    let event = world.binary(conn(1), b"x");
    let Some(Event::Acked { answers, .. }) = event else {
        panic!("{event:?}");
    };
    assert_eq!(answers[1].2, [Bytes::from_static(b"x")]);
}

#[test]
fn an_answer_counts_once_for_each_socket() {
    let (mut world, id) = asked();
    for _ in 0..3 {
        assert_eq!(world.text(conn(0), &format!("3{id}[]")), None);
    }
    assert_eq!(world.closed(), []);
    let event = world.text(conn(1), &format!("3{id}[]")).unwrap();
    assert_eq!(acked(&event), (2, 0));
}

#[test]
fn an_answer_that_nobody_asked_for_is_ignored() {
    let (mut world, id) = asked();
    assert_eq!(world.text(conn(0), &format!("3{}[]", id + 1)), None);
    let stranger = world.open(2);
    world.join(stranger, "/", Member::visitor());
    assert_eq!(world.text(stranger, &format!("3{id}[]")), None);
    world.join(conn(0), "/admin", Member::visitor());
    assert_eq!(world.text(conn(0), &format!("3/admin,{id}[]")), None);
    assert_eq!(world.closed(), []);
    assert_eq!(world.hub.stats().pending_acks, 1);
}

#[test]
fn at_the_time_out_the_answers_that_came_are_told() {
    let (mut world, id) = asked();
    world.text(conn(1), &format!("3{id}[1]"));
    let due = world.hub.poll_ack_deadline().unwrap();
    assert_eq!(due, world.now + WAIT);
    assert_eq!(
        world
            .hub
            .handle_ack_timeout(world.now + WAIT.saturating_sub(Duration::from_nanos(1))),
        []
    );
    let events = world.hub.handle_ack_timeout(due);
    assert_eq!(acked(&events[0]), (1, 1));
    assert_eq!(world.hub.poll_ack_deadline(), None);
    assert_eq!(world.text(conn(0), &format!("3{id}[\"late\"]")), None);
    assert_eq!(world.closed(), []);
    assert_eq!(world.hub.handle_ack_timeout(due + WAIT), []);
}

#[test]
fn without_a_receiver_the_answer_is_there_at_once() {
    let mut world = World::new();
    let deadline = world.now + WAIT;
    let events = world.command(&publish(question(&[room("a")], 9, deadline)));
    assert_eq!(acked(&events[0]), (0, 0));
    assert_eq!(world.hub.poll_ack_deadline(), None);
}

#[test]
fn a_receiver_that_is_gone_is_missing() {
    let (mut world, id) = asked();
    world.text(conn(0), &format!("3{id}[]"));
    let events = world.close(conn(1));
    assert!(matches!(events[0], Event::Disconnected { .. }));
    assert_eq!(acked(&events[1]), (1, 1));
    assert_eq!(world.hub.poll_ack_deadline(), None);
}

#[test]
fn a_goodbye_that_completes_an_answer_makes_it_due_at_once() {
    let (mut world, id) = asked();
    world.text(conn(0), &format!("3{id}[]"));
    let event = world.text(conn(1), "1");
    assert!(matches!(event, Some(Event::Disconnected { .. })));
    assert_eq!(world.hub.poll_ack_deadline(), Some(world.now));
    let events = world.hub.handle_ack_timeout(world.now);
    assert_eq!(acked(&events[0]), (1, 1));
    assert_eq!(world.hub.poll_ack_deadline(), None);
}

#[test]
fn a_client_that_never_answers_owes_no_more_than_the_limit() {
    let mut world = World::with(|config| config.pending_acks = 3);
    world.visitor(0);
    let deadline = world.now + WAIT;
    for round in 0..10 {
        let events = world.command(&publish(question(&[Target::All], 9, deadline)));
        assert_eq!(world.sent().len(), 1, "the event itself is delivered");
        if round < 3 {
            assert_eq!(events, []);
        } else {
            assert_eq!(acked(&events[0]), (0, 1));
        }
    }
    assert_eq!(world.hub.stats().pending_acks, 3);
    assert_eq!(world.hub.handle_ack_timeout(deadline).len(), 3);
    assert_eq!(world.hub.stats().pending_acks, 0);
    let later = deadline + WAIT;
    let events = world.command(&publish(question(&[Target::All], 9, later)));
    assert_eq!(events, [], "the time-out freed what was owed");
}

#[test]
fn every_question_has_an_id_of_its_own() {
    let (mut world, id) = asked();
    let deadline = world.now + WAIT;
    world.command(&publish(question(&[Target::All], 8, deadline)));
    assert_ne!(id_of(&world.sent()[0].1), id);
}
