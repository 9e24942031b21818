//! Polls and posts (hardening §1, E1 and E8 to E13; §1.1).

use bellgate_codes::{Code, Refusal};
use bellgate_engine::{Delivery, Transport};
use bellgate_sim::{Data, Pair, config};

fn echoing() -> Pair {
    let mut pair = Pair::on_polling();
    pair.echoes = true;
    pair
}

fn closed_by(pair: &Pair) -> Option<Code> {
    pair.session.closed_by().map(Refusal::code)
}

#[test]
fn the_opening_poll_is_answered_with_the_handshake_alone() {
    let pair = Pair::on_polling();
    let handshake = pair.client.handshake.as_deref();
    assert!(handshake.is_some_and(|json| json.starts_with('{')));
    assert_eq!(pair.client.polled().len(), 1);
    assert!(!pair.client.polled()[0].is_ok_and(|body| body.contains('\u{1e}')));
}

#[test]
fn messages_may_ride_in_the_handshake_behind_it() {
    let mut pair = Pair::unread(Transport::Polling, config());
    pair.emit("early");
    pair.run_until_quiet();
    assert!(pair.client.polled()[0].is_ok_and(|body| body.ends_with("}\u{1e}4early")));
    assert_eq!(pair.client.texts(), ["early"]);
}

#[test]
fn a_posted_message_comes_back_by_the_next_poll_exactly() {
    let mut pair = echoing();
    pair.client.polls = false;
    pair.client.post("4hello");
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.posted(), [Ok("ok")]);
    assert_eq!(pair.client.polled()[1..], [Ok("4hello")]);
}

#[test]
fn several_packets_come_back_joined_in_one_poll() {
    let mut pair = echoing();
    pair.client.polls = false;
    pair.client.post("4a\u{1e}4b\u{1e}4c");
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Ok("4a\u{1e}4b\u{1e}4c")]);
}

#[test]
fn text_and_binary_come_back_in_the_form_they_were_sent_in() {
    let mut pair = echoing();
    pair.client.polls = false;
    pair.client.post("4hello\u{1e}bAQIDBA==");
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Ok("4hello\u{1e}bAQIDBA==")]);
    assert_eq!(pair.delivered[1], Data::Binary(vec![1, 2, 3, 4]));
}

#[test]
fn a_binary_message_may_be_empty() {
    let mut pair = echoing();
    pair.client.post("b");
    pair.run_until_quiet();
    assert_eq!(pair.client.received, [Data::Binary(Vec::new())]);
}

#[test]
fn an_unreadable_packet_closes_the_session_and_a_later_poll_finds_nothing() {
    let mut pair = Pair::on_polling();
    pair.client.polls = false;
    pair.client.post("abc");
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.posted(), [Err(Code::PacketMalformed)]);
    assert_eq!(pair.client.polled()[1..], [Err(Code::SessionUnknown)]);
}

#[test]
fn packets_before_the_unreadable_one_are_delivered_and_those_behind_it_are_not() {
    let mut pair = Pair::on_polling();
    pair.client.post("4a\u{1e}x\u{1e}4b");
    pair.run_until_quiet();
    assert_eq!(pair.delivered, [Data::Text("a".to_owned())]);
}

#[test]
fn a_poll_waits_until_there_is_something_to_say() {
    let mut pair = Pair::on_polling();
    pair.run_until_quiet();
    assert!(pair.session.is_waiting() && !pair.session.has_output());
    pair.emit("late");
    assert!(pair.session.has_output());
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["late"]);
}

#[test]
fn everything_queued_between_two_polls_goes_out_by_one() {
    let mut pair = Pair::on_polling();
    pair.client.polls = false;
    for text in ["a", "b", "c"] {
        pair.emit(text);
    }
    assert!(!pair.session.has_output(), "no poll waits");
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Ok("4a\u{1e}4b\u{1e}4c")]);
    assert_eq!(pair.session.queued_bytes(), 0);
}

/// python-engineio's client drops a payload of more than 16 packets whole.
#[test]
fn a_burst_goes_out_in_answers_of_sixteen_packets_with_attachments_counted() {
    let mut pair = Pair::on_polling();
    pair.client.polls = false;
    for number in 0..15 {
        pair.emit(&number.to_string());
    }
    let part = bellgate_wire::Message::with_attachments("51-[0]", vec![vec![1].into()]);
    pair.send(part, Delivery::Regular);
    pair.emit("last");
    pair.client.poll();
    pair.run_until_quiet();
    let first = pair.client.polled().last().unwrap().unwrap().to_owned();
    assert_eq!(
        first.split('\u{1e}').count(),
        15,
        "a header and its attachment stay together"
    );
    pair.client.poll();
    pair.run_until_quiet();
    let second = pair.client.polled().last().unwrap().unwrap().to_owned();
    assert_eq!(second, "451-[0]\u{1e}bAQ==\u{1e}4last");
}

#[test]
fn a_second_poll_ends_the_waiting_one_with_a_close_packet_and_the_session() {
    let mut pair = Pair::on_polling();
    pair.client.polls = false;
    pair.client.poll();
    pair.client.poll();
    pair.run_until_quiet();
    let answers = pair.client.polled();
    assert!(answers[1..].contains(&Ok("1")), "{answers:?}");
    assert!(
        answers[1..].contains(&Err(Code::PollOverlap)),
        "{answers:?}"
    );
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(
        pair.client.polled().last(),
        Some(&Err(Code::SessionUnknown))
    );
    assert_eq!(closed_by(&pair), Some(Code::PollOverlap));
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_third_poll_gets_nothing_of_what_the_overlap_still_tells() {
    let mut pair = Pair::on_polling();
    pair.client.polls = false;
    pair.client.poll();
    pair.client.poll();
    pair.client.poll();
    pair.step();
    pair.step();
    pair.step();
    assert_eq!(
        pair.client.polled()[1..],
        [Err(Code::PollOverlap), Err(Code::SessionUnknown)]
    );
    assert!(
        !pair.session.is_finished(pair.now()),
        "the first still waits"
    );
    pair.run_until_quiet();
    assert_eq!(pair.client.polled().last(), Some(&Ok("1")));
}

#[test]
fn of_many_polls_at_once_one_is_answered_with_data_and_none_a_second_time() {
    let mut pair = Pair::on_polling();
    pair.client.polls = false;
    pair.emit("once");
    for _ in 0..1_000 {
        pair.client.poll();
    }
    pair.run_until_quiet();
    let answers = pair.client.polled();
    assert_eq!(
        answers.iter().filter(|&body| *body == Ok("4once")).count(),
        1
    );
    assert_eq!(answers.len(), 1_001, "each is answered");
    assert_eq!(pair.client.texts(), ["once"]);
}

#[test]
fn a_poll_whose_client_left_closes_the_session() {
    let mut pair = Pair::on_polling();
    pair.run_until_quiet();
    pair.client.polls = false;
    pair.client.abort_poll();
    pair.run_until_quiet();
    assert_eq!(closed_by(&pair), Some(Code::TransportClosed));
    assert!(pair.session.is_finished(pair.now()));
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(
        pair.client.polled().last(),
        Some(&Err(Code::SessionUnknown))
    );
}

#[test]
fn an_abort_with_no_poll_waiting_changes_nothing() {
    let mut pair = Pair::on_polling();
    pair.session.handle_poll_aborted(pair.now());
    assert!(!pair.session.is_closed());
}

#[test]
fn two_posts_at_once_close_the_session() {
    let mut pair = Pair::on_polling();
    pair.run_until_quiet();
    pair.client.begin_post();
    pair.client.post("4second");
    pair.run_until_quiet();
    assert_eq!(pair.client.posted(), [Err(Code::PostOverlap)]);
    assert_eq!(closed_by(&pair), Some(Code::PostOverlap));
    assert_eq!(
        pair.client.polled().last(),
        Some(&Ok("1")),
        "the waiting poll is told"
    );
    assert!(pair.delivered.is_empty());
}

#[test]
fn a_post_and_a_poll_may_overlap() {
    let mut pair = echoing();
    pair.run_until_quiet();
    pair.client.begin_post();
    pair.run_until_quiet();
    pair.emit("meanwhile");
    pair.run_until_quiet();
    pair.client.end_post("4done");
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["meanwhile", "done"]);
}

#[test]
fn a_post_may_follow_one_that_was_given_up() {
    let mut pair = Pair::on_polling();
    assert_eq!(pair.session.handle_post_begin(pair.now()), Ok(()));
    pair.session.handle_post_end();
    assert_eq!(pair.session.handle_post_begin(pair.now()), Ok(()));
}

#[test]
fn packets_that_only_a_server_sends_close_the_session() {
    for packet in ["0{}", "2", "2probe", "5", "6"] {
        for mut pair in [Pair::on_polling(), Pair::on_websocket()] {
            pair.client.send(packet);
            pair.run_until_quiet();
            assert_eq!(closed_by(&pair), Some(Code::PacketOutOfPlace), "{packet}");
        }
    }
}

#[test]
fn a_session_that_was_opened_by_a_websocket_takes_no_polling() {
    let mut pair = Pair::on_websocket();
    pair.client.poll();
    pair.client.post("4x");
    pair.run_until_quiet();
    assert_eq!(pair.refused, [Code::BadRequest, Code::BadRequest]);
    assert!(
        !pair.session.is_closed(),
        "the session does not suffer for it"
    );
}
