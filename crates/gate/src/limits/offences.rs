//! Who keeps on breaking rules is blocked for a while, longer each time.

use std::collections::VecDeque;
use std::hash::Hash;
use std::time::{Duration, Instant};

use super::recent::Recent;
use super::subject::Subject;

/// When somebody is blocked, and for how long (contract §4, limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffenceRules {
    /// Violations that lead to a block.
    pub violations: usize,
    /// The time in which they have to happen.
    pub within: Duration,
    /// The first block; each further one is twice as long.
    pub first_block: Duration,
    /// The longest block, and the time without a new one after which the next is a first one again.
    pub longest_block: Duration,
    /// Callers that are remembered. Beyond it the one goes who was not seen for longest.
    pub callers: usize,
}

impl Default for OffenceRules {
    /// Ten in a minute: 5 minutes, doubled each time up to a day; 100,000 callers.
    fn default() -> Self {
        Self {
            violations: 10,
            within: Duration::from_secs(60),
            first_block: Duration::from_secs(300),
            longest_block: Duration::from_secs(86_400),
            callers: 100_000,
        }
    }
}

/// Violations and blocks of many callers.
#[derive(Debug)]
pub struct OffenceBook<K: Hash + Eq = Subject> {
    rules: OffenceRules,
    callers: Recent<K, Record>,
}

#[derive(Debug, Default)]
struct Record {
    /// The latest violations, oldest first; never more than lead to a block.
    violations: VecDeque<Instant>,
    blocks: u32,
    until: Option<Instant>,
}

impl<K: Hash + Eq + Clone> OffenceBook<K> {
    /// A book without entries.
    pub fn new(rules: OffenceRules) -> Self {
        Self {
            rules,
            callers: Recent::new(rules.callers),
        }
    }

    /// Notes a violation: a broken rate or a bad credential. The block that follows from it, if one
    /// does: then the caller's connections are to be closed.
    ///
    /// What a blocked caller does is not counted: its connections are being closed already.
    pub fn handle_violation(&mut self, caller: &K, now: Instant) -> Option<Duration> {
        self.forget_over(now, 2);
        let rules = self.rules;
        let (record, _) = self.callers.find_or_make(caller, Record::default);
        if record.until.is_some_and(|until| until > now) {
            return None;
        }
        if record.is_forgiven(&rules, now) {
            record.blocks = 0;
        }
        record.violations.push_back(now);
        let is_old = |at: &Instant| now.saturating_duration_since(*at) > rules.within;
        while record.violations.front().is_some_and(is_old) {
            record.violations.pop_front();
        }
        if record.violations.len() < rules.violations.max(1) {
            return None;
        }
        record.violations.clear();
        let doubled = 1_u32.checked_shl(record.blocks).unwrap_or(u32::MAX);
        let block = rules
            .first_block
            .saturating_mul(doubled)
            .min(rules.longest_block);
        record.blocks = record.blocks.saturating_add(1).min(31);
        record.until = Some(now + block);
        Some(block)
    }

    /// The time for which `caller` is still blocked. Asking keeps a blocked caller in the book.
    pub fn blocked(&mut self, caller: &K, now: Instant) -> Option<Duration> {
        let until = self.callers.peek(caller)?.until?;
        let left = until
            .checked_duration_since(now)
            .filter(|left| !left.is_zero())?;
        self.callers.find(caller);
        Some(left)
    }

    /// All that are blocked, with the time that is left, in no order.
    pub fn iter(&self, now: Instant) -> impl Iterator<Item = (&K, Duration)> {
        self.callers.iter().filter_map(move |(caller, record)| {
            let left = record.until?.checked_duration_since(now)?;
            (!left.is_zero()).then_some((caller, left))
        })
    }

    /// Forgets everything about `caller`: an operator has forgiven it.
    pub fn forgive(&mut self, caller: &K) -> bool {
        self.callers.remove(caller).is_some()
    }

    /// Forgets callers about whom there is nothing left to know, the longest unseen first, at most
    /// `at_most` of them.
    pub fn forget_over(&mut self, now: Instant, at_most: usize) -> usize {
        let rules = self.rules;
        let mut count = 0;
        while count < at_most
            && self
                .callers
                .pop_if(|record| record.is_over(&rules, now))
                .is_some()
        {
            count += 1;
        }
        count
    }

    /// Callers in the book.
    pub fn len(&self) -> usize {
        self.callers.len()
    }

    /// Whether nobody is in the book.
    pub fn is_empty(&self) -> bool {
        self.callers.len() == 0
    }
}

impl Record {
    /// Whether the last block lies so far back that the next one is a first one again.
    fn is_forgiven(&self, rules: &OffenceRules, now: Instant) -> bool {
        self.until
            .is_none_or(|until| now.saturating_duration_since(until) >= rules.longest_block)
    }

    fn is_over(&self, rules: &OffenceRules, now: Instant) -> bool {
        let last = self.violations.back();
        self.is_forgiven(rules, now)
            && last.is_none_or(|at| now.saturating_duration_since(*at) > rules.within)
    }
}
