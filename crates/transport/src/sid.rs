//! Session ids: 128 random bits and the address of the session, in URL-safe base64.
//!
//! The address (node, shard, slot) lets any shard hand a request to the owner; the random part is
//! what proves it, compared without a timing difference. A sid is 24 bytes, 32 characters.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// Number of random bytes, the part that cannot be guessed.
const SECRET: usize = 16;
/// Random bytes, node (2), shard (2), slot (4).
const BYTES: usize = SECRET + 8;
/// This node, as long as there is one.
pub const NODE: u16 = 0;

/// The unguessable part of a session id.
#[derive(Clone, Copy)]
pub struct Secret([u8; SECRET]);

impl Secret {
    /// Fresh random bits from the operating system.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; SECRET];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Whether both are the same, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// A parsed session id.
#[derive(Clone, Copy)]
pub struct Sid {
    /// The part that proves the holder.
    pub secret: Secret,
    /// The node that holds the session.
    pub node: u16,
    /// The shard on that node.
    pub shard: u16,
    /// The slot on that shard.
    pub slot: u32,
}

impl Sid {
    /// Reads a sid; `None` for anything that this server cannot have given out.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; BYTES];
        let written = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        if written != BYTES {
            return None;
        }
        let (secret, address) = bytes.split_first_chunk::<SECRET>()?;
        let (node, address) = address.split_first_chunk::<2>()?;
        let (shard, address) = address.split_first_chunk::<2>()?;
        let slot = address.first_chunk::<4>()?;
        Some(Self {
            secret: Secret(*secret),
            node: u16::from_be_bytes(*node),
            shard: u16::from_be_bytes(*shard),
            slot: u32::from_be_bytes(*slot),
        })
    }

    /// The sid as clients get it.
    pub fn encode(&self) -> String {
        let mut bytes = [0; BYTES];
        let parts = self.secret.0.into_iter().chain(self.node.to_be_bytes());
        let parts = parts
            .chain(self.shard.to_be_bytes())
            .chain(self.slot.to_be_bytes());
        for (byte, part) in bytes.iter_mut().zip(parts) {
            *byte = part;
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, Sid};

    #[test]
    fn a_sid_survives_its_text_form() {
        let sid = Sid {
            secret: Secret::random().unwrap(),
            node: 7,
            shard: 3,
            slot: 90_001,
        };
        let text = sid.encode();
        assert_eq!(text.len(), 32);
        let parsed = Sid::parse(&text).unwrap();
        assert_eq!((parsed.node, parsed.shard, parsed.slot), (7, 3, 90_001));
        assert!(parsed.secret.matches(&sid.secret));
        assert!(!parsed.secret.matches(&Secret::random().unwrap()));
    }

    #[test]
    fn what_was_never_given_out_is_no_sid() {
        for text in [
            "",
            "__proto__",
            "constructor",
            "zzz",
            "%00",
            &"A".repeat(31),
            &"A".repeat(33),
            &"=".repeat(32),
        ] {
            assert!(Sid::parse(text).is_none(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_sid_or_none_and_a_sid_says_the_same_again(text in "\\PC{0,64}|[A-Za-z0-9_-]{32}") {
            if let Some(sid) = Sid::parse(&text) {
                proptest::prop_assert_eq!(sid.encode(), text);
            }
        }
    }
}
