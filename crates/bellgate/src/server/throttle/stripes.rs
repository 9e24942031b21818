//! A table by user in parts, so that two shards seldom want the same lock.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard};

use super::locked;

/// Into how many parts users fall by their hash.
pub(super) const STRIPES: usize = 16;

/// The parts, each behind a lock of its own.
pub(super) struct Stripes<T> {
    parts: [Mutex<T>; STRIPES],
    hasher: RandomState,
}

impl<T> Stripes<T> {
    /// Each part as `make` makes it.
    pub(super) fn new(make: impl Fn() -> T) -> Self {
        Self {
            parts: std::array::from_fn(|_| Mutex::new(make())),
            hasher: RandomState::new(),
        }
    }

    /// The part of a user, locked.
    #[expect(
        clippy::indexing_slicing,
        reason = "the rest of a division is below the divisor"
    )]
    pub(super) fn of(&self, user: &str) -> MutexGuard<'_, T> {
        let hash = self.hasher.hash_one(user);
        let index = usize::try_from(hash % STRIPES as u64).unwrap_or_default();
        locked(&self.parts[index])
    }

    /// All parts, one after the other, each locked while it is looked at.
    pub(super) fn all(&self) -> impl Iterator<Item = MutexGuard<'_, T>> {
        self.parts.iter().map(locked)
    }
}
