//! Signing, which the gate itself never does. Keys are made anew in each run; RSA's, which `ring` cannot
//! make, lies beside as a file and is nobody's.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bellgate_gate::jwt::{TokenRules, Tokens};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use ring::{hmac, signature};
use serde_json::{Value, json};

use crate::NOW;

pub(crate) const SECRET: &[u8] = b"a secret of thirty-two bytes or more";
pub(crate) const RSA_PEM: &str = include_str!("rsa.pem");

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Claims that are good at [`NOW`].
pub(crate) fn good() -> Value {
    json!({"sub": "42", "exp": NOW + 60, "iat": NOW, "roles": ["admin"]})
}

/// Header and claims, with the signature still missing.
pub(crate) fn unsigned(header: &str, claims: &str) -> String {
    format!("{}.{}", b64(header), b64(claims))
}

/// Signed by HMAC with SHA-256, whatever the header says.
pub(crate) fn hs256(header: &str, claims: &str, secret: &[u8]) -> String {
    hs(hmac::HMAC_SHA256, header, claims, secret)
}

pub(crate) fn hs(hash: hmac::Algorithm, header: &str, claims: &str, secret: &[u8]) -> String {
    let unsigned = unsigned(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hash, secret), unsigned.as_bytes());
    format!("{unsigned}.{}", b64(tag))
}

/// A token as an honest signer makes it.
pub(crate) fn honest(claims: &Value) -> String {
    hs256(
        r#"{"alg":"HS256","typ":"JWT"}"#,
        &claims.to_string(),
        SECRET,
    )
}

/// Judges by [`SECRET`] and Flask's defaults.
pub(crate) fn tokens() -> Tokens {
    with_rules(TokenRules::default())
}

pub(crate) fn with_rules(rules: TokenRules) -> Tokens {
    Tokens::new(rules).with_secret(SECRET).unwrap()
}

/// A pair of keys of each public type.
pub(crate) enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
}

impl Pair {
    pub(crate) fn rsa() -> Self {
        Self::Rsa(Box::new(
            RsaKeyPair::from_der(include_bytes!("rsa.der")).unwrap(),
        ))
    }

    pub(crate) fn p256() -> Self {
        Self::ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    pub(crate) fn p384() -> Self {
        Self::ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384")
    }

    fn ec(algorithm: &'static EcdsaSigningAlgorithm, curve: &'static str) -> Self {
        let rng = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
        Self::Ec(
            EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &rng).unwrap(),
            curve,
        )
    }

    pub(crate) fn ed25519() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap())
    }

    /// A token whose header says `alg`, and `more`: `,"kid":"a"`.
    pub(crate) fn token(&self, alg: &str, more: &str, claims: &Value) -> String {
        let unsigned = unsigned(&format!(r#"{{"alg":"{alg}"{more}}}"#), &claims.to_string());
        let message = unsigned.as_bytes();
        let rng = SystemRandom::new();
        let signature = match self {
            Self::Rsa(pair) => {
                let encoding: &dyn RsaEncoding = match alg {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, &rng, message, &mut signature).unwrap();
                signature
            }
            Self::Ec(pair, _) => pair.sign(&rng, message).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        };
        format!("{unsigned}.{}", b64(signature))
    }

    /// The public half as a key set has it.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Rsa(pair) => {
                let parts: signature::RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({"kty": "RSA", "kid": kid, "n": b64(parts.n), "e": b64(parts.e)})
            }
            Self::Ec(pair, curve) => {
                let point = pair.public_key().as_ref().get(1..).unwrap();
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "kid": kid, "x": b64(x), "y": b64(y)})
            }
            Self::Ed(pair) => {
                let x = b64(pair.public_key());
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})
            }
        }
    }

    /// The public half in PEM: the fixed beginning of its `SubjectPublicKeyInfo`, and the key.
    pub(crate) fn pem(&self) -> String {
        let (start, key): (&[u8], _) = match self {
            Self::Rsa(_) => return RSA_PEM.to_owned(),
            Self::Ec(pair, "P-256") => (
                b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
                pair.public_key().as_ref(),
            ),
            Self::Ec(pair, _) => (
                b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
                pair.public_key().as_ref(),
            ),
            Self::Ed(pair) => (
                b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
                pair.public_key().as_ref(),
            ),
        };
        let body = STANDARD.encode([start, key].concat());
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }
}
