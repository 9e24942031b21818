//! A binary packet that waits for its attachments.
//!
//! The header comes as text and says how many binary messages follow; in its payload each has a
//! placeholder `{"_placeholder":true,"num":0}` (Socket.IO protocol, "Packets with binary").

use bellgate_codes::Refusal;
use bytes::Bytes;
use compact_str::CompactString;
use smallvec::SmallVec;

use crate::json::{Scanner, Token, malformed};
use crate::limits::Limits;
use crate::socket::arguments::Arguments;
use crate::socket::decode::{Kind, SocketPacket};
use crate::socket::event::unquote;

/// Collects the attachments of one binary packet.
///
/// [`Assembly::begin`] with the header, [`Assembly::push`] with each binary message until it says
/// that all are there, then [`Assembly::finish`]. Text in between is for the caller to refuse.
#[derive(Debug)]
pub struct Assembly {
    packet: Assembled,
    expected: usize,
    bytes: usize,
    limit: usize,
}

/// A binary packet with all its attachments. Placeholders still stand in `args`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembled {
    /// [`Kind::BinaryEvent`] or [`Kind::BinaryAck`], as the header said.
    pub kind: Kind,
    /// Of the header.
    pub namespace: String,
    /// Of the header.
    pub id: Option<u64>,
    /// An event's name.
    pub name: Option<CompactString>,
    /// Of the header; each attachment has exactly one placeholder in them.
    pub args: Arguments,
    /// In the order in which they came: the one at `n` belongs to the placeholder with `num` `n`.
    pub attachments: Vec<Bytes>,
}

impl Assembly {
    /// Takes the header, and checks that each attachment has one placeholder.
    ///
    /// Memory grows with what arrives, not with what is announced.
    pub fn begin(packet: &SocketPacket<'_>, limits: &Limits) -> Result<Self, Refusal> {
        let data = packet.data.unwrap_or_default();
        if !packet.kind.is_binary() || packet.attachments == 0 {
            return Err(malformed("no attachments follow this packet"));
        }
        if packet.attachments > limits.attachments {
            return Err(Refusal::PacketLimit {
                what: "attachments".to_owned(),
                limit: limits.attachments.to_string(),
            });
        }
        check_placeholders(data, packet.attachments, limits.json_depth)?;
        let assembly = Self {
            packet: Assembled {
                kind: packet.kind,
                namespace: packet.namespace.to_owned(),
                id: packet.id,
                name: packet.name.as_deref().map(CompactString::from),
                args: packet.arguments(),
                attachments: Vec::new(),
            },
            expected: packet.attachments,
            bytes: data.len(),
            limit: limits.message_bytes,
        };
        assembly.check_size(0)?;
        Ok(assembly)
    }

    /// Adds the next attachment; true when it was the last.
    ///
    /// [`Refusal::PayloadTooLarge`] when header and attachments together pass `message_bytes`,
    /// before anything is copied.
    pub fn push(&mut self, part: &[u8]) -> Result<bool, Refusal> {
        if self.is_complete() {
            return Err(malformed("one attachment too many"));
        }
        self.check_size(part.len())?;
        self.bytes += part.len();
        self.packet.attachments.push(Bytes::copy_from_slice(part));
        Ok(self.is_complete())
    }

    /// Whether all attachments are there.
    pub fn is_complete(&self) -> bool {
        self.packet.attachments.len() >= self.expected
    }

    /// The packet, once [`Assembly::push`] has said that it is complete.
    pub fn finish(self) -> Assembled {
        self.packet
    }

    fn check_size(&self, more: usize) -> Result<(), Refusal> {
        let size = self.bytes.saturating_add(more);
        if size > self.limit {
            return Err(Refusal::PayloadTooLarge {
                size: size.to_string(),
                limit: self.limit.to_string(),
            });
        }
        Ok(())
    }
}

/// What is known of the innermost open object, as far as placeholders go.
#[derive(Default)]
struct Members<'a> {
    /// `"_placeholder":true` stands in it.
    is_placeholder: bool,
    /// The raw value of `num`.
    num: Option<&'a str>,
    /// Something else stands in it, or one of the two twice.
    others: bool,
}

/// Which member the next value belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    Mark,
    Num,
    Other,
}

/// Each of `0..count` must be the `num` of exactly one placeholder.
///
/// A placeholder holds nothing but its two members, so that no reader can take it for two things.
fn check_placeholders(data: &str, count: usize, depth: usize) -> Result<(), Refusal> {
    let mut scanner = Scanner::new(data, depth);
    let mut seen: SmallVec<[bool; 16]> = SmallVec::from_elem(false, count);
    let mut members = Members::default();
    let mut member = Member::Other;
    while let Some(token) = scanner.next_token()? {
        match token {
            Token::Key => member = member_named(scanner.token()),
            Token::Scalar => {
                members.add(member, scanner.token());
                member = Member::Other;
            }
            Token::ObjectStart | Token::ArrayStart => {
                if members.is_placeholder {
                    return Err(malformed("a placeholder holds more than its number"));
                }
                members = Members::default();
                member = Member::Other;
            }
            Token::ObjectEnd | Token::ArrayEnd => {
                if members.is_placeholder {
                    members.claim(&mut seen)?;
                }
                // Back in an outer object, which holds at least what was just closed.
                members = Members {
                    others: true,
                    ..Members::default()
                };
            }
        }
    }
    if seen.contains(&false) {
        return Err(malformed("an attachment lacks its placeholder"));
    }
    Ok(())
}

fn member_named(raw: &str) -> Member {
    match unquote(raw).as_deref() {
        Ok("_placeholder") => Member::Mark,
        Ok("num") => Member::Num,
        _ => Member::Other,
    }
}

impl<'a> Members<'a> {
    fn add(&mut self, member: Member, raw: &'a str) {
        match member {
            Member::Mark if raw == "true" && !self.is_placeholder => self.is_placeholder = true,
            Member::Num if self.num.is_none() => self.num = Some(raw),
            _ => self.others = true,
        }
    }

    /// Marks the attachment of a closed placeholder as seen.
    fn claim(&self, seen: &mut [bool]) -> Result<(), Refusal> {
        if self.others {
            return Err(malformed("a placeholder holds more than its number"));
        }
        let slot = self
            .num
            .and_then(|raw| raw.parse::<usize>().ok())
            .and_then(|num| seen.get_mut(num));
        match slot {
            Some(seen) if !*seen => {
                *seen = true;
                Ok(())
            }
            Some(_) => Err(malformed("two placeholders have the same number")),
            None => Err(malformed("a placeholder's number belongs to no attachment")),
        }
    }
}
