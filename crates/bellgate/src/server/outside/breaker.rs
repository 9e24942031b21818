//! Whether it is worth asking somebody who has failed: a circuit breaker.
//!
//! Closed, everybody asks. After [`FAILURES`] in a row, or one that leaves no doubt, it is open and nobody asks
//! until its pause is over; then whoever comes is let through to find out. What goes well closes it, what fails
//! opens it for a longer pause. It reads no clock: each call brings `now`.

use std::time::{Duration, Instant};

/// Failures in a row that open it.
const FAILURES: u32 = 5;

/// The first pause, and the longest: somebody who is back is found within it.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// A circuit breaker.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    /// The pause that was taken last, and its end.
    pause: Option<(Duration, Instant)>,
}

/// What a call changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is as it was.
    Same,
    /// It has opened; it was closed.
    Opened,
    /// It has closed; it was open.
    Closed,
}

impl Breaker {
    /// How long nobody is to ask; none where asking is fine.
    pub(super) fn down_for(&self, now: Instant) -> Option<Duration> {
        let (_, end) = self.pause?;
        let left = end.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// An answer came.
    pub(super) fn handle_success(&mut self) -> Turn {
        let was_open = std::mem::take(self).pause.is_some();
        if was_open { Turn::Closed } else { Turn::Same }
    }

    /// No answer came, or none that can be used. `is_certain`: the next one could do no better.
    pub(super) fn handle_failure(&mut self, is_certain: bool, now: Instant) -> Turn {
        // One that was asked before it opened says nothing new.
        if self.down_for(now).is_some() {
            return Turn::Same;
        }
        self.failures = self.failures.saturating_add(1);
        let (first, longest) = PAUSES;
        let next = match self.pause {
            Some((last, _)) => (last * 2).min(longest),
            None if is_certain || self.failures >= FAILURES => first,
            None => return Turn::Same,
        };
        let was_open = self.pause.replace((next, now + next)).is_some();
        if was_open { Turn::Same } else { Turn::Opened }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_open_it_and_one_success_between_them_does_not() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 1..FAILURES {
            assert_eq!(breaker.handle_failure(false, now), Turn::Same);
        }
        assert_eq!(breaker.handle_success(), Turn::Same);
        for _ in 1..FAILURES {
            assert_eq!(breaker.handle_failure(false, now), Turn::Same);
        }
        assert_eq!(breaker.down_for(now), None);
        assert_eq!(breaker.handle_failure(false, now), Turn::Opened);
        assert_eq!(breaker.down_for(now), Some(PAUSES.0));
    }

    #[test]
    fn a_failure_without_doubt_opens_it_at_once() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        assert_eq!(breaker.handle_failure(true, now), Turn::Opened);
        assert_eq!(breaker.down_for(now + PAUSES.0), None, "the pause is over");
    }

    #[test]
    fn whoever_comes_after_the_pause_closes_it_or_opens_it_for_longer() {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        breaker.handle_failure(true, now);
        // Calls that were under way when it opened.
        assert_eq!(breaker.handle_failure(true, now), Turn::Same);
        let mut pause = PAUSES.0;
        for _ in 0..10 {
            assert_eq!(breaker.down_for(now), Some(pause));
            now += pause;
            assert_eq!(breaker.handle_failure(false, now), Turn::Same);
            pause = (pause * 2).min(PAUSES.1);
        }
        assert_eq!(breaker.down_for(now), Some(PAUSES.1));
        assert_eq!(breaker.handle_success(), Turn::Closed);
        assert_eq!(breaker.down_for(now), None);
        assert_eq!(
            breaker.handle_failure(false, now),
            Turn::Same,
            "it counts anew"
        );
    }
}
