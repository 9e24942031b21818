//! Whether another session may open at all: what is asked before anything is kept of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bellgate_codes::Refusal;
use bellgate_gate::RequestFacts;
use bellgate_gate::identity::{Brought, Found, Standing};
use bellgate_transport::{Admission, Permit};

use super::access::Terms;
use super::outside::State;
use super::outside::sessions::Sessions;
use super::throttle::Throttle;
use super::visit::Clocks;

/// What handshakes are judged by, beside their origin.
pub(crate) struct Doors {
    throttle: Arc<Throttle>,
    terms: ArcSwap<Terms>,
}

impl Doors {
    pub(super) fn new(throttle: Arc<Throttle>, terms: Arc<Terms>) -> Self {
        Self {
            throttle,
            terms: ArcSwap::new(terms),
        }
    }

    /// What connections go by now.
    pub(super) fn terms(&self) -> Arc<Terms> {
        self.terms.load_full()
    }

    /// Goes by these terms from the next handshake on.
    pub(super) fn reload(&self, terms: Arc<Terms>) {
        self.terms.store(terms);
    }

    /// How many stored sessions were pickles, and so refused; none where sessions are in no store.
    pub(crate) fn pickled_sessions(&self) -> Option<u64> {
        let terms = self.terms.load();
        let sessions = terms.access.outside.sessions();
        sessions.map(Sessions::pickles)
    }

    /// How whoever is asked about clients stands.
    pub(crate) fn providers(&self) -> Vec<State> {
        self.terms.load().access.outside.states()
    }

    /// How questions to the application were answered, where it is asked.
    pub(crate) fn answers(&self) -> Option<Vec<(&'static str, u64)>> {
        self.terms.load().access.outside.answers()
    }

    /// How many calls to the application run, and how many may, where it is asked.
    pub(crate) fn calls(&self) -> Option<(usize, usize)> {
        self.terms.load().access.outside.calls()
    }

    /// While somebody that would have to be asked is known not to answer, only those come in who prove
    /// their user without it (contract §4): a stock client waits longer each time then.
    fn judge_outside(&self, facts: &RequestFacts, now: Instant) -> Result<(), (Refusal, Duration)> {
        let terms = self.terms.load();
        let access = &terms.access;
        let Some((what, left)) = access.outside.down() else {
            return Ok(());
        };
        let brought = Brought::by_request(facts.origin().valid().is_some());
        let unix = Clocks::now(now).unix;
        let found = access.find_at_hand(&facts.credentials(), &brought, unix);
        if let Some(Found::Known(Standing::User(_))) = found {
            return Ok(());
        }
        let what = what.to_owned();
        Err((Refusal::AuthUnavailable { what }, left))
    }
}

impl Admission for Doors {
    fn admit(&self, facts: &RequestFacts, now: Instant) -> Result<Permit, (Refusal, Duration)> {
        let permit = self.throttle.admit(facts, now)?;
        self.judge_outside(facts, now)?;
        Ok(permit)
    }
}
