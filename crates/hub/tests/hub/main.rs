//! The hub through its face, over an outlet that records. Start reading in `world`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

mod acks;
mod broadcast;
mod connect;
mod events;
mod leaving;
mod model;
mod rooms;
mod timeouts;
mod world;
