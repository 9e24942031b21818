//! The id of a request.

use std::fmt;

/// What a request is called in its answer's `X-Request-Id` and in log lines: unique in this process,
/// and hardly ever the same in another.
///
/// A poll that waits keeps it, so it is two numbers, and text (`5c1f00aa-3e`) only where it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    boot: u32,
    number: u64,
}

impl RequestId {
    /// Of the request of this number, in the process that drew `boot` when it started.
    pub(crate) fn new(boot: u32, number: u64) -> Self {
        Self { boot, number }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:x}", self.boot, self.number)
    }
}
