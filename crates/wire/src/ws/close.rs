//! The two control frames that a server writes beside its messages: close and pong.

use bellgate_codes::Refusal;

use crate::ws::frame::{CLOSE, MAX_CONTROL, PONG, malformed, write_server_frame};

/// Bytes of a reason: a control frame's payload without the code.
const MAX_REASON: usize = MAX_CONTROL - 2;

/// A close frame. A reason longer than 123 bytes is cut where a character ends; a code that no
/// endpoint may send (RFC 6455 §7.4) becomes 1000.
pub fn close_frame(code: u16, reason: &str) -> Vec<u8> {
    let code = if may_be_sent(code) { code } else { 1000 };
    let mut end = reason.len().min(MAX_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let reason = reason.get(..end).unwrap_or_default();
    let mut out = Vec::with_capacity(4 + reason.len());
    write_server_frame(&mut out, CLOSE, &[&code.to_be_bytes(), reason.as_bytes()]);
    out
}

/// The answer to a ping, with the ping's payload; at most 125 bytes of it.
pub fn pong_frame(payload: &[u8]) -> Vec<u8> {
    let payload = payload.get(..MAX_CONTROL).unwrap_or(payload);
    let mut out = Vec::with_capacity(2 + payload.len());
    write_server_frame(&mut out, PONG, &[payload]);
    out
}

/// The code in a close frame's payload: none in an empty one (§5.5.1).
pub(crate) fn parse_close(payload: &[u8]) -> Result<Option<u16>, Refusal> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return match payload {
            [] => Ok(None),
            _ => Err(malformed("a close frame has one byte")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(malformed("a close code that no endpoint may send"));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(Refusal::TextNotUtf8 {});
    }
    Ok(Some(code))
}

/// §7.4: 1004, 1005, 1006 and 1015 never travel, 1016 to 2999 mean nothing yet.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
