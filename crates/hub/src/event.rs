//! What the hub tells the application.

use std::sync::Arc;

use bellgate_engine::ConnId;
use bellgate_wire::Arguments;
use bytes::Bytes;
use compact_str::CompactString;

use crate::socket::SocketId;
use crate::target::Member;

/// One receiver's answer to an event: its `sid`, the arguments, the attachments.
pub type Answer = (Arc<str>, Arguments, Vec<Bytes>);

/// Something for the application to act upon, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A client asks to join a namespace: answer with [`crate::Hub::accept`] or
    /// [`crate::Hub::refuse`], now or later.
    Connect {
        /// The socket that waits.
        socket: SocketId,
        /// The namespace, one that was defined.
        namespace: Arc<str>,
        /// The payload of CONNECT as raw JSON, an object where it is there.
        auth: Option<String>,
    },
    /// A client sent an event.
    Received {
        /// The socket that sent it.
        socket: SocketId,
        /// The name of the event.
        name: CompactString,
        /// The arguments, with placeholders where there are attachments.
        args: Arguments,
        /// The binary parts that the placeholders stand for.
        attachments: Vec<Bytes>,
        /// The client waits for [`crate::Hub::ack`] with this id.
        ack: Option<u64>,
    },
    /// A socket is gone. It has left all rooms, and its id reaches nothing any more.
    Disconnected {
        /// The id that it had.
        socket: SocketId,
        /// The connection that it travelled on.
        conn: ConnId,
        /// The `sid` that the client had.
        sid: Arc<str>,
        /// The namespace.
        namespace: Arc<str>,
        /// Who it was.
        member: Member,
        /// Why, in Socket.IO's words.
        reason: &'static str,
    },
    /// This shard's answers to a publication with an [`crate::AckRequest`]: all of them, or those
    /// that came in time.
    Acked {
        /// The token of the request.
        token: u64,
        /// In the order in which they came.
        answers: Vec<Answer>,
        /// How many receivers gave none.
        missing: usize,
    },
    /// This shard's part of a [`crate::Command::Count`].
    Counted {
        /// The token of the question.
        token: u64,
        /// How many connections.
        connections: usize,
    },
}
