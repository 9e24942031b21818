//! Random histories, compared with a model that is too simple to be wrong.

use std::collections::{BTreeMap, BTreeSet};

use bellgate_hub::engine::ConnId;
use bellgate_hub::{Command, Event, Member, Publication, Route, SocketId, Target};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::world::{World, news, publish};

const NAMESPACES: [&str; 2] = ["/", "/admin"];
const SLOTS: u32 = 8;

#[derive(Debug, Clone)]
enum Step {
    Open(u32),
    Close(u32),
    Connect(u32, usize, Option<u8>),
    Goodbye(u32, usize),
    Kick(u32, usize, bool),
    Join(u32, usize, Target),
    /// Leaves one of the rooms that it is in.
    Leave(u32, usize, Index),
    JoinAll(usize, Target, Target),
    Publish(usize, Vec<Address>, Vec<Address>),
}

/// A target, or the address of whichever socket the history has.
#[derive(Debug, Clone)]
enum Address {
    Of(Target),
    Socket(Index),
}

/// Rooms and roles share names, so that a mix-up shows.
fn target() -> impl Strategy<Value = Target> {
    let name = || select(vec!["0", "1", "2"]);
    prop_oneof![
        4 => name().prop_map(|name| Target::Room(name.into())),
        1 => name().prop_map(|name| Target::User(name.into())),
        1 => name().prop_map(|name| Target::Role(name.into())),
        1 => name().prop_map(|name| Target::Topic(name.into())),
    ]
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        6 => target().prop_map(Address::Of),
        1 => Just(Address::Of(Target::All)),
        2 => any::<Index>().prop_map(Address::Socket),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let slot = || 0..SLOTS;
    let namespace = || 0..NAMESPACES.len();
    let list = || prop::collection::vec(address(), 0..4);
    prop_oneof![
        2 => slot().prop_map(Step::Open),
        1 => slot().prop_map(Step::Close),
        4 => (slot(), namespace(), any::<Option<u8>>()).prop_map(|(s, n, u)| Step::Connect(s, n, u)),
        1 => (slot(), namespace()).prop_map(|(s, n)| Step::Goodbye(s, n)),
        1 => (slot(), namespace(), prop::bool::weighted(0.2)).prop_map(|(s, n, c)| Step::Kick(s, n, c)),
        8 => (slot(), namespace(), target()).prop_map(|(s, n, t)| Step::Join(s, n, t)),
        6 => (slot(), namespace(), any::<Index>()).prop_map(|(s, n, i)| Step::Leave(s, n, i)),
        1 => (namespace(), target(), target()).prop_map(|(n, w, t)| Step::JoinAll(n, w, t)),
        // The third place of the route is: first joined of both.
        6 => (0..3_usize, list(), list()).prop_map(|(r, t, e)| Step::Publish(r, t, e)),
    ]
}

/// A joined socket of the model.
struct Entry {
    id: SocketId,
    sid: Target,
    rooms: BTreeSet<Target>,
}

/// Sockets by connection and namespace; generations by slot.
#[derive(Default)]
struct Model {
    open: BTreeMap<u32, u32>,
    generations: u32,
    sockets: BTreeMap<(u32, usize), Entry>,
}

impl Model {
    fn conn(&self, slot: u32) -> Option<ConnId> {
        let generation = *self.open.get(&slot)?;
        Some(ConnId { slot, generation })
    }

    fn targets(&self, addresses: &[Address]) -> Vec<Target> {
        let sids: Vec<&Target> = self.sockets.values().map(|entry| &entry.sid).collect();
        addresses
            .iter()
            .map(|address| match address {
                Address::Of(target) => target.clone(),
                Address::Socket(_) if sids.is_empty() => Target::Socket("nobody".into()),
                Address::Socket(index) => index.get(&sids).to_owned().clone(),
            })
            .collect()
    }

    /// Slot and namespace of everybody who is to be reached.
    fn receivers(&self, route: &[usize], to: &[Target], except: &[Target]) -> Vec<(u32, usize)> {
        let is_one_of = |slot: u32, namespace: usize, targets: &[Target]| {
            self.sockets.get(&(slot, namespace)).is_some_and(|entry| {
                targets.iter().any(|target| {
                    *target == Target::All || *target == entry.sid || entry.rooms.contains(target)
                })
            })
        };
        let mut found = Vec::new();
        for slot in self.open.keys() {
            if route.iter().any(|ns| is_one_of(*slot, *ns, except)) {
                continue;
            }
            if let Some(first) = route.iter().find(|ns| is_one_of(*slot, **ns, to)) {
                found.push((*slot, *first));
            }
        }
        found
    }
}

struct Pair {
    world: World,
    model: Model,
}

impl Pair {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Open(slot) => self.open(*slot),
            Step::Close(slot) => self.close(*slot),
            Step::Connect(slot, namespace, user) => self.connect(*slot, *namespace, *user),
            Step::Goodbye(slot, namespace) => self.goodbye(*slot, *namespace),
            Step::Kick(slot, namespace, close) => self.kick(*slot, *namespace, *close),
            Step::Join(slot, namespace, target) => {
                if let Some(entry) = self.model.sockets.get_mut(&(*slot, *namespace)) {
                    self.world.hub.join(entry.id, target.clone()).unwrap();
                    entry.rooms.insert(target.clone());
                }
            }
            Step::Leave(slot, namespace, which) => self.leave(*slot, *namespace, *which),
            Step::JoinAll(namespace, who, target) => self.join_all(*namespace, who, target),
            Step::Publish(route, to, except) => self.publish(*route, to, except),
        }
        self.world.out.sent.clear();
        assert!(self.world.out.closed.is_empty());
        self.compare();
    }

    fn open(&mut self, slot: u32) {
        if self.model.open.contains_key(&slot) {
            return;
        }
        self.model.generations += 1;
        self.model.open.insert(slot, self.model.generations);
        let conn = self.model.conn(slot).unwrap();
        self.world.hub.open(conn, self.world.now);
    }

    fn close(&mut self, slot: u32) {
        let Some(conn) = self.model.conn(slot) else {
            return;
        };
        let events = self.world.close(conn);
        self.forget(slot, &events);
        self.model.open.remove(&slot);
    }

    fn forget(&mut self, slot: u32, events: &[Event]) {
        let before = self.model.sockets.len();
        self.model.sockets.retain(|(held, _), _| *held != slot);
        assert_eq!(events.len(), before - self.model.sockets.len());
    }

    fn connect(&mut self, slot: u32, namespace: usize, user: Option<u8>) {
        let Some(conn) = self.model.conn(slot) else {
            return;
        };
        if self.model.sockets.contains_key(&(slot, namespace)) {
            return;
        }
        let member = user.map_or(Member::visitor(), |user| Member {
            roles: vec![(user % 2).to_string().into()],
            topics: vec![(user % 3).to_string().into()],
            ..Member::of_user((user % 3).to_string())
        });
        let rooms = member.targets().collect();
        let id = self.world.join(conn, NAMESPACES[namespace], member);
        let sid = Target::Socket(self.world.sid(id));
        let entry = Entry { id, sid, rooms };
        self.model.sockets.insert((slot, namespace), entry);
    }

    fn goodbye(&mut self, slot: u32, namespace: usize) {
        if self.model.sockets.remove(&(slot, namespace)).is_some() {
            let conn = self.model.conn(slot).unwrap();
            let text = crate::world::header(1, NAMESPACES[namespace]);
            let event = self.world.text(conn, &text);
            assert!(matches!(event, Some(Event::Disconnected { .. })));
        }
    }

    fn kick(&mut self, slot: u32, namespace: usize, close: bool) {
        let Some(entry) = self.model.sockets.get(&(slot, namespace)) else {
            return;
        };
        let (id, now) = (entry.id, self.world.now);
        let events = self
            .world
            .hub
            .disconnect(id, close, now, &mut self.world.out);
        if close {
            self.forget(slot, &events);
            assert_eq!(self.world.closed().len(), 1);
            self.close(slot);
        } else {
            self.model.sockets.remove(&(slot, namespace));
            assert_eq!(events.len(), 1);
        }
    }

    fn leave(&mut self, slot: u32, namespace: usize, which: Index) {
        if let Some(entry) = self.model.sockets.get_mut(&(slot, namespace))
            && !entry.rooms.is_empty()
        {
            let rooms: Vec<Target> = entry.rooms.iter().cloned().collect();
            let room = which.get(&rooms);
            self.world.hub.leave(entry.id, room);
            entry.rooms.remove(room);
        }
    }

    fn join_all(&mut self, namespace: usize, who: &Target, room: &Target) {
        self.world.command(&Command::Join {
            ns: NAMESPACES[namespace].into(),
            who: vec![who.clone()],
            rooms: vec![room.clone()],
        });
        for ((_, held), entry) in &mut self.model.sockets {
            if *held == namespace && entry.rooms.contains(who) {
                entry.rooms.insert(room.clone());
            }
        }
    }

    fn publish(&mut self, route: usize, to: &[Address], except: &[Address]) {
        let to = self.model.targets(to);
        let except = self.model.targets(except);
        let (namespaces, route) = match route {
            2 => (
                vec![0, 1],
                Route::FirstJoined(NAMESPACES.map(Into::into).into()),
            ),
            one => (vec![one], Route::Namespace(NAMESPACES[one].into())),
        };
        let expected = self.model.receivers(&namespaces, &to, &except);
        let counted = self.world.command(&Command::Count {
            token: 1,
            route: route.clone(),
            to: to.clone(),
            except: except.clone(),
        });
        let connections = expected.len();
        assert_eq!(
            counted,
            [Event::Counted {
                token: 1,
                connections
            }]
        );
        self.world.command(&publish(Publication {
            route,
            ..news(&to, &except)
        }));
        let mut reached: Vec<(u32, usize)> = self
            .world
            .sent()
            .into_iter()
            .map(|(slot, text)| (slot, usize::from(text.starts_with("42/admin,"))))
            .collect();
        reached.sort_unstable();
        assert_eq!(reached, expected);
    }

    fn compare(&self) {
        let mut rooms = BTreeSet::new();
        for ((_, namespace), entry) in &self.model.sockets {
            let held: BTreeSet<Target> = self.world.hub.rooms(entry.id).into_iter().collect();
            assert_eq!(held, entry.rooms);
            rooms.extend(held.into_iter().map(|room| (*namespace, room)));
        }
        let stats = self.world.hub.stats();
        assert_eq!(stats.rooms, rooms.len(), "empty rooms vanish");
        assert_eq!(stats.sockets, self.model.sockets.len());
        assert_eq!(stats.connections, self.model.open.len());
        for (place, (_, count)) in stats.namespaces.iter().enumerate() {
            let model = self.model.sockets.keys().filter(|(_, ns)| *ns == place);
            assert_eq!(*count, model.count());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn membership_and_receivers_are_those_of_plain_sets(steps in prop::collection::vec(step(), 1..120)) {
        let mut pair = Pair {
            world: World::new(),
            model: Model::default(),
        };
        for step in &steps {
            pair.take(step);
        }
        for slot in 0..SLOTS {
            pair.close(slot);
        }
        let stats = pair.world.hub.stats();
        prop_assert_eq!((stats.rooms, stats.sockets, stats.connections), (0, 0, 0));
    }
}
