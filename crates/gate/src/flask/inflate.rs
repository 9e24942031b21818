//! The payload of `URLSafeSerializer`: base64, with a dot in front where it is deflated too.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::ZlibDecoder;

use super::Fault;

/// The bytes of a payload whose signature was verified, at most `limit` of them.
pub(super) fn unpack(payload: &str, limit: usize) -> Result<Vec<u8>, Fault> {
    let (packed, is_deflated) = match payload.strip_prefix('.') {
        Some(packed) => (packed, true),
        None => (payload, false),
    };
    let bytes = URL_SAFE_NO_PAD.decode(packed);
    let bytes = bytes.map_err(|_| Fault::Content("it is not base64"))?;
    if is_deflated {
        inflate(&bytes, limit)
    } else {
        Ok(bytes)
    }
}

/// Stops at the limit, however much would follow.
fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = ZlibDecoder::new(bytes).take(most).read_to_end(&mut out);
    match read {
        Ok(length) if length > limit => Err(Fault::Content("it inflates to too much")),
        Ok(_) => Ok(out),
        Err(_) => Err(Fault::Content("it does not inflate")),
    }
}
