//! Simulated Engine.IO peers on a virtual clock, for the tests of the workspace.
//!
//! A [`Pair`] holds a server's session and a client, and is the network and the driver between them:
//! nothing waits and nothing is random, so a test moves time by hand and sees the same each time.
//! [`Client`] is the other end: it polls, posts, opens probes and speaks over a WebSocket,
//! honestly by itself or against the rules when a test tells it to.
//!
//! ```
//! use bellgate_sim::Pair;
//!
//! let mut pair = Pair::on_polling();
//! pair.client.upgrade();
//! pair.run_until_quiet();
//! pair.emit("hello");
//! pair.run_until_quiet();
//! assert_eq!(pair.client.texts(), ["hello"]);
//! assert_eq!(pair.session.transport(), bellgate_engine::Transport::Websocket);
//! ```
#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a simulation that cannot go on fails the test that runs it"
)]

mod client;
mod driver;
mod pair;
mod setup;

pub use client::{Answer, Client, Data, Method};
pub use pair::Pair;
pub use setup::{beginning, config};
