//! Bellgate under attack: what hostile clients send, over real sockets, and what must hold after.
//!
//! The attacks are the rows of the attack table (hardening §3) that touch what there is; each test
//! names its row. A lab is a server in this process with two shards, which stand for two nodes;
//! tests of memory run the released program. With `BELLGATE_TEST_FULL` set, ten times as many
//! clients come. Start reading in `support`, then `packets`.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of a test fails the test"
)]

mod acks;
mod api;
mod bodies;
mod cookies;
mod credentials;
mod frames;
mod key_sets;
mod memory;
mod names;
mod origins;
mod packets;
mod requests;
mod sessions;
mod slow;
mod stolen;
mod support;
mod timing;
mod tokens;
