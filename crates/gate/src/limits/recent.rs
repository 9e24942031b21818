//! A bounded table that forgets first what was not used for longest.

use std::hash::{Hash, RandomState};

use lru::LruCache;

/// At most so many keys. Keys come from callers, so their places are hashed with a secret.
#[derive(Debug)]
pub(super) struct Recent<K: Hash + Eq, V> {
    entries: LruCache<K, V, RandomState>,
    most: usize,
}

impl<K: Hash + Eq + Clone, V> Recent<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            // A bounded cache would take the room for all its keys at once.
            entries: LruCache::unbounded_with_hasher(RandomState::new()),
            most: most.max(1),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value of `key`, which counts as used now.
    pub(super) fn find(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// The value of `key` as it lies, without counting as a use.
    pub(super) fn peek(&self, key: &K) -> Option<&V> {
        self.entries.peek(key)
    }

    /// All of them, without counting as a use.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }

    /// The value of `key`, made anew where there is none; and the one that had to go for it.
    pub(super) fn find_or_make(
        &mut self,
        key: &K,
        make: impl FnOnce() -> V,
    ) -> (&mut V, Option<V>) {
        let gone = if self.entries.len() >= self.most && !self.entries.contains(key) {
            self.entries.pop_lru().map(|(_, value)| value)
        } else {
            None
        };
        (self.entries.get_or_insert_mut_ref(key, make), gone)
    }

    /// Forgets `key`.
    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.pop(key)
    }

    /// Takes the one out that was not used for longest, if `is_gone` says so.
    pub(super) fn pop_if(&mut self, is_gone: impl FnOnce(&V) -> bool) -> Option<V> {
        let (_, value) = self.entries.peek_lru()?;
        if !is_gone(value) {
            return None;
        }
        self.entries.pop_lru().map(|(_, value)| value)
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}
