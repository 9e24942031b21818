//! The way to every shard that may have members.

use std::sync::Arc;

use crate::command::Command;

/// Carries commands to every shard (later: node) that may have members, the caller's own included.
///
/// An adapter never blocks and never answers: answers come back as input of the shards, one
/// [`crate::Event::Acked`] or [`crate::Event::Counted`] from each. All implementations run one test
/// suite, `bellgate_cluster::suite`.
pub trait Adapter: Send + Sync {
    /// Hands `command` to each shard once. Commands of one caller arrive in the order of the calls.
    fn dispatch(&self, command: Arc<Command>);

    /// How many answers a command with a token brings.
    fn shards(&self) -> usize;
}
