//! What is sent: frames, polling bodies, deflated variants, close and pong.

use bellgate_codes::Code;
use bellgate_wire::ws::client::{inflate, parse, parse_prefix};
use bellgate_wire::{
    Limits, Message, Packet, accept_key, close_frame, encode, packets, pong_frame,
};
use bytes::Bytes;

const TEXT: u8 = 1;
const BINARY: u8 = 2;

#[test]
fn packets_of_the_engine_are_one_frame() {
    assert_eq!(Message::control("2").ws(), b"\x81\x012");
    assert_eq!(Message::control("3probe").polling(), b"3probe");
    assert_eq!(Message::open("{\"sid\":1}").polling(), b"0{\"sid\":1}");
    assert_eq!(Message::text("2[\"a\"]").ws(), b"\x81\x0742[\"a\"]");
}

/// A plain text message is kept once: the polling form lies inside the frame.
#[test]
fn a_text_message_has_one_buffer_for_both_transports() {
    for len in [0, 124, 125, 126, 65_534, 65_535, 70_000] {
        let message = Message::text(&"x".repeat(len));
        assert_eq!(message.polling().len(), len + 1);
        assert!(
            message
                .ws()
                .as_ptr_range()
                .contains(&message.polling().as_ptr())
        );
        assert_eq!(message.len(), message.ws().len());
        assert_eq!(
            parse(message.ws()),
            [(TEXT, false, message.polling().to_vec())]
        );
    }
}

#[test]
fn binary_is_base64_in_polling() {
    let message = Message::binary(Bytes::from_static(&[1, 2, 3, 4]));
    assert_eq!(parse(message.ws()), [(BINARY, false, vec![1, 2, 3, 4])]);
    assert_eq!(message.polling(), b"bAQIDBA==");
    let empty = Message::binary(Bytes::new());
    assert_eq!(empty.ws(), [0x82, 0]);
    assert_eq!(empty.polling(), b"b");
    assert!(!empty.is_empty());
}

/// Peers 21: nothing comes between a header and its attachments.
#[test]
fn a_header_and_its_attachments_are_one_unit() {
    let attachments = vec![Bytes::from_static(b"one"), Bytes::from(vec![7; 300])];
    let message = Message::with_attachments("52-[\"a\"]", attachments.clone());
    assert_eq!(
        parse(message.ws()),
        [
            (TEXT, false, b"452-[\"a\"]".to_vec()),
            (BINARY, false, b"one".to_vec()),
            (BINARY, false, vec![7; 300]),
        ]
    );
    let body = std::str::from_utf8(message.polling()).unwrap();
    let limits = Limits::default();
    let read: Vec<_> = packets(body, &limits).map(Result::unwrap).collect();
    assert_eq!(
        read,
        [
            Packet::Text("52-[\"a\"]"),
            Packet::Binary(attachments[0].to_vec().into()),
            Packet::Binary(attachments[1].to_vec().into()),
        ]
    );
}

#[test]
fn events_and_acks_are_what_encode_says() {
    let parts = [Bytes::from_static(b"x")];
    for namespace in ["/", "/news"] {
        for attachments in [&parts[..], &[]] {
            let count = attachments.len();
            let event = Message::event(namespace, Some(12), "[\"a\"]", attachments);
            let text = encode::event(namespace, Some(12), "[\"a\"]", count);
            assert_eq!(
                event.ws(),
                Message::with_attachments(&text, attachments.to_vec()).ws()
            );
            let ack = Message::ack(namespace, 0, "[]", attachments);
            let text = encode::ack(namespace, 0, "[]", count);
            assert_eq!(
                ack.ws(),
                Message::with_attachments(&text, attachments.to_vec()).ws()
            );
        }
    }
}

#[test]
fn each_kind_is_written_as_the_protocol_has_it() {
    let table = [
        (encode::connect("/", "{\"sid\":\"x\"}"), "0{\"sid\":\"x\"}"),
        (encode::connect("/a", "{}"), "0/a,{}"),
        (
            encode::connect_error("/r", "{\"message\":\"m\"}"),
            "4/r,{\"message\":\"m\"}",
        ),
        (encode::disconnect("/"), "1"),
        (encode::disconnect("/a"), "1/a,"),
        (encode::event("/", None, "[\"e\"]", 0), "2[\"e\"]"),
        (encode::event("/a", Some(0), "[\"e\"]", 0), "2/a,0[\"e\"]"),
        (
            encode::event("/a", Some(u64::MAX), "[1]", 12),
            "512-/a,18446744073709551615[1]",
        ),
        (encode::ack("/", 10, "[]", 0), "310[]"),
        (encode::ack("/a", 7, "[]", 1), "61-/a,7[]"),
    ];
    for (text, expected) in table {
        assert_eq!(text, expected);
    }
}

#[test]
fn only_payloads_above_the_threshold_are_deflated() {
    let long = format!("2[\"a\",\"{}\"]", "news ".repeat(100));
    let attachments = vec![Bytes::from(vec![b's'; 99]), Bytes::from(vec![9; 1000])];
    let message = Message::with_attachments(&long, attachments);
    let frames = parse(message.ws_deflated(100));
    assert_eq!(frames.len(), 3);
    assert_eq!((frames[0].0, frames[0].1), (TEXT, true));
    assert_eq!(
        inflate(&frames[0].2, 10_000).unwrap(),
        format!("4{long}").as_bytes()
    );
    assert_eq!(frames[1], (BINARY, false, vec![b's'; 99]));
    assert_eq!((frames[2].0, frames[2].1), (BINARY, true));
    assert_eq!(inflate(&frames[2].2, 10_000).unwrap(), [9; 1000]);
    assert!(message.ws_deflated(100).len() < message.ws().len() / 4);
}

#[test]
fn a_message_below_the_threshold_has_no_second_buffer() {
    let message = Message::text(&"a".repeat(99));
    assert_eq!(message.ws_deflated(101).as_ptr(), message.ws().as_ptr());
    assert!(parse(message.ws_deflated(100))[0].1);
}

#[test]
fn what_deflate_would_make_larger_stays_plain() {
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    })
    .take(1000)
    .collect();
    let message = Message::binary(Bytes::from(noise));
    assert_eq!(message.ws_deflated(0), message.ws());
    assert_eq!(
        Message::control("2").ws_deflated(0),
        Message::control("2").ws()
    );
}

/// Attack 44: our own reasons fit into a control frame.
#[test]
fn a_close_frame_cuts_its_reason_where_a_character_ends() {
    assert_eq!(close_frame(1000, ""), [0x88, 2, 0x03, 0xe8]);
    let frames = parse(&close_frame(1008, "go away"));
    assert_eq!(
        frames,
        [(8, false, [&[0x03, 0xf0][..], b"go away"].concat())]
    );
    let long = format!("{}é", "x".repeat(122));
    let frames = parse(&close_frame(1008, &long));
    assert_eq!(
        frames[0].2.len(),
        2 + 122,
        "half of the last character is left out"
    );
    assert_eq!(parse(&close_frame(1008, &"x".repeat(200)))[0].2.len(), 125);
}

#[test]
fn codes_that_never_travel_become_1000() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 2000, 65_535] {
        assert_eq!(parse(&close_frame(code, ""))[0].2, 1000_u16.to_be_bytes());
    }
    for code in [1001, 1002, 1009, 1013, 4000] {
        assert_eq!(parse(&close_frame(code, ""))[0].2, code.to_be_bytes());
    }
}

#[test]
fn a_pong_repeats_its_ping() {
    assert_eq!(pong_frame(b"abc"), b"\x8a\x03abc");
    assert_eq!(pong_frame(&[1; 200]).len(), 127);
}

#[test]
fn an_unfinished_frame_is_left_for_later() {
    let mut bytes = Message::text("a").ws().to_vec();
    let whole = bytes.len();
    bytes.extend_from_slice(&Message::text("b").ws()[..3]);
    let (frames, used) = parse_prefix(&bytes);
    assert_eq!((frames.len(), used), (1, whole));
}

/// Attack 11: a key is 16 bytes in base64 and nothing else.
#[test]
fn keys_of_another_form_are_refused() {
    for key in [
        "",
        "==",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZ===",
        "dGhlIHNhbXBsZSBub25jZQA==",
        "dGhlIHNhbXBsZSBub25j Q==",
        "dGhlIHNhbXBsZSBub25j\u{80}==",
        "dGhlIHNhbXBsZSBub25j-Q==",
    ] {
        assert_eq!(
            accept_key(key).unwrap_err().code(),
            Code::WebsocketHandshake,
            "{key}"
        );
    }
    assert!(accept_key(&" ".repeat(32_000)).is_err());
}
