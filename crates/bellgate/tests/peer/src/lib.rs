//! The other end over real sockets: what browsers and programs are to a running server.
//!
//! [`Reach`] says where a server is and makes HTTP requests, each on a connection of its own.
//! [`Engine`] is an Engine.IO session on either transport, [`Client`] speaks Socket.IO on one.
//! [`Polling`] and [`WebSocket`] are the bare transports, for tests that break the rules. [`RedisServer`] is a
//! Redis beside the server.
//!
//! Nothing waits for ever: what does not come in [`PATIENCE`] fails the test that waits for it.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a peer that cannot go on fails the test that runs it"
)]

mod client;
mod engine;
mod http;
mod polling;
mod reach;
mod redis;
mod websocket;

use std::time::Duration;

pub use client::{Client, Event, Said};
pub use engine::{Engine, Heard, Over};
pub use http::{Answer, Request};
pub use polling::{Packet, Polling, shard_of};
pub use reach::{Reach, Stream};
pub use redis::RedisServer;
pub use websocket::{Frame, WebSocket};

/// How long a test waits for what it expects. Far more than that takes, for machines that pause.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for `future`; fails the test, naming `what`, when it takes too long.
pub fn within<T>(what: &str, future: impl Future<Output = T>) -> impl Future<Output = T> {
    let future = Box::pin(future);
    async move {
        tokio::time::timeout(PATIENCE, future)
            .await
            .unwrap_or_else(|_| panic!("waited {PATIENCE:?} for {what}"))
    }
}

/// Asks again and again until the answer is yes; fails the test, naming `what`, when it stays no.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    within(what, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
