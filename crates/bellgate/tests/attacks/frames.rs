//! WebSocket frames that break RFC 6455, lie about their length, or come as a flood.

use bellgate_wire::ws::client::deflate;

use crate::support::Target;
use crate::support::lab::Lab;
use crate::support::polling::{Polling, SEPARATOR};
use crate::support::tenth;
use crate::support::ws::{
    BINARY, CLOSE, OPEN, PING, PONG, TEXT, Ws, announce, fragment, frame, raw_frame,
};

const PROTOCOL: u16 = 1002;
const NOT_UTF8: u16 = 1007;
const POLICY: u16 = 1008;
const TOO_LARGE: u16 = 1009;
const CONTINUATION: u8 = 0;

/// Sends the bytes on a WebSocket of each kind, behind its handshake and in one segment with it, and
/// sees that this socket alone is closed, with `code`.
async fn each_socket_closes(target: Target, bytes: &[u8], code: u16) {
    let told = |ended: crate::support::ws::Ended, of: &str| {
        let shown = &bytes[..bytes.len().min(16)];
        assert_eq!(ended.code, Some(code), "{of}: {shown:02x?}");
    };
    let mut fresh = Ws::open(target).await;
    let mut joined = Ws::joined(target).await;
    let session = Polling::open(target).await;
    let mut probe = Ws::probe(target, &session.sid).await;
    for ws in [&mut fresh, &mut joined, &mut probe] {
        // It may be closed before the last byte is taken.
        let _ = ws.send(bytes).await;
    }
    told(fresh.ended().await, "before CONNECT");
    told(joined.ended().await, "after CONNECT");
    told(probe.ended().await, "on a probe");
    let mut riding = Ws::shake_with(target, OPEN, "", bytes).await.expect("101");
    told(riding.ended().await, "behind the handshake");
    let path = format!("{OPEN}&sid={}", session.sid);
    let mut riding = Ws::shake_with(target, &path, "", bytes).await.expect("101");
    told(riding.ended().await, "behind a probe's handshake");
    session.join().await;
    assert_eq!(
        session.echo("\"polling goes on\"").await,
        "431[\"polling goes on\"]"
    );
    session.leave().await;
}

/// Row 6: CVE-2022-21676 of engine.io.
#[tokio::test]
async fn frames_that_break_the_protocol_end_their_socket_alone() {
    let lab = Lab::start().await;
    let unmasked = [0x81, 0x01, b'2'];
    let long_ping = raw_frame(0x80 | PING, &[0; 126]);
    let cases: [&[u8]; 12] = [
        &raw_frame(0xa1, b"2"),
        &raw_frame(0x91, b"2"),
        &raw_frame(0xc1, b"2"),
        &raw_frame(0xf1, b"2"),
        &unmasked,
        &raw_frame(0x83, b"x"),
        &raw_frame(0x8f, b"x"),
        &fragment(PING, b"x"),
        &fragment(CLOSE, b""),
        &long_ping,
        &frame(CONTINUATION, b"x"),
        &[fragment(TEXT, b"4"), frame(TEXT, b"4")].concat(),
    ];
    for bytes in cases {
        each_socket_closes(lab.target, bytes, PROTOCOL).await;
    }
    each_socket_closes(lab.target, b"GET / HTTP/1.1\r\n\r\n", PROTOCOL).await;
    each_socket_closes(lab.target, &frame(TEXT, b"4\xff"), NOT_UTF8).await;
    each_socket_closes(lab.target, &frame(TEXT, b"4\xed\xa0\x80"), NOT_UTF8).await;
    lab.must_be_unharmed().await;
}

/// Row 6: what is no packet of Engine.IO.
#[tokio::test]
async fn frames_that_hold_no_packet_end_their_socket_alone() {
    let lab = Lab::start().await;
    for text in [
        "", "7", "abc", "9probe", "0{}", "2", "6", "5", "b4AAA", "2prob",
    ] {
        each_socket_closes(lab.target, &frame(TEXT, text.as_bytes()), PROTOCOL).await;
    }
    lab.must_be_unharmed().await;
}

/// Row 12: CVE-2026-48779 of ws.
#[tokio::test]
async fn a_message_in_too_many_fragments_closes_the_socket() {
    let lab = Lab::start().await;
    let mut flood = fragment(TEXT, b"4");
    for _ in 0..tenth(1_000_000) {
        flood.extend_from_slice(&fragment(CONTINUATION, b"x"));
    }
    each_socket_closes(lab.target, &flood[..200_000], POLICY).await;
    let mut ws = Ws::joined(lab.target).await;
    let _ = ws.send(&flood).await;
    assert_eq!(ws.ended().await.code, Some(POLICY));
    let mut open = Vec::new();
    for _ in 0..tenth(1_000) {
        let mut ws = Ws::open(lab.target).await;
        let _ = ws.send(&flood[..10_000]).await;
        open.push(ws);
    }
    for mut ws in open {
        assert_eq!(ws.ended().await.code, Some(POLICY));
    }
    // Empty fragments cost no bytes and count all the same.
    let mut empty = fragment(BINARY, b"");
    empty.extend(fragment(CONTINUATION, b"").repeat(1_024));
    each_socket_closes(lab.target, &empty, POLICY).await;
    lab.must_be_unharmed().await;
}

/// Row 12: the limit itself is no fault.
#[tokio::test]
async fn a_message_in_as_many_fragments_as_allowed_arrives() {
    let lab = Lab::start().await;
    let mut ws = Ws::joined(lab.target).await;
    let text = format!("421[\"echo\",\"{}\"]", "f".repeat(1_024 - 14));
    let bytes = text.as_bytes();
    assert_eq!(bytes.len(), 1_024);
    let mut frames = fragment(TEXT, &bytes[..1]);
    for byte in &bytes[1..1_023] {
        frames.extend_from_slice(&fragment(CONTINUATION, &[*byte]));
    }
    frames.extend_from_slice(&frame(CONTINUATION, &bytes[1_023..]));
    ws.send(&frames).await.expect("the socket is open");
    let answer = ws.next_text().await.expect("an ack");
    assert!(answer.starts_with("431[\"fff"), "{answer}");
    drop(ws);
    lab.must_be_unharmed().await;
}

/// Row 14: CVE-2016-10542 of ws, CVE-2026-44545 of daphne. What it costs is in `memory`.
#[tokio::test]
async fn lengths_that_lie_are_refused_by_their_header() {
    let lab = Lab::start().await;
    for length in [1_000_001, 1 << 32, (1 << 63) - 1] {
        each_socket_closes(lab.target, &announce(TEXT, length), TOO_LARGE).await;
        each_socket_closes(lab.target, &announce(BINARY, length), TOO_LARGE).await;
    }
    for length in [1 << 63, u64::MAX, 5, 65_535] {
        each_socket_closes(lab.target, &announce(TEXT, length), PROTOCOL).await;
    }
    // Each fragment is small enough, their sum is not.
    let mut sum = fragment(TEXT, &vec![b'4'; 600_000]);
    sum.extend_from_slice(&fragment(CONTINUATION, &vec![b'4'; 600_000]));
    each_socket_closes(lab.target, &sum, TOO_LARGE).await;
    lab.must_be_unharmed().await;
}

/// Row 15: CVE-2026-39804 of Bandit. Compression is off unless it is set.
#[tokio::test]
async fn compressed_frames_that_were_not_agreed_on_are_refused() {
    let lab = Lab::start().await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let mut ws = Ws::open_with(lab.target, offer).await;
    assert_eq!(ws.handshake.header("sec-websocket-extensions"), None);
    let small = deflate(&[b'4'; 2_000]).expect("it shrinks");
    ws.send(&raw_frame(0xc1, &small)).await.expect("open");
    assert_eq!(ws.ended().await.code, Some(PROTOCOL));
    lab.must_be_unharmed().await;
}

/// Row 15: where it is on, a message is inflated up to the limit and no further.
#[tokio::test]
async fn a_deflate_bomb_is_refused_at_the_limit() {
    let lab = Lab::with(&[("SOCKETIO_COMPRESSION", "1KiB")]).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let bomb = raw_frame(0xc1, &deflate(&vec![b'4'; 50_000_000]).expect("it shrinks"));
    // A back-reference to before the beginning: a client that keeps its context sends such.
    let reference = raw_frame(0xc1, &[0x02, 0x02, 0x00]);
    let garbage = raw_frame(0xc2, &[0xff; 64]);
    for (bytes, code) in [
        (&bomb, TOO_LARGE),
        (&reference, PROTOCOL),
        (&garbage, PROTOCOL),
    ] {
        let mut ws = Ws::open_with(lab.target, offer).await;
        let agreed = ws.handshake.header("sec-websocket-extensions");
        let agreed = agreed.expect("it is agreed on");
        assert!(agreed.contains("client_no_context_takeover"), "{agreed}");
        ws.join().await;
        ws.send(bytes).await.expect("open");
        assert_eq!(ws.ended().await.code, Some(code));
    }
    lab.must_be_unharmed().await;
}

/// Row 15: a window that deflate does not have is no offer.
#[tokio::test]
async fn offers_of_impossible_windows_are_passed_over() {
    let lab = Lab::with(&[("SOCKETIO_COMPRESSION", "1KiB")]).await;
    for offer in [
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=8",
        "client_max_window_bits=7",
        "client_max_window_bits=16",
        "client_max_window_bits=4294967311",
        "unknown",
    ] {
        let offer = format!("Sec-WebSocket-Extensions: permessage-deflate; {offer}\r\n");
        let mut ws = Ws::open_with(lab.target, &offer).await;
        assert_eq!(ws.handshake.header("sec-websocket-extensions"), None);
        ws.join().await;
        ws.text("1").await;
        ws.ended().await;
    }
    lab.must_be_unharmed().await;
}

/// Row 16: CVE-2026-48802 of python-engineio.
#[tokio::test]
async fn a_flood_of_heartbeats_closes_the_session() {
    let lab = Lab::start().await;
    let pongs = frame(TEXT, b"3").repeat(1_000);
    let mut open = Vec::new();
    for _ in 0..tenth(1000) {
        let mut ws = Ws::open(lab.target).await;
        let _ = ws.send(&pongs).await;
        open.push(ws);
    }
    for mut ws in open {
        assert_eq!(ws.ended().await.code, Some(POLICY));
    }
    each_socket_closes(lab.target, &pongs, POLICY).await;
    let body = ["3"; 1_000].join(SEPARATOR);
    let session = Polling::joined(lab.target).await;
    let answer = session.post(body.as_bytes()).await;
    assert_eq!(answer.json()["error"], "heartbeat_flood");
    session.is_over().await;
    lab.must_be_unharmed().await;
}

/// Row 16: an early or doubled pong is no flood.
#[tokio::test]
async fn a_few_heartbeats_too_many_are_forgiven() {
    let lab = Lab::start().await;
    let mut ws = Ws::joined(lab.target).await;
    ws.send(&frame(TEXT, b"3").repeat(16)).await.expect("open");
    assert_eq!(ws.echo("1").await, "431[1]");
    drop(ws);
    lab.must_be_unharmed().await;
}

/// Row 16: pings and pongs of WebSocket itself.
#[tokio::test]
async fn a_flood_of_control_frames_closes_the_socket() {
    let lab = Lab::start().await;
    for opcode in [PING, PONG] {
        let flood = frame(opcode, &[b'x'; 125]).repeat(1_000);
        each_socket_closes(lab.target, &flood, POLICY).await;
    }
    let mut ws = Ws::joined(lab.target).await;
    ws.frame(PING, b"are you there").await;
    let pong = ws.next().await;
    assert_eq!(pong, Some((PONG, b"are you there".to_vec())));
    drop(ws);
    lab.must_be_unharmed().await;
}

/// Row 44: CVE-2026-45736 of ws.
#[tokio::test]
async fn close_frames_that_may_not_be_sent_are_answered_as_the_faults_they_are() {
    let lab = Lab::start().await;
    for code in [
        0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535_u16,
    ] {
        each_socket_closes(lab.target, &frame(CLOSE, &code.to_be_bytes()), PROTOCOL).await;
    }
    each_socket_closes(lab.target, &frame(CLOSE, &[3]), PROTOCOL).await;
    each_socket_closes(lab.target, &frame(CLOSE, b"\x03\xe8\xff\xfe"), NOT_UTF8).await;
    lab.must_be_unharmed().await;
}

/// Row 44: every close frame of the server is checked to be within 125 bytes where it is read.
#[tokio::test]
async fn a_close_frame_in_order_is_answered_with_its_own_code() {
    let lab = Lab::start().await;
    let longest = [&1000_u16.to_be_bytes()[..], &[b'r'; 123]].concat();
    each_socket_closes(lab.target, &frame(CLOSE, &longest), 1000).await;
    each_socket_closes(lab.target, &frame(CLOSE, b""), 1000).await;
    each_socket_closes(lab.target, &frame(CLOSE, &1001_u16.to_be_bytes()), 1001).await;
    each_socket_closes(lab.target, &frame(CLOSE, &4999_u16.to_be_bytes()), 4999).await;
    lab.must_be_unharmed().await;
}
