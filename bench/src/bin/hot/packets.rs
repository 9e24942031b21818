//! Between bytes and packets.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::rc::Rc;

use bellgate_wire::ws::client;
use bellgate_wire::{Incoming, Limits, Message, Packet, Reader, SocketPacket};

use crate::{Outcome, all};

/// An event with 64 bytes, into a frame that everybody shares.
pub(crate) fn encode(count: usize) -> Outcome {
    let array = format!(r#"["msg","{}"]"#, "x".repeat(64));
    let mut bytes = 0;
    for _ in 0..count {
        let message = Rc::new(Message::event("/", None, black_box(&array), &[]));
        bytes += black_box(&message).ws().len();
    }
    // The frame's header, `42`, the array.
    all(bytes, count * (2 + 2 + array.len()), "bytes")
}

/// `42["bcast","xx…"]` with 64 bytes.
pub(crate) fn decode(count: usize) -> Outcome {
    decode_all(
        count,
        &format!(r#"42["bcast","{}"]"#, "x".repeat(64)),
        "bcast",
    )
}

/// `42N["echo","x"]`.
pub(crate) fn decode_with_ack(count: usize) -> Outcome {
    decode_all(count, r#"421234["echo","x"]"#, "echo")
}

/// An event as applications have them.
pub(crate) fn decode_object(count: usize) -> Outcome {
    let packet =
        r#"42["message",{"room":"lobby","text":"it works \"again\"","at":[1,2.5],"draft":false}]"#;
    decode_all(count, packet, "message")
}

/// From a masked frame to name and arguments.
fn decode_all(count: usize, packet: &str, expected: &str) -> Outcome {
    let frame = masked(packet);
    let limits = Limits::default();
    let mut reader = Reader::new(false);
    let mut buffer = frame.clone();
    let mut events = 0;
    for _ in 0..count {
        buffer.copy_from_slice(&frame);
        let mut sink = |incoming: Incoming<'_>| {
            events += usize::from(is_event(incoming, &limits, expected));
            ControlFlow::Continue(())
        };
        reader
            .handle_bytes(black_box(&mut buffer), &limits, &mut sink)
            .map_err(|why| why.to_string())?;
    }
    all(events, count, "events")
}

fn is_event(incoming: Incoming<'_>, limits: &Limits, expected: &str) -> bool {
    let Incoming::Text(text) = incoming else {
        return false;
    };
    let Ok(Packet::Text(text)) = Packet::decode_text(text) else {
        return false;
    };
    let event = SocketPacket::decode(text, limits);
    black_box(&event)
        .as_ref()
        .is_ok_and(|event| event.name.as_deref() == Some(expected) && event.args.len() == 1)
}

/// A text frame as a client sends it.
pub(crate) fn masked(packet: &str) -> Vec<u8> {
    const TEXT: u8 = 1;
    client::frame(TEXT, packet.as_bytes(), [0x1f, 0x2e, 0x3d, 0x4c], true)
}
