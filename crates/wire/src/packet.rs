//! One Engine.IO packet: the outer of the two layers.

use std::borrow::Cow;

use bellgate_codes::Refusal;

/// One Engine.IO 4 packet (Engine.IO protocol, "Packet types"), borrowed from what came in.
///
/// A digit names the type: `0` to `6`. Binary messages have no digit: they are WebSocket binary
/// messages, or `b` and base64 in a polling body ([`crate::packets`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `0`: the handshake, with its JSON. Only servers send it.
    Open(&'a str),
    /// `1`: the session ends.
    Close,
    /// `2`: a heartbeat of the server, or `probe` by a client that upgrades.
    Ping(&'a str),
    /// `3`: the answer to a ping, with the ping's data.
    Pong(&'a str),
    /// `4`: a text message.
    Text(&'a str),
    /// A binary message.
    Binary(Cow<'a, [u8]>),
    /// `5`: the upgrade is done.
    Upgrade,
    /// `6`: nothing; ends a waiting poll.
    Noop,
}

impl<'a> Packet<'a> {
    /// Reads one packet that came as text.
    ///
    /// `b` and base64 are refused here: they belong into polling bodies alone. So is data behind
    /// the types that carry none (`1`, `5`, `6`).
    pub fn decode_text(text: &'a str) -> Result<Self, Refusal> {
        let Some(kind) = text.bytes().next() else {
            return Err(malformed("it is empty"));
        };
        // Nothing but a digit is of a known type.
        let data = text.get(1..).unwrap_or_default();
        match (kind, data) {
            (b'0', json) => Ok(Self::Open(json)),
            (b'1', "") => Ok(Self::Close),
            (b'2', data) => Ok(Self::Ping(data)),
            (b'3', data) => Ok(Self::Pong(data)),
            (b'4', text) => Ok(Self::Text(text)),
            (b'5', "") => Ok(Self::Upgrade),
            (b'6', "") => Ok(Self::Noop),
            (b'1' | b'5' | b'6', _) => Err(malformed("this type carries no data")),
            _ => Err(malformed("its type is unknown")),
        }
    }

    /// The protocol's name of the type: `open`, `close`, `ping`, `pong`, `message`, `upgrade`, `noop`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Close => "close",
            Self::Ping(_) => "ping",
            Self::Pong(_) => "pong",
            Self::Text(_) | Self::Binary(_) => "message",
            Self::Upgrade => "upgrade",
            Self::Noop => "noop",
        }
    }
}

pub(crate) fn malformed(detail: &str) -> Refusal {
    Refusal::PacketMalformed {
        layer: "Engine.IO".to_owned(),
        detail: detail.to_owned(),
    }
}
