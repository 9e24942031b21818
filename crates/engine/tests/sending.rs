//! The send queue's limits: slow consumers (contract §10) and volatile messages (hardening §1.2, 24).

use bellgate_codes::{Code, Refusal};
use bellgate_engine::{Delivery, Lane, Transport};
use bellgate_sim::{Data, Pair, config};
use bellgate_wire::Message;

/// A session that lets `send_buffer` bytes wait and whose WebSocket takes nothing for now.
fn narrow(transport: Transport, send_buffer: usize) -> Pair {
    let mut settings = config();
    settings.send_buffer = send_buffer;
    let mut pair = Pair::open(transport, settings);
    pair.client.polls = false;
    pair.window = Some(0);
    pair
}

fn closed_by(pair: &Pair) -> Option<Code> {
    pair.session.closed_by().map(Refusal::code)
}

#[test]
fn a_queue_may_be_filled_to_the_limit_exactly() {
    for transport in [Transport::Websocket, Transport::Polling] {
        let message = || Message::text("0123456789");
        let mut pair = narrow(transport, 10 * message().len());
        for _ in 0..10 {
            pair.send(message(), Delivery::Regular);
        }
        assert!(!pair.session.is_closed());
        pair.send(message(), Delivery::Regular);
        assert_eq!(pair.refused, [Code::SlowConsumer]);
        assert_eq!(closed_by(&pair), Some(Code::SlowConsumer));
        assert_eq!(pair.session.queued_bytes(), 0, "its memory is free at once");
    }
}

#[test]
fn the_refusal_of_a_slow_consumer_says_how_much_waited_and_the_limit() {
    let mut pair = narrow(Transport::Websocket, 30);
    pair.emit("0123456789");
    pair.emit("0123456789");
    pair.emit("0123456789");
    let why = pair.session.closed_by().map(Refusal::cause);
    assert_eq!(
        why.as_deref(),
        Some("39 bytes wait for this client, the limit is 30")
    );
}

#[test]
fn one_message_larger_than_the_buffer_reaches_a_client_that_owes_nothing() {
    let mut pair = narrow(Transport::Websocket, 100);
    pair.emit(&"x".repeat(1_000));
    assert!(!pair.session.is_closed());
    pair.open_window(10_000);
    pair.run_until_quiet();
    assert_eq!(pair.client.texts().len(), 1);
}

#[test]
fn a_slow_consumer_gets_the_rest_of_its_begun_frame_and_then_the_close_code() {
    let mut pair = narrow(Transport::Websocket, 100);
    pair.emit("begun");
    pair.open_window(3);
    pair.run_until_quiet();
    pair.emit(&"x".repeat(95));
    assert_eq!(closed_by(&pair), Some(Code::SlowConsumer));
    assert!(
        !pair.session.is_finished(pair.now()),
        "the frame has no end yet"
    );
    pair.open_window(100);
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["begun"]);
    assert_eq!(pair.client.websocket_closed, Some(Some(1013)));
}

#[test]
fn a_closed_session_takes_messages_and_does_nothing() {
    let mut pair = narrow(Transport::Websocket, 20);
    pair.session.abort(Refusal::ServerDisconnect {});
    for _ in 0..10 {
        pair.emit("0123456789");
        pair.emit_volatile("0123456789");
    }
    assert!(pair.refused.is_empty());
    assert_eq!(pair.session.queued_bytes(), 0);
}

#[test]
fn pings_still_go_to_a_full_queue() {
    let mut pair = narrow(Transport::Websocket, 14);
    pair.emit("0123456789");
    pair.advance(config().ping_interval);
    assert!(!pair.session.is_closed());
    pair.open_window(100);
    pair.run_until_quiet();
    assert_eq!(pair.client.pings, 1);
}

#[test]
fn a_volatile_message_reaches_a_client_that_can_take_it() {
    let mut on_websocket = Pair::on_websocket();
    let mut on_polling = Pair::on_polling();
    on_polling.run_until_quiet();
    for pair in [&mut on_websocket, &mut on_polling] {
        pair.emit_volatile("v");
        pair.run_until_quiet();
        assert_eq!(pair.client.texts(), ["v"]);
    }
}

#[test]
fn a_volatile_message_is_dropped_while_the_websocket_has_a_queue() {
    let mut pair = narrow(Transport::Websocket, 1_000);
    pair.emit("regular");
    pair.emit_volatile("volatile");
    pair.open_window(1_000);
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["regular"]);
}

#[test]
fn a_volatile_message_is_dropped_while_no_poll_waits() {
    let mut pair = narrow(Transport::Polling, 1_000);
    pair.emit_volatile("volatile");
    pair.client.poll();
    pair.run_until_quiet();
    assert!(pair.client.texts().is_empty());
    assert!(pair.session.is_waiting());
}

#[test]
fn of_a_burst_of_volatile_messages_the_newest_wins() {
    let mut on_websocket = Pair::on_websocket();
    let mut on_polling = Pair::on_polling();
    on_polling.run_until_quiet();
    for pair in [&mut on_websocket, &mut on_polling] {
        for text in ["old", "older still waits", "newest"] {
            pair.emit_volatile(text);
        }
        pair.run_until_quiet();
        assert_eq!(pair.client.texts(), ["newest"]);
        assert_eq!(pair.session.queued_bytes(), 0);
    }
}

#[test]
fn a_volatile_message_never_overtakes_a_regular_one() {
    let mut pair = Pair::on_polling();
    pair.run_until_quiet();
    pair.emit_volatile("v1");
    pair.emit("r1");
    pair.emit_volatile("v2");
    pair.emit_volatile("v3");
    pair.emit("r2");
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["v1", "r1", "v3", "r2"]);
}

#[test]
fn a_volatile_message_that_is_partly_written_is_not_replaced() {
    let mut pair = narrow(Transport::Websocket, 1_000);
    pair.emit_volatile("begun");
    pair.open_window(3);
    pair.run_until_quiet();
    pair.emit_volatile("late");
    pair.open_window(100);
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["begun"]);
}

#[test]
fn a_binary_volatile_message_is_dropped_whole() {
    let mut pair = narrow(Transport::Websocket, 10_000);
    let header = r#"51-["f",{"_placeholder":true,"num":0}]"#;
    let binary = || Message::with_attachments(header, vec![vec![1; 50].into()]);
    pair.emit("regular");
    pair.send(binary(), Delivery::Volatile);
    pair.open_window(10_000);
    pair.run_until_quiet();
    assert_eq!(pair.client.received, [Data::Text("regular".to_owned())]);
    pair.send(binary(), Delivery::Volatile);
    pair.emit_volatile("newest");
    pair.run_until_quiet();
    assert_eq!(
        pair.client.texts(),
        ["regular", "newest"],
        "replaced whole too"
    );
}

#[test]
fn a_waiting_volatile_message_makes_room_before_a_client_counts_as_slow() {
    let volatile = Message::text("volatile");
    let mut pair = narrow(Transport::Websocket, volatile.len() + 4);
    pair.send(volatile, Delivery::Volatile);
    pair.emit("regular");
    assert!(!pair.session.is_closed());
    pair.open_window(100);
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["regular"]);
}

#[test]
fn a_volatile_message_closes_no_session() {
    let mut pair = Pair::on_polling();
    pair.run_until_quiet();
    pair.emit("regular");
    pair.emit_volatile(&"x".repeat(2 << 20));
    assert!(!pair.session.is_closed());
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["regular"]);
}

#[test]
fn a_volatile_message_that_a_poll_did_not_take_before_the_upgrade_goes_over_the_websocket() {
    let mut pair = Pair::on_polling();
    pair.run_until_quiet();
    pair.client.polls = false;
    pair.client.probe();
    pair.run_until_quiet();
    pair.client.poll();
    pair.client.write(Lane::Probe, "5");
    pair.step();
    pair.emit_volatile("v");
    pair.step();
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["v"]);
    assert_eq!(pair.client.polled().last(), Some(&Ok("6")));
}
