//! What the gate cannot know by itself: what it asks for, and what came.
//!
//! The gate waits for nothing. [`Identities::find`](super::Identities::find) says what it needs
//! ([`Need`]); a driver finds it out and asks again, with the [`Answer`] among the [`Answers`]. Each
//! need is asked once, so this ends.

use std::sync::Arc;

use crate::jwt::KeySet;

/// Something that must be found out elsewhere before credentials can be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The keys of `BELLGATE_JWT_JWKS_URL`.
    Keys,
    /// Newer ones, if they may be had by now: a token names a key that the others lack.
    NewerKeys,
}

/// What came.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Keys that were fetched at some time.
    Keys(Arc<KeySet>),
    /// Nothing: whoever is to be asked does not answer. Nobody is let in by it (contract §4).
    Unavailable {
        /// What it is, for people: "the key set".
        what: &'static str,
    },
}

/// What has come for one CONNECT by now.
#[derive(Debug, Clone, Default)]
pub struct Answers(Vec<(Need, Answer)>);

impl Answers {
    /// Adds what came for `need`.
    pub fn add(&mut self, need: Need, answer: Answer) {
        self.0.push((need, answer));
    }

    /// What came for `need`; none: it is still to be asked.
    pub(super) fn of(&self, need: &Need) -> Option<&Answer> {
        let mut answers = self.0.iter();
        answers.find_map(|(asked, answer)| (asked == need).then_some(answer))
    }
}
