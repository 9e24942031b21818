//! What the shards tell each other: publications, memberships, questions.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellgate_engine::Delivery;
use bytes::Bytes;

use crate::target::Target;

/// One order to every shard. Shared between threads, read by each shard's hub.
#[derive(Debug, Clone)]
pub enum Command {
    /// Send an event.
    Publish(Arc<Publication>),
    /// Put the sockets of an audience into rooms.
    Join {
        /// The namespace.
        ns: Arc<str>,
        /// Whose sockets: the union of these.
        who: Vec<Target>,
        /// The rooms to join.
        rooms: Vec<Target>,
    },
    /// Take the sockets of an audience out of rooms. To close a room, name it as both.
    Leave {
        /// The namespace.
        ns: Arc<str>,
        /// Whose sockets: the union of these.
        who: Vec<Target>,
        /// The rooms to leave.
        rooms: Vec<Target>,
    },
    /// Disconnect the sockets of an audience.
    Disconnect {
        /// The namespace.
        ns: Arc<str>,
        /// Whose sockets: the union of these.
        who: Vec<Target>,
        /// End the transport too, with all its namespaces.
        close: bool,
    },
    /// How many connections would a publication reach? Each shard answers with its part.
    Count {
        /// Comes back in [`crate::Event::Counted`].
        token: u64,
        /// Over which namespaces.
        route: Route,
        /// The union of these.
        to: Vec<Target>,
        /// Less these.
        except: Vec<Target>,
    },
    /// What operators do with somebody's connections. The application carries it out, since it knows
    /// of them what no hub does, and answers from each shard with an [`crate::Event::Acked`] of this
    /// token: a description of each connection that was meant.
    Order {
        /// Comes back with the answer.
        token: u64,
        /// Whose connections.
        whose: Whose,
        /// What becomes of them.
        order: Order,
    },
}

/// Whose connections an order is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// This user's, in whatever namespace.
    User(Arc<str>),
    /// Those from this address; of IPv6 from its /64.
    Address(IpAddr),
}

/// What becomes of connections (contract §4, expiry and change; §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Nothing; they are described.
    Describe,
    /// `41` for each namespace, then the end.
    End,
    /// They end so, and further ones are refused.
    Block {
        /// For so long; none: until it is lifted.
        lasts: Option<Duration>,
        /// What the operator wrote beside it.
        reason: Option<Arc<str>>,
    },
    /// A block is lifted.
    Unblock,
    /// They are judged anew.
    Refresh {
        /// The roles that the application says the user has by now; none: their credentials say it.
        roles: Option<Vec<Arc<str>>>,
    },
}

/// One event for an audience.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Over which namespaces.
    pub route: Route,
    /// The union of these. Nobody where it is empty: everybody is [`Target::All`], said outright.
    pub to: Vec<Target>,
    /// Less these. A connection with any socket here gets nothing, over no namespace of the route.
    pub except: Vec<Target>,
    /// The event as a JSON array: `["name",…]`, with placeholders where there are attachments.
    pub array: Arc<str>,
    /// The binary parts that the placeholders stand for.
    pub attachments: Vec<Bytes>,
    /// Whether it may be dropped.
    pub delivery: Delivery,
    /// Whether answers are collected.
    pub ack: Option<AckRequest>,
}

/// The namespaces that a publication travels on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// This one.
    Namespace(Arc<str>),
    /// Each connection once, on the first of these where it belongs to the audience
    /// (contract §9: a device gets each entry once, on `/` if joined, else on `/admin`).
    FirstJoined(Arc<[Arc<str>]>),
}

impl Route {
    /// The namespaces, first choice first.
    pub fn namespaces(&self) -> &[Arc<str>] {
        match self {
            Self::Namespace(name) => std::slice::from_ref(name),
            Self::FirstJoined(names) => names,
        }
    }
}

/// Asks every receiver of a publication for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AckRequest {
    /// Comes back in [`crate::Event::Acked`].
    pub token: u64,
    /// When the answers that came are all there will be.
    pub deadline: Instant,
}
