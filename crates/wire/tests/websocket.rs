//! What the WebSocket reader takes and refuses (RFC 6455; hardening: attacks 6, 12, 14, 44).

#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

use std::ops::ControlFlow;

use bellgate_codes::{Code, Refusal};
use bellgate_wire::ws::client::{frame, frame_with};
use bellgate_wire::{Incoming, Limits, Reader};

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CONTINUATION: u8 = 0;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What came in, kept for comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

impl From<Incoming<'_>> for Seen {
    fn from(incoming: Incoming<'_>) -> Self {
        match incoming {
            Incoming::Text(text) => Self::Text(text.to_owned()),
            Incoming::Binary(data) => Self::Binary(data.to_vec()),
            Incoming::Ping(data) => Self::Ping(data.to_vec()),
            Incoming::Pong => Self::Pong,
            Incoming::Close(code) => Self::Close(code),
        }
    }
}

fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

/// Reads `bytes` in pieces of at most `piece` bytes.
fn read_by(piece: usize, bytes: &[u8], limits: &Limits) -> (Vec<Seen>, Result<(), Refusal>) {
    let mut reader = Reader::new(false);
    let mut seen = Vec::new();
    for chunk in bytes.chunks(piece) {
        let result = reader.handle_bytes(&mut chunk.to_vec(), limits, &mut |incoming| {
            seen.push(incoming.into());
            ControlFlow::Continue(())
        });
        if result.is_err() {
            return (seen, result);
        }
    }
    (seen, Ok(()))
}

/// Reads `bytes` whole and byte by byte, and wants the same of both.
fn read(bytes: &[u8]) -> (Vec<Seen>, Result<(), Refusal>) {
    let limits = Limits::default();
    let whole = read_by(bytes.len().max(1), bytes, &limits);
    assert_eq!(whole, read_by(1, bytes, &limits));
    whole
}

fn seen(bytes: &[u8]) -> Vec<Seen> {
    let (seen, result) = read(bytes);
    result.unwrap();
    seen
}

fn close_code(bytes: &[u8]) -> u16 {
    read(bytes).1.unwrap_err().code().row().close
}

#[test]
fn messages_come_out_in_order() {
    let bytes = [
        frame(TEXT, "4héllo".as_bytes(), MASK, true),
        frame(BINARY, &[0, 255], [0; 4], true),
        frame(TEXT, b"", MASK, true),
        frame(BINARY, b"", MASK, true),
        frame(PING, b"are you there", MASK, true),
        frame(PONG, b"", MASK, true),
    ]
    .concat();
    assert_eq!(
        seen(&bytes),
        [
            text("4héllo"),
            Seen::Binary(vec![0, 255]),
            text(""),
            Seen::Binary(vec![]),
            Seen::Ping(b"are you there".to_vec()),
            Seen::Pong,
        ]
    );
}

#[test]
fn each_form_of_length_is_read() {
    for len in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
        let payload = vec![b'a'; len];
        let bytes = frame(TEXT, &payload, MASK, true);
        let limits = Limits::default();
        for piece in [bytes.len(), 4096, 7] {
            let (seen, result) = read_by(piece, &bytes, &limits);
            result.unwrap();
            assert_eq!(seen, [Seen::Text("a".repeat(len))], "{len} by {piece}");
        }
    }
}

#[test]
fn fragments_make_one_message_and_control_frames_come_between() {
    let clef = "𝄞".as_bytes();
    let bytes = [
        frame(TEXT, &clef[..1], MASK, false),
        frame(PING, b"1", MASK, true),
        frame(CONTINUATION, &clef[1..3], [1, 2, 3, 4], false),
        frame(CONTINUATION, b"", MASK, false),
        frame(PONG, b"2", MASK, true),
        frame(CONTINUATION, &clef[3..], MASK, true),
        frame(BINARY, b"a", MASK, false),
        frame(CONTINUATION, b"b", MASK, true),
    ]
    .concat();
    assert_eq!(
        seen(&bytes),
        [
            Seen::Ping(b"1".to_vec()),
            Seen::Pong,
            text("𝄞"),
            Seen::Binary(b"ab".to_vec()),
        ]
    );
}

/// Attack 6 (CVE-2022-21676): whatever is no frame ends the connection with 1002.
#[test]
fn frames_that_break_the_protocol_are_refused() {
    let masked = |first: u8, payload: &[u8]| frame_with(first, payload, MASK);
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("RSV1 without an extension", masked(0xc1, b"x")),
        ("RSV2", masked(0xa1, b"x")),
        ("RSV3", masked(0x91, b"x")),
        ("RSV1 on a ping", masked(0xc9, b"x")),
        ("opcode 3", masked(0x83, b"x")),
        ("opcode 7", masked(0x87, b"")),
        ("opcode 11", masked(0x8b, b"")),
        ("opcode 15", masked(0x8f, b"")),
        ("not masked", vec![0x81, 0x01, b'x']),
        ("not masked and empty", vec![0x81, 0x00]),
        ("fragmented ping", masked(0x09, b"x")),
        ("fragmented pong", masked(0x0a, b"")),
        ("fragmented close", masked(0x08, b"")),
        ("126 bytes of ping", masked(0x89, &[0; 126])),
        ("65536 bytes of close", masked(0x88, &vec![0; 65_536])),
        ("continuation of nothing", masked(0x80, b"x")),
        ("first continuation of nothing", masked(0x00, b"x")),
        (
            "text inside a message",
            [
                frame(TEXT, b"a", MASK, false),
                frame(TEXT, b"b", MASK, true),
            ]
            .concat(),
        ),
        (
            "binary inside a message",
            [
                frame(TEXT, b"a", MASK, false),
                frame(BINARY, b"b", MASK, false),
            ]
            .concat(),
        ),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        ("TLS", vec![0x16, 0x03, 0x01, 0x02, 0x00]),
        ("zeros", vec![0; 32]),
        ("ones", vec![0xff; 32]),
    ];
    for (what, bytes) in table {
        assert_eq!(close_code(&bytes), 1002, "{what}");
    }
}

/// Attack 14: the length is judged before anything is kept for it.
#[test]
fn lengths_that_lie_are_refused_by_the_header_alone() {
    let header = |len: &[u8]| [&[0x82], len, &MASK].concat();
    let top_bit = header(&[0xff, 0x80, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(close_code(&top_bit), 1002);
    assert_eq!(close_code(&header(&[0xff; 9])), 1002);
    let largest = header(&[0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255]);
    assert_eq!(close_code(&largest), 1009);
    let limit = 1_000_001_u64.to_be_bytes();
    assert_eq!(close_code(&header(&[&[0xff][..], &limit].concat())), 1009);
    // Not in the shortest form:
    assert_eq!(close_code(&header(&[0xfe, 0, 125])), 1002);
    assert_eq!(close_code(&header(&[0xff, 0, 0, 0, 0, 0, 0, 0, 125])), 1002);
    assert_eq!(
        close_code(&header(&[0xff, 0, 0, 0, 0, 0, 0, 255, 255])),
        1002
    );
}

#[test]
fn a_length_without_its_frame_keeps_nothing_large() {
    let mut reader = Reader::new(false);
    let limits = Limits::default();
    let mut header = [&[0x82, 0xff][..], &1_000_000_u64.to_be_bytes(), &MASK].concat();
    reader
        .handle_bytes(&mut header, &limits, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    assert!(reader.is_unfinished());
}

#[test]
fn a_message_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let limits = Limits {
        message_bytes: 300,
        ..Limits::default()
    };
    // Bytes count, not characters.
    let exact = "é".repeat(150);
    let (seen, result) = read_by(1, &frame(TEXT, exact.as_bytes(), MASK, true), &limits);
    result.unwrap();
    assert_eq!(seen, [text(&exact)]);
    let (_, result) = read_by(1000, &frame(TEXT, &[b'a'; 301], MASK, true), &limits);
    assert_eq!(result.unwrap_err().code(), Code::PayloadTooLarge);

    // Over fragments the sum counts.
    let start = frame(BINARY, &[1; 200], MASK, false);
    let fits = [start.clone(), frame(CONTINUATION, &[2; 100], MASK, true)].concat();
    assert!(read_by(1000, &fits, &limits).1.is_ok());
    let above = [start, frame(CONTINUATION, &[2; 101], MASK, true)].concat();
    for piece in [1, 1000] {
        let refusal = read_by(piece, &above, &limits).1.unwrap_err();
        assert_eq!(refusal.code(), Code::PayloadTooLarge);
        assert_eq!(refusal.code().row().close, 1009);
    }
}

/// Attack 12 (CVE-2026-48779): a message in more frames than anybody needs.
#[test]
fn a_message_has_at_most_1024_frames() {
    let mut bytes = frame(TEXT, b"a", MASK, false);
    for _ in 0..1022 {
        bytes.extend(frame(CONTINUATION, b"a", MASK, false));
    }
    let enough = [bytes.clone(), frame(CONTINUATION, b"a", MASK, true)].concat();
    assert_eq!(seen(&enough), [text(&"a".repeat(1024))]);
    // Empty ones count as well.
    bytes.extend(frame(CONTINUATION, b"", MASK, false));
    bytes.extend(frame(CONTINUATION, b"", MASK, true));
    assert_eq!(close_code(&bytes), 1008);
}

#[test]
fn text_that_is_not_utf_8_is_refused_with_1007() {
    for bad in [
        &[0xff][..],
        &[0xc3],
        b"ok\xed\xa0\x80",
        &[0xf4, 0x90, 0x80, 0x80],
        &[0xc0, 0xaf],
    ] {
        assert_eq!(close_code(&frame(TEXT, bad, MASK, true)), 1007, "{bad:?}");
        assert_eq!(
            seen(&frame(BINARY, bad, MASK, true)),
            [Seen::Binary(bad.to_vec())]
        );
    }
    let cut = [
        frame(TEXT, &[0xc3], MASK, false),
        frame(CONTINUATION, b"x", MASK, true),
    ]
    .concat();
    assert_eq!(close_code(&cut), 1007);
}

/// Attack 44 (CVE-2026-45736): what a close frame may hold.
#[test]
fn close_frames_carry_nothing_a_valid_code_or_end_in_a_refusal() {
    let close = |payload: &[u8]| frame(CLOSE, payload, MASK, true);
    assert_eq!(seen(&close(b"")), [Seen::Close(None)]);
    for code in [1000_u16, 1001, 1003, 1007, 1011, 1013, 1014, 3000, 4999] {
        let payload = [&code.to_be_bytes()[..], "grüß".as_bytes()].concat();
        assert_eq!(seen(&close(&payload)), [Seen::Close(Some(code))]);
    }
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        assert_eq!(close_code(&close(&code.to_be_bytes())), 1002, "{code}");
    }
    assert_eq!(close_code(&close(&[3])), 1002);
    assert_eq!(close_code(&close(&[0x03, 0xe8, 0xff])), 1007);
}

#[test]
fn nothing_is_read_behind_a_close_frame_a_refusal_or_a_break() {
    let hello = frame(TEXT, b"hello", MASK, true);
    let closed = [frame(CLOSE, b"", MASK, true), hello.clone(), vec![0xff; 9]].concat();
    assert_eq!(seen(&closed), [Seen::Close(None)]);

    let mut reader = Reader::new(false);
    let limits = Limits::default();
    let mut count = 0;
    let mut twice = [hello.clone(), hello.clone()].concat();
    for _ in 0..2 {
        reader
            .handle_bytes(&mut twice.clone(), &limits, &mut |_| {
                count += 1;
                ControlFlow::Break(())
            })
            .unwrap();
    }
    assert_eq!(count, 1);
    assert!(!reader.is_unfinished());

    let mut reader = Reader::new(false);
    let sink = &mut |_: Incoming<'_>| panic!("nothing comes behind a refusal");
    assert!(
        reader
            .handle_bytes(&mut [0xff, 0xff], &limits, sink)
            .is_err()
    );
    assert!(reader.handle_bytes(&mut twice, &limits, sink).is_ok());
    assert!(!reader.is_unfinished());
}

#[test]
fn a_reader_is_unfinished_inside_a_frame_and_inside_a_message() {
    let limits = Limits::default();
    let mut reader = Reader::new(false);
    let mut feed = |bytes: &[u8]| {
        reader
            .handle_bytes(&mut bytes.to_vec(), &limits, &mut |_| {
                ControlFlow::Continue(())
            })
            .unwrap();
        reader.is_unfinished()
    };
    let whole = frame(TEXT, b"hello", MASK, true);
    assert!(!feed(&[]));
    assert!(!feed(&whole));
    assert!(feed(&whole[..1]), "inside a header");
    assert!(feed(&whole[1..6]), "behind a header");
    assert!(feed(&whole[6..8]), "inside a payload");
    assert!(!feed(&whole[8..]));
    assert!(feed(&frame(TEXT, b"a", MASK, false)), "inside a message");
    assert!(feed(&frame(PING, b"a", MASK, true)));
    assert!(!feed(&frame(CONTINUATION, b"", MASK, true)));
    let ping = frame(PING, b"abc", MASK, true);
    assert!(feed(&ping[..7]), "inside a control frame");
    assert!(!feed(&ping[7..]));
}

#[test]
fn an_idle_reader_is_small() {
    assert!(size_of::<Reader>() <= 16);
}
