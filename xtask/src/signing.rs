//! What a Flask application does, for tests: signs cookies and tokens. Written from the formats alone, and
//! not with the gate's code, so that a mistake there shows.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails the test that runs it"
)]

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use sha2::digest::Digest;

/// The secret of the application in these tests.
pub const SECRET: &str = "application-secret";

/// The time in these tests, in Unix seconds.
pub const NOW: u64 = 1_764_000_000;

/// A session cookie of this JSON, signed now.
pub fn session(json: &str) -> String {
    session_at(json, NOW)
}

/// A session cookie of this JSON, signed at a time.
pub fn session_at(json: &str, at: u64) -> String {
    timed(&session_key(), &b64(json.as_bytes()), at)
}

/// A session cookie whose JSON is deflated.
pub fn deflated(json: &[u8]) -> String {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    zlib.write_all(json).unwrap();
    let payload = format!(".{}", b64(&zlib.finish().unwrap()));
    timed(&session_key(), &payload, NOW)
}

/// A CSRF token of Flask-WTF for what the session keeps.
pub fn csrf(kept: &str, at: u64) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("wtf-csrf-tokensigner{SECRET}"));
    timed(&hash.finalize(), &b64(format!("\"{kept}\"").as_bytes()), at)
}

/// A JSON Web Token with these claims, signed with [`SECRET`] by HMAC with SHA-256.
pub fn token(claims: &str) -> String {
    let unsigned = format!("{}.{}", b64(br#"{"alg":"HS256"}"#), b64(claims.as_bytes()));
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(unsigned.as_bytes());
    format!("{unsigned}.{}", b64(&mac.finalize().into_bytes()))
}

/// `payload.timestamp.signature`
pub fn timed(key: &[u8], payload: &str, at: u64) -> String {
    let bytes = at.to_be_bytes();
    let significant: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    signed(key, &format!("{payload}.{}", b64(&significant)))
}

/// `value.signature`
pub fn signed(key: &[u8], value: &str) -> String {
    format!("{value}.{}", b64(&sha1_mac(key, value.as_bytes())))
}

/// The key that Flask's session interface derives of the secret.
pub fn session_key() -> Vec<u8> {
    sha1_mac(SECRET.as_bytes(), b"cookie-session")
}

/// HMAC-SHA-1.
pub fn sha1_mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
