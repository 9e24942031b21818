//! Signing by HMAC, for test logins: the server itself only verifies.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use super::algorithm::Algorithm;
use super::key::hmac_of;

/// A token with these claims; none where the algorithm is for public keys.
pub(crate) fn sign(claims: &Value, algorithm: Algorithm, secret: &[u8]) -> Option<String> {
    let hash = hmac_of(algorithm)?;
    let header = json!({"alg": algorithm.name(), "typ": "JWT"});
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let unsigned = format!("{}.{}", part(&header), part(claims));
    let tag = hmac::sign(&hmac::Key::new(hash, secret), unsigned.as_bytes());
    Some(format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(tag)))
}
