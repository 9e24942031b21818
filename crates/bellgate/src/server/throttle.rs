//! Rates of handshakes and events, and blocks for those who go on (contract §4, limits).
//!
//! One [`Throttle`] serves all shards. Handshakes count by address, behind one lock; they are rare.
//! Events count by user in [`Stripes`], or by connection in a table of the shard's own ([`Visitors`]), which
//! needs no lock and holds what it goes by. `shared.rs` shares the counts of users and addresses with other
//! processes.

mod bad;
mod by_hand;
mod census;
mod handshakes;
mod own;
mod shared;
mod stripes;

use std::collections::HashSet;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bellgate_codes::Refusal;
use bellgate_engine::ConnId;
use bellgate_gate::limits::{AddressBlock, Bounds, Limiter, OffenceBook, OffenceRules, Subject};
use bellgate_gate::{PeerAddr, RequestFacts};
use bellgate_hub::SocketId;
use tokio::sync::Notify;

use self::bad::Bad;
use self::by_hand::ByHand;
use self::census::Census;
use self::own::{Breach, Caller, Own};
use self::stripes::{STRIPES, Stripes};
use super::security::{self, Incident};
use crate::config::{RateLimits, Settings};

pub(crate) use self::by_hand::{Kept, is_same_block};
pub(super) use self::census::{Full, Place};
pub(crate) use self::shared::{Sharing, share};

/// What all shards count together.
pub(crate) struct Throttle {
    rules: ArcSwap<RateLimits>,
    addresses: Mutex<Addresses>,
    users: Stripes<Users>,
    by_hand: ByHand,
    bad: Bad,
    /// There are hits that others do not know of.
    untold: Notify,
    census: Census,
    own: Own,
}

struct Addresses {
    handshakes: Counted<AddressBlock>,
    /// Those of all together.
    all: Counted<()>,
    offences: OffenceBook<AddressBlock>,
}

struct Users {
    events: Counted<Arc<str>>,
    offences: OffenceBook<Arc<str>>,
}

/// What is counted of a shard's own connections.
pub(super) struct Visitors {
    /// Events are counted at all.
    is_on: bool,
    /// Some namespace has a rate of its own.
    has_own: bool,
    events: Counted<ConnId>,
    /// Of those that have no address of their own.
    offences: OffenceBook<ConnId>,
    /// Connections whose address is that of a proxy that is not believed.
    hidden: HashSet<ConnId>,
}

/// Who sends an event.
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) shard: u16,
    pub(super) conn: ConnId,
    pub(super) user: Option<&'a Arc<str>>,
    pub(super) address: Option<IpAddr>,
}

/// An event that is refused.
pub(super) struct Excess {
    pub(super) why: Refusal,
    pub(super) retry_after: Duration,
    /// Whether the connection ends with it.
    pub(super) is_last: bool,
}

impl Throttle {
    pub(crate) fn new(settings: &Settings) -> Self {
        let rules = Arc::new(settings.rates.clone());
        let users = || Users {
            events: Counted::new(&rules, Which::Messages, STRIPES),
            offences: OffenceBook::new(offence_rules(STRIPES)),
        };
        Self {
            addresses: Mutex::new(Addresses {
                handshakes: Counted::new(&rules, Which::Connections, 1),
                all: Counted::new(&rules, Which::Handshakes, 1),
                offences: OffenceBook::new(offence_rules(1)),
            }),
            users: Stripes::new(users),
            rules: ArcSwap::new(rules),
            by_hand: ByHand::default(),
            bad: Bad::default(),
            untold: Notify::new(),
            census: Census::new(settings),
            own: Own::new(settings),
        }
    }

    /// Goes by these rules from the next hit on, but for the shards' own tables: [`Throttle::reload_visitors`].
    /// Rates that stay as they are keep their counts, and blocks keep their ends.
    pub(crate) fn reload(&self, settings: &Settings) {
        let rules = Arc::new(settings.rates.clone());
        let mut addresses = locked(&self.addresses);
        addresses.handshakes.reload(&rules);
        addresses.all.reload(&rules);
        drop(addresses);
        for mut users in self.users.all() {
            users.events.reload(&rules);
        }
        self.rules.store(rules);
        self.census.reload(settings);
        self.own.reload(settings);
    }

    /// The table of one shard.
    pub(super) fn visitors(&self) -> Visitors {
        let rules = self.rules.load_full();
        Visitors {
            is_on: rules.is_on,
            has_own: self.own.is_any(),
            events: Counted::new(&rules, Which::Messages, 1),
            offences: OffenceBook::new(offence_rules(STRIPES)),
            hidden: HashSet::new(),
        }
    }

    /// Has a shard's table go by the rules that hold now.
    pub(super) fn reload_visitors(&self, visitors: &mut Visitors) {
        let rules = self.rules.load_full();
        visitors.is_on = rules.is_on;
        visitors.has_own = self.own.is_any();
        visitors.events.reload(&rules);
    }

    /// A session joins a namespace as a user; it counts until [`Throttle::leave`].
    pub(super) fn join(
        &self,
        user: &Arc<str>,
        place: Place,
        socket: SocketId,
        namespace: &Arc<str>,
    ) -> Result<(), Full> {
        self.census.join(user, place, socket, namespace)
    }

    /// A session has left a namespace that it had joined as a user.
    pub(super) fn leave(&self, user: &str, place: Place, socket: SocketId) {
        self.census.leave(user, place, socket);
    }

    /// Users who have joined a namespace.
    pub(crate) fn users(&self) -> usize {
        self.census.users()
    }

    /// Counts an event; its namespace is asked for only where one has a rate of its own.
    #[inline]
    pub(super) fn event<'a>(
        &self,
        visitors: &mut Visitors,
        sender: impl FnOnce() -> Sender<'a>,
        namespace: impl FnOnce() -> Option<&'a Arc<str>>,
        now: Instant,
    ) -> Result<(), Excess> {
        if !visitors.is_on {
            return Ok(());
        }
        self.count_event(visitors, sender(), namespace, now)
    }

    fn count_event<'a>(
        &self,
        visitors: &mut Visitors,
        sender: Sender<'_>,
        namespace: impl FnOnce() -> Option<&'a Arc<str>>,
        now: Instant,
    ) -> Result<(), Excess> {
        let own = if visitors.has_own {
            self.own.hit(namespace(), || sender.caller(), now)
        } else {
            None
        };
        if let Some(user) = sender.user {
            return self.event_of_user(user, own, now);
        }
        let hit = own.unwrap_or_else(|| {
            let hit = visitors.events.hit(&sender.conn, now);
            hit.map_err(of_all)
        });
        hit.map_err(|breach| {
            let is_hidden = visitors.hidden.contains(&sender.conn);
            let (who, block) = if let Some(ip) = sender.address.filter(|_| !is_hidden) {
                ("address", self.offend(AddressBlock::of(ip), now))
            } else {
                let offences = &mut visitors.offences;
                ("connection", offences.handle_violation(&sender.conn, now))
            };
            too_fast(breach, block, who)
        })
    }

    fn event_of_user(
        &self,
        user: &Arc<str>,
        own: Option<Result<(), Breach>>,
        now: Instant,
    ) -> Result<(), Excess> {
        let mut users = self.users.of(user);
        if let Some(left) = users.offences.blocked(user, now) {
            return Err(Excess {
                why: blocked("user", left),
                retry_after: left,
                is_last: true,
            });
        }
        let Users { events, offences } = &mut *users;
        let hit = own.unwrap_or_else(|| {
            if events.is_shared {
                self.untold.notify_one();
            }
            events.hit(user, now).map_err(of_all)
        });
        hit.map_err(|breach| {
            let block = offences.handle_violation(user, now);
            if let Some(block) = block {
                let of = Incident {
                    user: Some(user),
                    ..Incident::default()
                };
                security::tell(&blocked("user", block), &of, "blocked");
            }
            too_fast(breach, block, "user")
        })
    }

    /// Whether a user may not join now: why, and for how long.
    pub(super) fn user_blocked(
        &self,
        user: &Arc<str>,
        now: Instant,
    ) -> Option<(Refusal, Duration)> {
        let by_hand = self.by_hand.find(&Subject::User(Arc::clone(user)), now);
        by_hand.or_else(|| self.automatic_block(user, now))
    }

    /// Whether a user is blocked for broken rates or bad credentials: why, and for how long.
    fn automatic_block(&self, user: &Arc<str>, now: Instant) -> Option<(Refusal, Duration)> {
        if !self.rules.load().is_on {
            return None;
        }
        let for_rates = self.users.of(user).offences.blocked(user, now);
        let for_rates = for_rates.map(|left| (blocked("user", left), left));
        for_rates.or_else(|| self.bad.refuse(&Subject::User(Arc::clone(user)), now))
    }

    /// Notes a violation of a visitor; the block of its address, an old one too: that ends all of its
    /// connections that go on.
    fn offend(&self, address: AddressBlock, now: Instant) -> Option<Duration> {
        let mut addresses = locked(&self.addresses);
        if let Some(left) = addresses.offences.blocked(&address, now) {
            return Some(left);
        }
        let block = addresses.offences.handle_violation(&address, now)?;
        let of = Incident {
            address: Some(address.first()),
            ..Incident::default()
        };
        security::tell(&blocked("address", block), &of, "blocked");
        Some(block)
    }
}

impl Sender<'_> {
    fn caller(&self) -> Caller {
        match self.user {
            Some(user) => Caller::User(Arc::clone(user)),
            None => Caller::Session(Place {
                shard: self.shard,
                conn: self.conn,
            }),
        }
    }
}

impl Visitors {
    /// A connection opens.
    pub(super) fn open(&mut self, conn: ConnId, facts: &RequestFacts) {
        if is_hidden(facts) {
            self.hidden.insert(conn);
        }
    }

    /// Whether a connection counts by its address.
    pub(super) fn has_address(&self, conn: ConnId) -> bool {
        !self.hidden.contains(&conn)
    }

    /// A connection has ended.
    pub(super) fn close(&mut self, conn: ConnId) {
        self.hidden.remove(&conn);
        self.offences.forgive(&conn);
    }
}

/// Whether the address is that of a proxy on this machine which is missing in the list of those that are
/// believed: one client behind it would get all of them blocked (contract §4, limits).
fn is_hidden(facts: &RequestFacts) -> bool {
    let is_local = match facts.peer() {
        PeerAddr::Unix => true,
        PeerAddr::Ip(_) => facts.peer().ip().is_some_and(|ip| ip.is_loopback()),
    };
    is_local && facts.forwarded_ignored()
}

/// Which rate of the settings.
#[derive(Clone, Copy)]
enum Which {
    Connections,
    Messages,
    /// Of all clients together.
    Handshakes,
}

/// A limiter that knows which rules it was made of.
struct Counted<K: Hash + Eq> {
    rules: Arc<RateLimits>,
    which: Which,
    limiter: Limiter<K>,
    /// Others count too.
    is_shared: bool,
}

impl<K: Hash + Eq + Clone> Counted<K> {
    /// One of `parts` that share the bounds.
    fn new(rules: &Arc<RateLimits>, which: Which, parts: usize) -> Self {
        let bounds = Bounds::default();
        let bounds = Bounds {
            callers: bounds.callers / parts,
            hits: bounds.hits / parts,
        };
        Self {
            limiter: Limiter::new(which.of(rules), rules.strategy, bounds),
            rules: Arc::clone(rules),
            which,
            is_shared: false,
        }
    }

    /// Counts by these rules from the next hit on.
    fn reload(&mut self, rules: &Arc<RateLimits>) {
        self.limiter.set_rates(self.which.of(rules), rules.strategy);
        self.rules = Arc::clone(rules);
    }

    /// Counts a hit; else the broken rate, and the time to wait.
    fn hit(&mut self, key: &K, now: Instant) -> Result<(), (String, Duration)> {
        let hit = self.limiter.handle_hit(key, 1, now);
        hit.map_err(|breach| (breach.rate.to_string(), breach.retry_after))
    }
}

impl Which {
    const fn of(self, rules: &RateLimits) -> &bellgate_gate::limits::Rates {
        match self {
            Self::Connections => &rules.connections,
            Self::Messages => &rules.messages,
            Self::Handshakes => &rules.handshakes,
        }
    }
}

fn too_fast((rate, retry_after, setting): Breach, block: Option<Duration>, who: &str) -> Excess {
    match block {
        Some(left) => Excess {
            why: blocked(who, left),
            retry_after: left,
            is_last: true,
        },
        None => Excess {
            why: Refusal::RateLimited {
                what: "events".to_owned(),
                rate,
                setting,
            },
            retry_after,
            is_last: false,
        },
    }
}

/// A broken rate that holds in every namespace without one of its own.
fn of_all((rate, retry_after): (String, Duration)) -> Breach {
    let setting = "SOCKETIO_RATE_LIMIT_MESSAGES".to_owned();
    (rate, retry_after, setting)
}

fn blocked(who: &str, left: Duration) -> Refusal {
    Refusal::Blocked {
        who: who.to_owned(),
        left: format!("for {} s", left.as_secs().max(1)),
        because: "it broke a rate again and again".to_owned(),
    }
}

fn offence_rules(parts: usize) -> OffenceRules {
    let rules = OffenceRules::default();
    OffenceRules {
        callers: rules.callers / parts,
        ..rules
    }
}

/// Counts stay usable after a panic elsewhere: each hit leaves them whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
