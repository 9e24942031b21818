//! What differs between the protocols that servers speak, so that one crowd loads them all.

use std::io;
use std::net::{SocketAddr, TcpStream};

use super::{centrifuge, session};

/// A protocol over WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// Socket.IO 5 on Engine.IO 4.
    #[default]
    SocketIo,
    /// Centrifugo's, in JSON.
    Centrifuge,
}

/// What a packet from a server is to a crowd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// An event of some client's, for this one.
    Event,
    /// The answer to a packet of its own.
    Ack,
    /// A ping, which [`Dialect::pong`] answers.
    Ping,
}

impl Dialect {
    /// Opens a connection and joins as a visitor.
    pub fn join(self, server: SocketAddr) -> io::Result<TcpStream> {
        match self {
            Self::SocketIo => session::join(server),
            Self::Centrifuge => centrifuge::join(server),
        }
    }

    /// What a client sends for this text, free of quotes and backslashes, to go to everybody.
    pub fn to_all(self, text: &str) -> String {
        match self {
            Self::SocketIo => format!("42[\"bcast\",\"{text}\"]"),
            Self::Centrifuge => centrifuge::to_all(text),
        }
    }

    /// Tells of the packets in a frame, but for those that a crowd has nothing to do with.
    pub fn hear(self, frame: &[u8], mut tell: impl FnMut(Heard)) {
        match self {
            Self::SocketIo => {
                if let Some(heard) = session::hear(frame) {
                    tell(heard);
                }
            }
            Self::Centrifuge => centrifuge::packets(frame)
                .filter_map(centrifuge::hear)
                .for_each(tell),
        }
    }

    /// The answer to a ping.
    pub const fn pong(self) -> &'static str {
        match self {
            Self::SocketIo => session::PONG,
            Self::Centrifuge => centrifuge::PONG,
        }
    }
}
