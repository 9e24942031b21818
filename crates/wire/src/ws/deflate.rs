//! permessage-deflate without context takeover: each message stands alone (RFC 7692).

use bellgate_codes::Refusal;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::ws::frame::malformed;

/// The end of a flushed deflate stream, which is left out on the wire (§7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

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
/// than that is ever written. Damaged data are [`Refusal::FrameMalformed`].
pub(crate) fn inflate(payload: &[u8], limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut stream = Decompress::new(false);
    let mut out = Vec::new();
    if run(&mut stream, payload, &mut out, limit)? == Run::Ended {
        // A final block may end the stream before the tail is put back (§7.2.3.4).
        let read = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        return match payload.get(read..) {
            Some([] | [0]) => Ok(out),
            _ => Err(malformed("data follow the end of a deflated message")),
        };
    }
    run(&mut stream, &TAIL, &mut out, limit)?;
    Ok(out)
}

#[derive(PartialEq, Eq)]
enum Run {
    Drained,
    Ended,
}

/// Feeds one piece, until all of it is read and nothing more comes out.
fn run(
    stream: &mut Decompress,
    mut input: &[u8],
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<Run, Refusal> {
    loop {
        if out.len() > limit {
            return Err(Refusal::PayloadTooLarge {
                size: format!("more than {limit}"),
                limit: limit.to_string(),
            });
        }
        if out.len() == out.capacity() {
            let step = out.len().max(4 * input.len()).max(256);
            out.reserve_exact(step.min(limit.saturating_add(1) - out.len()));
        }
        let before = stream.total_in();
        let status = stream
            .decompress_vec(input, out, FlushDecompress::Sync)
            .map_err(|_| malformed("the deflated data are damaged"))?;
        let read = usize::try_from(stream.total_in() - before).unwrap_or(usize::MAX);
        input = input.get(read..).unwrap_or_default();
        if status == Status::StreamEnd {
            return Ok(Run::Ended);
        }
        if out.len() < out.capacity() && (input.is_empty() || read == 0) {
            return Ok(Run::Drained);
        }
    }
}
