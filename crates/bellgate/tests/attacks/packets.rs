//! Socket.IO packets that no client sends: attachments, placeholders, event names, JSON.

use crate::support::lab::Lab;
use crate::support::polling::{Polling, SEPARATOR, binary};
use crate::support::tenth;
use crate::support::ways::Part::{Binary, Text};
use crate::support::ways::each_way_closes;
use crate::support::ws::{BINARY, Ws};

/// A broken packet, and a place where none belongs.
const PROTOCOL: u16 = 1002;
/// More than the limits allow.
const POLICY: u16 = 1008;
/// More bytes than a message may have.
const TOO_LARGE: u16 = 1009;

/// Row 1: CVE-2026-33151 of socket.io-parser, CVE-2026-48804 of python-socketio.
#[tokio::test]
async fn a_packet_that_announces_too_many_attachments_closes_the_session_at_its_header() {
    let lab = Lab::start().await;
    let frame = vec![0; 700_000];
    for header in [
        "451000000-[\"x\"]",
        "4511-[\"x\"]",
        "461000000-1[\"x\"]",
        "4599999999999999999999-[\"x\"]",
    ] {
        each_way_closes(lab.target, &[Text(header), Binary(&frame)], POLICY).await;
        each_way_closes(lab.target, &[Text(header)], POLICY).await;
    }
    lab.must_be_unharmed().await;
}

/// Row 1, from many connections.
#[tokio::test]
async fn announced_attachments_of_many_connections_are_refused_one_by_one() {
    let lab = Lab::start().await;
    let mut open = Vec::new();
    for _ in 0..tenth(1000) {
        let mut ws = Ws::open(lab.target).await;
        ws.text("451000000-[\"x\"]").await;
        ws.frame(BINARY, &[0; 10_000]).await;
        open.push(ws);
    }
    for mut ws in open {
        assert_eq!(ws.ended().await.code, Some(POLICY));
    }
    lab.must_be_unharmed().await;
}

/// Row 1: the sum of the parts counts, not each of them.
#[tokio::test]
async fn attachments_that_are_too_large_together_close_the_session() {
    let lab = Lab::start().await;
    let header = "454-[\"echo\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1},\
         {\"_placeholder\":true,\"num\":2},{\"_placeholder\":true,\"num\":3}]";
    let part = vec![0; 300_000];
    let mut ws = Ws::joined(lab.target).await;
    ws.text(header).await;
    for _ in 0..4 {
        ws.frame(BINARY, &part).await;
    }
    assert_eq!(ws.ended().await.code, Some(TOO_LARGE));
    let session = Polling::joined(lab.target).await;
    session.post(header.as_bytes()).await;
    for _ in 0..4 {
        session.try_post(binary(&part).as_bytes()).await;
    }
    session.is_over().await;
    lab.must_be_unharmed().await;
}

/// Row 1: what belongs to no packet, and text where an attachment is due.
#[tokio::test]
async fn attachments_out_of_their_order_close_the_session() {
    let lab = Lab::start().await;
    each_way_closes(lab.target, &[Binary(b"nobody asked")], PROTOCOL).await;
    let header = Text("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]");
    each_way_closes(lab.target, &[header, Text("42[\"echo\"]")], PROTOCOL).await;
    each_way_closes(lab.target, &[header, header], PROTOCOL).await;
    each_way_closes(lab.target, &[header, Binary(b"1"), Binary(b"2")], PROTOCOL).await;
    lab.must_be_unharmed().await;
}

/// Row 2: CVE-2022-2421 of socket.io-parser.
#[tokio::test]
async fn placeholders_that_do_not_number_their_attachments_close_the_session() {
    let lab = Lab::start().await;
    for num in [
        "\"__proto__\"",
        "\"0\"",
        "-1",
        "0.5",
        "0.0",
        "1e9",
        "1",
        "null",
        "true",
        "{}",
        "[0]",
        "18446744073709551616",
    ] {
        let header = format!("451-[\"echo\",{{\"_placeholder\":true,\"num\":{num}}}]");
        each_way_closes(lab.target, &[Text(&header), Binary(b"x")], PROTOCOL).await;
    }
    for header in [
        // Repeated, missing, and more than one thing at once.
        "452-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]",
        "452-[\"x\",{\"_placeholder\":true,\"num\":0}]",
        "451-[\"x\"]",
        "451-[\"x\",{\"_placeholder\":true}]",
        "451-[\"x\",{\"_placeholder\":true,\"num\":0,\"num\":0}]",
        "451-[\"x\",{\"_placeholder\":true,\"num\":0,\"more\":{\"_placeholder\":true,\"num\":0}}]",
        "461-1[{\"_placeholder\":true,\"num\":\"constructor\"}]",
    ] {
        each_way_closes(lab.target, &[Text(header), Binary(b"x")], PROTOCOL).await;
    }
    lab.must_be_unharmed().await;
}

/// Row 3: CVE-2023-32695, CVE-2024-38355. Reserved are the names that socket.io 4.8 reserves.
#[tokio::test]
async fn events_without_a_usable_name_close_the_session() {
    let lab = Lab::start().await;
    let long = format!("42[\"{}\"]", "x".repeat(257));
    for event in [
        "42[{\"toString\":\"x\"}]",
        "42[]",
        "42[null]",
        "42[true]",
        "42[[\"x\"]]",
        "42{}",
        "42",
        "42\"x\"",
        "42[\"connect\"]",
        "42[\"connect_error\"]",
        "42[\"disconnect\"]",
        "42[\"disconnecting\"]",
        "42[\"newListener\"]",
        "42[\"removeListener\"]",
        "42[\"connect\\u005ferror\"]",
        "42abc[\"x\"]",
        "4abc",
        "44{\"message\":\"x\"}",
        "429007199254740992[\"echo\"]",
    ] {
        each_way_closes(lab.target, &[Text(event)], PROTOCOL).await;
    }
    each_way_closes(lab.target, &[Text(&long)], POLICY).await;
    lab.must_be_unharmed().await;
}

/// Row 3: `error` crashed servers of old, but socket.io reserves it no more.
#[tokio::test]
async fn names_that_only_look_special_are_ordinary_events() {
    let lab = Lab::start().await;
    let session = Polling::joined(lab.target).await;
    let mut ws = Ws::joined(lab.target).await;
    for name in [
        "error",
        "__proto__",
        "constructor",
        "toString",
        "",
        "Connect",
    ] {
        let event = format!("421[\"{name}\"]");
        assert_eq!(session.post(event.as_bytes()).await.text(), "ok");
        let answer = session.poll().await.text();
        assert!(answer.contains("events_unavailable"), "{name}: {answer}");
        ws.text(&event).await;
        let answer = ws.next_text().await.expect("an ack");
        assert!(answer.contains("events_unavailable"), "{name}: {answer}");
    }
    session.leave().await;
    drop(ws);
    lab.must_be_unharmed().await;
}

/// Row 38: neither deep nesting nor broken JSON is followed.
#[tokio::test]
async fn json_that_is_broken_or_nested_too_deeply_closes_the_session() {
    let lab = Lab::start().await;
    let deep = format!(
        "42[\"echo\",{}{}]",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let open = format!("42[\"echo\",{}", "[".repeat(500_000));
    let objects = format!("42[\"echo\",{}1{}]", "{\"a\":".repeat(65), "}".repeat(65));
    for text in [deep.as_str(), &open, &objects] {
        each_way_closes(lab.target, &[Text(text)], POLICY).await;
    }
    for text in [
        "42[\"echo\",1",
        "42[\"echo\",]",
        "42[\"echo\",01]",
        "42[\"echo\",NaN]",
        "42[\"echo\",Infinity]",
        "42[\"echo\",'x']",
        "42[\"echo\",\"\\x\"]",
        "42[\"echo\",\"a\u{1}b\"]",
        "42[\"echo\"]]",
        "42[\"echo\"]{}",
        "40[]",
        "40\"x\"",
        "40null",
        "40{\"a\":1",
    ] {
        each_way_closes(lab.target, &[Text(text)], PROTOCOL).await;
    }
    lab.must_be_unharmed().await;
}

/// Row 38: a payload is passed on as bytes, so nothing in it can change meaning on the way.
#[tokio::test]
async fn strange_json_comes_back_byte_for_byte() {
    let lab = Lab::start().await;
    let session = Polling::joined(lab.target).await;
    let mut ws = Ws::joined(lab.target).await;
    let deepest = format!("{}{}", "[".repeat(63), "]".repeat(63));
    let key = format!("{{\"{}\":1}}", "k".repeat(990_000));
    for json in [
        "{\"__proto__\":{\"polluted\":true},\"constructor\":{\"prototype\":1}}",
        "{\"a\":1,\"a\":2}",
        "1e999",
        "-0.0",
        "123456789012345678901234567890",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\u0000\"",
        "\"\u{202e}\u{feff}\u{10ffff}\"",
        "{\"_placeholder\":true,\"num\":0}",
        deepest.as_str(),
        &key,
    ] {
        let expected = format!("431[{json}]");
        assert_eq!(session.echo(json).await, expected);
        assert_eq!(ws.echo(json).await, expected);
    }
    session.leave().await;
    drop(ws);
    lab.must_be_unharmed().await;
}

/// Row 38 and hardening §1.1: whatever is behind the packet that closed a session is not read.
#[tokio::test]
async fn nothing_behind_a_broken_packet_is_delivered() {
    let lab = Lab::start().await;
    let mut witness = Ws::joined(lab.target).await;
    let session = Polling::joined(lab.target).await;
    let body = format!("42[]{SEPARATOR}42[\"back\",\"late\"]");
    session.post(body.as_bytes()).await;
    let last = session.poll().await.text();
    assert!(!last.contains("late"), "{last}");
    let mut ws = Ws::joined(lab.target).await;
    ws.text("42[]").await;
    ws.text("42[\"back\",\"late\"]").await;
    let ended = ws.ended().await;
    assert_eq!((ended.code, ended.texts.len()), (Some(PROTOCOL), 0));
    assert_eq!(witness.echo("1").await, "431[1]");
    drop(witness);
    lab.must_be_unharmed().await;
}
