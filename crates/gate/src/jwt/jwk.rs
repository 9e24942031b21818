//! One key of a key set (RFC 7517, RFC 7518 §6, RFC 8037).

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::compact;
use super::key::{Key, Material};

/// A key with the name under which tokens ask for it.
#[derive(Debug)]
pub(super) struct NamedKey {
    pub(super) kid: Option<String>,
    pub(super) key: Key,
}

impl NamedKey {
    /// None where the key is not for verifying, not of a type known here, or for no allowed
    /// algorithm. A secret (`oct`) is none either: what a URL serves is no secret.
    pub(super) fn read(jwk: &Map<String, Value>, allowed: Option<&[Algorithm]>) -> Option<Self> {
        let verifies = |name: &str, word: &str| match jwk.get(name) {
            None => true,
            Some(Value::Array(list)) => list.iter().any(|item| item == word),
            Some(value) => value == word,
        };
        if !verifies("use", "sig") || !verifies("key_ops", "verify") {
            return None;
        }
        let own = match jwk.get("alg") {
            None => None,
            Some(name) => Some(Algorithm::from_name(name.as_str()?)?),
        };
        let material = material(jwk)?;
        // A key that names its algorithm is for that one; it need not be the usual one of its family.
        let key = match (own, allowed) {
            (Some(own), None) => Key::new(material, Some(&[own])).ok()?,
            (Some(own), Some(_)) => Key::new(material, allowed).ok()?.only(own)?,
            (None, _) => Key::new(material, allowed).ok()?,
        };
        let kid = match jwk.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str()?.to_owned()),
        };
        Some(Self { kid, key })
    }
}

fn material(jwk: &Map<String, Value>) -> Option<Material> {
    let text = |name: &str| jwk.get(name)?.as_str();
    let bytes = |name: &str| compact::decode(text(name)?).ok();
    let point = |length: usize| {
        let (x, y) = (bytes("x")?, bytes("y")?);
        (x.len() == length && y.len() == length).then(|| [&[4][..], &x, &y].concat())
    };
    match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let (n, e) = (without_zeros(bytes("n")?), without_zeros(bytes("e")?));
            // Sizes that ring takes: 2048 to 8192 bits, an exponent of at most 33.
            let is_sound = (256..=1024).contains(&n.len()) && (1..=5).contains(&e.len());
            is_sound.then_some(Material::RsaParts { n, e })
        }
        ("EC", Some("P-256")) => point(32).map(Material::P256),
        ("EC", Some("P-384")) => point(48).map(Material::P384),
        ("OKP", Some("Ed25519")) => bytes("x").filter(|x| x.len() == 32).map(Material::Ed25519),
        _ => None,
    }
}

fn without_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}
