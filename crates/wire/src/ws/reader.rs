//! From a client's bytes to its messages (RFC 6455 §5), however the network cuts them.
//!
//! Whole frames are read where they lie in the input. Only what is unfinished is copied, into one
//! box that is freed when the message is complete. Start with [`Reader::handle_bytes`].

use std::ops::ControlFlow;

use bellgate_codes::Refusal;

use crate::limits::Limits;
use crate::ws::close::parse_close;
use crate::ws::deflate::{deflated_limit, inflate};
use crate::ws::frame::{Header, MAX_CLIENT_HEADER, MAX_CONTROL, Opcode, TEXT, malformed};
use crate::ws::mask;

/// What a client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A whole text message, valid UTF-8.
    Text(&'a str),
    /// A whole binary message.
    Binary(&'a [u8]),
    /// A ping frame of WebSocket, to be answered with [`crate::pong_frame`].
    Ping(&'a [u8]),
    /// A pong frame of WebSocket: nothing asks for one here.
    Pong,
    /// A close frame with its code. Nothing comes after it.
    Close(Option<u16>),
}

/// Reads the frames of one client. Idle it owns no heap.
#[derive(Debug)]
pub struct Reader {
    deflate: bool,
    is_ended: bool,
    pending: Option<Box<Pending>>,
}

/// What is unfinished: a header, a frame, a message, or several of these.
#[derive(Debug, Default)]
struct Pending {
    head: [u8; MAX_CLIENT_HEADER],
    head_len: usize,
    frame: Option<OpenFrame>,
    message: Option<Partial>,
    /// Payload of an unfinished control frame, which may come between two frames of a message.
    control: Vec<u8>,
}

/// A frame whose header is read and whose payload is under way.
#[derive(Debug, Clone, Copy)]
struct OpenFrame {
    header: Header,
    received: usize,
}

/// A message of which some, but not all, has come.
#[derive(Debug, Default)]
struct Partial {
    is_binary: bool,
    is_deflated: bool,
    fragments: usize,
    data: Vec<u8>,
}

type Sink<'s> = &'s mut dyn FnMut(Incoming<'_>) -> ControlFlow<()>;

impl Reader {
    /// A reader for one connection; `deflate` says whether permessage-deflate was negotiated.
    pub fn new(deflate: bool) -> Self {
        Self {
            deflate,
            is_ended: false,
            pending: None,
        }
    }

    /// Takes input as it came from the socket, unmasks it in place, and hands every message and
    /// control frame that is complete to `sink`, in order.
    ///
    /// [`Refusal::FrameMalformed`] where the protocol is broken, [`Refusal::TextNotUtf8`],
    /// [`Refusal::PayloadTooLarge`] (judged by the header, before anything is kept for it) and
    /// [`Refusal::PacketLimit`] for too many fragments: the connection is to be closed with the
    /// refusal's code. After a refusal, a close frame or a `Break` of the sink, all further input
    /// is dropped.
    pub fn handle_bytes(
        &mut self,
        input: &mut [u8],
        limits: &Limits,
        sink: Sink<'_>,
    ) -> Result<(), Refusal> {
        let mut input = input;
        while !input.is_empty() && !self.is_ended {
            let all = std::mem::take(&mut input);
            match self.step(all, limits, sink) {
                Ok((taken, ControlFlow::Continue(()))) => {
                    input = all.get_mut(taken..).unwrap_or_default();
                }
                Ok((_, ControlFlow::Break(()))) => self.end(),
                Err(refusal) => {
                    self.end();
                    return Err(refusal);
                }
            }
        }
        Ok(())
    }

    /// Whether a frame or a message is under way: a peer must not leave it so for long.
    pub fn is_unfinished(&self) -> bool {
        self.pending.is_some()
    }

    fn end(&mut self) {
        self.is_ended = true;
        self.pending = None;
    }

    /// Goes on by one frame or to the end of the input; says how much of it is used.
    fn step(
        &mut self,
        input: &mut [u8],
        limits: &Limits,
        sink: Sink<'_>,
    ) -> Result<(usize, ControlFlow<()>), Refusal> {
        match &self.pending {
            None => {
                if let Some((payload, taken)) = short_text(input, limits.message_bytes) {
                    let flow = deliver(false, false, payload, limits, sink)?;
                    return Ok((taken, flow));
                }
            }
            Some(pending) => {
                if let Some(open) = pending.frame {
                    return self.payload(open, input, limits, sink);
                }
            }
        }
        let Some((header, head)) = self.header(input)? else {
            return Ok((input.len(), ControlFlow::Continue(())));
        };
        self.admit(&header, limits)?;
        let behind = input.get_mut(head..).unwrap_or_default();
        if let Some(payload) = behind.get_mut(..header.len) {
            mask::apply(payload, header.mask, 0);
            let flow = self.whole(&header, payload, limits, sink)?;
            return Ok((head + header.len, flow));
        }
        let open = OpenFrame {
            header,
            received: 0,
        };
        self.pending().frame = Some(open);
        if behind.is_empty() {
            return Ok((head, ControlFlow::Continue(())));
        }
        let (taken, flow) = self.payload(open, behind, limits, sink)?;
        Ok((head + taken, flow))
    }

    /// The next header and how much of the input belongs to it. Too little is kept for later.
    fn header(&mut self, input: &[u8]) -> Result<Option<(Header, usize)>, Refusal> {
        let (mut head, kept) = match &self.pending {
            Some(pending) => (pending.head, pending.head_len),
            None => ([0; MAX_CLIENT_HEADER], 0),
        };
        if kept == 0
            && let Some(found) = Header::parse(input, self.deflate)?
        {
            return Ok(Some(found));
        }
        let mut filled = kept;
        for (slot, byte) in head.iter_mut().skip(kept).zip(input) {
            *slot = *byte;
            filled += 1;
        }
        let found = Header::parse(head.get(..filled).unwrap_or_default(), self.deflate)?;
        let pending = self.pending();
        let Some((header, len)) = found else {
            pending.head = head;
            pending.head_len = filled;
            return Ok(None);
        };
        pending.head_len = 0;
        Ok(Some((header, len.saturating_sub(kept))))
    }

    /// Whether the frame may come now and is not too large, before anything is kept for it.
    fn admit(&self, header: &Header, limits: &Limits) -> Result<(), Refusal> {
        if header.opcode.is_control() {
            return Ok(());
        }
        let message = self.message();
        match (header.opcode, message) {
            (Opcode::Continuation, None) => return Err(malformed("nothing is to be continued")),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(malformed("a message starts inside another"));
            }
            _ => {}
        }
        let (held, fragments) = message.map_or((0, 0), |m| (m.data.len(), m.fragments));
        let limit = if message.map_or(header.deflated, |m| m.is_deflated) {
            deflated_limit(limits.message_bytes)
        } else {
            limits.message_bytes
        };
        if header.len > limit.saturating_sub(held) {
            return Err(Refusal::PayloadTooLarge {
                size: held.saturating_add(header.len).to_string(),
                limit: limits.message_bytes.to_string(),
            });
        }
        if fragments >= limits.fragments {
            return Err(Refusal::PacketLimit {
                what: "fragments of a message".to_owned(),
                limit: limits.fragments.to_string(),
            });
        }
        Ok(())
    }

    /// A frame that lies in the input as a whole.
    fn whole(
        &mut self,
        header: &Header,
        payload: &[u8],
        limits: &Limits,
        sink: Sink<'_>,
    ) -> Result<ControlFlow<()>, Refusal> {
        if header.opcode.is_control() {
            self.tidy();
            return self.control(header.opcode, payload, sink);
        }
        if header.fin && header.opcode != Opcode::Continuation {
            self.tidy();
            let is_binary = header.opcode == Opcode::Binary;
            return deliver(is_binary, header.deflated, payload, limits, sink);
        }
        let message = self.continue_message(header);
        message.fragments += 1;
        message.data.extend_from_slice(payload);
        self.frame_done(header, limits, sink)
    }

    /// A piece of an open frame's payload.
    fn payload(
        &mut self,
        open: OpenFrame,
        input: &mut [u8],
        limits: &Limits,
        sink: Sink<'_>,
    ) -> Result<(usize, ControlFlow<()>), Refusal> {
        let OpenFrame { header, received } = open;
        let missing = header.len - received;
        let taken = missing.min(input.len());
        let piece = input.get_mut(..taken).unwrap_or_default();
        mask::apply(piece, header.mask, received);
        let target = if header.opcode.is_control() {
            &mut self.pending().control
        } else {
            let message = self.continue_message(&header);
            message.fragments += usize::from(received == 0);
            &mut message.data
        };
        reserve(target, missing, taken);
        target.extend_from_slice(piece);
        if taken < missing {
            self.pending().frame = Some(OpenFrame {
                header,
                received: received + taken,
            });
            return Ok((taken, ControlFlow::Continue(())));
        }
        self.pending().frame = None;
        let flow = if header.opcode.is_control() {
            let payload = std::mem::take(&mut self.pending().control);
            self.tidy();
            self.control(header.opcode, &payload, sink)?
        } else {
            self.frame_done(&header, limits, sink)?
        };
        Ok((taken, flow))
    }

    /// Behind the last byte of a data frame: the message may be complete.
    fn frame_done(
        &mut self,
        header: &Header,
        limits: &Limits,
        sink: Sink<'_>,
    ) -> Result<ControlFlow<()>, Refusal> {
        if !header.fin {
            return Ok(ControlFlow::Continue(()));
        }
        let message = self.pending().message.take().unwrap_or_default();
        self.tidy();
        deliver(
            message.is_binary,
            message.is_deflated,
            &message.data,
            limits,
            sink,
        )
    }

    fn control(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        sink: Sink<'_>,
    ) -> Result<ControlFlow<()>, Refusal> {
        match opcode {
            Opcode::Ping => Ok(sink(Incoming::Ping(payload))),
            Opcode::Close => {
                let code = parse_close(payload)?;
                self.end();
                Ok(sink(Incoming::Close(code)))
            }
            _ => Ok(sink(Incoming::Pong)),
        }
    }

    fn message(&self) -> Option<&Partial> {
        self.pending.as_ref()?.message.as_ref()
    }

    /// The message that a data frame belongs to; its first frame says what it is.
    fn continue_message(&mut self, header: &Header) -> &mut Partial {
        self.pending().message.get_or_insert_with(|| Partial {
            is_binary: header.opcode == Opcode::Binary,
            is_deflated: header.deflated,
            ..Partial::default()
        })
    }

    fn pending(&mut self) -> &mut Pending {
        self.pending.get_or_insert_default()
    }

    /// Frees the box when nothing is unfinished.
    fn tidy(&mut self) {
        if let Some(pending) = &self.pending
            && pending.head_len == 0
            && pending.frame.is_none()
            && pending.message.is_none()
        {
            self.pending = None;
        }
    }
}

/// The payload of a text message that lies at the start of the input in one short frame, as most events do, and
/// how much of the input the frame is. None for whatever else stands there, right or wrong.
#[inline]
fn short_text(input: &mut [u8], limit: usize) -> Option<(&mut [u8], usize)> {
    let ([first, second, mask @ ..], behind) = input.split_first_chunk_mut::<6>()?;
    let len = usize::from(*second & 0x7f);
    let is_short = *second & 0x80 != 0 && len <= limit.min(MAX_CONTROL);
    if *first != TEXT || !is_short {
        return None;
    }
    let payload = behind.get_mut(..len)?;
    mask::apply(payload, *mask, 0);
    Some((payload, len + 6))
}

/// Room for the next piece: doubled as usual, but never beyond what the frame still brings.
fn reserve(target: &mut Vec<u8>, missing: usize, taken: usize) {
    if target.capacity() - target.len() < taken {
        target.reserve_exact(taken.max(target.len()).min(missing));
    }
}

#[inline]
fn deliver(
    is_binary: bool,
    is_deflated: bool,
    payload: &[u8],
    limits: &Limits,
    sink: Sink<'_>,
) -> Result<ControlFlow<()>, Refusal> {
    let inflated;
    let payload = if is_deflated {
        inflated = inflate(payload, limits.message_bytes)?;
        &inflated
    } else {
        payload
    };
    if is_binary {
        return Ok(sink(Incoming::Binary(payload)));
    }
    match std::str::from_utf8(payload) {
        Ok(text) => Ok(sink(Incoming::Text(text))),
        Err(_) => Err(Refusal::TextNotUtf8 {}),
    }
}
