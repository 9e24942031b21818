//! The proof of RFC 6455 §4.2.2 that a server speaks WebSocket.

use base64::Engine as _;
use bellgate_codes::Refusal;
use sha1::{Digest, Sha1};

use crate::payload::BASE64;

/// The value that every WebSocket server mixes in (§1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`, which must be 16 bytes in base64.
///
/// ```
/// let accept = bellgate_wire::accept_key("dGhlIHNhbXBsZSBub25jZQ==").unwrap();
/// assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
pub fn accept_key(key: &str) -> Result<String, Refusal> {
    let digits = key.strip_suffix("==").unwrap_or_default().as_bytes();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if digits.len() != 22 || !digits.iter().all(is_digit) {
        return Err(Refusal::WebsocketHandshake {
            detail: "Sec-WebSocket-Key is not 16 bytes in base64".to_owned(),
        });
    }
    let proof = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    Ok(BASE64.encode(proof))
}
