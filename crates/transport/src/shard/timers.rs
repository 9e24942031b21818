//! The shard's timer wheel: one entry for each connection that waits for something.

use std::task::{Context, Poll};
use std::time::Instant;

use bellgate_engine::ConnId;
use tokio_util::time::DelayQueue;
use tokio_util::time::delay_queue::Key;

/// Whose deadline has passed.
#[derive(Debug, Clone, Copy)]
pub enum Due {
    /// A connection's.
    Conn(ConnId),
    /// The application's, for the shard as a whole.
    Shard,
}

/// A hierarchical wheel with a millisecond's precision.
#[derive(Debug, Default)]
pub struct Timers(DelayQueue<Due>);

impl Timers {
    /// Adds a deadline, or moves the one at `at`.
    ///
    /// A deadline that moves back keeps its earlier entry: it fires early, finds nothing due and
    /// is set anew. That costs less than moving the entry at each heartbeat.
    pub fn set(
        &mut self,
        at: Option<(Key, Instant)>,
        due: Due,
        deadline: Instant,
    ) -> (Key, Instant) {
        match at {
            Some((key, set)) if set <= deadline => (key, set),
            Some((key, _)) => {
                self.0.reset_at(&key, deadline.into());
                (key, deadline)
            }
            None => (self.0.insert_at(due, deadline.into()), deadline),
        }
    }

    /// Removes an entry.
    pub fn cancel(&mut self, at: Option<(Key, Instant)>) {
        if let Some((key, _)) = at {
            self.0.try_remove(&key);
        }
    }

    /// The next entry that is due. Pending also while the wheel is empty: every entry is added on
    /// this thread, and adding one wakes the caller.
    pub fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        match self.0.poll_expired(cx) {
            Poll::Ready(Some(expired)) => Poll::Ready(expired.into_inner()),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}
