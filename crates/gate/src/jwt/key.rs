//! A key and the algorithms that it may verify.

use ring::{hmac, signature};

use super::algorithm::{Algorithm, Family};
use super::fault::KeyFault;

/// One key. Its algorithms are fixed when it is read, and all of its own family.
#[derive(Clone)]
pub(super) struct Key {
    material: Material,
    algorithms: Vec<Algorithm>,
}

/// What verifies, checked in shape only: `ring` judges it at each use.
#[derive(Clone)]
pub(super) enum Material {
    Secret(Vec<u8>),
    /// `RSAPublicKey` in DER.
    Rsa(Vec<u8>),
    /// Modulus and exponent, big-endian, without leading zeros.
    RsaParts {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The uncompressed point.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Key {
    /// `allowed`: the pinned algorithms; without any, the usual one of the key's family.
    pub(super) fn new(material: Material, allowed: Option<&[Algorithm]>) -> Result<Self, KeyFault> {
        let family = material.family();
        let algorithms: Vec<_> = match allowed {
            None => vec![family.usual()],
            Some(list) => list
                .iter()
                .copied()
                .filter(|algorithm| algorithm.family() == family)
                .collect(),
        };
        if algorithms.is_empty() {
            return Err(KeyFault::NoAlgorithm);
        }
        Ok(Self {
            material,
            algorithms,
        })
    }

    /// Only this algorithm, if it is one of the key's.
    pub(super) fn only(mut self, algorithm: Algorithm) -> Option<Self> {
        self.algorithms.retain(|own| *own == algorithm);
        (!self.algorithms.is_empty()).then_some(self)
    }

    pub(super) fn is_for(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Whether `signature` is this key's over `message`; never where the key is not for `algorithm`.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.is_for(algorithm) {
            return false;
        }
        let outcome = match &self.material {
            Material::Secret(secret) => {
                let Some(hash) = hmac_of(algorithm) else {
                    return false;
                };
                hmac::verify(&hmac::Key::new(hash, secret), message, signature)
            }
            Material::Rsa(der) => {
                let Some(parameters) = rsa_of(algorithm) else {
                    return false;
                };
                signature::UnparsedPublicKey::new(parameters, der).verify(message, signature)
            }
            Material::RsaParts { n, e } => {
                let Some(parameters) = rsa_of(algorithm) else {
                    return false;
                };
                signature::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            Material::P256(point) => {
                signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
            }
            Material::P384(point) => {
                signature::UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point)
                    .verify(message, signature)
            }
            Material::Ed25519(point) => {
                signature::UnparsedPublicKey::new(&signature::ED25519, point)
                    .verify(message, signature)
            }
        };
        outcome.is_ok()
    }
}

impl Material {
    const fn family(&self) -> Family {
        match self {
            Self::Secret(_) => Family::Secret,
            Self::Rsa(_) | Self::RsaParts { .. } => Family::Rsa,
            Self::P256(_) => Family::P256,
            Self::P384(_) => Family::P384,
            Self::Ed25519(_) => Family::Ed25519,
        }
    }
}

/// Its algorithms only: a secret is never printed.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Key").field(&self.algorithms).finish()
    }
}

pub(super) const fn hmac_of(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::Hs256 => Some(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Some(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

const fn rsa_of(algorithm: Algorithm) -> Option<&'static signature::RsaParameters> {
    match algorithm {
        Algorithm::Rs256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}
