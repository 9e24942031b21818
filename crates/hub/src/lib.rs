//! Namespaces, rooms, broadcast and acks of Socket.IO 5, for the connections of one shard.
//!
//! The hub is a state machine: texts and binaries of connections, commands of the other shards and
//! `now` go in; [`Event`]s for the application and messages through an [`Outlet`] come out. It holds
//! no socket, reads no clock and decides nothing about users: whoever drives it answers
//! [`Event::Connect`] with [`Hub::accept`] or [`Hub::refuse`].
//!
//! ```
//! use std::{rc::Rc, time::Duration};
//! use bellgate_hub::{Hub, HubConfig, Event, Member};
//! use bellgate_hub::engine::{ConnId, Delivery, Outlet};
//! use bellgate_hub::wire::{Limits, Message};
//!
//! #[derive(Default)]
//! struct Recorder(Vec<String>);
//! impl Outlet for Recorder {
//!     fn send(&mut self, _to: ConnId, message: &Rc<Message>, _delivery: Delivery) {
//!         self.0.push(String::from_utf8_lossy(message.polling()).into_owned());
//!     }
//!     fn close(&mut self, _conn: ConnId, why: bellgate_codes::Refusal) {
//!         panic!("nothing is wrong here: {why}");
//!     }
//! }
//!
//! # fn main() {
//! # #[expect(clippy::disallowed_methods, reason = "an example needs one instant")]
//! let now = std::time::Instant::now();
//! let mut out = Recorder::default();
//! let config = HubConfig::new(Duration::from_secs(45), Limits::default());
//! let mut hub = Hub::new(config, Box::new(|bytes| bytes.fill(7)));
//! hub.define_namespace("/");
//!
//! let conn = ConnId { slot: 0, generation: 0 };
//! hub.open(conn, now);
//! let Some(Event::Connect { socket, .. }) = hub.handle_text(conn, "0", "r-1", now, &mut out) else {
//!     panic!("a CONNECT asks the application");
//! };
//! assert!(hub.accept(socket, Member::visitor(), &mut out));
//! hub.emit(socket, r#"["hello",1]"#, &[], Delivery::Regular, &mut out);
//! assert!(out.0[0].starts_with(r#"40{"sid":"#));
//! assert_eq!(out.0[1], r#"42["hello",1]"#);
//! # }
//! ```
//!
//! Start reading in [`hub`], the face; then `input` for what clients send, `rooms` for how members
//! are found, `broadcast` for how they are reached.

#![allow(
    clippy::result_large_err,
    reason = "a refusal ends a connection: its size is no matter on the way of a message"
)]

pub mod adapter;
pub mod command;
pub mod event;
pub mod hub;
pub mod target;

mod acks;
mod broadcast;
mod config;
mod conn;
mod effects;
mod input;
mod namespace;
mod rooms;
mod socket;
mod timeout;

pub use adapter::Adapter;
pub use command::{AckRequest, Command, Order, Publication, Route, Whose};
pub use config::HubConfig;
pub use event::{Answer, Event};
pub use hub::{Hub, HubStats, Joined, Random};
pub use socket::{Sid, SocketId};
pub use target::{Member, Target};

/// The crate whose [`engine::Outlet`] the hub writes to.
pub use bellgate_engine as engine;
/// The crate whose messages the hub makes.
pub use bellgate_wire as wire;

#[cfg(doc)]
use engine::Outlet;
