//! The promises of an [`Adapter`], as one suite of tests for all of them.
//!
//! A test of an adapter calls [`run`] with a function that builds it over the inlets that the suite
//! hands in. Behind each inlet the suite keeps a real hub with recorded connections.
//!
//! ```
//! use std::sync::Arc;
//! use bellgate_cluster::{Local, suite::{self, Bed}};
//!
//! suite::run(|inlets| Bed::new(vec![Arc::new(Local::new(inlets))]));
//! ```

#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the suite is a test: it fails by panicking"
)]

mod promises;
mod rig;

use std::sync::Arc;

use bellgate_hub::Adapter;

use crate::local::Inlet;
use rig::Rig;

/// What is tested: every way into the cluster, and a way to wait until it is quiet.
pub struct Bed {
    adapters: Vec<Arc<dyn Adapter>>,
    settle: Box<dyn Fn()>,
}

impl Bed {
    /// One adapter for each node. What is dispatched has arrived when `dispatch` returns; where it
    /// has not, see [`Bed::with_settle`].
    pub fn new(adapters: Vec<Arc<dyn Adapter>>) -> Self {
        Self {
            adapters,
            settle: Box::new(|| {}),
        }
    }

    /// `settle` returns when everything that was dispatched has arrived at the inlets, and panics
    /// if that takes too long.
    #[must_use]
    pub fn with_settle(mut self, settle: impl Fn() + 'static) -> Self {
        self.settle = Box::new(settle);
        self
    }
}

/// Tests each promise on an adapter of its own, over one shard and over four.
///
/// # Panics
///
/// When a promise is broken; its name stands on stderr.
pub fn run(build: impl Fn(Vec<Inlet>) -> Bed) {
    for shards in [1, 4] {
        for (name, promise) in promises::ALL {
            eprintln!("{name}, {shards} shards");
            promise(&mut Rig::new(shards, &build));
        }
    }
}
