//! What reaches a shard from other threads: commands, requests of its sessions that landed
//! elsewhere, streams, and the order to go down.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::app::App;
use crate::config::Live;
use crate::http::{Arrival, Handover, Reply};
use crate::socket::Portable;

/// One thing for a shard to do.
pub enum Inlet<C> {
    /// For the application.
    Command(C),
    /// A request whose session lives here, and where its answer goes.
    Request(Box<Handover>, oneshot::Sender<Reply>),
    /// A WebSocket whose handshake was answered on another shard.
    Lane {
        /// What it is for.
        arrival: Box<Arrival>,
        /// The stream.
        socket: Portable,
        /// What the client sent behind its handshake.
        read: Vec<u8>,
    },
    /// An accepted stream to serve HTTP on.
    Stream(Portable),
    /// Open sessions as this says from now on.
    Reload(Arc<Live>),
    /// Close all sessions within this time, then end.
    Drain(Duration),
}

/// Reaches one shard from any thread.
pub struct Remote<C>(mpsc::UnboundedSender<Inlet<C>>);

impl<C> Clone for Remote<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C> Remote<C> {
    pub(crate) fn channel() -> (Self, mpsc::UnboundedReceiver<Inlet<C>>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Reaches nobody.
    pub fn nowhere() -> Self {
        Self::channel().0
    }

    /// Sends a command to the shard's application. Never blocks; lost only if the shard has ended.
    pub fn command(&self, command: C) {
        self.send(Inlet::Command(command));
    }

    pub(crate) fn send(&self, inlet: Inlet<C>) -> bool {
        self.0.send(inlet).is_ok()
    }
}

/// How many inputs are taken in before the shard looks at its sockets again.
pub(super) const BATCH: usize = 256;

pub(super) type Inlets<A> = mpsc::UnboundedReceiver<Inlet<<A as App>::Command>>;
