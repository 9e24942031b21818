//! Rates of events that a namespace has for itself, in place of those of all (`rate` of
//! `[namespace."/x"]`).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bellgate_gate::limits::{Bounds, Limiter, Rates};

use super::census::Place;
use super::locked;
use super::stripes::STRIPES;
use crate::config::Settings;

/// An event above a rate: the rate, the time to wait, and where the rate is set.
pub(super) type Breach = (String, Duration, String);

/// Whose events are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    /// A user's, from wherever.
    User(Arc<str>),
    /// A visitor's.
    Session(Place),
}

/// What was counted by the rates of those namespaces that have some.
#[derive(Default)]
pub(super) struct Own {
    counted: Mutex<HashMap<String, Limiter<Caller>>>,
}

impl Own {
    pub(super) fn new(settings: &Settings) -> Self {
        let own = Self::default();
        own.reload(settings);
        own
    }

    /// Goes by these rates; those that stay as they are keep their counts.
    pub(super) fn reload(&self, settings: &Settings) {
        let namespaces = settings.tables.namespaces.iter();
        let rates = namespaces.filter_map(|(name, policy)| {
            // The row's kind has read it by the same grammar.
            let rate = policy.rate.as_ref()?.parse().ok()?;
            Some((name.clone(), rate))
        });
        let (rates, strategy) = (
            rates.collect::<BTreeMap<_, Rates>>(),
            settings.rates.strategy,
        );
        let mut counted = locked(&self.counted);
        counted.retain(|name, _| rates.contains_key(name));
        for (name, rates) in &rates {
            let fresh = || Limiter::new(rates, strategy, bounds());
            let limiter = counted.entry(name.clone()).or_insert_with(fresh);
            limiter.set_rates(rates, strategy);
        }
    }

    /// Whether there are some.
    pub(super) fn is_any(&self) -> bool {
        !locked(&self.counted).is_empty()
    }

    /// Counts an event, where its namespace has a rate of its own.
    pub(super) fn hit(
        &self,
        namespace: Option<&Arc<str>>,
        who: impl FnOnce() -> Caller,
        now: Instant,
    ) -> Option<Result<(), Breach>> {
        let name = namespace?;
        let mut counted = locked(&self.counted);
        let hit = counted.get_mut(&**name)?.handle_hit(&who(), 1, now);
        Some(hit.map_err(|breach| {
            let setting = format!("rate of [namespace.\"{name}\"]");
            (breach.rate.to_string(), breach.retry_after, setting)
        }))
    }
}

fn bounds() -> Bounds {
    let bounds = Bounds::default();
    Bounds {
        callers: bounds.callers / STRIPES,
        hits: bounds.hits / STRIPES,
    }
}
