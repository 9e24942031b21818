//! permessage-deflate without context takeover: each message stands alone (RFC 7692).

use bellgate_codes::Refusal;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::ws::frame::malformed;

/// The end of a flushed deflate stream, which is left out on the wire (§7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// An empty stored block that is the last one: put behind the tail it makes the stream end, so that
/// a cut one is noticed.
const LAST_BLOCK: [u8; 5] = [0x01, 0x00, 0x00, 0xff, 0xff];

/// The payload deflated, if that is smaller.
pub(crate) fn deflate(payload: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(payload.len() + TAIL.len());
    let mut stream = Compress::new(Compression::default(), false);
    stream
        .compress_vec(payload, &mut out, FlushCompress::Sync)
        .ok()?;
    if stream.total_in() != payload.len() as u64 || !out.ends_with(&TAIL) {
        return None;
    }
    out.truncate(out.len() - TAIL.len());
    (out.len() < payload.len()).then_some(out)
}

/// How many bytes a deflated message may have on the wire: deflate adds five bytes to each stored
/// block, so a message of exactly the limit may be a little longer.
pub(crate) fn deflated_limit(message_bytes: usize) -> usize {
    message_bytes.saturating_add(message_bytes / 1000 + 64)
}

/// The payload inflated, at most `limit` bytes: more is [`Refusal::PayloadTooLarge`], and no more
/// than that is ever written. Damaged or cut data are [`Refusal::FrameMalformed`].
///
/// The stream is read in one go into one buffer, because only then does the inflater refuse a
/// reference to before its start: a peer that kept its context. Where the buffer was too small all
/// is done again with four times as much, which costs a third more at worst.
pub(crate) fn inflate(payload: &[u8], limit: usize) -> Result<Vec<u8>, Refusal> {
    let whole = [payload, &TAIL, &LAST_BLOCK].concat();
    let mut stream = Decompress::new(false);
    let most = limit.saturating_add(1);
    let mut room = payload.len().saturating_mul(4).clamp(1024.min(most), most);
    loop {
        let mut out = Vec::with_capacity(room);
        let status = stream
            .decompress_vec(&whole, &mut out, FlushDecompress::Finish)
            .map_err(|_| malformed("the deflated data are damaged"))?;
        if out.len() > limit {
            return Err(Refusal::PayloadTooLarge {
                size: format!("more than {limit}"),
                limit: limit.to_string(),
            });
        }
        if status == Status::StreamEnd {
            check_end(&whole, payload.len(), stream.total_in())?;
            return Ok(out);
        }
        if out.len() < out.capacity() {
            return Err(malformed("the deflated data are cut"));
        }
        room = room.saturating_mul(4).min(most);
        stream.reset(false);
    }
}

/// A message ends where we ended it, or with a final block of its own and a byte of padding
/// (§7.2.3.4).
fn check_end(whole: &[u8], payload: usize, read: u64) -> Result<(), Refusal> {
    let read = usize::try_from(read).unwrap_or(usize::MAX);
    let rest = whole.get(read..payload);
    if read == whole.len() || matches!(rest, Some([] | [0])) {
        return Ok(());
    }
    Err(malformed("data follow the end of a deflated message"))
}
