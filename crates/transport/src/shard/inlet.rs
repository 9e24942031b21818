//! What reaches a shard from other threads: commands, requests of its sessions that landed
//! elsewhere, streams, and the order to go down.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::bell::Bell;
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
pub struct Remote<C> {
    queue: mpsc::UnboundedSender<Inlet<C>>,
    bell: Bell,
}

impl<C> Clone for Remote<C> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            bell: self.bell.clone(),
        }
    }
}

impl<C> Remote<C> {
    pub(crate) fn channel() -> (Self, Inlets<C>) {
        let (sender, queue) = mpsc::unbounded_channel();
        let bell = Bell::default();
        let remote = Self {
            queue: sender,
            bell: bell.clone(),
        };
        (remote, Inlets { queue, bell })
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
        let is_sent = self.queue.send(inlet).is_ok();
        self.bell.ring();
        is_sent
    }
}

/// A shard's end of its queue.
pub(crate) struct Inlets<C> {
    queue: mpsc::UnboundedReceiver<Inlet<C>>,
    bell: Bell,
}

impl<C> Inlets<C> {
    /// Waits for what comes. None where nobody can send any more, which a shard does not live to see: it reaches
    /// itself too.
    pub(super) async fn recv(&mut self) -> Option<Inlet<C>> {
        poll_fn(|cx| {
            // Before the look, so that what comes meanwhile wakes.
            self.bell.arm(cx);
            match self.queue.try_recv() {
                Ok(inlet) => Poll::Ready(Some(inlet)),
                Err(TryRecvError::Disconnected) => Poll::Ready(None),
                Err(TryRecvError::Empty) => Poll::Pending,
            }
        })
        .await
    }

    /// What is there already.
    pub(super) fn try_recv(&mut self) -> Option<Inlet<C>> {
        self.queue.try_recv().ok()
    }

    /// The bell that its senders ring.
    pub(super) fn bell(&self) -> Bell {
        self.bell.clone()
    }
}

/// How many inputs are taken in before the shard looks at its sockets again.
pub(super) const BATCH: usize = 256;
