//! How many sessions somebody has, over all shards (contract §4, limits).
//!
//! A user's are counted where a namespace is joined, those of an address where a session opens. Joining and
//! counting is one step behind one lock, so that no two shards let in the last one each.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, take};
use bellgate_gate::limits::AddressBlock;
use bellgate_hub::SocketId;
use bellgate_transport::Permit;

use super::locked;
use super::stripes::Stripes;
use crate::config::{Caps, Settings};

/// A session of some shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) shard: u16,
    pub(crate) conn: ConnId,
}

/// One namespace that a session has joined as a user.
#[derive(Debug)]
struct Seat {
    place: Place,
    socket: SocketId,
    namespace: Arc<str>,
    /// Greater than that of whoever came before.
    order: u64,
}

/// Why a user may not join, or who has to go for it.
pub(crate) enum Full {
    /// There are as many sessions as may be.
    Refused(Refusal),
    /// It has joined; this session is one too many.
    Evicts(Place, Refusal),
}

/// Who is there, and how many may be.
pub(super) struct Census {
    caps: ArcSwap<Rules>,
    users: Stripes<HashMap<Arc<str>, Seats>>,
    came: AtomicU64,
    addresses: Arc<Addresses>,
}

type Addresses = Mutex<HashMap<AddressBlock, usize>>;

struct Rules {
    caps: Caps,
    of_namespaces: BTreeMap<String, usize>,
}

impl Rules {
    fn new(settings: &Settings) -> Self {
        let namespaces = settings.tables.namespaces.iter();
        let of_namespaces = namespaces.filter_map(|(name, policy)| {
            let cap = usize::try_from(policy.max_connections_per_user?).ok()?;
            (cap > 0).then(|| (name.clone(), cap))
        });
        Self {
            caps: settings.caps,
            of_namespaces: of_namespaces.collect(),
        }
    }
}

impl Census {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            caps: ArcSwap::from_pointee(Rules::new(settings)),
            users: Stripes::new(HashMap::new),
            came: AtomicU64::new(0),
            addresses: Arc::default(),
        }
    }

    /// From now on so many may be there; nobody goes for it.
    pub(super) fn reload(&self, settings: &Settings) {
        self.caps.store(Arc::new(Rules::new(settings)));
    }

    /// A session joins a namespace as a user.
    pub(super) fn join(
        &self,
        user: &Arc<str>,
        place: Place,
        socket: SocketId,
        namespace: &Arc<str>,
    ) -> Result<(), Full> {
        let rules = self.caps.load();
        let mut users = self.users.of(user);
        let seats = users.entry(Arc::clone(user)).or_default();
        let own = rules.of_namespaces.get(&**namespace).copied().unwrap_or(0);
        let of_all = seats.over(place, None, rules.caps.per_user);
        let over = of_all.map(|over| (over, None)).or_else(|| {
            let over = seats.over(place, Some(namespace), own);
            over.map(|over| (over, Some(namespace)))
        });
        let over = over.map(|((limit, oldest), own)| (refusal(limit, own), oldest));
        let full = match over {
            Some((why, _)) if !rules.caps.evicts_oldest => Err(Full::Refused(why)),
            Some((why, oldest)) => Err(Full::Evicts(oldest, why)),
            None => Ok(()),
        };
        if !matches!(full, Err(Full::Refused(_))) {
            seats.add(Seat {
                place,
                socket,
                namespace: Arc::clone(namespace),
                order: self.came.fetch_add(1, Ordering::Relaxed),
            });
        }
        full
    }

    /// A session has left a namespace that it had joined as a user.
    pub(super) fn leave(&self, user: &str, place: Place, socket: SocketId) {
        let mut users = self.users.of(user);
        if let Some(seats) = users.get_mut(user) {
            seats.remove(place, socket);
            if seats.0.is_empty() {
                take(&mut users, user);
            }
        }
    }

    /// A session of an address opens; it counts for as long as it holds what it is given.
    pub(super) fn open(&self, address: AddressBlock) -> Result<Permit, Refusal> {
        let limit = self.caps.load().caps.per_address;
        if limit == 0 {
            return Ok(Permit::free());
        }
        let mut addresses = locked(&self.addresses);
        let count = addresses.entry(address).or_default();
        if *count >= limit {
            let limit = limit.to_string();
            return Err(Refusal::AddressCapped { limit });
        }
        *count += 1;
        Ok(Permit::holding(OfAddress {
            addresses: Arc::clone(&self.addresses),
            address,
        }))
    }

    /// Users who have joined a namespace.
    pub(super) fn users(&self) -> usize {
        self.users.all().map(|users| users.len()).sum()
    }
}

/// The sessions of one user, by place.
#[derive(Default)]
struct Seats(Vec<Seat>);

impl Seats {
    /// The limit and the oldest of the sessions in a namespace, or in any, where a further one is too many.
    fn over(
        &self,
        place: Place,
        namespace: Option<&Arc<str>>,
        limit: usize,
    ) -> Option<(usize, Place)> {
        // There are no more sessions than seats.
        if limit == 0 || self.0.len() < limit {
            return None;
        }
        let is_meant = |seat: &&Seat| namespace.is_none_or(|name| seat.namespace == *name);
        let (mut count, mut last, mut oldest) = (0, None, None::<&Seat>);
        for seat in self.0.iter().filter(is_meant) {
            if seat.place == place {
                return None;
            }
            if last.replace(seat.place) != Some(seat.place) {
                count += 1;
            }
            oldest = oldest
                .filter(|oldest| oldest.order < seat.order)
                .or(Some(seat));
        }
        oldest
            .filter(|_| count >= limit)
            .map(|oldest| (limit, oldest.place))
    }

    fn add(&mut self, seat: Seat) {
        if self.0.is_empty() {
            // Most have one.
            self.0.reserve_exact(1);
        }
        let at = self.find(seat.place, seat.socket).unwrap_or_else(|at| at);
        self.0.insert(at, seat);
    }

    fn remove(&mut self, place: Place, socket: SocketId) {
        if let Ok(at) = self.find(place, socket) {
            self.0.remove(at);
        }
    }

    fn find(&self, place: Place, socket: SocketId) -> Result<usize, usize> {
        let key = |seat: &Seat| (seat.place, seat.socket);
        self.0.binary_search_by_key(&(place, socket), key)
    }
}

/// A session that counts for its address.
struct OfAddress {
    addresses: Arc<Addresses>,
    address: AddressBlock,
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut addresses = locked(&self.addresses);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                take(&mut addresses, &self.address);
            }
        }
    }
}

fn refusal(limit: usize, namespace: Option<&Arc<str>>) -> Refusal {
    let setting = namespace.map_or_else(
        || "SOCKETIO_MAX_CONNECTIONS_PER_USER".to_owned(),
        |name| format!("max_connections_per_user of [namespace.\"{name}\"]"),
    );
    Refusal::UserCapped {
        limit: limit.to_string(),
        setting,
    }
}
