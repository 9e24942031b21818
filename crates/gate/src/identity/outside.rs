//! What the gate cannot know by itself: what it asks for, and what came.
//!
//! The gate waits for nothing. [`Identities::find`](super::Identities::find) says what it needs
//! ([`Need`]); a driver finds it out and asks again, with the [`Answer`] among the [`Answers`]. Each
//! need is asked once, so this ends.

use std::sync::Arc;

use super::stored::StoredKey;
use super::webhook::{Question, Said};
use crate::jwt::KeySet;

/// Something that must be found out elsewhere before credentials can be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The keys of `BELLGATE_JWT_JWKS_URL`.
    Keys,
    /// Newer ones, if they may be had by now: a token names a key that the others lack.
    NewerKeys,
    /// The session that the store of Flask-Session keeps at this key.
    Session(StoredKey),
    /// What the web application says at `BELLGATE_AUTH_URL`.
    Application(Question),
}

/// A stored session as it was written. It is the user's.
#[derive(Clone, PartialEq, Eq)]
pub struct Written(pub Arc<[u8]>);

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// What came.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Keys that were fetched at some time.
    Keys(Arc<KeySet>),
    /// A stored session as it was written; empty where there is none.
    Session(Written),
    /// What the application says.
    Said(Said),
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

    /// The stored sessions among them.
    pub(super) fn sessions(&self) -> impl Iterator<Item = (&StoredKey, &[u8])> {
        let all = self.0.iter();
        all.filter_map(|(need, answer)| match (need, answer) {
            (Need::Session(key), Answer::Session(written)) => Some((key, &*written.0)),
            _ => None,
        })
    }
}
