//! How hits are counted: the three strategies of the `limits` package, for one caller and one rate.
//!
//! The rules are those of its Redis scripts (`flask-formats.md` §5), so that a count means the same
//! here and there.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::shared::Shared;

/// How hits are counted: `SOCKETIO_RATE_LIMIT_STRATEGY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// A window opens with its first hit and closes after its length; a refused hit counts too.
    #[default]
    FixedWindow,
    /// Each hit counts for the length of the window; a refused one does not.
    MovingWindow,
    /// The window before counts by the share that still overlaps; a refused hit does not count.
    SlidingWindowCounter,
}

impl Strategy {
    /// The strategy that Flask-Limiter calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::FixedWindow,
            Self::MovingWindow,
            Self::SlidingWindowCounter,
        ]
        .into_iter()
        .find(|strategy| strategy.name() == name)
    }

    /// Flask-Limiter's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixedWindow => "fixed-window",
            Self::MovingWindow => "moving-window",
            Self::SlidingWindowCounter => "sliding-window-counter",
        }
    }
}

/// What a caller may still do, as `get_window_stats` of `limits` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Hits that are left.
    pub remaining: u64,
    /// Time until some come back.
    pub reset_in: Duration,
}

/// A rate as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) amount: u64,
    pub(super) window: Duration,
}

/// The hits of one caller against one rate.
#[derive(Debug)]
pub(super) enum Window {
    Fixed(Fixed),
    Moving(Moving),
    Sliding(Sliding),
}

impl Window {
    pub(super) fn new(strategy: Strategy) -> Self {
        match strategy {
            Strategy::FixedWindow => Self::Fixed(Fixed::default()),
            Strategy::MovingWindow => Self::Moving(Moving::default()),
            Strategy::SlidingWindowCounter => Self::Sliding(Sliding::default()),
        }
    }

    /// Counts `cost` hits at once; the time to wait where they do not fit.
    pub(super) fn hit(&mut self, of: Measure, cost: u64, now: Instant) -> Result<(), Duration> {
        match self {
            Self::Fixed(window) => window.hit(of, cost, now),
            Self::Moving(window) => window.hit(of, cost, now),
            Self::Sliding(window) => window.hit(of, cost, now),
        }
    }

    /// Goes by what all count together, and what of the hits here they do not know yet.
    pub(super) fn learn(&mut self, shared: &Shared, untold: u64, now: Instant) {
        match (self, shared) {
            (Self::Fixed(window), Shared::Fixed { count, left }) => {
                window.count = count.saturating_add(untold);
                window.until = (window.count > 0).then(|| now + *left);
            }
            (
                Self::Sliding(window),
                Shared::Sliding {
                    previous,
                    current,
                    left,
                },
            ) => {
                window.previous = *previous;
                window.current = current.saturating_add(untold);
                window.until = (*previous > 0 || window.current > 0).then(|| now + *left);
            }
            (Self::Moving(window), Shared::Moving(ages)) => {
                // Before a process has begun there are no instants.
                let at = |age: &Duration| now.checked_sub(*age).unwrap_or(now);
                window.hits = ages.iter().rev().map(|age| (at(age), 1)).collect();
                window.count = ages.len() as u64 + untold;
                if untold > 0 {
                    window.hits.push_back((now, untold));
                }
            }
            // A reload came between.
            _ => {}
        }
    }

    pub(super) fn stats(&self, of: Measure, now: Instant) -> Stats {
        match self {
            Self::Fixed(window) => window.stats(of, now),
            Self::Moving(window) => window.stats(of, now),
            Self::Sliding(window) => window.stats(of, now),
        }
    }

    /// Whether nothing of it counts any more.
    pub(super) fn is_over(&self, of: Measure, now: Instant) -> bool {
        match self {
            Self::Fixed(window) => window.until.is_none_or(|until| until <= now),
            Self::Moving(window) => window
                .hits
                .back()
                .is_none_or(|(at, _)| now.saturating_duration_since(*at) > of.window),
            Self::Sliding(window) => window.until.is_none_or(|until| until <= now),
        }
    }

    /// Whether a hit counts that did not fit.
    pub(super) const fn counts_refused(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// Points of time that it holds on the heap.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Fixed(_) | Self::Sliding(_) => 0,
            Self::Moving(window) => window.hits.len(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Fixed {
    count: u64,
    until: Option<Instant>,
}

impl Fixed {
    fn hit(&mut self, of: Measure, cost: u64, now: Instant) -> Result<(), Duration> {
        let until = match self.until {
            Some(until) if until > now => until,
            _ => {
                self.count = 0;
                now + of.window
            }
        };
        self.until = Some(until);
        self.count = self.count.saturating_add(cost);
        if self.count <= of.amount {
            Ok(())
        } else {
            Err(until - now)
        }
    }

    fn stats(&self, of: Measure, now: Instant) -> Stats {
        match self.until {
            Some(until) if until > now => Stats {
                remaining: of.amount.saturating_sub(self.count),
                reset_in: until - now,
            },
            _ => Stats {
                remaining: of.amount,
                reset_in: Duration::ZERO,
            },
        }
    }
}

/// Hits, oldest first; those of one moment stand together.
#[derive(Debug, Default)]
pub(super) struct Moving {
    hits: VecDeque<(Instant, u64)>,
    count: u64,
}

impl Moving {
    fn hit(&mut self, of: Measure, cost: u64, now: Instant) -> Result<(), Duration> {
        self.forget(of, now);
        if cost > of.amount {
            return Err(of.window);
        }
        let most = of.amount - cost;
        if self.count > most {
            return Err(self.wait(of, self.count - most, now));
        }
        self.count += cost;
        match self.hits.back_mut() {
            Some((at, hits)) if *at == now => *hits += cost,
            _ if cost == 0 => {}
            _ => self.hits.push_back((now, cost)),
        }
        Ok(())
    }

    /// A hit counts up to and with the end of its window, as in the script: `e >= now - window`.
    fn forget(&mut self, of: Measure, now: Instant) {
        while let Some((at, hits)) = self.hits.front()
            && now.saturating_duration_since(*at) > of.window
        {
            self.count -= hits;
            self.hits.pop_front();
        }
    }

    /// Time until the `surplus` oldest hits count no more.
    fn wait(&self, of: Measure, mut surplus: u64, now: Instant) -> Duration {
        for (at, hits) in &self.hits {
            if surplus <= *hits {
                return (*at + of.window).saturating_duration_since(now);
            }
            surplus -= hits;
        }
        of.window
    }

    fn stats(&self, of: Measure, now: Instant) -> Stats {
        let live = self
            .hits
            .iter()
            .skip_while(|(at, _)| now.saturating_duration_since(*at) > of.window);
        let count = live.clone().map(|(_, hits)| hits).sum();
        let start = live.clone().next().map_or(now, |(at, _)| *at);
        Stats {
            remaining: of.amount.saturating_sub(count),
            reset_in: (start + of.window).saturating_duration_since(now),
        }
    }
}

/// Two counters. The current one lives two windows long: in the second it is the previous one.
#[derive(Debug, Default, Clone)]
pub(super) struct Sliding {
    previous: u64,
    current: u64,
    /// The end of the current counter; that of the previous one is a window earlier.
    until: Option<Instant>,
}

impl Sliding {
    fn hit(&mut self, of: Measure, cost: u64, now: Instant) -> Result<(), Duration> {
        self.shift(of, now);
        if self.weighted(of, now).saturating_add(cost) > of.amount {
            return Err(self.wait(of, cost, now));
        }
        self.current = self.current.saturating_add(cost);
        self.until.get_or_insert_with(|| now + of.window * 2);
        Ok(())
    }

    /// Makes the current counter the previous one once its window is over.
    fn shift(&mut self, of: Measure, now: Instant) {
        let left = self
            .until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        if left.is_zero() {
            *self = Self::default();
        } else if left < of.window {
            self.previous = self.current;
            self.current = 0;
            self.until = self.until.map(|until| until + of.window);
        }
    }

    /// What counts now; call [`Self::shift`] first.
    fn weighted(&self, of: Measure, now: Instant) -> u64 {
        let share = self.previous_share(of, now);
        let of_previous = u128::from(self.previous) * share / of.window.as_millis().max(1);
        self.current
            .saturating_add(u64::try_from(of_previous).unwrap_or(u64::MAX))
    }

    /// Milliseconds for which the previous counter still counts, as Redis tells them: whole ones.
    fn previous_share(&self, of: Measure, now: Instant) -> u128 {
        self.until.map_or(0, |until| {
            let left = until.saturating_duration_since(now);
            left.saturating_sub(of.window).as_millis()
        })
    }

    /// Time until `cost` more would fit, if nothing else comes.
    fn wait(&self, of: Measure, cost: u64, now: Instant) -> Duration {
        let Some(until) = self.until else {
            return of.window;
        };
        if cost > of.amount {
            return of.window;
        }
        let left = until
            .saturating_duration_since(now)
            .saturating_sub(of.window);
        let room = of.amount - cost;
        if self.current <= room {
            return left.saturating_sub(share_below(of, self.previous, room - self.current));
        }
        left + of
            .window
            .saturating_sub(share_below(of, self.current, room))
    }

    fn stats(&self, of: Measure, now: Instant) -> Stats {
        let mut shifted = self.clone();
        shifted.shift(of, now);
        let remaining = of.amount.saturating_sub(shifted.weighted(of, now));
        let left = shifted
            .until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let resets = [
            (shifted.previous > 0).then(|| {
                let of_previous = left.saturating_sub(of.window).as_nanos();
                nanos(of_previous % (of.window.as_nanos() / u128::from(shifted.previous)).max(1))
            }),
            (shifted.current > 0).then(|| nanos(left.as_nanos() % of.window.as_nanos().max(1))),
        ];
        Stats {
            remaining,
            reset_in: resets.into_iter().flatten().min().unwrap_or_default(),
        }
    }
}

/// The rest of a previous window at which `count` of it weighs no more than `room`.
fn share_below(of: Measure, count: u64, room: u64) -> Duration {
    if count == 0 {
        return of.window;
    }
    let share = of.window.as_nanos().saturating_mul(u128::from(room) + 1) / u128::from(count);
    // One millisecond less: the count weighs by whole milliseconds, and this one has to be below.
    nanos(share)
        .min(of.window)
        .saturating_sub(Duration::from_millis(1))
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
