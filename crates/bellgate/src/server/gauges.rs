//! What the hubs of all shards hold now, for metrics.

use std::sync::{Mutex, PoisonError};

use bellgate_hub::HubStats;

/// The last count of one shard.
#[derive(Default)]
pub(crate) struct Gauges(Mutex<Option<HubStats>>);

impl Gauges {
    pub(crate) fn set(&self, stats: HubStats) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stats);
    }

    pub(crate) fn read(&self) -> Option<HubStats> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
