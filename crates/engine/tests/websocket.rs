//! A session on a WebSocket (hardening §1, E5, E14 to E16 and E22), and writes that the socket takes
//! in pieces.

use bellgate_codes::{Code, Refusal};
use bellgate_engine::{Delivery, Lane, Transport};
use bellgate_sim::{Data, Pair, config};
use bellgate_wire::Message;

fn closed_by(pair: &Pair) -> Option<Code> {
    pair.session.closed_by().map(Refusal::code)
}

#[test]
fn the_first_frame_is_the_handshake_without_upgrades() {
    let pair = Pair::on_websocket();
    let handshake = pair.client.handshake.unwrap();
    assert!(handshake.contains(r#""upgrades":[]"#), "{handshake}");
    assert_eq!(pair.client.packets.len(), 1);
}

#[test]
fn text_and_binary_are_echoed_in_their_own_form_and_order() {
    let mut pair = Pair::on_websocket();
    pair.echoes = true;
    pair.client.write(Lane::Websocket, "4hello");
    pair.client.write_binary(Lane::Websocket, &[1, 2, 3]);
    pair.client.write_binary(Lane::Websocket, &[]);
    pair.run_until_quiet();
    assert_eq!(
        pair.client.received,
        [
            Data::Text("hello".to_owned()),
            Data::Binary(vec![1, 2, 3]),
            Data::Binary(Vec::new())
        ]
    );
}

#[test]
fn an_unreadable_packet_closes_the_socket() {
    let mut pair = Pair::on_websocket();
    pair.client.write(Lane::Websocket, "abc");
    pair.run_until_quiet();
    assert_eq!(pair.client.websocket_closed, Some(Some(1002)));
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_goodbye_closes_the_socket_at_once() {
    let mut pair = Pair::on_websocket();
    pair.emit("never read");
    pair.client.write(Lane::Websocket, "1");
    pair.step();
    assert_eq!(closed_by(&pair), Some(Code::TransportClosed));
    assert_eq!(pair.session.queued_bytes(), 0);
    pair.run_until_quiet();
    assert_eq!(pair.client.websocket_closed, Some(Some(1000)));
}

#[test]
fn a_cut_socket_closes_the_session_and_frees_its_queue() {
    let mut pair = Pair::on_websocket();
    pair.window = Some(3);
    pair.emit("partly written");
    pair.run_until_quiet();
    assert!(pair.client.is_amid_frame());
    pair.client.cut(Lane::Websocket);
    pair.run_until_quiet();
    assert_eq!(closed_by(&pair), Some(Code::TransportClosed));
    assert_eq!(pair.session.queued_bytes(), 0);
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_socket_that_takes_one_byte_at_a_time_gets_every_message_in_order() {
    let mut pair = Pair::on_websocket();
    pair.window = Some(0);
    let texts: Vec<String> = (0..50).map(|n| format!("message {n}")).collect();
    for text in &texts {
        pair.emit(text);
    }
    while pair.session.has_output() {
        pair.open_window(1);
        pair.run_until_quiet();
    }
    assert_eq!(pair.client.texts(), texts);
    assert_eq!(pair.session.queued_bytes(), 0);
}

#[test]
fn the_account_of_the_queue_is_the_sum_of_what_is_not_wholly_written() {
    let mut pair = Pair::on_websocket();
    pair.window = Some(0);
    let (first, second) = (Message::text("first"), Message::text("second one"));
    let (len, both) = (second.len(), first.len() + second.len());
    let partly = first.len() - 1;
    pair.send(first, Delivery::Regular);
    pair.send(second, Delivery::Regular);
    assert_eq!(pair.session.queued_bytes(), both);
    pair.open_window(partly);
    pair.run_until_quiet();
    assert_eq!(pair.session.queued_bytes(), both);
    pair.open_window(1);
    pair.run_until_quiet();
    assert_eq!(pair.session.queued_bytes(), len);
}

#[test]
fn a_header_and_its_attachments_stay_together_among_other_messages() {
    let mut pair = Pair::on_websocket();
    let header = r#"51-["file",{"_placeholder":true,"num":0}]"#;
    pair.emit("before");
    pair.send(
        Message::with_attachments(header, vec![vec![7; 300].into()]),
        Delivery::Regular,
    );
    pair.emit("after");
    pair.run_until_quiet();
    assert_eq!(
        pair.client.received,
        [
            Data::Text("before".to_owned()),
            Data::Text(header.to_owned()),
            Data::Binary(vec![7; 300]),
            Data::Text("after".to_owned())
        ]
    );
}

#[test]
fn a_lane_that_negotiated_deflate_gets_long_messages_deflated() {
    let mut settings = config();
    settings.deflate_threshold = Some(100);
    let mut pair = Pair::open(Transport::Websocket, settings);
    pair.session.set_deflate(true);
    let long = "long ".repeat(100);
    pair.emit("short");
    pair.emit(&long);
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["short", long.as_str()]);
    assert_eq!(pair.client.deflated, 1);
}

#[test]
fn a_deflated_message_is_written_in_pieces_too() {
    let mut settings = config();
    settings.deflate_threshold = Some(10);
    let mut pair = Pair::open(Transport::Websocket, settings);
    pair.session.set_deflate(true);
    pair.window = Some(0);
    let long = "abc".repeat(1000);
    pair.emit(&long);
    pair.emit("x");
    while pair.session.has_output() {
        pair.open_window(1);
        pair.run_until_quiet();
    }
    assert_eq!(pair.client.texts(), [long.as_str(), "x"]);
    assert_eq!(pair.session.queued_bytes(), 0);
}

#[test]
fn nothing_is_deflated_where_the_lane_or_the_settings_do_not_ask_for_it() {
    let long = "long ".repeat(100);
    let mut settings = config();
    settings.deflate_threshold = Some(100);
    let mut plain_lane = Pair::open(Transport::Websocket, settings);
    let mut plain_server = Pair::on_websocket();
    plain_server.session.set_deflate(true);
    for pair in [&mut plain_lane, &mut plain_server] {
        pair.emit(&long);
        pair.run_until_quiet();
        assert_eq!((pair.client.deflated, pair.client.texts().len()), (0, 1));
    }
}

#[test]
fn packets_to_a_session_that_has_failed_are_refused() {
    let mut pair = Pair::on_websocket();
    pair.client.write(Lane::Websocket, "6");
    pair.client.write(Lane::Websocket, "4late");
    pair.step();
    pair.step();
    assert_eq!(pair.refused, [Code::PacketOutOfPlace, Code::SessionUnknown]);
    assert!(pair.delivered.is_empty());
}
