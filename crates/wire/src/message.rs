//! What is sent: encoded once, shared by every receiver of a shard.

use std::cell::OnceCell;

use base64::Engine as _;
use bytes::Bytes;
use smallvec::SmallVec;

use crate::payload::{BASE64, SEPARATOR};
use crate::socket::encode;
use crate::ws::deflate::deflate;
use crate::ws::frame::{self, BINARY, RSV1, ServerFrames, TEXT};

/// A frame of so many bytes needs no buffer of its own: most acks are as short.
const INLINE: usize = 32;
/// The payload in it, behind a header of two bytes.
const INLINE_TEXT: u8 = 30;

/// One unit to send, framed for WebSocket at birth; its other forms are made at first need and kept.
///
/// A unit is one Engine.IO packet, or a Socket.IO header with its attachments: nothing may come
/// between those. A text message keeps one buffer: [`Message::ws`] is the whole of it and
/// [`Message::polling`] its tail behind the frame's header.
///
/// Share it as `Rc<Message>` inside a shard; it is not `Sync`.
#[derive(Debug)]
pub struct Message {
    plain: SmallVec<[u8; INLINE]>,
    forms: OnceCell<Box<Forms>>,
}

/// What few messages are asked for: an ack in an `Rc` takes one line of the processor's cache without it.
#[derive(Debug, Default)]
struct Forms {
    deflated: OnceCell<Box<[u8]>>,
    polling: OnceCell<Box<[u8]>>,
}

impl Message {
    /// An Engine.IO packet as it stands: `2`, `6`, `1`, `3probe`.
    pub fn control(packet: &'static str) -> Self {
        Self::from_texts(packet, &[], &[])
    }

    /// The handshake: `0` and its JSON.
    pub fn open(handshake_json: &str) -> Self {
        Self::from_texts("0", &[handshake_json], &[])
    }

    /// A Socket.IO packet without attachments: `4` and its text.
    pub fn text(socketio: &str) -> Self {
        Self::from_texts("4", &[socketio], &[])
    }

    /// One binary Engine.IO message of its own.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hold `Bytes`, which are cheap to hand over"
    )]
    pub fn binary(data: Bytes) -> Self {
        let mut plain = Vec::with_capacity(frame::server_frame_len(data.len()));
        frame::write_server_frame(&mut plain, BINARY, &[&data]);
        Self::from_frames(plain.into())
    }

    /// A Socket.IO header and its attachments, as one unit.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hold `Bytes`, which are cheap to hand over"
    )]
    pub fn with_attachments(socketio: &str, attachments: Vec<Bytes>) -> Self {
        Self::from_texts("4", &[socketio], &attachments)
    }

    /// An event, encoded with one allocation. `array` is `["name",…]`.
    pub fn event(namespace: &str, id: Option<u64>, array: &str, attachments: &[Bytes]) -> Self {
        encode::event_parts(namespace, id, array, attachments.len(), |parts| {
            Self::from_texts("4", parts, attachments)
        })
    }

    /// An acknowledgement, encoded with one allocation. `array` holds the answer's arguments.
    pub fn ack(namespace: &str, id: u64, array: &str, attachments: &[Bytes]) -> Self {
        encode::ack_parts(namespace, id, array, attachments.len(), |parts| {
            Self::from_texts("4", parts, attachments)
        })
    }

    /// The answer to a WebSocket ping (RFC 6455 §5.5.3). It belongs to a WebSocket's queue only, where
    /// it waits until the frame before it is written whole.
    pub fn pong(payload: &[u8]) -> Self {
        Self::from_frames(crate::ws::pong_frame(payload).into())
    }

    /// All frames of the unit as a server sends them: unmasked, one behind the other.
    pub fn ws(&self) -> &[u8] {
        &self.plain
    }

    /// As [`Message::ws`], with each payload of at least `threshold` bytes deflated where that makes
    /// it smaller (RFC 7692, no context takeover).
    ///
    /// The first call decides the threshold: a server has one.
    pub fn ws_deflated(&self, threshold: usize) -> &[u8] {
        if !ServerFrames::new(&self.plain).any(|frame| frame.payload.len() >= threshold) {
            return &self.plain;
        }
        self.forms().deflated.get_or_init(|| {
            let mut out = Vec::with_capacity(self.plain.len());
            for frame in ServerFrames::new(&self.plain) {
                let smaller = (frame.payload.len() >= threshold)
                    .then(|| deflate(frame.payload))
                    .flatten();
                match smaller {
                    Some(data) => {
                        frame::write_server_frame(&mut out, frame.first | RSV1, &[&data]);
                    }
                    None => out.extend_from_slice(frame.whole),
                }
            }
            out.into_boxed_slice()
        })
    }

    /// The packets of the unit for a polling answer, joined by 0x1e; binary as `b` and base64.
    pub fn polling(&self) -> &[u8] {
        let mut frames = ServerFrames::new(&self.plain);
        if let (Some(frame), true) = (frames.next(), frames.is_done())
            && frame.first == TEXT
        {
            return frame.payload;
        }
        self.forms().polling.get_or_init(|| {
            let mut out = Vec::with_capacity(self.plain.len() / 3 * 4 + 16);
            for frame in ServerFrames::new(&self.plain) {
                if !out.is_empty() {
                    out.push(SEPARATOR);
                }
                if frame.first == TEXT {
                    out.extend_from_slice(frame.payload);
                } else {
                    out.push(b'b');
                    out.extend_from_slice(BASE64.encode(frame.payload).as_bytes());
                }
            }
            out.into_boxed_slice()
        })
    }

    /// Engine.IO packets of the unit: one, and one for each attachment.
    pub fn packets(&self) -> usize {
        ServerFrames::new(&self.plain).count()
    }

    /// Bytes of [`Message::ws`]: what the unit costs in a queue.
    pub fn len(&self) -> usize {
        self.plain.len()
    }

    /// Never true: a unit has a frame, and a frame a header.
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// One text frame with `first` and `texts` joined, then one binary frame for each attachment.
    fn from_texts(first: &str, texts: &[&str], attachments: &[Bytes]) -> Self {
        let text_len = first.len() + texts.iter().map(|text| text.len()).sum::<usize>();
        if attachments.is_empty()
            && let Ok(len @ 0..=INLINE_TEXT) = u8::try_from(text_len)
        {
            return Self::from_frames(short(len, first, texts));
        }
        let attached: usize = attachments
            .iter()
            .map(|data| frame::server_frame_len(data.len()))
            .sum();
        let header = frame::header(TEXT, 0, text_len);
        let len = frame::server_frame_len(text_len) + attached;
        let mut plain = Vec::with_capacity(len);
        plain.extend_from_slice(&header);
        plain.extend_from_slice(first.as_bytes());
        for text in texts {
            plain.extend_from_slice(text.as_bytes());
        }
        for data in attachments {
            frame::write_server_frame(&mut plain, BINARY, &[data]);
        }
        Self::from_frames(plain.into())
    }

    fn from_frames(plain: SmallVec<[u8; INLINE]>) -> Self {
        Self {
            plain,
            forms: OnceCell::new(),
        }
    }

    fn forms(&self) -> &Forms {
        self.forms.get_or_init(Box::default)
    }
}

/// A text frame that needs no buffer of its own, with a payload of `len` bytes in all.
fn short(len: u8, first: &str, texts: &[&str]) -> SmallVec<[u8; INLINE]> {
    let mut bytes = [0; INLINE];
    let [head, length, rest @ ..] = &mut bytes;
    (*head, *length) = (TEXT, len);
    let mut rest = put(rest, first.as_bytes());
    for text in texts {
        rest = put(rest, text.as_bytes());
    }
    SmallVec::from_buf_and_len(bytes, usize::from(len) + 2)
}

/// Puts `part` where there is room for it; what is left of the room.
#[inline]
fn put<'a>(room: &'a mut [u8], part: &[u8]) -> &'a mut [u8] {
    match (room.split_at_mut_checked(part.len()), part) {
        // A byte at a time is many a part, and less than a call.
        (Some((here, rest)), [byte]) => {
            here.fill(*byte);
            rest
        }
        (Some((here, rest)), part) => {
            here.copy_from_slice(part);
            rest
        }
        (None, _) => &mut [],
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn a_short_message_in_an_rc_fills_one_line_of_cache() {
        let counts = 2 * size_of::<usize>();
        assert_eq!(size_of::<Message>() + counts, 64);
    }
}
