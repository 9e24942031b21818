//! Polling bodies: packets joined by 0x1e.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bellgate_codes::Refusal;

use crate::limits::Limits;
use crate::packet::{Packet, malformed};

/// The record separator between two packets of a body (Engine.IO protocol, "HTTP long-polling").
pub(crate) const SEPARATOR: u8 = 0x1e;

/// The alphabet of RFC 4648 §4. Encoding pads; decoding takes both, since clients differ.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The packets of one polling body, one after the other; see [`packets`].
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    rest: Option<&'a str>,
    left: usize,
    limit: usize,
}

/// Splits a polling body into its packets, each read when it is asked for.
///
/// An empty body and an empty packet are [`Refusal::PacketMalformed`]; one packet more than
/// `packets_per_payload` is [`Refusal::PacketLimit`]. Nothing follows a refusal. The body's size is
/// for the caller to bound, before reading it.
pub fn packets<'a>(body: &'a str, limits: &Limits) -> Packets<'a> {
    Packets {
        rest: Some(body),
        left: limits.packets_per_payload,
        limit: limits.packets_per_payload,
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        if self.left == 0 {
            return Some(Err(Refusal::PacketLimit {
                what: "packets in one body".to_owned(),
                limit: self.limit.to_string(),
            }));
        }
        self.left -= 1;
        let (text, behind) = match memchr::memchr(SEPARATOR, rest.as_bytes()) {
            Some(at) => (
                rest.get(..at).unwrap_or_default(),
                Some(rest.get(at + 1..).unwrap_or_default()),
            ),
            None => (rest, None),
        };
        let packet = decode(text);
        if packet.is_ok() {
            self.rest = behind;
        }
        Some(packet)
    }
}

impl std::iter::FusedIterator for Packets<'_> {}

fn decode(text: &str) -> Result<Packet<'_>, Refusal> {
    match text.strip_prefix('b') {
        None => Packet::decode_text(text),
        Some(encoded) => match BASE64.decode(encoded) {
            Ok(data) => Ok(Packet::Binary(Cow::Owned(data))),
            Err(_) => Err(malformed("a binary message is not base64")),
        },
    }
}
