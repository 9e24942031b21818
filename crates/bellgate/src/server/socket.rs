//! A handle on one connected client in one namespace.

use std::sync::Arc;

use bellgate_engine::Delivery;
use bellgate_hub::{Member, Sid, SocketId, Target};
use bellgate_transport::Remote;
use tokio::sync::oneshot;

use super::args::Args;
use super::command::{Command, SocketAction};
use super::emitter::{Answers, Emitter};
use super::program::Program;

/// One client in one namespace. Cheap to clone, usable from any thread; what is sent to a client
/// that has gone is dropped.
#[derive(Clone)]
pub struct Socket {
    pub(crate) id: SocketId,
    pub(crate) sid: Sid,
    pub(crate) member: Arc<Member>,
    /// The place of its namespace in the program.
    pub(crate) namespace: usize,
    pub(crate) ways: Arc<Ways>,
}

/// The ways out of a handler, shared by all sockets of a shard: cloned with every event.
pub(crate) struct Ways {
    /// To the shard that the socket lives on.
    pub(crate) shard: Remote<Command>,
    /// The place of that shard among all.
    pub(crate) index: u16,
    /// To all shards.
    pub(crate) shards: Vec<Remote<Command>>,
    /// To everybody, and what there is besides.
    pub(crate) program: Arc<Program>,
}

impl Socket {
    /// The id of this client in this namespace, as the client itself knows it.
    pub fn sid(&self) -> &str {
        self.sid.as_str()
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        let place = self.ways.program.namespaces.get_index(self.namespace);
        place.map_or("", |(name, _)| name)
    }

    /// Who the client is.
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// Reaches everybody else.
    pub fn emitter(&self) -> &Emitter {
        &self.ways.program.emitter
    }

    /// Sends an event to this client.
    pub fn emit(&self, event: &str, args: impl Into<Args>) {
        let args = args.into();
        let array = args.event(event);
        self.act(SocketAction::Emit {
            array,
            attachments: args.into_attachments(),
            delivery: Delivery::Regular,
        });
    }

    /// Sends an event and waits for the client's ack, at most this long.
    pub async fn ask(
        &self,
        event: &str,
        args: impl Into<Args>,
        within: std::time::Duration,
    ) -> Option<Args> {
        let to = Target::Socket(self.sid.as_str().into());
        let Answers { mut answers, .. } = self
            .emitter()
            .to(to)
            .namespace(self.namespace())
            .ask(event, args, within)
            .await;
        answers.pop().map(|(_, args)| args)
    }

    /// Puts the client into a room.
    pub fn join(&self, room: impl Into<Arc<str>>) {
        self.act(SocketAction::Join(Target::Room(room.into())));
    }

    /// Takes the client out of a room.
    pub fn leave(&self, room: impl Into<Arc<str>>) {
        self.act(SocketAction::Leave(Target::Room(room.into())));
    }

    /// The rooms that the client is in, those of its user, roles and topics included.
    pub async fn rooms(&self) -> Vec<Target> {
        let (sender, receiver) = oneshot::channel();
        self.act(SocketAction::Rooms(sender));
        receiver.await.unwrap_or_default()
    }

    /// Takes the client out of this namespace; with `close`, ends its whole connection.
    pub fn disconnect(&self, close: bool) {
        self.act(SocketAction::Disconnect { close });
    }

    fn act(&self, action: SocketAction) {
        self.ways.shard.command(Command::Socket(self.id, action));
    }
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket")
            .field("namespace", &self.namespace())
            .finish_non_exhaustive()
    }
}
