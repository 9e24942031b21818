//! Frame headers (RFC 6455 §5.2): read from clients, written and re-read for servers.

use bellgate_codes::Refusal;
use smallvec::SmallVec;

/// First byte of a whole text message.
pub(crate) const TEXT: u8 = FIN | 0x1;
/// First byte of a whole binary message.
pub(crate) const BINARY: u8 = FIN | 0x2;
/// First byte of a close frame.
pub(crate) const CLOSE: u8 = FIN | 0x8;
/// First byte of a pong.
pub(crate) const PONG: u8 = FIN | 0xa;
/// The bit that marks the last frame of a message.
pub(crate) const FIN: u8 = 0x80;
/// The bit that marks a deflated message (RFC 7692 §6).
pub(crate) const RSV1: u8 = 0x40;

/// The longest header that a client sends: 2 bytes, 8 of length, 4 of mask.
pub(crate) const MAX_CLIENT_HEADER: usize = 14;
/// The longest payload of a control frame (§5.5).
pub(crate) const MAX_CONTROL: usize = 125;

/// The seven length bits that say: two bytes of length follow.
const WITH_U16: usize = 126;
/// The seven length bits that say: eight bytes of length follow.
const WITH_U64: usize = 127;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    pub(crate) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The header of a frame that a client sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) fin: bool,
    pub(crate) deflated: bool,
    pub(crate) opcode: Opcode,
    pub(crate) mask: [u8; 4],
    pub(crate) len: usize,
}

impl Header {
    /// The header at the start of `bytes` and its length; `None` while too little is there.
    ///
    /// Each rule is judged as soon as its byte has come: RSV bits, opcode and mask after two.
    pub(crate) fn parse(bytes: &[u8], deflate: bool) -> Result<Option<(Self, usize)>, Refusal> {
        let Some(([first, second], rest)) = bytes.split_first_chunk::<2>() else {
            return Ok(None);
        };
        let opcode = opcode(*first)?;
        let (fin, rsv) = (first & FIN != 0, first & 0x70);
        let deflated = rsv == RSV1 && deflate && matches!(opcode, Opcode::Text | Opcode::Binary);
        if rsv != 0 && !deflated {
            return Err(malformed("a reserved bit is set"));
        }
        if second & 0x80 == 0 {
            return Err(malformed("a client's frame is not masked"));
        }
        let short = usize::from(second & 0x7f);
        if opcode.is_control() && !fin {
            return Err(malformed("a control frame is fragmented"));
        }
        if opcode.is_control() && short > MAX_CONTROL {
            return Err(malformed("a control frame is longer than 125 bytes"));
        }
        let Some((len, rest)) = length(short, rest)? else {
            return Ok(None);
        };
        let Some((mask, rest)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let header = Self {
            fin,
            deflated,
            opcode,
            mask: *mask,
            len,
        };
        Ok(Some((header, bytes.len() - rest.len())))
    }
}

fn opcode(first: u8) -> Result<Opcode, Refusal> {
    match first & 0x0f {
        0x0 => Ok(Opcode::Continuation),
        0x1 => Ok(Opcode::Text),
        0x2 => Ok(Opcode::Binary),
        0x8 => Ok(Opcode::Close),
        0x9 => Ok(Opcode::Ping),
        0xa => Ok(Opcode::Pong),
        _ => Err(malformed("a reserved opcode is used")),
    }
}

/// The payload's length from the seven bits and what follows; it must use the shortest form (§5.2).
fn length(short: usize, rest: &[u8]) -> Result<Option<(usize, &[u8])>, Refusal> {
    let (len, rest) = match short {
        WITH_U16 => match rest.split_first_chunk::<2>() {
            Some((len, rest)) => (u64::from(u16::from_be_bytes(*len)), rest),
            None => return Ok(None),
        },
        WITH_U64 => match rest.split_first_chunk::<8>() {
            Some((len, rest)) => (u64::from_be_bytes(*len), rest),
            None => return Ok(None),
        },
        short => return Ok(Some((short, rest))),
    };
    if len >> 63 == 1 {
        return Err(malformed("a length has its top bit set"));
    }
    if len < 126 || (short == WITH_U64 && u16::try_from(len).is_ok()) {
        return Err(malformed("a length is not in its shortest form"));
    }
    // Where it does not fit it is above every limit too.
    Ok(Some((usize::try_from(len).unwrap_or(usize::MAX), rest)))
}

/// Bytes of a server's frame around a payload of `len` bytes.
pub(crate) fn server_frame_len(len: usize) -> usize {
    let header = match len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    };
    header + len
}

/// First byte and length of a frame; `flag` is the mask bit.
pub(crate) fn header(first: u8, flag: u8, len: usize) -> SmallVec<[u8; 16]> {
    let mut header = SmallVec::new();
    header.push(first);
    if let Ok(short @ 0..=125) = u8::try_from(len) {
        header.push(flag | short);
    } else if let Ok(medium) = u16::try_from(len) {
        header.push(flag | 0x7e);
        header.extend_from_slice(&medium.to_be_bytes());
    } else {
        header.push(flag | 0x7f);
        header.extend_from_slice(&(len as u64).to_be_bytes());
    }
    header
}

/// Writes an unmasked frame around the joined `parts`.
pub(crate) fn write_server_frame(out: &mut Vec<u8>, first: u8, parts: &[&[u8]]) {
    let len = parts.iter().map(|part| part.len()).sum();
    out.extend_from_slice(&header(first, 0, len));
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// One frame of a server, cut out of a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerFrame<'a> {
    /// FIN, RSV bits and opcode.
    pub(crate) first: u8,
    pub(crate) payload: &'a [u8],
    /// Header and payload.
    pub(crate) whole: &'a [u8],
}

/// The whole frames in a buffer of server frames; an unfinished one at the end is left.
#[derive(Debug, Clone)]
pub(crate) struct ServerFrames<'a> {
    rest: &'a [u8],
}

impl<'a> ServerFrames<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left, not even an unfinished frame.
    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for ServerFrames<'a> {
    type Item = ServerFrame<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let ([first, second], behind) = self.rest.split_first_chunk::<2>()?;
        let (len, behind) = length(usize::from(second & 0x7f), behind).ok()??;
        let (payload, rest) = behind.split_at_checked(len)?;
        let whole = self.rest.get(..self.rest.len() - rest.len())?;
        self.rest = rest;
        Some(ServerFrame {
            first: *first,
            payload,
            whole,
        })
    }
}

pub(crate) fn malformed(detail: &str) -> Refusal {
    Refusal::FrameMalformed {
        detail: detail.to_owned(),
    }
}
