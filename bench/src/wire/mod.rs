//! The client's side of what servers speak: just enough to load one.
//!
//! Here are frames; [`session`] opens sessions of Socket.IO over WebSocket, [`polling`] such that poll,
//! `centrifuge` speaks Centrifugo's protocol, and [`Dialect`] is what a crowd needs of either.

mod centrifuge;
mod dialect;
pub mod polling;
pub mod session;

pub use self::dialect::{Dialect, Heard};

/// The second byte of a frame (RFC 6455 §5.2): whether it is masked, and the lengths that say that the
/// true one follows in two or in eight bytes.
const MASKED: u8 = 0x80;
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

/// A text frame as a client sends it. The mask is all zeros: a server unmasks all the same.
pub fn frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(length @ ..126) => frame.push(MASKED | length.to_be_bytes()[1]),
        Ok(length) => {
            frame.push(MASKED | TWO_BYTES);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            frame.push(MASKED | EIGHT_BYTES);
            frame.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text);
    frame
}

/// A text frame as a server sends it.
pub fn shared(text: &[u8]) -> Vec<u8> {
    let mut frame = frame(text);
    // Without the bit and the bytes of a mask.
    if let Some(length) = frame.get_mut(1) {
        *length &= !MASKED;
    }
    let head = frame.len() - text.len();
    frame.drain(head - 4..head);
    frame
}

/// The payload of the first whole frame without a mask, and the frame's length.
pub fn parse(bytes: &[u8]) -> Option<(&[u8], usize)> {
    parse_with(bytes, 0)
}

/// As [`parse`], with a mask of zeros, as [`frame`] writes it.
pub fn parse_masked(bytes: &[u8]) -> Option<(&[u8], usize)> {
    parse_with(bytes, 4)
}

fn parse_with(bytes: &[u8], mask: usize) -> Option<(&[u8], usize)> {
    let [_, short, rest @ ..] = bytes else {
        return None;
    };
    let (length, head) = match short & !MASKED {
        TWO_BYTES => {
            let length = u16::from_be_bytes(*rest.first_chunk()?);
            (usize::from(length), 4)
        }
        EIGHT_BYTES => {
            let length = u64::from_be_bytes(*rest.first_chunk()?);
            (usize::try_from(length).ok()?, 10)
        }
        length => (usize::from(length), 2),
    };
    let head = head + mask;
    let payload = bytes.get(head..head + length)?;
    Some((payload, head + length))
}

/// Bytes that come in pieces: the beginning of a frame or an answer stays until its rest is there.
#[derive(Default)]
pub struct Pieces(Vec<u8>);

impl Pieces {
    /// Hands on what there is; `take` says how many bytes of it were whole.
    pub fn feed(&mut self, fresh: &[u8], take: impl FnOnce(&[u8]) -> usize) {
        if self.0.is_empty() {
            let used = take(fresh);
            self.0 = fresh.get(used..).unwrap_or_default().to_vec();
        } else {
            let mut joined = std::mem::take(&mut self.0);
            joined.extend_from_slice(fresh);
            let used = take(&joined);
            joined.drain(..used);
            self.0 = joined;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_read_as_they_were_written() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let text = vec![b'x'; length];
            let (masked, plain) = (frame(&text), shared(&text));
            let whole = Some((&text[..], masked.len()));
            assert_eq!(parse_masked(&masked), whole, "{length}");
            let whole = Some((&text[..], plain.len()));
            assert_eq!(parse(&plain), whole, "{length}");
            assert_eq!(parse_masked(&masked[..masked.len() - 1]), None, "{length}");
            assert_eq!(parse(&plain[..plain.len() - 1]), None, "{length}");
        }
    }

    #[test]
    fn what_is_not_whole_waits_for_its_rest() {
        let bytes: Vec<u8> = [&b"one"[..], b"two"]
            .iter()
            .flat_map(|text| shared(text))
            .collect();
        let mut pieces = Pieces::default();
        let mut texts = Vec::new();
        for byte in bytes {
            pieces.feed(&[byte], |bytes| match parse(bytes) {
                Some((text, length)) => {
                    texts.push(text.to_vec());
                    length
                }
                None => 0,
            });
        }
        assert_eq!(texts, [b"one", b"two"]);
    }
}
