//! What a Flask application does, for tests: signs cookies and tokens. Written from the formats alone, and
//! not with the gate's code, so that a mistake there shows.

#![expect(
    clippy::indexing_slicing,
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
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING as ES256, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
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

/// A session cookie whose JSON is deflated, signed now.
pub fn deflated(json: &[u8]) -> String {
    deflated_at(json, NOW)
}

/// The same, signed at a time.
pub fn deflated_at(json: &[u8], at: u64) -> String {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    zlib.write_all(json).unwrap();
    let payload = format!(".{}", b64(&zlib.finish().unwrap()));
    timed(&session_key(), &payload, at)
}

/// A CSRF token of Flask-WTF for what the session keeps.
pub fn csrf(kept: &str, at: u64) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("wtf-csrf-tokensigner{SECRET}"));
    timed(&hash.finalize(), &b64(format!("\"{kept}\"").as_bytes()), at)
}

/// A JSON Web Token with these claims, signed with [`SECRET`] by HMAC with SHA-256.
pub fn token(claims: &str) -> String {
    hs256(r#"{"alg":"HS256"}"#, claims, SECRET.as_bytes())
}

/// Header and claims signed by HMAC with SHA-256, whatever they say.
pub fn hs256(header: &str, claims: &str, secret: &[u8]) -> String {
    let unsigned = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).unwrap();
    mac.update(unsigned.as_bytes());
    format!("{unsigned}.{}", b64(&mac.finalize().into_bytes()))
}

/// A pair of keys for ES256, made anew for each run.
pub struct Pair(EcdsaKeyPair);

impl Pair {
    /// Makes one.
    pub fn fresh() -> Self {
        let rng = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ES256, &rng).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ES256, document.as_ref(), &rng).unwrap())
    }

    /// A token of these claims, whose header has these members beside the algorithm.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let mut header = header.clone();
        header["alg"] = "ES256".into();
        let unsigned = format!(
            "{}.{}",
            b64(header.to_string().as_bytes()),
            b64(claims.to_string().as_bytes())
        );
        let signature = self.0.sign(&SystemRandom::new(), unsigned.as_bytes());
        format!("{unsigned}.{}", b64(signature.unwrap().as_ref()))
    }

    /// The public half, as a key set names it (RFC 7517).
    pub fn jwk(&self, kid: &str) -> Value {
        // A byte that says "uncompressed", then two numbers of 32 bytes.
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": b64(x), "y": b64(y)})
    }
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

/// URL-safe base64 without padding.
pub fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
