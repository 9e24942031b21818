//! From text to a Socket.IO packet, and every way in which it can be wrong.
//!
//! The form is `<type>[<attachments>-][<namespace>,][<id>][<JSON>]` (Socket.IO protocol, "Packet
//! encoding"). What a stock client never sends is refused: the official suite expects the
//! connection to be closed for it.

use std::borrow::Cow;

use bellgate_codes::Refusal;

use crate::json::{Array, Elements, MAX_ARGUMENTS, malformed, validate_json};
use crate::limits::Limits;
use crate::socket::{Arguments, event};

/// The largest integer that JavaScript holds exactly: no client gives a larger ack id.
const MAX_ID: u64 = (1 << 53) - 1;

/// The type of a Socket.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `0`: asks for a namespace, or says that it is joined.
    Connect,
    /// `1`: leaves a namespace.
    Disconnect,
    /// `2`: an event.
    Event,
    /// `3`: the answer to an event.
    Ack,
    /// `4`: a namespace is refused. Only servers send it.
    ConnectError,
    /// `5`: an event with attachments.
    BinaryEvent,
    /// `6`: an answer with attachments.
    BinaryAck,
}

impl Kind {
    /// The protocol's name of the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Disconnect => "DISCONNECT",
            Self::Event => "EVENT",
            Self::Ack => "ACK",
            Self::ConnectError => "CONNECT_ERROR",
            Self::BinaryEvent => "BINARY_EVENT",
            Self::BinaryAck => "BINARY_ACK",
        }
    }

    /// Whether attachments follow the packet.
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }

    /// The kind that the packet has once its attachments are there.
    #[must_use]
    pub const fn without_attachments(self) -> Self {
        match self {
            Self::BinaryEvent => Self::Event,
            Self::BinaryAck => Self::Ack,
            kind => kind,
        }
    }
}

/// One Socket.IO packet as a client sent it, borrowed from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketPacket<'a> {
    /// Its type. A binary one has at least one attachment.
    pub kind: Kind,
    /// How many attachments follow.
    pub attachments: usize,
    /// `/` where none is named; a query behind it is cut off.
    pub namespace: &'a str,
    /// The number that asks for an ack, or that an ack answers. At most 2^53 - 1.
    pub id: Option<u64>,
    /// The payload: valid JSON of the form that the kind asks for, as it came.
    pub data: Option<&'a str>,
    /// An event's name.
    pub name: Option<Cow<'a, str>>,
    /// The raw JSON of each argument of an event or an ack, at most 1024.
    pub args: Elements<'a>,
}

impl<'a> SocketPacket<'a> {
    /// Reads a packet that a client sent.
    ///
    /// Refused are: unknown types and `CONNECT_ERROR`, which only servers send; a payload of another
    /// form than the type's (CONNECT none or an object, DISCONNECT none, the others an array that
    /// starts with an event's name or is an answer); an id where none belongs, none where one does,
    /// one above 2^53 - 1; too many attachments; a reserved event name; broken or too deep JSON.
    ///
    /// A binary type that announces no attachments is read as the plain type: nothing follows it.
    /// Placeholders are checked by [`crate::Assembly::begin`].
    pub fn decode(text: &'a str, limits: &Limits) -> Result<Self, Refusal> {
        let (kind, rest) = take_kind(text)?;
        let (attachments, rest) = if kind.is_binary() {
            take_attachments(rest, limits)?
        } else {
            (0, rest)
        };
        let kind = if attachments == 0 {
            kind.without_attachments()
        } else {
            kind
        };
        let (namespace, rest) = take_namespace(rest, limits)?;
        let (id, rest) = take_id(rest)?;
        let mut packet = Self {
            kind,
            attachments,
            namespace,
            id,
            data: (!rest.is_empty()).then_some(rest),
            name: None,
            args: Elements::new(),
        };
        packet.read(rest, limits)?;
        Ok(packet)
    }

    /// Takes what the payload holds, if it and the id are those of the kind. It is read once.
    fn read(&mut self, data: &'a str, limits: &Limits) -> Result<(), Refusal> {
        let first = data.as_bytes().trim_ascii_start().first();
        match (self.kind, first, self.id) {
            (Kind::Event | Kind::BinaryEvent, Some(b'['), _) => {
                self.name = Some(event::split(data, limits, &mut self.args)?);
                Ok(())
            }
            (Kind::Ack | Kind::BinaryAck, Some(b'['), Some(_)) => {
                let array = Array::open(data, limits.json_depth)?;
                Ok(array.rest(MAX_ARGUMENTS, &mut self.args)?)
            }
            (Kind::Connect | Kind::Disconnect, _, None) if data.is_empty() => Ok(()),
            (Kind::Connect, Some(b'{'), None) => validate_json(data, limits.json_depth),
            (Kind::Connect | Kind::Disconnect, _, Some(_)) => Err(malformed("it carries an id")),
            (Kind::Ack | Kind::BinaryAck, _, None) => Err(malformed("an ack lacks its id")),
            (kind, _, _) => Err(malformed(&format!(
                "the payload is not of the form that {} asks for",
                kind.name()
            ))),
        }
    }

    /// The arguments, to be kept.
    pub fn arguments(&self) -> Arguments {
        Arguments::cut(self.data.unwrap_or_default(), &self.args)
    }
}

fn take_kind(text: &str) -> Result<(Kind, &str), Refusal> {
    let kind = match text.bytes().next() {
        Some(b'0') => Kind::Connect,
        Some(b'1') => Kind::Disconnect,
        Some(b'2') => Kind::Event,
        Some(b'3') => Kind::Ack,
        Some(b'4') => return Err(malformed("only servers send CONNECT_ERROR")),
        Some(b'5') => Kind::BinaryEvent,
        Some(b'6') => Kind::BinaryAck,
        Some(_) => return Err(malformed("its type is unknown")),
        None => return Err(malformed("it is empty")),
    };
    Ok((kind, text.get(1..).unwrap_or_default()))
}

/// `<digits>-`. The number is judged before anything is done with it.
fn take_attachments<'a>(text: &'a str, limits: &Limits) -> Result<(usize, &'a str), Refusal> {
    let (digits, rest) = take_digits(text);
    let Some(rest) = rest.strip_prefix('-').filter(|_| !digits.is_empty()) else {
        return Err(malformed("the number of attachments cannot be read"));
    };
    match digits.parse() {
        Ok(count) if count <= limits.attachments => Ok((count, rest)),
        _ => Err(Refusal::PacketLimit {
            what: "attachments".to_owned(),
            limit: limits.attachments.to_string(),
        }),
    }
}

/// `/<name>` up to a comma or the end, without its query: clients of version 2 send one.
fn take_namespace<'a>(text: &'a str, limits: &Limits) -> Result<(&'a str, &'a str), Refusal> {
    if !text.starts_with('/') {
        return Ok(("/", text));
    }
    let end = memchr::memchr(b',', text.as_bytes()).unwrap_or(text.len());
    if end > limits.namespace_bytes {
        return Err(Refusal::PacketLimit {
            what: "bytes in a namespace".to_owned(),
            limit: limits.namespace_bytes.to_string(),
        });
    }
    let whole = text.get(..end).unwrap_or_default();
    let name = whole.split('?').next().unwrap_or_default();
    Ok((name, text.get(end + 1..).unwrap_or_default()))
}

fn take_id(text: &str) -> Result<(Option<u64>, &str), Refusal> {
    let (digits, rest) = take_digits(text);
    if digits.is_empty() {
        return Ok((None, rest));
    }
    let id = digits.bytes().fold(0_u64, |id, digit| {
        id.saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    });
    if id > MAX_ID {
        return Err(malformed("an id is above 2^53 - 1"));
    }
    Ok((Some(id), rest))
}

fn take_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}
