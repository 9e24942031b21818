//! Many callers against one setting, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use super::key::KeySpace;
use super::rate::{Rate, Rates};
use super::recent::Recent;
use super::shared::{Question, Shared, Untold};
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
    /// As it was set; a rate may be measured by another.
    strategy: Strategy,
    stops_at_first: bool,
    callers: Recent<K, Box<[Window]>>,
    hits: usize,
    most_hits: usize,
    forgotten: u64,
    /// Hits that others do not know of, where counts are shared.
    untold: Option<HashMap<K, Box<[u64]>>>,
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
            strategy,
            stops_at_first: true,
            callers: Recent::new(bounds.callers),
            hits: 0,
            most_hits: bounds.hits,
            forgotten: 0,
            untold: None,
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
        let mut notes = self
            .untold
            .as_mut()
            .map(|untold| notes(untold, caller, measures.len()));
        for (index, ((window, (of, _)), rate)) in windows
            .iter_mut()
            .zip(measures)
            .zip(&self.rates)
            .enumerate()
        {
            let hit = window.hit(*of, cost, now);
            if let Some(note) = notes.as_mut().and_then(|notes| notes.get_mut(index))
                && (hit.is_ok() || window.counts_refused())
            {
                *note = note.saturating_add(cost);
            }
            if let Err(retry_after) = hit {
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

    /// From now on counts are shared with others, or no more. What was not told by then is forgotten.
    pub fn share(&mut self, is_shared: bool) {
        if is_shared != self.untold.is_some() {
            self.untold = is_shared.then(HashMap::new);
        }
    }

    /// Has the counts of `caller` asked for, where they are shared and nothing of it is known here.
    pub fn want(&mut self, caller: &K) {
        if self.callers.peek(caller).is_none()
            && let Some(untold) = &mut self.untold
        {
            notes(untold, caller, self.measures.len());
        }
    }

    /// What others do not know yet, at most `at_most` callers of it; from now on they count as told.
    pub fn take_untold(&mut self, at_most: usize) -> Vec<Untold<K>> {
        let Some(untold) = &mut self.untold else {
            return Vec::new();
        };
        let some = |(caller, hits)| Untold { caller, hits };
        if untold.len() <= at_most {
            return std::mem::take(untold).into_iter().map(some).collect();
        }
        let callers: Vec<K> = untold.keys().take(at_most).cloned().collect();
        let taken = callers
            .iter()
            .filter_map(|caller| untold.remove_entry(caller));
        taken.map(some).collect()
    }

    /// What is to be asked where counts are shared, for each of the rates: `hits` of the caller that `limits`
    /// calls `name`, in this scope. None for a rate that is counted here alone: one of more than
    /// [`MOST_MOVING`] hits in a moving window.
    pub fn questions(
        &self,
        keys: &KeySpace,
        (name, scope): (&str, &str),
        hits: &[u64],
        unix_now: Duration,
    ) -> Vec<Option<Question>> {
        let rates = self.rates.iter().zip(&self.measures).zip(hits);
        let question = |((rate, (of, strategy)), cost): ((&Rate, &(Measure, Strategy)), &u64)| {
            let keys = keys.keys(name, scope, rate, *strategy);
            let is_shared = of.amount <= MOST_MOVING || *strategy == self.strategy;
            is_shared.then(|| Question::new((*of, *strategy), keys, *cost, unix_now))
        };
        rates.map(question).collect()
    }

    /// Goes by the answers to [`Limiter::questions`], in their order; none where there is none.
    pub fn learn(&mut self, caller: &K, answers: &[Option<Vec<i64>>], now: Instant) {
        let measures = &self.measures;
        let told = answers.iter().zip(measures);
        let shared: Vec<Option<Shared>> = told
            .map(|(answer, (_, strategy))| Shared::read(*strategy, answer.as_ref()?))
            .collect();
        let make = || measures.iter().map(|(_, how)| Window::new(*how)).collect();
        let (windows, gone) = self.callers.find_or_make(caller, make);
        let before = weight(windows);
        let untold = self.untold.as_ref().and_then(|untold| untold.get(caller));
        for (index, (window, shared)) in windows.iter_mut().zip(&shared).enumerate() {
            let untold = untold.and_then(|hits| hits.get(index)).copied();
            if let Some(shared) = shared {
                window.learn(shared, untold.unwrap_or_default(), now);
            }
        }
        let after = weight(windows);
        if let Some(gone) = gone {
            self.hits -= weight(&gone);
            self.forgotten += 1;
        }
        self.hits = self.hits + after - before;
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
            self.strategy = strategy;
            self.callers.clear();
            self.hits = 0;
            if let Some(untold) = &mut self.untold {
                untold.clear();
            }
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

/// What is noted of a caller, a number for each rate.
fn notes<'a, K: Hash + Eq + Clone>(
    untold: &'a mut HashMap<K, Box<[u64]>>,
    caller: &K,
    rates: usize,
) -> &'a mut [u64] {
    if !untold.contains_key(caller) {
        untold.insert(caller.clone(), vec![0; rates].into());
    }
    untold
        .get_mut(caller)
        .map(AsMut::as_mut)
        .unwrap_or_default()
}

fn weight(windows: &[Window]) -> usize {
    windows.iter().map(Window::weight).sum()
}
