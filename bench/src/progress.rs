//! How far a run is, and how long it still takes.

use std::time::{Duration, Instant};

/// Counts steps; what is left is estimated from how long those before took.
pub struct Progress {
    begun: Instant,
    step: usize,
    steps: usize,
}

impl Progress {
    /// Of so many steps, from now.
    pub fn new(steps: usize) -> Self {
        Self {
            begun: Instant::now(),
            step: 0,
            steps,
        }
    }

    /// The next step begins: the line that says so.
    pub fn next(&mut self, what: &str) -> String {
        let done = self.step;
        self.step += 1;
        let left = left(self.begun.elapsed(), done, self.steps);
        let left = left.map_or_else(String::new, |left| {
            let seconds = left.as_secs();
            format!(", {}:{:02} left", seconds / 60, seconds % 60)
        });
        format!("[{} of {}{left}] {what}", self.step, self.steps)
    }

    /// Steps that are not done after all.
    pub fn skip(&mut self, steps: usize) {
        self.steps = self.steps.saturating_sub(steps).max(self.step);
    }
}

/// What so many steps leave, when those done took so long; none before a first one is done.
fn left(elapsed: Duration, done: usize, steps: usize) -> Option<Duration> {
    let each = elapsed.checked_div(u32::try_from(done).ok()?)?;
    Some(each * u32::try_from(steps.saturating_sub(done)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_what_the_steps_before_took_each() {
        let minute = Duration::from_secs(60);
        assert_eq!(left(minute, 0, 10), None);
        assert_eq!(left(minute, 2, 10), Some(minute * 4));
        assert_eq!(left(minute, 10, 10), Some(Duration::ZERO));
    }
}
