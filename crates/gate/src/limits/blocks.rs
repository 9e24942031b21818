//! Blocks that an operator sets, apart from those that follow from broken rates.

use std::collections::HashMap;
use std::time::Instant;

use super::subject::Subject;

/// Who is kept out by hand, until when and why (contract §7).
#[derive(Debug)]
pub struct Blocks {
    held: HashMap<Subject, Block>,
    most: usize,
}

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// When it ends by itself; none: it holds until it is lifted.
    pub until: Option<Instant>,
    /// What the operator wrote beside it.
    pub reason: Option<String>,
}

impl Blocks {
    /// Room for `most` of them.
    pub fn new(most: usize) -> Self {
        Self {
            held: HashMap::new(),
            most,
        }
    }

    /// Sets a block in place of the one that is there. `false`: there is no room for a further one.
    pub fn set(&mut self, subject: Subject, block: Block, now: Instant) -> bool {
        if self.held.len() >= self.most && !self.held.contains_key(&subject) {
            self.held.retain(|_, held| held.holds(now));
            if self.held.len() >= self.most {
                return false;
            }
        }
        self.held.insert(subject, block);
        true
    }

    /// Lifts a block; whether there was one.
    pub fn lift(&mut self, subject: &Subject, now: Instant) -> bool {
        let lifted = self.held.remove(subject);
        lifted.is_some_and(|block| block.holds(now))
    }

    /// The block of a subject, while it holds.
    pub fn find(&self, subject: &Subject, now: Instant) -> Option<&Block> {
        self.held.get(subject).filter(|block| block.holds(now))
    }

    /// All that hold, in no order.
    pub fn iter(&self, now: Instant) -> impl Iterator<Item = (&Subject, &Block)> {
        self.held.iter().filter(move |(_, block)| block.holds(now))
    }
}

impl Block {
    fn holds(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}
