//! Engine.IO packets and polling bodies, right and wrong.

#![expect(clippy::expect_used, reason = "a helper of tests fails like a test")]

use std::borrow::Cow;

use bellgate_codes::{Code, Refusal};
use bellgate_wire::{Limits, Packet, packets};

fn read(body: &str) -> Result<Vec<Packet<'_>>, Refusal> {
    packets(body, &Limits::default()).collect()
}

fn code(body: &str) -> Code {
    read(body).expect_err(body).code()
}

#[test]
fn every_type_is_read_with_its_data() {
    let table = [
        ("0{}", Packet::Open("{}"), "open"),
        ("1", Packet::Close, "close"),
        ("2", Packet::Ping(""), "ping"),
        ("2probe", Packet::Ping("probe"), "ping"),
        ("3", Packet::Pong(""), "pong"),
        ("3probe", Packet::Pong("probe"), "pong"),
        ("4", Packet::Text(""), "message"),
        ("4héllo 𝄞", Packet::Text("héllo 𝄞"), "message"),
        ("5", Packet::Upgrade, "upgrade"),
        ("6", Packet::Noop, "noop"),
    ];
    for (text, packet, name) in table {
        assert_eq!(Packet::decode_text(text), Ok(packet.clone()), "{text}");
        assert_eq!(packet.name(), name);
    }
}

#[test]
fn text_that_is_no_packet_is_refused() {
    for text in [
        "", "7", "9", "a", "-1", " 4", "é", "1x", "5x", "6x", "bAQID", "\u{1e}",
    ] {
        let refusal = Packet::decode_text(text).expect_err(text);
        assert_eq!(refusal.code(), Code::PacketMalformed, "{text}");
    }
}

#[test]
fn a_body_is_split_at_the_separator() {
    let packets = read("4a\u{1e}2\u{1e}bAQID\u{1e}4").unwrap();
    assert_eq!(
        packets,
        [
            Packet::Text("a"),
            Packet::Ping(""),
            Packet::Binary(Cow::Borrowed(&[1, 2, 3])),
            Packet::Text(""),
        ]
    );
}

#[test]
fn a_lone_b_is_a_binary_message_of_no_bytes() {
    assert_eq!(read("b"), Ok(vec![Packet::Binary(Cow::Borrowed(&[]))]));
}

#[test]
fn base64_is_taken_with_and_without_padding() {
    for body in ["bAQ==", "bAQ"] {
        assert_eq!(read(body), Ok(vec![Packet::Binary(Cow::Borrowed(&[1]))]));
    }
}

#[test]
fn what_is_not_base64_is_refused() {
    for body in ["b*", "bA", "bA===", "bAQ=I", "b AQID", "bAQ\nID", "b_-__"] {
        assert_eq!(code(body), Code::PacketMalformed, "{body}");
    }
}

#[test]
fn empty_bodies_and_empty_packets_are_refused() {
    for body in ["", "\u{1e}", "4a\u{1e}", "\u{1e}4a", "4a\u{1e}\u{1e}4b"] {
        assert_eq!(code(body), Code::PacketMalformed, "{body:?}");
    }
}

#[test]
fn nothing_follows_a_refusal() {
    let limits = Limits::default();
    let mut packets = packets("4a\u{1e}x\u{1e}4b", &limits);
    assert!(packets.next().unwrap().is_ok());
    assert!(packets.next().unwrap().is_err());
    assert_eq!(packets.next(), None);
    assert_eq!(packets.next(), None);
}

#[test]
fn a_thousand_packets_pass_and_one_more_does_not() {
    let thousand = vec!["4"; 1000].join("\u{1e}");
    assert_eq!(read(&thousand).unwrap().len(), 1000);

    let more = format!("{thousand}\u{1e}4");
    let limits = Limits::default();
    let mut packets = packets(&more, &limits);
    assert!(packets.by_ref().take(1000).all(|packet| packet.is_ok()));
    let refusal = packets.next().unwrap().unwrap_err();
    assert_eq!(refusal.code(), Code::PacketLimit);
    assert_eq!(packets.next(), None);
}

/// Hardening, attack 4 (CVE-2020-36049, Phoenix CVE-2026-32689): a body of a megabyte of delimiters.
#[test]
fn a_flood_of_delimiters_is_cut_off_early() {
    let limits = Limits::default();
    let separators = "\u{1e}".repeat(limits.message_bytes);
    assert_eq!(packets(&separators, &limits).count(), 1);

    let short_packets = "4\u{1e}".repeat(limits.message_bytes / 2);
    assert_eq!(packets(&short_packets, &limits).count(), 1001);

    let newlines = "\n".repeat(limits.message_bytes);
    assert_eq!(packets(&newlines, &limits).count(), 1);
}
