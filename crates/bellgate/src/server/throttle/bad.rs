//! Whoever brings bad credentials again and again (contract §4, limits; hardening §3 row 43).
//!
//! Those of an address count together, however many sessions it opens for them, and it is blocked. Behind a
//! proxy that is not believed all count as one, and nobody else is to blame: there the session ends.

use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bellgate_codes::{Code, Refusal};
use bellgate_gate::limits::{AddressBlock, OffenceBook, OffenceRules, Subject};

use super::{Throttle, locked};
use crate::server::security::{self, Incident};

/// So many within a minute are no slip any more; an office whose logins have all ended brings fewer.
const MOST: usize = 30;

/// Who has brought how many.
pub(super) struct Bad(Mutex<OffenceBook<Subject>>);

impl Default for Bad {
    fn default() -> Self {
        Self(Mutex::new(OffenceBook::new(OffenceRules {
            violations: MOST,
            ..OffenceRules::default()
        })))
    }
}

impl Bad {
    /// Why an address gets no session now, and for how long.
    pub(super) fn refuse(
        &self,
        address: AddressBlock,
        now: Instant,
    ) -> Option<(Refusal, Duration)> {
        let left = locked(&self.0).blocked(&Subject::Address(address), now)?;
        Some((refusal("address", left), left))
    }

    /// All that are blocked, with the time that is left.
    pub(super) fn addresses(&self, now: Instant) -> Vec<(Subject, Duration)> {
        let book = locked(&self.0);
        let blocked = book
            .iter(now)
            .filter(|(subject, _)| **subject != Subject::LocalPeer);
        blocked
            .map(|(subject, left)| (subject.clone(), left))
            .collect()
    }

    /// Forgets what an address has brought; whether it was blocked for it.
    pub(super) fn forgive(&self, subject: &Subject, now: Instant) -> bool {
        let mut book = locked(&self.0);
        let is_blocked = book.blocked(subject, now).is_some();
        book.forgive(subject) && is_blocked
    }
}

impl Throttle {
    /// Notes what a CONNECT was refused for. Why the session is to end, where it is one of too many.
    /// `address`: none behind a proxy that is not believed.
    pub(in crate::server) fn note_refused(
        &self,
        code: Code,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Option<Refusal> {
        let is_bad = [Code::TokenInvalid, Code::SessionInvalid, Code::CsrfInvalid].contains(&code);
        if !is_bad || !self.rules.load().is_on {
            return None;
        }
        let subject = address.map_or(Subject::LocalPeer, Subject::address);
        let who = if address.is_some() {
            "address"
        } else {
            "connection"
        };
        let mut book = locked(&self.bad.0);
        if let Some(left) = book.blocked(&subject, now) {
            return Some(refusal(who, left));
        }
        let why = refusal(who, book.handle_violation(&subject, now)?);
        drop(book);
        let of = Incident {
            address,
            ..Incident::default()
        };
        security::tell(&why, &of, "blocked");
        Some(why)
    }
}

fn refusal(who: &str, left: Duration) -> Refusal {
    Refusal::Blocked {
        who: who.to_owned(),
        left: format!("for {} s", left.as_secs().max(1)),
        because: "it brought bad credentials again and again".to_owned(),
    }
}
