//! Graceful ends, forced ends and what is told afterwards (hardening §1, E21; §1.2, 7 and 8).

use std::time::Duration;

use bellgate_codes::{Code, Refusal};
use bellgate_engine::{Lane, Transport};
use bellgate_sim::{Pair, config};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn on_polling_between_polls() -> Pair {
    let mut pair = Pair::on_polling();
    pair.client.polls = false;
    pair
}

fn bye() -> Refusal {
    Refusal::ServerDisconnect {}
}

#[test]
fn a_goodbye_ends_the_waiting_poll_with_a_noop_and_later_polls_find_nothing() {
    let mut pair = Pair::on_polling();
    pair.run_until_quiet();
    pair.client.polls = false;
    pair.client.post("1");
    pair.run_until_quiet();
    assert_eq!(pair.client.polled().last(), Some(&Ok("6")));
    assert_eq!(pair.client.posted(), [Ok("ok")]);
    assert!(pair.session.is_finished(pair.now()));
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(
        pair.client.polled().last(),
        Some(&Err(Code::SessionUnknown))
    );
}

#[test]
fn a_poll_that_loses_the_race_against_the_goodbye_still_gets_its_noop() {
    let mut pair = on_polling_between_polls();
    pair.client.post("1");
    pair.advance(ms(999));
    assert!(!pair.session.is_finished(pair.now()));
    pair.client.poll();
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(
        pair.client.polled()[1..],
        [Ok("6"), Err(Code::SessionUnknown)]
    );
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_goodbye_is_forgotten_after_a_second() {
    let mut pair = on_polling_between_polls();
    pair.client.post("1");
    pair.run_until_quiet();
    assert_eq!(pair.session.poll_deadline(), Some(pair.now() + ms(1_000)));
    pair.advance(ms(1_000));
    assert!(pair.session.is_finished(pair.now()));
    assert_eq!(pair.session.poll_deadline(), None);
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Err(Code::SessionUnknown)]);
}

#[test]
fn packets_behind_a_goodbye_are_not_delivered() {
    let mut pair = Pair::on_polling();
    pair.client.post("4a\u{1e}1\u{1e}4b");
    pair.run_until_quiet();
    assert_eq!(pair.delivered.len(), 1);
}

#[test]
fn what_was_queued_for_a_client_that_said_goodbye_is_discarded() {
    let mut pair = on_polling_between_polls();
    pair.emit("unread");
    pair.client.post("1");
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Ok("6")]);
    assert_eq!(pair.session.queued_bytes(), 0);
}

#[test]
fn a_graceful_close_flushes_the_queue_to_one_poll_and_ends_by_the_next() {
    let mut pair = on_polling_between_polls();
    pair.emit("a");
    pair.emit("b");
    pair.close(bye());
    pair.advance(ms(29_999));
    assert!(!pair.session.is_finished(pair.now()));
    for _ in 0..3 {
        pair.client.poll();
        pair.run_until_quiet();
    }
    assert_eq!(
        pair.client.polled()[1..],
        [Ok("4a\u{1e}4b"), Ok("6\u{1e}1"), Err(Code::SessionUnknown)]
    );
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_graceful_close_tells_a_waiting_poll_at_once() {
    let mut pair = Pair::on_polling();
    pair.run_until_quiet();
    pair.close(bye());
    pair.run_until_quiet();
    assert_eq!(pair.client.polled().last(), Some(&Ok("6\u{1e}1")));
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn the_close_packet_is_kept_for_thirty_seconds_and_no_longer() {
    let mut pair = on_polling_between_polls();
    pair.emit("unread");
    pair.close(bye());
    pair.advance(ms(30_000));
    assert!(pair.session.is_finished(pair.now()));
    assert_eq!(pair.session.queued_bytes(), 0, "nothing keeps its memory");
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Err(Code::SessionUnknown)]);
}

#[test]
fn a_poll_after_the_thirty_seconds_finds_nothing_even_before_the_timer_ran() {
    let mut pair = on_polling_between_polls();
    pair.close(bye());
    pair.stall(ms(30_000));
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Err(Code::SessionUnknown)]);
}

#[test]
fn a_poll_that_is_aborted_before_it_was_told_leaves_the_farewell_for_the_next() {
    let mut pair = on_polling_between_polls();
    pair.emit("a");
    pair.close(bye());
    assert_eq!(pair.session.handle_poll(pair.now()), Ok(()));
    pair.session.handle_poll_aborted(pair.now());
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Ok("4a")]);
}

#[test]
fn posts_to_a_session_that_is_being_ended_are_taken_and_ignored() {
    let mut pair = on_polling_between_polls();
    pair.close(bye());
    pair.client.post("4late\u{1e}3");
    pair.run_until_quiet();
    assert_eq!(pair.client.posted(), [Ok("ok")]);
    assert!(pair.delivered.is_empty());
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Ok("6\u{1e}1")]);
}

#[test]
fn a_goodbye_to_a_session_that_is_being_ended_ends_it_at_once() {
    let mut pair = on_polling_between_polls();
    pair.emit("unread");
    pair.close(bye());
    pair.client.post("1");
    pair.run_until_quiet();
    assert!(pair.session.is_finished(pair.now()));
    assert_eq!(pair.session.queued_bytes(), 0);
}

#[test]
fn a_goodbye_during_the_farewell_still_ends_a_poll_that_waits() {
    let mut pair = Pair::on_polling();
    pair.run_until_quiet();
    pair.client.polls = false;
    pair.close(bye());
    pair.client.post("1");
    while pair.step() {}
    assert!(!pair.session.is_finished(pair.now()));
    pair.run_until_quiet();
    assert_eq!(pair.client.polled().last(), Some(&Ok("6")));
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_graceful_close_writes_the_queue_to_the_websocket_before_the_close_frame() {
    let mut pair = Pair::on_websocket();
    pair.window = Some(0);
    pair.emit("a");
    pair.emit("b");
    pair.close(Refusal::ServerShutdown {});
    assert!(!pair.session.is_finished(pair.now()));
    pair.run_until_quiet();
    assert_eq!(pair.client.websocket_closed, None);
    pair.open_window(6);
    pair.run_until_quiet();
    pair.open_window(100);
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["a", "b"]);
    assert_eq!(pair.client.websocket_closed, Some(Some(1001)));
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn packets_over_a_websocket_that_is_being_flushed_are_ignored() {
    let mut pair = Pair::on_websocket();
    pair.window = Some(0);
    pair.emit("a");
    pair.close(bye());
    pair.client.write(Lane::Websocket, "4late");
    pair.client.write(Lane::Websocket, "2");
    pair.run_until_quiet();
    assert!(pair.delivered.is_empty() && pair.refused.is_empty());
    pair.open_window(100);
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["a"]);
}

#[test]
fn a_websocket_that_takes_nothing_holds_a_closed_session_for_thirty_seconds_at_most() {
    let mut pair = Pair::on_websocket();
    pair.window = Some(0);
    pair.emit("never taken");
    pair.close(bye());
    pair.advance(ms(30_000));
    assert!(pair.session.is_finished(pair.now()));
    assert_eq!(pair.session.queued_bytes(), 0);
}

#[test]
fn no_message_is_queued_behind_a_graceful_close() {
    let mut pair = on_polling_between_polls();
    pair.close(bye());
    pair.emit("late");
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Ok("6\u{1e}1")]);
}

#[test]
fn a_forced_end_discards_the_queue() {
    let mut pair = Pair::on_polling();
    pair.run_until_quiet();
    pair.client.polls = false;
    pair.emit("unread");
    pair.session.abort(bye());
    assert_eq!(pair.session.queued_bytes(), 0);
    pair.run_until_quiet();
    assert_eq!(
        pair.client.polled().last(),
        Some(&Ok("1")),
        "the waiting poll is told"
    );
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_forced_end_with_no_poll_waiting_leaves_nothing_to_tell() {
    let mut pair = on_polling_between_polls();
    pair.emit("unread");
    pair.session.abort(bye());
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn the_first_reason_is_the_one_that_stays() {
    let mut pair = Pair::on_websocket();
    pair.close(Refusal::ServerShutdown {});
    pair.close(bye());
    pair.session.abort(bye());
    pair.session
        .handle_lane_closed(Lane::Websocket, bye(), pair.now());
    assert_eq!(pair.session.closed_by(), Some(&Refusal::ServerShutdown {}));
}

#[test]
fn a_closed_session_keeps_saying_which_transport_it_had() {
    let mut polling = Pair::on_polling();
    let mut websocket = Pair::on_websocket();
    let mut upgraded = Pair::upgraded();
    for (pair, transport) in [
        (&mut polling, Transport::Polling),
        (&mut websocket, Transport::Websocket),
        (&mut upgraded, Transport::Websocket),
    ] {
        pair.close(bye());
        assert_eq!(pair.session.transport(), transport);
    }
}

#[test]
fn no_ping_comes_from_a_session_that_is_being_ended() {
    let mut pair = Pair::open(Transport::Websocket, config());
    pair.window = Some(0);
    pair.emit("a");
    pair.close(bye());
    pair.advance(ms(20_000));
    pair.open_window(100);
    pair.run_until_quiet();
    assert_eq!(pair.client.pings, 0);
}
