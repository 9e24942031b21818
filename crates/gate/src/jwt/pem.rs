//! Public keys in PEM: `PUBLIC KEY` (RFC 7468 §13) and RSA's own `RSA PUBLIC KEY`.

use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::fault::KeyFault;
use super::key::Material;

/// The first public key of a PEM text.
pub(super) fn public_key(text: &[u8]) -> Result<Material, KeyFault> {
    let blocks = pem::parse_many(text).map_err(|_| KeyFault::NotPublic)?;
    let mut fault = KeyFault::NotPublic;
    for block in &blocks {
        match block.tag() {
            "PUBLIC KEY" => return from_spki(block.contents()),
            "RSA PUBLIC KEY" => return rsa(block.contents()),
            "CERTIFICATE" => fault = KeyFault::Certificate,
            tag if tag.ends_with("PRIVATE KEY") => fault = KeyFault::Private,
            _ => {}
        }
    }
    Err(fault)
}

/// Whether a text that is to be a secret is a key or certificate that others may know. HMAC with a
/// public key is the oldest trick (CVE-2022-29217).
pub(super) fn is_public(secret: &[u8]) -> bool {
    const MARKS: [&[u8]; 4] = [b"-----BEGIN ", b"ssh-rsa ", b"ssh-ed25519 ", b"ecdsa-sha2-"];
    MARKS
        .iter()
        .any(|mark| secret.windows(mark.len()).any(|window| window == *mark))
}

fn from_spki(der: &[u8]) -> Result<Material, KeyFault> {
    let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyFault::NotPublic)?;
    let key = info.subject_public_key.as_bytes().ok_or(KeyFault::Type)?;
    match info.algorithm.oid {
        RSA => rsa(key),
        ED25519 if key.len() == 32 => Ok(Material::Ed25519(key.to_vec())),
        EC => match info.algorithm.parameters_oid() {
            Ok(P256) if is_point(key, 32) => Ok(Material::P256(key.to_vec())),
            Ok(P384) if is_point(key, 48) => Ok(Material::P384(key.to_vec())),
            _ => Err(KeyFault::Type),
        },
        _ => Err(KeyFault::Type),
    }
}

/// `RSAPublicKey`: below 2048 bits it is shorter than its modulus would be.
fn rsa(der: &[u8]) -> Result<Material, KeyFault> {
    if (256 + 9..=1024 + 32).contains(&der.len()) {
        Ok(Material::Rsa(der.to_vec()))
    } else {
        Err(KeyFault::Type)
    }
}

/// An uncompressed point (SEC 1 §2.3.3) with coordinates of `bytes` each.
fn is_point(key: &[u8], bytes: usize) -> bool {
    key.len() == 1 + 2 * bytes && key.first() == Some(&4)
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
