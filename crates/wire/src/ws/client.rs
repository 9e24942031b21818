//! The other end of a WebSocket, for tests and simulated peers: it may also break the rules.

use crate::ws::frame::{FIN, ServerFrames, header};
use crate::ws::{deflate, mask};

/// A masked frame with any four bits as its opcode.
pub fn frame(opcode: u8, payload: &[u8], mask: [u8; 4], fin: bool) -> Vec<u8> {
    let fin = if fin { FIN } else { 0 };
    frame_with(fin | opcode & 0x0f, payload, mask)
}

/// A masked frame with any first byte: FIN, the three RSV bits and the opcode.
pub fn frame_with(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 14);
    out.extend_from_slice(&header(first, 0x80, payload.len()));
    out.extend_from_slice(&mask);
    let start = out.len();
    out.extend_from_slice(payload);
    mask::apply(out.get_mut(start..).unwrap_or_default(), mask, 0);
    out
}

/// The whole frames that a server sent: opcode, RSV1, payload. An unfinished one is left out.
pub fn parse(server_bytes: &[u8]) -> Vec<(u8, bool, Vec<u8>)> {
    parse_prefix(server_bytes).0
}

/// As [`parse`], and how many bytes the whole frames took: the rest belongs to the next one.
pub fn parse_prefix(server_bytes: &[u8]) -> (Vec<(u8, bool, Vec<u8>)>, usize) {
    let mut frames = ServerFrames::new(server_bytes);
    let parsed = frames
        .by_ref()
        .map(|frame| {
            let (opcode, rsv1) = (frame.first & 0x0f, frame.first & 0x40 != 0);
            (opcode, rsv1, frame.payload.to_vec())
        })
        .collect();
    (parsed, server_bytes.len() - frames.rest().len())
}

/// A payload deflated for a frame with RSV1; `None` where that would not be smaller.
pub fn deflate(payload: &[u8]) -> Option<Vec<u8>> {
    deflate::deflate(payload)
}

/// The payload of a frame with RSV1, inflated; `None` if damaged or above `limit` bytes.
pub fn inflate(payload: &[u8], limit: usize) -> Option<Vec<u8>> {
    deflate::inflate(payload, limit).ok()
}
