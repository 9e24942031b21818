//! permessage-deflate (RFC 7692; hardening: attacks 11 and 15).

#![expect(clippy::panic, reason = "a helper of tests fails like a test")]

use std::ops::ControlFlow;

use bellgate_codes::{Code, Refusal};
use bellgate_wire::ws::client::{deflate, frame, frame_with, inflate};
use bellgate_wire::{Incoming, Limits, Reader, negotiate_deflate};

const MASK: [u8; 4] = [1, 2, 3, 4];
/// First bytes with RSV1: a whole text, the start of a text.
const DEFLATED_TEXT: u8 = 0xc1;
const DEFLATED_START: u8 = 0x41;

/// All binary and text messages in `bytes`, read whole and byte by byte.
fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Vec<u8>>, Refusal> {
    let read_by = |piece: usize| {
        let mut reader = Reader::new(true);
        let mut seen = Vec::new();
        let mut result = Ok(());
        for chunk in bytes.chunks(piece) {
            let mut sink = |incoming: Incoming<'_>| {
                match incoming {
                    Incoming::Text(text) => seen.push(text.as_bytes().to_vec()),
                    Incoming::Binary(data) => seen.push(data.to_vec()),
                    _ => {}
                }
                ControlFlow::Continue(())
            };
            result = reader.handle_bytes(&mut chunk.to_vec(), limits, &mut sink);
            if result.is_err() {
                break;
            }
        }
        result.map(|()| seen)
    };
    let whole = read_by(bytes.len().max(1));
    assert_eq!(whole, read_by(1));
    whole
}

fn code(bytes: &[u8]) -> Code {
    match read(bytes, &Limits::default()) {
        Ok(seen) => panic!("read as {seen:?}"),
        Err(refusal) => refusal.code(),
    }
}

/// RFC 7692 §7.2.3.1 and §7.2.3.2.
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

#[test]
fn the_examples_of_the_rfc_are_read() {
    let limits = Limits::default();
    let hello = vec![b"Hello".to_vec()];
    let whole = frame_with(DEFLATED_TEXT, &HELLO, MASK);
    assert_eq!(read(&whole, &limits).unwrap(), hello);
    let fragments = [
        frame_with(DEFLATED_START, &HELLO[..3], MASK),
        frame(0, &HELLO[3..], MASK, true),
    ];
    assert_eq!(read(&fragments.concat(), &limits).unwrap(), hello);
    // §7.2.3.3: a block without compression; §7.2.3.4: a final block.
    let stored = [
        0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
    ];
    assert_eq!(
        read(&frame_with(DEFLATED_TEXT, &stored, MASK), &limits).unwrap(),
        hello
    );
    let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    assert_eq!(
        read(&frame_with(DEFLATED_TEXT, &last, MASK), &limits).unwrap(),
        hello
    );
    // §7.2.3.5: two blocks in one message.
    let two = [
        0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
    ];
    assert_eq!(
        read(&frame_with(DEFLATED_TEXT, &two, MASK), &limits).unwrap(),
        hello
    );
    // §7.2.3.6: an empty message.
    assert_eq!(
        read(&frame_with(DEFLATED_TEXT, &[0], MASK), &limits).unwrap(),
        [b""]
    );
}

#[test]
fn plain_and_deflated_messages_mix_and_each_stands_alone() {
    let bytes = [
        frame_with(DEFLATED_TEXT, &HELLO, MASK),
        frame(1, b"plain", MASK, true),
        frame_with(DEFLATED_TEXT, &HELLO, MASK),
    ]
    .concat();
    let seen = read(&bytes, &Limits::default()).unwrap();
    assert_eq!(seen, [&b"Hello"[..], b"plain", b"Hello"]);
    // §7.2.3.2, the second message of a context that was kept: there is none here.
    let kept = [0xf2, 0x00, 0x11, 0x00, 0x00];
    let bytes = [
        frame_with(DEFLATED_TEXT, &HELLO, MASK),
        frame_with(DEFLATED_TEXT, &kept, MASK),
    ];
    assert_eq!(code(&bytes.concat()), Code::FrameMalformed);
}

#[test]
fn the_bit_stands_on_the_first_frame_of_a_message_alone() {
    let continued = [
        frame_with(DEFLATED_START, &HELLO[..3], MASK),
        frame_with(0xc0, &HELLO[3..], MASK),
    ];
    assert_eq!(code(&continued.concat()), Code::FrameMalformed);
    assert_eq!(code(&frame_with(0xc9, b"x", MASK)), Code::FrameMalformed);
    assert_eq!(code(&frame_with(0xe1, &HELLO, MASK)), Code::FrameMalformed);
}

#[test]
fn damaged_data_are_refused() {
    for damaged in [
        &[0x07][..],
        &[0xff, 0xff, 0xff],
        &[0x00, 0x05, 0x00, 0x00, 0x00],
        &[0x05, 0xe0, 0x81],
    ] {
        assert_eq!(
            code(&frame_with(DEFLATED_TEXT, damaged, MASK)),
            Code::FrameMalformed,
            "{damaged:?}"
        );
    }
    let more = [&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], b"more"].concat();
    assert_eq!(
        code(&frame_with(DEFLATED_TEXT, &more, MASK)),
        Code::FrameMalformed
    );
    let not_utf8 = deflate(&[0xff; 100]).unwrap();
    assert_eq!(
        code(&frame_with(DEFLATED_TEXT, &not_utf8, MASK)),
        Code::TextNotUtf8
    );
}

/// Attack 15: a frame of a kilobyte that would be a megabyte, and worse.
#[test]
fn inflating_stops_at_the_limit_of_one_message() {
    let limits = Limits::default();
    let exact = deflate(&vec![0; limits.message_bytes]).unwrap();
    assert!(exact.len() < 2000);
    let seen = read(&frame_with(0xc2, &exact, MASK), &limits).unwrap();
    assert_eq!(seen.first().map(Vec::len), Some(limits.message_bytes));

    let above = deflate(&vec![0; limits.message_bytes + 1]).unwrap();
    assert_eq!(code(&frame_with(0xc2, &above, MASK)), Code::PayloadTooLarge);
    let bomb = deflate(&vec![0; 20_000_000]).unwrap();
    assert_eq!(code(&frame_with(0xc2, &bomb, MASK)), Code::PayloadTooLarge);
    // A bomb in fragments is one too.
    let (start, end) = bomb.split_at(100);
    let fragments = [frame_with(0x42, start, MASK), frame(0, end, MASK, true)];
    assert_eq!(code(&fragments.concat()), Code::PayloadTooLarge);
    assert_eq!(inflate(&bomb, 19_999_999), None);
}

#[test]
fn deflated_data_that_grew_may_pass_the_limit_by_a_little_only() {
    let limits = Limits {
        message_bytes: 5,
        ..Limits::default()
    };
    let stored = [
        0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
    ];
    assert_eq!(
        read(&frame_with(DEFLATED_TEXT, &stored, MASK), &limits).unwrap(),
        [b"Hello"]
    );
    let empty_blocks = [0x00, 0x00, 0x00, 0xff, 0xff].repeat(20);
    let refusal = read(&frame_with(DEFLATED_TEXT, &empty_blocks, MASK), &limits).unwrap_err();
    assert_eq!(refusal.code(), Code::PayloadTooLarge);
}

#[test]
fn offers_that_can_be_met_are_answered_without_context() {
    let answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for offer in [
        "permessage-deflate",
        "Permessage-Deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate;client_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=\"15\"",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        " permessage-deflate ; client_max_window_bits = 8 ",
        "x-webkit-deflate-frame, permessage-deflate",
        "permessage-deflate; server_max_window_bits=10, permessage-deflate",
        ", ,permessage-deflate",
    ] {
        assert_eq!(negotiate_deflate(offer), Some(answer), "{offer}");
    }
    assert_eq!(
        negotiate_deflate("permessage-deflate; server_max_window_bits=15").unwrap(),
        format!("{answer}; server_max_window_bits=15")
    );
}

#[test]
fn offers_that_cannot_be_met_are_declined() {
    for offer in [
        "",
        ",",
        ";",
        "deflate",
        "permessage-deflatee",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=14",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=08",
        "permessage-deflate; client_max_window_bits=\"10",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=",
        "permessage-deflate; unknown",
        "permessage-deflate;",
        "permessage-deflate; =",
        "permessage-deflate \u{80}",
    ] {
        assert_eq!(negotiate_deflate(offer), None, "{offer}");
    }
}

/// Attack 11 (CVE-2021-32640, Granian's advisory): long and odd headers take linear time.
#[test]
fn long_and_odd_offers_are_judged_and_declined() {
    for offer in [
        " ".repeat(32_000),
        ",".repeat(1000),
        ";".repeat(32_000),
        format!("permessage-deflate{}x", " ".repeat(32_000)),
        "permessage-deflate; client_max_window_bits=\"".repeat(1000),
        "\u{80}\u{ff}".repeat(1000),
    ] {
        assert_eq!(negotiate_deflate(&offer), None);
    }
}
