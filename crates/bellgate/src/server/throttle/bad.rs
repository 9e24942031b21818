//! Whoever brings bad credentials again and again (contract §4, limits; hardening §3 row 43).
//!
//! Those of an address count together, however many sessions it opens for them, and it is blocked. Behind a
//! proxy that is not believed all count as one, and nobody else is to blame: there the session ends. Where a
//! user is proven, by a session whose CSRF token is forged for instance, they count together from all
//! addresses too. A user that a forged token only names is never counted: everybody can name somebody.

use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bellgate_codes::{Code, Refusal};
use bellgate_gate::limits::{OffenceBook, OffenceRules, Subject};

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
    /// Why an address gets no session now, or a user may not join, and for how long.
    pub(super) fn refuse(&self, subject: &Subject, now: Instant) -> Option<(Refusal, Duration)> {
        let left = locked(&self.0).blocked(subject, now)?;
        Some((refusal(subject, left), left))
    }

    /// Notes a bad credential of somebody: the block that holds by now, if one does, and whether it is new.
    fn note(&self, subject: &Subject, now: Instant) -> Option<(Refusal, bool)> {
        let mut book = locked(&self.0);
        let held = book.blocked(subject, now);
        let left = held.or_else(|| book.handle_violation(subject, now))?;
        Some((refusal(subject, left), held.is_none()))
    }

    /// All that are blocked, with the time that is left.
    pub(super) fn blocks(&self, now: Instant) -> Vec<(Subject, Duration)> {
        let book = locked(&self.0);
        let blocked = book
            .iter(now)
            .filter(|(subject, _)| **subject != Subject::LocalPeer);
        blocked
            .map(|(subject, left)| (subject.clone(), left))
            .collect()
    }

    /// Forgets what somebody has brought; whether that was blocked for it.
    pub(super) fn forgive(&self, subject: &Subject, now: Instant) -> bool {
        let mut book = locked(&self.0);
        let is_blocked = book.blocked(subject, now).is_some();
        book.forgive(subject) && is_blocked
    }
}

impl Throttle {
    /// Notes what a CONNECT or a renewal was refused for. Why the session is to end, where it is one of too
    /// many. `address`: none behind a proxy that is not believed; `user`: only one that is proven.
    pub(in crate::server) fn note_refused(
        &self,
        code: Code,
        address: Option<IpAddr>,
        user: Option<&str>,
        now: Instant,
    ) -> Option<Refusal> {
        let bad = [
            Code::TokenInvalid,
            Code::SessionInvalid,
            Code::CsrfInvalid,
            Code::AuthRefused,
        ];
        let is_bad = bad.contains(&code);
        if !is_bad || !self.rules.load().is_on {
            return None;
        }
        let by_address = address.map_or(Subject::LocalPeer, Subject::address);
        let by_address = self.bad.note(&by_address, now);
        let by_user = user.and_then(|user| self.bad.note(&Subject::user(user), now));
        let of = Incident {
            user,
            address,
            ..Incident::default()
        };
        let ends = [by_address, by_user].into_iter().flatten();
        let ends = ends.inspect(|(why, is_new)| {
            if *is_new {
                security::tell(why, &of, "blocked");
            }
        });
        // All of them are told, the first is the answer.
        ends.map(|(why, _)| why).reduce(|first, _| first)
    }
}

fn refusal(subject: &Subject, left: Duration) -> Refusal {
    let who = match subject {
        Subject::Address(_) => "address",
        Subject::User(_) => "user",
        Subject::Connection(_) | Subject::LocalPeer => "connection",
    };
    Refusal::Blocked {
        who: who.to_owned(),
        left: format!("for {} s", left.as_secs().max(1)),
        because: "it brought bad credentials again and again".to_owned(),
    }
}
