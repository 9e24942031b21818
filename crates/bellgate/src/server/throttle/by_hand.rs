//! Blocks that operators set and lift, and the list of all blocks (contract §7).

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bellgate_codes::Refusal;
use bellgate_gate::limits::{AddressBlock, Block, Blocks, Subject};
use bellgate_hub::Whose;

use super::{Throttle, locked};

/// Most blocks that operators may have set at a time.
const MOST: usize = 100_000;
/// When a client that is blocked for good may ask again.
const FOR_GOOD: Duration = Duration::from_secs(24 * 60 * 60);

/// The blocks that operators have set. They hold whatever the rates are.
pub(super) struct ByHand(Mutex<Blocks>);

impl Default for ByHand {
    fn default() -> Self {
        Self(Mutex::new(Blocks::new(MOST)))
    }
}

impl ByHand {
    /// Why somebody may not come in now, and for how long.
    pub(super) fn find(&self, subject: &Subject, now: Instant) -> Option<(Refusal, Duration)> {
        let blocks = locked(&self.0);
        let block = blocks.find(subject, now)?;
        let left = block
            .until
            .map(|until| until.saturating_duration_since(now));
        Some((refusal(subject, left), left.unwrap_or(FOR_GOOD)))
    }
}

/// A block that holds, as the API tells it.
pub(crate) struct Kept {
    pub(crate) subject: Subject,
    /// Until it ends by itself; none: it holds until it is lifted.
    pub(crate) left: Option<Duration>,
    /// What the operator wrote beside it.
    pub(crate) reason: Option<String>,
    /// It follows from broken rates.
    pub(crate) is_automatic: bool,
}

impl Throttle {
    /// Keeps somebody out: why, for those who are there. None where there are too many blocks.
    pub(crate) fn block(
        &self,
        whose: &Whose,
        lasts: Option<Duration>,
        reason: Option<&str>,
        now: Instant,
    ) -> Option<Refusal> {
        let subject = subject(whose);
        let block = Block {
            until: lasts.and_then(|lasts| now.checked_add(lasts)),
            reason: reason.map(str::to_owned),
        };
        let is_set = locked(&self.by_hand.0).set(subject.clone(), block, now);
        is_set.then(|| refusal(&subject, lasts))
    }

    /// Lifts the blocks of somebody, those of broken rates too; whether there were any.
    pub(crate) fn unblock(&self, whose: &Whose, now: Instant) -> bool {
        let by_hand = locked(&self.by_hand.0).lift(&subject(whose), now);
        let automatic = match whose {
            Whose::User(user) => {
                let mut users = self.users.of(user);
                let is_blocked = users.offences.blocked(user, now).is_some();
                users.offences.forgive(user) && is_blocked
            }
            Whose::Address(ip) => {
                let (address, mut addresses) = (AddressBlock::of(*ip), locked(&self.addresses));
                let is_blocked = addresses.offences.blocked(&address, now).is_some();
                addresses.offences.forgive(&address) && is_blocked
            }
        };
        let bad = self.bad.forgive(&subject(whose), now);
        by_hand || automatic || bad
    }

    /// All blocks that hold, those of operators first.
    pub(crate) fn blocks(&self, now: Instant) -> Vec<Kept> {
        let mut kept: Vec<Kept> = locked(&self.by_hand.0)
            .iter(now)
            .map(|(subject, block)| Kept {
                subject: subject.clone(),
                left: block
                    .until
                    .map(|until| until.saturating_duration_since(now)),
                reason: block.reason.clone(),
                is_automatic: false,
            })
            .collect();
        if !self.rules.load().is_on {
            return kept;
        }
        let automatic = |subject, left| Kept {
            subject,
            left: Some(left),
            reason: None,
            is_automatic: true,
        };
        for users in self.users.all() {
            let blocked = users.offences.iter(now);
            kept.extend(
                blocked.map(|(user, left)| automatic(Subject::User(Arc::clone(user)), left)),
            );
        }
        let bad = self.bad.blocks(now).into_iter();
        kept.extend(bad.map(|(subject, left)| automatic(subject, left)));
        let addresses = locked(&self.addresses);
        let blocked = addresses.offences.iter(now);
        kept.extend(blocked.map(|(address, left)| automatic(Subject::Address(*address), left)));
        kept
    }

    /// The block of a user that holds, an operator's first.
    pub(crate) fn block_of(&self, user: &Arc<str>, now: Instant) -> Option<Kept> {
        let subject = Subject::User(Arc::clone(user));
        if let Some(block) = locked(&self.by_hand.0).find(&subject, now) {
            return Some(Kept {
                left: block
                    .until
                    .map(|until| until.saturating_duration_since(now)),
                reason: block.reason.clone(),
                is_automatic: false,
                subject,
            });
        }
        let (_, left) = self.automatic_block(user, now)?;
        Some(Kept {
            subject,
            left: Some(left),
            reason: None,
            is_automatic: true,
        })
    }
}

/// Whether an address is in the block of another one.
pub(crate) fn is_same_block(one: IpAddr, other: IpAddr) -> bool {
    AddressBlock::of(one) == AddressBlock::of(other)
}

fn subject(whose: &Whose) -> Subject {
    match whose {
        Whose::User(user) => Subject::User(Arc::clone(user)),
        Whose::Address(ip) => Subject::address(*ip),
    }
}

fn refusal(subject: &Subject, left: Option<Duration>) -> Refusal {
    let who = match subject {
        Subject::User(_) => "user",
        _ => "address",
    };
    let left = left.map_or_else(
        || "until that is lifted".to_owned(),
        |left| format!("for {} s", left.as_secs().max(1)),
    );
    Refusal::Blocked {
        who: who.to_owned(),
        left,
        because: "an operator wants it so".to_owned(),
    }
}
