//! How an application names and reaches connections.

use std::rc::Rc;

use bellgate_codes::Refusal;
use bellgate_wire::Message;

/// A connection of one shard. A slot is used again after its connection has gone, with another generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId {
    /// Place in the shard's table of connections.
    pub slot: u32,
    /// How often the slot was given away before, so that a late reference reaches nobody else.
    pub generation: u32,
}

/// Whether a message may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Queued until the client takes it.
    Regular,
    /// Left out where the client cannot take it right now; in a burst the newest is kept.
    Volatile,
}

/// The way from an application to its connections; the transport crate implements it.
///
/// A connection that has gone takes everything and does nothing.
pub trait Outlet {
    /// Queues one message for one connection.
    fn send(&mut self, to: ConnId, message: &Rc<Message>, delivery: Delivery);

    /// Queues one message of a broadcast. Where much is said it may rest for a moment, so that more
    /// goes with it in one write; what is sent keeps its order all the same.
    fn broadcast(&mut self, to: ConnId, message: &Rc<Message>, delivery: Delivery) {
        self.send(to, message, delivery);
    }

    /// Ends a connection gracefully: what is queued is written first.
    fn close(&mut self, conn: ConnId, why: Refusal);
}
