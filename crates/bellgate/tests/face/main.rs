//! The library face: a server inside this process, clients on real sockets.
//!
//! [`lab`] starts a server; each file then tells one story. Tests run on one shard and on two and
//! over both transports where that may make a difference.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that cannot go on fails the test that runs it"
)]

mod lab;
mod web;

mod application;
mod asking;
mod caps;
mod connect;
mod emitter;
mod engine;
mod events;
mod key_sets;
mod leaving;
mod live;
mod logins;
mod mounted;
mod namespaces;
mod operators;
mod publishing;
mod rates;
mod shards;
mod shared_rates;
mod socket;
mod stored_sessions;
mod tokens;
