//! What must hold although each request of a session may land on any shard.
//!
//! Every request is made on a connection of its own, so the kernel chooses its shard; nothing here
//! has an affinity to anything.

mod closing;
mod gathering;
mod order;
mod upgrade;

use bellgate::{EnginePeer, Server};

use crate::lab::Lab;

/// How many shards these tests run on.
const SHARDS: [usize; 2] = [2, 4];

/// A server that echoes plain Engine.IO messages at `/echo/`.
async fn echoing(shards: usize) -> Lab {
    let mut lab = Lab::start(shards, |server: Server| {
        server.on_engine("/echo/", |peer: &EnginePeer, frame| peer.send(frame))
    })
    .await;
    lab.reach = lab.reach.clone().at("/echo/");
    lab
}
