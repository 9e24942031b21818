//! Tokens through the public face. Start with `hostile`, then `claims`.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod claims;
mod hostile;
mod keys;
mod places;
mod properties;
mod set;
mod sign;

/// The time of the tests, in Unix seconds.
const NOW: u64 = 1_764_000_000;

/// The same, for times that are no whole numbers.
const NOW_F64: f64 = 1_764_000_000.0;
