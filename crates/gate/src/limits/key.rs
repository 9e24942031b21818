//! Where `limits` keeps a count in Redis, so that Flask-Limiter and Bellgate can share one budget.

use super::rate::Rate;
use super::window::Strategy;

/// What stands in front of every key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySpace {
    /// Prefix of the storage; Flask-Limiter's `RATELIMIT_STORAGE_OPTIONS["key_prefix"]`.
    pub storage: String,
    /// Namespace of the limits, which Flask-Limiter leaves as it is.
    pub namespace: String,
    /// Flask-Limiter's `RATELIMIT_KEY_PREFIX`; empty: none.
    pub prefix: String,
}

impl Default for KeySpace {
    fn default() -> Self {
        Self {
            storage: "LIMITS".to_owned(),
            namespace: "LIMITER".to_owned(),
            prefix: String::new(),
        }
    }
}

/// The keys of one count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageKeys {
    /// The count, or the list of hits.
    pub current: String,
    /// The window before; of the sliding window only.
    pub previous: Option<String>,
}

impl KeySpace {
    /// `namespace/[prefix/]key/scope/amount/multiples/unit`.
    ///
    /// Nothing is escaped, as in `limits`: whoever takes `key` from outside sees to it that no two
    /// callers have the same one.
    pub fn base(&self, key: &str, scope: &str, rate: &Rate) -> String {
        let (namespace, tail) = (&self.namespace, rate.key_tail());
        if self.prefix.is_empty() {
            format!("{namespace}/{key}/{scope}/{tail}")
        } else {
            format!("{namespace}/{}/{key}/{scope}/{tail}", self.prefix)
        }
    }

    /// The keys under which `limits` counts `rate` for the caller `key` in `scope`.
    ///
    /// ```
    /// use bellgate_gate::limits::{KeySpace, Rates, Strategy};
    ///
    /// let rates: Rates = "2/minute".parse().unwrap();
    /// let keys = KeySpace::default().keys("127.0.0.1", "notify", &rates.as_slice()[0], Strategy::FixedWindow);
    /// assert_eq!(keys.current, "LIMITS:LIMITER/127.0.0.1/notify/2/1/minute");
    /// ```
    pub fn keys(&self, key: &str, scope: &str, rate: &Rate, strategy: Strategy) -> StorageKeys {
        let (storage, base) = (&self.storage, self.base(key, scope, rate));
        match strategy {
            Strategy::FixedWindow | Strategy::MovingWindow => StorageKeys {
                current: format!("{storage}:{base}"),
                previous: None,
            },
            // The braces keep both keys in one slot of a cluster.
            Strategy::SlidingWindowCounter => StorageKeys {
                current: format!("{storage}:{{{base}}}"),
                previous: Some(format!("{storage}:{{{base}}}/-1")),
            },
        }
    }
}
