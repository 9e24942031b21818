//! The gate through its public face. Start with `verdicts`, the table of what is admitted.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of a test fails the test"
)]

mod answers;
mod common;
mod explain;
mod facts;
mod flask;
mod identity;
mod page;
mod properties;
mod settings;
mod stored_identity;
mod table;
mod tokens;
mod vectors;
mod verdicts;
