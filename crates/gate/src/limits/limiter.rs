//! Many callers against one setting, in bounded memory.

use std::hash::Hash;
use std::time::{Duration, Instant};

use super::rate::{Rate, Rates};
use super::recent::Recent;
use super::subject::Subject;
use super::window::{Measure, Stats, Strategy, Window};

/// What a limiter may remember. Beyond either bound the caller that was silent longest is forgotten,
/// and starts anew when it comes back: whoever keeps on hitting is never forgotten, and to push a
/// silent one out takes as many callers as the bound has room for, each with a budget of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Callers.
    pub callers: usize,
    /// Points of time that the moving window keeps, of all callers together.
    pub hits: usize,
}

impl Default for Bounds {
    /// 100,000 callers, a million hits: below 50 MB.
    fn default() -> Self {
        Self {
            callers: 100_000,
            hits: 1_000_000,
        }
    }
}

/// A hit that found no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breach<'a> {
    /// The rate that it broke.
    pub rate: &'a Rate,
    /// Time after which the same hit would fit, if nothing else came; as near as the strategy knows.
    pub retry_after: Duration,
}

/// Counts the hits of many callers against the same rates.
#[derive(Debug)]
pub struct Limiter<K: Hash + Eq = Subject> {
    rates: Vec<Rate>,
    measures: Vec<(Measure, Strategy)>,
    stops_at_first: bool,
    callers: Recent<K, Box<[Window]>>,
    hits: usize,
    most_hits: usize,
    forgotten: u64,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// A limiter without any hits yet.
    ///
    /// A moving window of more than [`MOST_MOVING`] hits would keep as many points of time for each
    /// caller; such a rate is counted by the sliding window instead.
    pub fn new(rates: &Rates, strategy: Strategy, bounds: Bounds) -> Self {
        let rates = rates.judged();
        let measures = rates.iter().map(|rate| measure(rate, strategy)).collect();
        Self {
            rates,
            measures,
            stops_at_first: true,
            callers: Recent::new(bounds.callers),
            hits: 0,
            most_hits: bounds.hits,
            forgotten: 0,
        }
    }

    /// Counts a hit against all rates even after one was broken, as Flask-Limiter does with
    /// `RATELIMIT_FAIL_ON_FIRST_BREACH = False`.
    #[must_use]
    pub fn with_all_counted(mut self) -> Self {
        self.stops_at_first = false;
        self
    }

    /// Counts `cost` hits of `caller`. The rates are judged by the length of their windows, shortest
    /// first; after a breach the longer ones are not asked, and what was counted stays counted.
    ///
    /// # Errors
    /// The first breach.
    pub fn handle_hit(&mut self, caller: &K, cost: u64, now: Instant) -> Result<(), Breach<'_>> {
        self.forget_over(now, AT_A_TIME);
        let measures = &self.measures;
        let make = || measures.iter().map(|(_, how)| Window::new(*how)).collect();
        let (windows, gone) = self.callers.find_or_make(caller, make);
        let before = weight(windows);
        let mut breach = None;
        for ((window, (of, _)), rate) in windows.iter_mut().zip(measures).zip(&self.rates) {
            if let Err(retry_after) = window.hit(*of, cost, now) {
                breach = breach.or(Some(Breach { rate, retry_after }));
                if self.stops_at_first {
                    break;
                }
            }
        }
        let after = weight(windows);
        if let Some(gone) = gone {
            self.hits -= weight(&gone);
            self.forgotten += 1;
        }
        self.hits = self.hits + after - before;
        // The caller itself is the last that would go: it was used just now.
        while self.hits > self.most_hits.max(after)
            && let Some(gone) = self.callers.pop_if(|_| true)
        {
            self.hits -= weight(&gone);
            self.forgotten += 1;
        }
        breach.map_or(Ok(()), Err)
    }

    /// What `caller` may still do against each rate, shortest window first.
    pub fn stats(&self, caller: &K, now: Instant) -> Vec<(&Rate, Stats)> {
        let windows = self.callers.peek(caller);
        let of_one = |index: usize| -> Option<(&Rate, Stats)> {
            let (of, how) = self.measures.get(index)?;
            let stats = match windows.and_then(|windows| windows.get(index)) {
                Some(window) => window.stats(*of, now),
                None => Window::new(*how).stats(*of, now),
            };
            Some((self.rates.get(index)?, stats))
        };
        (0..self.rates.len()).filter_map(of_one).collect()
    }

    /// Forgets callers of whom nothing counts any more, the longest silent first, at most `at_most`
    /// of them. A hit does a little of it; a timer may do the rest.
    pub fn forget_over(&mut self, now: Instant, at_most: usize) -> usize {
        let measures = &self.measures;
        let is_over = |windows: &[Window]| {
            let mut pairs = windows.iter().zip(measures);
            pairs.all(|(window, (of, _))| window.is_over(*of, now))
        };
        let mut count = 0;
        while count < at_most
            && let Some(gone) = self.callers.pop_if(|windows| is_over(windows))
        {
            self.hits -= weight(&gone);
            count += 1;
        }
        count
    }

    /// Counts by other rates from now on. Rates that stay as they are keep what was counted.
    pub fn set_rates(&mut self, rates: &Rates, strategy: Strategy) {
        let rates = rates.judged();
        let measures: Vec<_> = rates.iter().map(|rate| measure(rate, strategy)).collect();
        if rates != self.rates || measures != self.measures {
            self.rates = rates;
            self.measures = measures;
            self.callers.clear();
            self.hits = 0;
        }
    }

    /// Callers that are remembered.
    pub fn len(&self) -> usize {
        self.callers.len()
    }

    /// Whether no caller is remembered.
    pub fn is_empty(&self) -> bool {
        self.callers.len() == 0
    }

    /// Points of time that are kept for moving windows.
    pub fn hits(&self) -> usize {
        self.hits
    }

    /// Callers that were forgotten while something of them still counted, because of a bound.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// Most hits of a window for which [`Strategy::MovingWindow`] keeps the time of each.
pub const MOST_MOVING: u64 = 10_000;

/// Callers that one hit may forget: two go for one that comes, so the table shrinks.
const AT_A_TIME: usize = 2;

fn measure(rate: &Rate, strategy: Strategy) -> (Measure, Strategy) {
    let of = Measure {
        amount: rate.amount(),
        window: rate.window(),
    };
    match strategy {
        Strategy::MovingWindow if of.amount > MOST_MOVING => (of, Strategy::SlidingWindowCounter),
        strategy => (of, strategy),
    }
}

fn weight(windows: &[Window]) -> usize {
    windows.iter().map(Window::weight).sum()
}
