//! Why a token, a key, a key set or a place is not believed.

use std::fmt;

use super::{SET_BYTES, TOKEN_BYTES};

/// Why a token is not believed. Reads well after "the token ".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// Longer than [`TOKEN_BYTES`].
    TooLong,
    /// It has not three parts of base64url, or its header is not JSON.
    Malformed(&'static str),
    /// Its header asks for something that is not understood here.
    Header(&'static str),
    /// It is signed with an algorithm that no key here is for.
    Algorithm,
    /// Its key is not in the key set: [`KeySet::handle_unknown_key`](super::KeySet::handle_unknown_key)
    /// says whether fetching the set may help.
    UnknownKey,
    /// The key set was never fetched: it is not known whether the token is good.
    NoKeysYet,
    /// No key verifies it.
    Signature,
    /// It is signed, and has expired.
    Expired {
        /// How many seconds ago, the leeway counted in.
        seconds: u64,
    },
    /// It is signed; a claim is missing or wrong.
    Claim {
        /// Which one.
        name: &'static str,
        /// Why, to be read after its name.
        why: &'static str,
    },
    /// It is signed; its claims are not a JSON object, or one stands twice.
    Claims,
}

impl TokenFault {
    /// Whether it was good and only its time is over.
    pub const fn is_expired(self) -> bool {
        matches!(self, Self::Expired { .. })
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "is longer than {TOKEN_BYTES} bytes"),
            Self::Malformed(why) | Self::Header(why) => f.write_str(why),
            Self::Algorithm => f.write_str("is signed with an algorithm that is not allowed here"),
            Self::UnknownKey => f.write_str("is signed with a key that the key set does not have"),
            Self::NoKeysYet => {
                f.write_str("cannot be judged: the key set could not be fetched yet")
            }
            Self::Signature => f.write_str("is not signed with a key that is known here"),
            Self::Expired { seconds } => write!(f, "expired {seconds} s ago"),
            Self::Claim { name, why } => write!(f, "is signed, but its claim {name} {why}"),
            Self::Claims => f.write_str(
                "is signed, but its claims are no JSON object in which each stands once",
            ),
        }
    }
}

/// Why a page is not believed to be the user's own. Reads well after "the CSRF token ".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrfFault {
    /// None came.
    Missing,
    /// The token in the cookie has no `csrf` claim to compare with.
    NoClaim,
    /// It is another token's.
    Mismatch,
}

impl fmt::Display for CsrfFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::NoClaim => {
                "has nothing to be compared with: the cookie's token has no claim csrf"
            }
            Self::Mismatch => "is not that of the cookie's token",
        })
    }
}

/// Why there is something where a token could be, and it is none. Reads well after "the request ".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceFault {
    /// `Authorization: Bearer` without exactly one word behind it.
    Header,
    /// The `token` of the CONNECT payload is not a text.
    Payload,
}

impl fmt::Display for PlaceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "has an Authorization header that is not Bearer and one token",
            Self::Payload => "has an auth payload whose token is not a text",
        })
    }
}

/// Why a key cannot be used. Reads well after the setting's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    /// A secret without a byte.
    Empty,
    /// A public key or certificate where a secret is to be: everybody may know it.
    PublicAsSecret,
    /// No PEM block of a public key.
    NotPublic,
    /// A private key, which belongs to who signs.
    Private,
    /// A certificate.
    Certificate,
    /// A key of a type or size that is not known here.
    Type,
    /// No algorithm of the list is for this type of key.
    NoAlgorithm,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty: set the secret that signs the tokens",
            Self::PublicAsSecret => {
                "is a public key or certificate, which is no secret: set BELLGATE_JWT_PUBLIC_KEY instead"
            }
            Self::NotPublic => "has no PEM block PUBLIC KEY: give the public key in PEM",
            Self::Private => "holds a private key: give the public key that belongs to it",
            Self::Certificate => {
                "holds a certificate: give its public key (openssl x509 -pubkey -noout)"
            }
            Self::Type => "holds no key of RSA (2048 to 8192 bits), P-256, P-384 or Ed25519",
            Self::NoAlgorithm => "is of a type for which BELLGATE_JWT_ALGORITHMS names no algorithm",
        })
    }
}

/// Why a fetched key set is not taken. Reads well after "the key set "; the old keys hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetFault {
    /// Longer than [`SET_BYTES`].
    TooLong,
    /// It is not JSON with a list `keys`.
    NotASet,
    /// None of its keys can be used here.
    NoKeys,
}

impl fmt::Display for SetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "is longer than {SET_BYTES} bytes"),
            Self::NotASet => f.write_str("is not JSON with a list of keys"),
            Self::NoKeys => f.write_str("has no key that verifies with an allowed algorithm"),
        }
    }
}
