//! What a shard's application is told to do by other threads and by its own tasks.

use std::sync::Arc;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery};
use bellgate_gate::identity::{Answer, Need};
use bellgate_hub::{SocketId, Target};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::access::Terms;
use super::call::{Held, Outcome};
use super::engine::EngineAction;
use super::visit::Look;

/// What reaches a shard's application from other threads and from its own tasks.
pub(crate) enum Command {
    /// Limits, times and who may join, for what comes from now on.
    Reload(Arc<Terms>),
    /// From the adapter.
    Hub(Arc<bellgate_hub::Command>),
    /// For one socket.
    Socket(SocketId, SocketAction),
    /// For one plain Engine.IO connection.
    Engine(ConnId, EngineAction),
    /// Disconnect a connection that is one too many of its user.
    Evict(ConnId, Refusal),
    /// What was to be found out about a later request's credentials has come.
    Look(ConnId, Box<Look>),
    /// What a CONNECT waits for has come.
    Judge(ConnId, Box<Held>),
    /// What a connection's login rests on was asked for again, or has changed.
    Anew(ConnId, Box<Anew>),
    /// A handler that had to wait is done.
    Done(ConnId, Outcome),
}

/// What was found out anew of a connection's login.
pub(crate) struct Anew {
    /// What the login rests on.
    pub(super) need: Need,
    /// What that has to say by now.
    pub(super) answer: Answer,
    /// The application has said that it changed: where nothing is known, the connection comes back.
    pub(super) is_ordered: bool,
}

/// What is done to one socket.
pub(crate) enum SocketAction {
    /// Send it an event.
    Emit {
        /// The event as a JSON array.
        array: String,
        /// Its attachments.
        attachments: Vec<Bytes>,
        /// Whether it may be dropped.
        delivery: Delivery,
    },
    /// Put it into a room.
    Join(Target),
    /// Take it out of a room.
    Leave(Target),
    /// Tell its rooms.
    Rooms(oneshot::Sender<Vec<Target>>),
    /// Take it out of its namespace, or end its connection.
    Disconnect {
        /// End the connection.
        close: bool,
    },
}
