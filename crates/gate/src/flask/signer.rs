//! itsdangerous' signatures: `value.signature`, and `payload.timestamp.signature` with a time.
//!
//! The text is split from the right, for a payload may begin with a dot. Base64 is read strictly; Python
//! skips characters outside of the alphabet, so only a signature's own text differs, never what it
//! signs. Never key anything by the text of a cookie; [`Timed::signed`] is what was signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::digest::Digest as Hash;
use sha2::{Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq};

use super::Fault;

/// Hash function of a signature, and of the derivation of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Digest {
    /// itsdangerous' default.
    #[default]
    Sha1,
    /// `digest_method = hashlib.sha256`
    Sha256,
    /// `digest_method = hashlib.sha512`
    Sha512,
}

/// How the signing key is made of secret and salt (`key_derivation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    /// `hmac`, which Flask's sessions use: HMAC(secret, salt).
    Hmac,
    /// `concat`: H(salt ‖ secret).
    Concat,
    /// `django-concat`, itsdangerous' default: H(salt ‖ "signer" ‖ secret).
    DjangoConcat,
    /// `none`: the secret itself.
    None,
}

/// Verifies signatures of one salt, with any of several secrets.
#[derive(Clone)]
pub struct Signer {
    keys: Vec<Key>,
}

/// A signing key with its HMAC begun: what the key alone decides is hashed once, not for each text.
#[derive(Clone)]
enum Key {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

/// A signed payload with its time, the signature verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed<'a> {
    /// What was signed, without the time.
    pub payload: &'a str,
    /// Payload and time, the text that the signature covers.
    pub signed: &'a str,
    /// When it was signed, in Unix seconds.
    pub at: u64,
}

impl Signer {
    /// Any of the secrets verifies, whatever its place: Flask 3.1.0 signed with the oldest one.
    pub fn new<'a>(
        digest: Digest,
        derivation: Derivation,
        salt: &str,
        secrets: impl IntoIterator<Item = &'a [u8]>,
    ) -> Self {
        let key = |secret| {
            let derived = derived(digest, derivation, salt.as_bytes(), secret);
            digest.key(&derived)
        };
        Self {
            keys: secrets.into_iter().map(key).collect(),
        }
    }

    /// The value of `value.signature`.
    pub fn unsign<'a>(&self, text: &'a str) -> Result<&'a str, Fault> {
        let (value, signature) = text.rsplit_once('.').ok_or(Fault::Malformed)?;
        // Longer than the longest digest in base64: not even decoded.
        if signature.len() > 128 {
            return Err(Fault::Signature);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature);
        let signature = signature.map_err(|_| Fault::Signature)?;
        // Every key is tried, so that time does not tell which one fits.
        let fits = self.keys.iter().fold(Choice::from(0), |fits, key| {
            fits | key.mac(value.as_bytes()).ct_eq(&signature)
        });
        if fits.into() {
            Ok(value)
        } else {
            Err(Fault::Signature)
        }
    }

    /// The payload of `payload.timestamp.signature`; its age is for [`Timed::check_age`].
    pub fn unsign_timed<'a>(&self, text: &'a str) -> Result<Timed<'a>, Fault> {
        let signed = self.unsign(text)?;
        let (payload, time) = signed.rsplit_once('.').ok_or(Fault::Timestamp)?;
        Ok(Timed {
            payload,
            signed,
            at: read_time(time)?,
        })
    }
}

impl Signer {
    /// `payload.timestamp.signature`, by the first secret.
    pub(super) fn sign_timed(&self, payload: &str, at: u64) -> Option<String> {
        let bytes = at.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let time = URL_SAFE_NO_PAD.encode(bytes.get(zeros..)?);
        let signed = format!("{payload}.{time}");
        let signature = self.keys.first()?.mac(signed.as_bytes());
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({} keys)", self.keys.len())
    }
}

impl Timed<'_> {
    /// Fails when it is older than `limit` seconds, or more than `leeway` seconds in the future. An age
    /// that equals the limit is allowed. itsdangerous allows no leeway; its clock is the signer's own.
    pub const fn check_age(&self, now: u64, limit: u64, leeway: u64) -> Result<(), Fault> {
        if let Some(age) = now.checked_sub(self.at) {
            if age > limit {
                return Err(Fault::Expired { age, limit });
            }
        } else if self.at - now > leeway {
            let seconds = self.at - now;
            return Err(Fault::Ahead { seconds });
        }
        Ok(())
    }
}

impl Digest {
    fn key(self, key: &[u8]) -> Key {
        match self {
            Self::Sha1 => Key::Sha1(keyed(key)),
            Self::Sha256 => Key::Sha256(keyed(key)),
            Self::Sha512 => Key::Sha512(keyed(key)),
        }
    }

    fn hash(self, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => hash::<Sha1>(parts),
            Self::Sha256 => hash::<Sha256>(parts),
            Self::Sha512 => hash::<Sha512>(parts),
        }
    }
}

impl Key {
    fn mac(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1(keyed) => mac(keyed.clone(), message),
            Self::Sha256(keyed) => mac(keyed.clone(), message),
            Self::Sha512(keyed) => mac(keyed.clone(), message),
        }
    }
}

/// HMAC by a key, of what is to come.
pub(super) fn keyed<M: Mac + KeyInit>(key: &[u8]) -> M {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    <M as KeyInit>::new_from_slice(key).expect("a key of any length")
}

/// HMAC of a message.
pub(super) fn mac(keyed: impl Mac, message: &[u8]) -> Vec<u8> {
    keyed.chain_update(message).finalize().into_bytes().to_vec()
}

/// Hash of parts in a row.
pub(super) fn hash<H: Hash>(parts: &[&[u8]]) -> Vec<u8> {
    let hash = parts.iter().fold(H::new(), Hash::chain_update);
    hash.finalize().to_vec()
}

fn derived(digest: Digest, derivation: Derivation, salt: &[u8], secret: &[u8]) -> Vec<u8> {
    match derivation {
        Derivation::Hmac => digest.key(secret).mac(salt),
        Derivation::Concat => digest.hash(&[salt, secret]),
        Derivation::DjangoConcat => digest.hash(&[salt, b"signer", secret]),
        Derivation::None => secret.to_vec(),
    }
}

/// A big-endian integer of at most eight bytes; none at all is 0.
fn read_time(text: &str) -> Result<u64, Fault> {
    if text.len() > 11 {
        return Err(Fault::Timestamp);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Fault::Timestamp)?;
    let number = bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    Ok(number)
}
