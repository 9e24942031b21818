//! Limits through their public face. Start with `grammar`, then `windows`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod blocks;
mod bounds;
mod grammar;
mod keys;
mod offences;
mod shared;
mod windows;

use std::time::{Duration, Instant};

use bellgate_gate::limits::Rates;

/// A point in time from which tests count.
#[expect(
    clippy::disallowed_methods,
    reason = "an instant has no other beginning; tests move on from it themselves"
)]
fn start() -> Instant {
    Instant::now()
}

fn rates(text: &str) -> Rates {
    text.parse().expect(text)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn s(s: u64) -> Duration {
    Duration::from_secs(s)
}
