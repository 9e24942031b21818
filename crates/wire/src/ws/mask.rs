//! The mask that clients put over their payloads (RFC 6455 §5.3).

/// Puts the mask on, or takes it off: it is its own inverse.
///
/// `offset` is the place of the first byte in the frame's payload.
pub(crate) fn apply(payload: &mut [u8], mask: [u8; 4], offset: usize) {
    let mut mask = mask;
    mask.rotate_left(offset % 4);
    let word = u64::from(u32::from_ne_bytes(mask));
    let word = word << 32 | word;
    let (chunks, tail) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    for (byte, mask) in tail.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}
