//! Operation: the built binary as a process, looked at from outside.
//!
//! [`program`] starts one in an empty folder with nothing but the test's environment; each file
//! then tells one story.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that cannot go on fails the test that runs it"
)]

mod program;

mod admin;
mod capacity;
mod client_config;
mod command_line;
mod compression;
mod cors;
mod descriptors;
mod drain;
mod log;
mod memory;
mod metrics;
mod ports;
mod publishing;
mod reload;
mod security;
mod settings_files;
mod tls;
mod unix;
