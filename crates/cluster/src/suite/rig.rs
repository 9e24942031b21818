//! Shards behind the adapter under test: real hubs, recorded connections.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery, Outlet};
use bellgate_hub::{Adapter, Command, Event, Hub, HubConfig, Member, SocketId};
use bellgate_wire::{Limits, Message};

use super::Bed;
use crate::local::Inlet;

/// What one shard was handed and has not worked off.
type Inbox = Arc<Mutex<Vec<Arc<Command>>>>;

/// Counts what each connection gets.
#[derive(Default)]
struct Recorder {
    sent: Vec<(ConnId, Rc<Message>)>,
    closed: Vec<ConnId>,
}

impl Outlet for Recorder {
    fn send(&mut self, to: ConnId, message: &Rc<Message>, _delivery: Delivery) {
        self.sent.push((to, message.clone()));
    }

    fn close(&mut self, conn: ConnId, _why: Refusal) {
        self.closed.push(conn);
    }
}

struct Shard {
    hub: Hub,
    out: Recorder,
    inbox: Inbox,
    connections: u32,
}

/// A cluster of shards with one adapter between them.
pub(super) struct Rig {
    shards: Vec<Shard>,
    bed: Bed,
    now: Instant,
    /// Which adapter is next.
    turn: usize,
}

impl Rig {
    pub(super) fn new(shards: usize, build: &impl Fn(Vec<Inlet>) -> Bed) -> Self {
        let shards: Vec<Shard> = (0..shards).map(|_| Shard::new()).collect();
        let inlets = shards.iter().map(Shard::inlet).collect();
        let bed = build(inlets);
        assert!(!bed.adapters.is_empty(), "there is a way in");
        Self {
            shards,
            bed,
            now: Instant::now(),
            turn: 0,
        }
    }

    pub(super) fn adapters(&self) -> &[Arc<dyn Adapter>] {
        &self.bed.adapters
    }

    /// The shards that exist, whatever the adapter says.
    pub(super) fn shards(&self) -> usize {
        self.shards.len()
    }

    pub(super) fn soon(&self) -> Instant {
        self.now + Duration::from_secs(5)
    }

    /// One connection on `/` for each shard.
    pub(super) fn join_each(&mut self, member: &Member) -> Vec<(usize, SocketId)> {
        let now = self.now;
        let shards = self.shards.iter_mut().enumerate();
        shards
            .map(|(place, shard)| (place, shard.join(member.clone(), now)))
            .collect()
    }

    /// What lies in each inbox, which is empty afterwards.
    pub(super) fn take(&mut self) -> Vec<Vec<Arc<Command>>> {
        self.settle();
        self.shards.iter().map(Shard::take).collect()
    }

    /// Has every shard work off its inbox.
    fn pump(&mut self) -> Vec<Event> {
        let now = self.now;
        let mut events = Vec::new();
        for (place, commands) in self.take().into_iter().enumerate() {
            let shard = &mut self.shards[place];
            for command in commands {
                events.extend(shard.hub.handle_command(&command, now, &mut shard.out));
            }
        }
        events
    }

    /// Waits until what was dispatched has arrived.
    pub(super) fn settle(&self) {
        (self.bed.settle)();
    }

    /// Dispatches by the next adapter in turn, and has it worked off.
    pub(super) fn dispatch(&mut self, command: Command) -> Vec<Event> {
        let adapter = self.bed.adapters[self.turn % self.bed.adapters.len()].clone();
        self.turn += 1;
        adapter.dispatch(Arc::new(command));
        self.pump()
    }

    /// For each shard the slots that something was sent to since the last call.
    pub(super) fn reached(&mut self) -> Vec<Vec<u32>> {
        let shards = self.shards.iter_mut();
        shards
            .map(|shard| {
                let sent = std::mem::take(&mut shard.out.sent);
                let mut slots: Vec<u32> = sent.iter().map(|(to, _)| to.slot).collect();
                slots.sort_unstable();
                slots
            })
            .collect()
    }

    /// Connections that were closed since the last call, over all shards.
    pub(super) fn closed(&mut self) -> usize {
        let shards = self.shards.iter_mut();
        shards
            .map(|shard| std::mem::take(&mut shard.out.closed).len())
            .sum()
    }

    /// Answers the question that was sent last to the connection at `slot` of a shard.
    pub(super) fn answer(&mut self, shard: usize, slot: u32) -> Option<Event> {
        let now = self.now;
        let shard = &mut self.shards[shard];
        let asked = shard.out.sent.iter().rev().find(|(to, _)| to.slot == slot);
        let Some((conn, message)) = asked else {
            panic!("nothing was sent to {slot}");
        };
        let text = String::from_utf8_lossy(message.polling()).into_owned();
        let digits = text.trim_start_matches("42");
        let id = digits.split('[').next().unwrap_or_default();
        let answer = format!("3{id}[true]");
        let conn = *conn;
        shard
            .hub
            .handle_text(conn, &answer, "suite", now, &mut shard.out)
    }

    pub(super) fn expire(&mut self) -> Vec<Event> {
        let late = self.soon();
        let shards = self.shards.iter_mut();
        shards
            .flat_map(|shard| shard.hub.handle_ack_timeout(late))
            .collect()
    }
}

impl Shard {
    fn new() -> Self {
        let config = HubConfig::new(Duration::from_secs(45), Limits::default());
        let mut seed = 0_u8;
        let random = move |bytes: &mut [u8]| {
            seed = seed.wrapping_add(1);
            bytes.fill(seed);
        };
        let mut hub = Hub::new(config, Box::new(random));
        hub.define_namespace("/");
        Self {
            hub,
            out: Recorder::default(),
            inbox: Inbox::default(),
            connections: 0,
        }
    }

    fn inlet(&self) -> Inlet {
        let inbox = self.inbox.clone();
        Box::new(move |command| {
            let mut inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
            inbox.push(command);
        })
    }

    fn take(&self) -> Vec<Arc<Command>> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut inbox)
    }

    fn join(&mut self, member: Member, now: Instant) -> SocketId {
        let conn = ConnId {
            slot: self.connections,
            generation: 0,
        };
        self.connections += 1;
        self.hub.open(conn, now);
        let asked = self.hub.handle_text(conn, "0", "suite", now, &mut self.out);
        let Some(Event::Connect { socket, .. }) = asked else {
            panic!("no CONNECT but {asked:?}");
        };
        assert!(self.hub.accept(socket, member, &mut self.out));
        self.out.sent.clear();
        socket
    }
}
