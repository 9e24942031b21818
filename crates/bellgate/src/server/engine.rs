//! Plain Engine.IO endpoints: messages without Socket.IO's namespaces and events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bellgate_engine::ConnId;
use bellgate_transport::Remote;
use bytes::Bytes;

use super::command::Command;
use super::handlers::Handshake;

/// One Engine.IO message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Text, without Engine.IO's `4`.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// What is done to a plain Engine.IO connection.
pub(crate) enum EngineAction {
    /// Send it a message.
    Send(Frame),
    /// End it.
    Close,
}

pub(crate) type EngineHandler = Box<dyn Fn(&EnginePeer, Frame) + Send + Sync>;

/// One client of a plain Engine.IO endpoint. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct EnginePeer {
    conn: ConnId,
    shard: Remote<Command>,
    handler: Arc<EngineHandler>,
}

/// A plain Engine.IO connection as its shard keeps it.
pub(super) struct Plain {
    pub(super) peer: EnginePeer,
    pub(super) handshake: Handshake,
}

impl EnginePeer {
    pub(crate) const fn new(
        conn: ConnId,
        shard: Remote<Command>,
        handler: Arc<EngineHandler>,
    ) -> Self {
        Self {
            conn,
            shard,
            handler,
        }
    }

    pub(crate) fn received(&self, frame: Frame) {
        // The handler runs on the shard's thread, which carries others' connections too.
        if catch_unwind(AssertUnwindSafe(|| (self.handler)(self, frame))).is_err() {
            tracing::error!("a handler of a plain Engine.IO endpoint panicked");
        }
    }

    /// Sends the client a message.
    pub fn send(&self, frame: Frame) {
        self.shard
            .command(Command::Engine(self.conn, EngineAction::Send(frame)));
    }

    /// Ends the connection after what was sent before.
    pub fn close(&self) {
        self.shard
            .command(Command::Engine(self.conn, EngineAction::Close));
    }
}
