//! Adapters of the hub: the ways from one shard to all others.
//!
//! [`Local`] reaches the shards of one process. Whatever carries commands further keeps to the same
//! promises: [`suite::run`] is the test of them all.

pub mod local;
pub mod suite;

pub use local::{Inlet, Local};
