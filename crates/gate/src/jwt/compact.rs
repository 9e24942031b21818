//! The three parts of a token (RFC 7515 §7.1), before anything in it is believed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::algorithm::Algorithm;
use super::fault::TokenFault;
use super::{TOKEN_BYTES, json};

/// A token as it came.
pub(super) struct Compact<'a> {
    /// Of the algorithms that are known here.
    pub(super) algorithm: Algorithm,
    /// The name of the key, where it has one.
    pub(super) kid: Option<String>,
    /// What is signed: header and payload as they are written.
    pub(super) signed: &'a [u8],
    /// Still in base64url: it is not opened before the signature is verified.
    pub(super) payload: &'a str,
    pub(super) signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    pub(super) fn read(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > TOKEN_BYTES {
            return Err(TokenFault::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(PARTS)?;
        let (header, payload) = signed.split_once('.').ok_or(PARTS)?;
        if payload.contains('.') {
            return Err(PARTS);
        }
        let header = json::object(&decode(header)?).ok_or(TokenFault::Malformed(
            "has a header that is no JSON object in which each name stands once",
        ))?;
        // Extensions that have to be understood: none is (RFC 7515 §4.1.11, RFC 7797).
        if header.contains_key("crit") {
            return Err(TokenFault::Header("asks for extensions by crit"));
        }
        if header
            .get("b64")
            .is_some_and(|b64| *b64 != Value::Bool(true))
        {
            return Err(TokenFault::Header("has a payload apart, by b64"));
        }
        let algorithm = match header.get("alg") {
            None => return Err(TokenFault::Header("names no algorithm")),
            Some(name) => name.as_str().and_then(Algorithm::from_name),
        };
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(TokenFault::Header("names its key, but not by a text")),
        };
        Ok(Self {
            algorithm: algorithm.ok_or(TokenFault::Algorithm)?,
            kid,
            signed: signed.as_bytes(),
            payload,
            signature: decode(signature)?,
        })
    }
}

/// Strict base64url: no padding, no blanks, no bits to spare, so that a token has one form only.
pub(super) fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenFault::Malformed("has a part that is not base64url"))
}

const PARTS: TokenFault = TokenFault::Malformed("has not three parts with dots between");
