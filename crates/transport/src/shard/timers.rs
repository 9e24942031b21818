//! The shard's timer wheel: one entry for each connection that waits for something.
//!
//! Deadlines that are far away are put off to a common quarter of a second: idle connections then have
//! their pings leave together, and a server that nobody talks to sleeps in between.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bellgate_engine::{ConnId, Ebb};
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

/// A deadline that is so far away may be late by a [`STEP`].
const FAR: Duration = Duration::from_secs(2);
/// To whose multiples far deadlines are put off.
const STEP: Duration = Duration::from_millis(250);

/// A hierarchical wheel with a millisecond's precision.
#[derive(Debug, Default)]
pub struct Timers {
    wheel: DelayQueue<Due>,
    ebb: Ebb,
    /// Where the steps are counted from.
    start: Option<Instant>,
}

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
        now: Instant,
    ) -> (Key, Instant) {
        let deadline = self.put_off(deadline.max(now), now);
        match at {
            Some((key, set)) if set <= deadline => (key, set),
            Some((key, _)) => {
                self.wheel.reset_at(&key, deadline.into());
                (key, deadline)
            }
            None => (self.wheel.insert_at(due, deadline.into()), deadline),
        }
    }

    /// Removes an entry.
    pub fn cancel(&mut self, at: Option<(Key, Instant)>) {
        if let Some((key, _)) = at {
            self.wheel.try_remove(&key);
            self.give_back();
        }
    }

    /// Gives back what a crowd needed that is gone.
    fn give_back(&mut self) {
        if self.ebb.ebbs(self.wheel.len(), self.wheel.capacity()) {
            self.wheel.shrink_to_fit();
        }
    }

    /// The next entry that is due. Pending also while the wheel is empty: every entry is added on
    /// this thread, and adding one wakes the caller.
    pub fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        match self.wheel.poll_expired(cx) {
            Poll::Ready(Some(expired)) => {
                self.give_back();
                Poll::Ready(expired.into_inner())
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
    /// A far deadline's next common step; a near one stays.
    fn put_off(&mut self, deadline: Instant, now: Instant) -> Instant {
        if deadline.saturating_duration_since(now) < FAR {
            return deadline;
        }
        let since = deadline.saturating_duration_since(*self.start.get_or_insert(now));
        // A second is a whole number of steps.
        let over = Duration::from_nanos((since.subsec_nanos() % STEP.subsec_nanos()).into());
        if over.is_zero() {
            deadline
        } else {
            deadline + STEP.saturating_sub(over)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bellgate_engine::ConnId;

    use super::{Due, FAR, STEP, Timers};
    use crate::shard::now;

    #[tokio::test(start_paused = true)]
    async fn far_deadlines_come_together_and_near_ones_stay() {
        let mut timers = Timers::default();
        let now = now();
        let ms = Duration::from_millis;
        assert_eq!(timers.put_off(now + ms(25_000), now), now + ms(25_000));
        for late in [1, 100, 250] {
            let deadline = now + ms(25_000 + late);
            assert_eq!(timers.put_off(deadline, now), now + ms(25_250), "{late}");
        }
        let later = now + ms(130);
        assert_eq!(timers.put_off(later + FAR, later), now + FAR + STEP);
        let near = now + ms(129) + FAR;
        assert_eq!(timers.put_off(near, later), near);
    }

    #[tokio::test(start_paused = true)]
    async fn the_room_of_a_crowd_is_given_back() {
        let mut timers = Timers::default();
        let now = now();
        let crowd = (0..20_000).map(|slot| {
            let conn = ConnId {
                slot,
                generation: 1,
            };
            Some(timers.set(None, Due::Conn(conn), now + FAR, now))
        });
        let entries: Vec<_> = crowd.collect();
        assert!(timers.wheel.capacity() >= 20_000);
        for entry in entries {
            timers.cancel(entry);
        }
        assert_eq!(timers.wheel.capacity(), 0);
    }
}
