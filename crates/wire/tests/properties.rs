//! What holds for every input: no panic, round trips, and the same result wherever it is cut.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests fails like a test"
)]

use std::ops::ControlFlow;

use bellgate_codes::Refusal;
use bellgate_wire::ws::client::{deflate, frame, frame_with, parse};
use bellgate_wire::{
    Arguments, Assembly, Incoming, Kind, Limits, Message, Packet, Reader, SocketPacket, accept_key,
    close_frame, encode, negotiate_deflate, packets,
};
use bytes::Bytes;
use proptest::prelude::*;

/// Everything that a reader says about `bytes`, cut before each of `cuts`.
fn read(deflate: bool, bytes: &[u8], cuts: &[usize]) -> (Vec<String>, Result<(), Refusal>, bool) {
    let limits = Limits {
        message_bytes: 2000,
        fragments: 6,
        ..Limits::default()
    };
    let mut reader = Reader::new(deflate);
    let mut seen = Vec::new();
    let mut edges: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    edges.extend([0, bytes.len()]);
    edges.sort_unstable();
    for edge in edges.windows(2) {
        let mut piece = bytes[edge[0]..edge[1]].to_vec();
        let result = reader.handle_bytes(&mut piece, &limits, &mut |incoming| {
            seen.push(format!("{incoming:?}"));
            ControlFlow::Continue(())
        });
        if result.is_err() {
            return (seen, result, reader.is_unfinished());
        }
    }
    (seen, Ok(()), reader.is_unfinished())
}

/// Payloads of all sizes that have a form of length of their own, text more often than not.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<String>().prop_map(String::into_bytes),
        "[a-zé𝄞]{100,140}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..20),
        (0_usize..3000).prop_map(|len| vec![b'z'; len]),
    ]
}

/// One message in one to five frames, perhaps deflated, perhaps with a ping in between.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let parts = (
        payload(),
        any::<[u8; 4]>(),
        any::<bool>(),
        1_u8..3,
        1_usize..6,
        any::<bool>(),
    );
    parts.prop_map(|(payload, mask, is_deflated, opcode, frames, with_ping)| {
        let deflated = is_deflated.then(|| deflate(&payload)).flatten();
        let rsv1 = if deflated.is_some() { 0x40 } else { 0 };
        let payload = deflated.unwrap_or(payload);
        let mut out = Vec::new();
        let size = payload.len().div_ceil(frames).max(1);
        let mut pieces: Vec<&[u8]> = payload.chunks(size).collect();
        if pieces.is_empty() {
            pieces.push(&[]);
        }
        for (at, piece) in pieces.iter().enumerate() {
            let first = if at == 0 { opcode | rsv1 } else { 0 };
            let fin = if at + 1 == pieces.len() { 0x80 } else { 0 };
            out.extend(frame_with(first | fin, piece, mask));
            if with_ping {
                out.extend(frame(9, b"ping", mask, true));
            }
        }
        out
    })
}

/// Control frames, right and wrong.
fn control() -> impl Strategy<Value = Vec<u8>> {
    (
        8_u8..11,
        prop::collection::vec(any::<u8>(), 0..130),
        any::<[u8; 4]>(),
    )
        .prop_map(|(opcode, payload, mask)| frame(opcode, &payload, mask, true))
}

/// A stream of frames in which perhaps one byte is not what it was.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let frames = prop_oneof![4 => message(), 1 => control()];
    let frames = prop::collection::vec(frames, 1..6).prop_map(|frames| frames.concat());
    (frames, any::<Option<(prop::sample::Index, u8)>>()).prop_map(|(mut bytes, change)| {
        if let Some((at, byte)) = change {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

/// A namespace as `encode` gets it.
fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("/".to_owned()), "/[a-z0-9é/_-]{1,20}"]
}

fn array() -> impl Strategy<Value = String> {
    let item = prop_oneof![
        any::<i32>().prop_map(|n| n.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just("{\"a\":[1,{\"b\":null}]}".to_owned()),
    ];
    ("[a-z:]{1,10}x", prop::collection::vec(item, 0..5)).prop_map(|(name, items)| {
        let quoted = std::iter::once(format!("\"{name}\""));
        format!("[{}]", quoted.chain(items).collect::<Vec<_>>().join(","))
    })
}

/// Texts that are often nearly Socket.IO packets.
fn packet_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "0",
        "1",
        "2",
        "3",
        "5",
        "6",
        "4",
        "10",
        "-",
        "/",
        "/a",
        ",",
        "?x",
        "9",
        "[",
        "]",
        "{",
        "}",
        "\"a\"",
        "\"connect\"",
        "{\"_placeholder\":true,\"num\":0}",
        "1",
        "null",
        "é",
        " ",
        "[\"a\",1]",
    ]);
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn frames_are_read_the_same_wherever_they_are_cut(
        bytes in stream(), cuts in prop::collection::vec(any::<usize>(), 0..8), deflate in any::<bool>(),
    ) {
        let whole = read(deflate, &bytes, &[]);
        prop_assert_eq!(&whole, &read(deflate, &bytes, &cuts));
        let every_byte: Vec<usize> = (0..bytes.len()).collect();
        prop_assert_eq!(&whole, &read(deflate, &bytes, &every_byte));
    }

    #[test]
    fn any_bytes_are_read_the_same_wherever_they_are_cut(
        bytes in prop::collection::vec(any::<u8>(), 0..80), cuts in prop::collection::vec(any::<usize>(), 0..8), deflate in any::<bool>(),
    ) {
        prop_assert_eq!(read(deflate, &bytes, &[]), read(deflate, &bytes, &cuts));
    }

    #[test]
    fn a_message_comes_out_as_it_was_framed(data in payload(), mask in any::<[u8; 4]>()) {
        let (seen, result, unfinished) = read(false, &frame(2, &data, mask, true), &[]);
        if data.len() <= 2000 {
            prop_assert_eq!(seen, [format!("{:?}", Incoming::Binary(&data))]);
            prop_assert!(result.is_ok() && !unfinished);
        } else {
            prop_assert!(result.is_err());
        }
    }

    #[test]
    fn a_deflated_message_comes_out_as_it_was(data in payload(), mask in any::<[u8; 4]>()) {
        if let Some(deflated) = deflate(&data) && data.len() <= 2000 {
            prop_assert!(deflated.len() < data.len());
            let (seen, _, _) = read(true, &frame_with(0xc2, &deflated, mask), &[]);
            prop_assert_eq!(seen, [format!("{:?}", Incoming::Binary(&data))]);
        }
    }

    #[test]
    fn any_bytes_behind_a_deflated_header_are_judged(data in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(true, &frame_with(0xc1, &data, [0; 4]), &[]);
    }

    #[test]
    fn a_message_says_the_same_on_both_transports(
        text in any::<String>(), attachments in prop::collection::vec(payload(), 0..4), threshold in 0_usize..300,
    ) {
        let attachments: Vec<Bytes> = attachments.into_iter().map(Bytes::from).collect();
        // The separator cannot stand in JSON, but it can in `any`.
        let text = text.replace('\u{1e}', "");
        let message = Message::with_attachments(&text, attachments.clone());

        let body = std::str::from_utf8(message.polling()).unwrap();
        let mut read = packets(body, &Limits::default());
        prop_assert_eq!(read.next(), Some(Ok(Packet::Text(&text))));
        for data in &attachments {
            prop_assert_eq!(read.next(), Some(Ok(Packet::Binary(data.to_vec().into()))));
        }
        prop_assert_eq!(read.next(), None);

        let mut expected = vec![(1, format!("4{text}").into_bytes())];
        expected.extend(attachments.iter().map(|data| (2, data.to_vec())));
        for frames in [parse(message.ws()), parse(message.ws_deflated(threshold))] {
            let plain: Vec<_> = frames
                .into_iter()
                .map(|(opcode, rsv1, data)| {
                    let inflate = bellgate_wire::ws::client::inflate;
                    (opcode, if rsv1 { inflate(&data, 100_000).unwrap() } else { data })
                })
                .collect();
            prop_assert_eq!(&plain, &expected);
        }
        prop_assert_eq!(message.len(), message.ws().len());
    }

    #[test]
    fn what_is_encoded_is_decoded(namespace in namespace(), id in prop::option::of(0_u64..1 << 53), array in array()) {
        let limits = Limits::default();
        let text = encode::event(&namespace, id, &array, 0);
        let packet = SocketPacket::decode(&text, &limits).unwrap();
        let read = |packet: &SocketPacket<'_>| (packet.kind, packet.attachments, packet.namespace.to_owned(), packet.id, packet.data.map(str::to_owned));
        prop_assert_eq!(read(&packet), (Kind::Event, 0, namespace.clone(), id, Some(array.clone())));
        let name = format!("\"{}\"", packet.name.as_deref().unwrap_or_default());
        let mut whole = Arguments::default();
        whole.push(&name);
        for arg in &packet.args {
            whole.push(arg);
        }
        prop_assert_eq!(whole.array(), array.as_str());

        let text = encode::ack(&namespace, id.unwrap_or(0), &array, 0);
        let packet = SocketPacket::decode(&text, &limits).unwrap();
        prop_assert_eq!(read(&packet), (Kind::Ack, 0, namespace.clone(), Some(id.unwrap_or(0)), Some(array.clone())));
        let args: Arguments = packet.args.iter().copied().collect();
        prop_assert_eq!(args.array(), array.as_str());
        for text in [encode::connect(&namespace, "{}"), encode::disconnect(&namespace)] {
            prop_assert_eq!(SocketPacket::decode(&text, &limits).unwrap().namespace, namespace.as_str());
        }
    }

    #[test]
    fn attachments_come_back_in_order(parts in prop::collection::vec(payload(), 1..10)) {
        let limits = Limits::default();
        let places: Vec<String> = (0..parts.len()).rev().map(|num| format!("{{\"_placeholder\":true,\"num\":{num}}}")).collect();
        let text = encode::event("/", None, &format!("[\"a\",{}]", places.join(",")), parts.len());
        let mut assembly = Assembly::begin(&SocketPacket::decode(&text, &limits).unwrap(), &limits).unwrap();
        for (at, part) in parts.iter().enumerate() {
            prop_assert_eq!(assembly.push(part).unwrap(), at + 1 == parts.len());
        }
        prop_assert_eq!(assembly.finish().attachments, parts);
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in prop_oneof![any::<String>(), packet_like()]) {
        let limits = Limits::default();
        let _ = Packet::decode_text(&text);
        let _ = packets(&text, &limits).count();
        let _ = negotiate_deflate(&text);
        let _ = accept_key(&text);
        if let Ok(packet) = SocketPacket::decode(&text, &limits) {
            let _ = Assembly::begin(&packet, &limits);
            prop_assert_eq!(packet.name.is_some(), matches!(packet.kind, Kind::Event | Kind::BinaryEvent));
        }
    }

    #[test]
    fn an_offer_of_known_words_is_judged(words in prop::collection::vec(prop::sample::select(vec![
        "permessage-deflate", ";", ",", "=", "\"", "15", "8", "7", " ", "client_max_window_bits", "server_max_window_bits",
        "server_no_context_takeover", "client_no_context_takeover",
    ]), 0..12)) {
        let offer = words.concat();
        if negotiate_deflate(&offer).is_some() {
            prop_assert!(offer.contains("permessage-deflate"));
        }
    }

    #[test]
    fn a_close_frame_fits_and_can_be_read(code in any::<u16>(), reason in "\\PC{0,200}") {
        let frames = parse(&close_frame(code, &reason));
        prop_assert_eq!(frames.len(), 1);
        let (opcode, _, payload) = &frames[0];
        prop_assert!(*opcode == 8 && payload.len() <= 125);
        let cut = std::str::from_utf8(&payload[2..]).unwrap();
        prop_assert!(reason.starts_with(cut));
        let (seen, result, _) = read(false, &frame(8, payload, [9; 4], true), &[]);
        prop_assert!(result.is_ok() && seen.len() == 1);
    }
}
