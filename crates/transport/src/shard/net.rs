//! Connections of one shard: slots, queues, and the lists of what has to be looked at.
//!
//! Nothing here calls the application; [`Shard`](super::Shard) does, and then settles.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery, EngineConfig, Lane, Table, Transport};
use bellgate_wire::{Limits, Message};
use smallvec::SmallVec;
use tokio_util::time::delay_queue::Key;

use crate::config::Live;
use crate::shard::conn::{Conn, Dirty, WsLane};
use crate::shard::flush::{FlushSignal, Joined};
use crate::shard::timers::{Due, Timers};
use crate::sid::Sid;
use crate::stats::ShardStats;
use crate::websocket::linger::Lingering;

/// Connections, timers and lists of one shard.
pub struct Net {
    pub(crate) index: u16,
    pub(crate) engine: Rc<EngineConfig>,
    pub(crate) limits: Rc<Limits>,
    pub(crate) stats: Arc<ShardStats>,
    pub(crate) timers: Timers,
    pub(crate) shard_timer: Option<(Key, Instant)>,
    pub(crate) flush: FlushSignal,
    pub(super) joined: Joined,
    /// Filled by reading tasks, one after the other; no connection owns a read buffer.
    pub(crate) read_buffer: Vec<u8>,
    /// Bytes of request bodies that are being read now.
    pub(crate) body_bytes: usize,
    /// WebSockets that are being closed.
    pub(crate) lingering: Lingering,
    pub(super) conns: Table<Conn>,
    next_generation: u32,
    next_token: u32,
    dirty: Vec<ConnId>,
    held: Vec<ConnId>,
    touched: Vec<ConnId>,
}

impl Net {
    pub(crate) fn new(index: u16, live: &Live, stats: Arc<ShardStats>) -> Self {
        Self {
            index,
            engine: Rc::new(live.engine.clone()),
            limits: Rc::new(live.limits.clone()),
            stats,
            timers: Timers::default(),
            shard_timer: None,
            flush: FlushSignal::default(),
            joined: Joined::default(),
            read_buffer: vec![0; 64 * 1024],
            body_bytes: 0,
            lingering: Lingering::default(),
            conns: Table::default(),
            next_generation: 0,
            next_token: 0,
            dirty: Vec::new(),
            held: Vec::new(),
            touched: Vec::new(),
        }
    }

    /// Sessions are opened by this from now on; those that are open keep their timing.
    pub(crate) fn reload(&mut self, live: &Live) {
        self.engine = Rc::new(live.engine.clone());
        self.limits = Rc::new(live.limits.clone());
    }

    /// The id that the next session gets.
    pub(crate) fn next_id(&mut self) -> ConnId {
        self.next_generation = self.next_generation.wrapping_add(1);
        let slot = u32::try_from(self.conns.vacant_key()).unwrap_or(u32::MAX);
        ConnId {
            slot,
            generation: self.next_generation,
        }
    }

    /// Puts a session in the slot that [`Self::next_id`] named.
    pub(crate) fn insert(&mut self, id: ConnId, conn: Conn) {
        let slot = self.conns.insert(conn);
        debug_assert_eq!(
            slot, id.slot as usize,
            "the id was made for the next vacant slot"
        );
    }

    pub(crate) fn conn(&self, id: ConnId) -> Option<&Conn> {
        self.conns
            .get(id.slot as usize)
            .filter(|conn| conn.generation == id.generation)
    }

    pub(crate) fn conn_mut(&mut self, id: ConnId) -> Option<&mut Conn> {
        find_mut(&mut self.conns, id)
    }

    /// The token of the next WebSocket.
    pub(crate) fn next_token(&mut self) -> u32 {
        self.next_token = self.next_token.wrapping_add(1);
        self.next_token
    }

    /// The WebSocket with this token, wherever it stands now: a probe becomes the session's own.
    pub(crate) fn lane_mut(&mut self, id: ConnId, token: u32) -> Option<(Lane, &mut WsLane)> {
        let conn = self.conn_mut(id)?;
        let is_meant = |lane: &WsLane| lane.token == token;
        if conn.lane.as_ref().is_some_and(is_meant) {
            return Some((Lane::Websocket, conn.lane.as_mut()?));
        }
        let probe = conn.probe.as_deref_mut().filter(|lane| is_meant(lane))?;
        Some((Lane::Probe, probe))
    }

    /// The session that a sid names, if the sid proves it.
    pub(crate) fn find(&self, sid: &Sid) -> Option<ConnId> {
        let conn = self.conns.get(sid.slot as usize)?;
        conn.secret.matches(&sid.secret).then_some(ConnId {
            slot: sid.slot,
            generation: conn.generation,
        })
    }

    /// All sessions.
    pub(crate) fn ids(&self) -> Vec<ConnId> {
        self.conns
            .iter()
            .filter_map(|(slot, conn)| {
                Some(ConnId {
                    slot: u32::try_from(slot).ok()?,
                    generation: conn.generation,
                })
            })
            .collect()
    }

    /// Whether a session needs further HTTP requests: it lives on polling, or is closed and its
    /// client has not fetched the end yet.
    pub(crate) fn is_polled(&self, now: Instant) -> bool {
        self.conns.iter().any(|(_, conn)| {
            conn.session.transport() == Transport::Polling && !conn.session.is_finished(now)
        })
    }

    /// Queues a message that leaves at the end of the tick.
    pub(crate) fn send(&mut self, to: ConnId, message: &Rc<Message>, delivery: Delivery) {
        self.queue(to, message, delivery, Dirty::Now);
    }

    /// Queues a message of a broadcast, which may rest for a moment.
    pub(crate) fn broadcast(&mut self, to: ConnId, message: &Rc<Message>, delivery: Delivery) {
        self.queue(to, message, delivery, Dirty::Held);
    }

    /// What follows from a full queue is settled at the end of the call.
    fn queue(&mut self, to: ConnId, message: &Rc<Message>, delivery: Delivery, leaves: Dirty) {
        let Some(conn) = find_mut(&mut self.conns, to) else {
            return;
        };
        let refused = conn.session.send(Rc::clone(message), delivery).is_err();
        self.stats.messages_out.add(1);
        if conn.mark(leaves) {
            self.enlist(to, leaves);
        }
        if refused {
            self.touch(to);
        }
    }

    /// Ends a session after what is queued has been written.
    pub(crate) fn close(&mut self, id: ConnId, why: Refusal, now: Instant) {
        if let Some(conn) = self.conn_mut(id) {
            conn.session.close(why, now);
            self.touch(id);
        }
    }

    /// Brings the gauges up to date with a connection.
    pub(super) fn count(&mut self, id: ConnId) {
        let Self { conns, stats, .. } = self;
        if let Some(conn) = find_mut(conns, id) {
            conn.count(stats);
        }
    }

    /// The connection is to be settled at the end of this call.
    pub(crate) fn touch(&mut self, id: ConnId) {
        self.touched_mut(id);
    }

    /// A connection, to be settled at the end of this call.
    pub(super) fn touched_mut(&mut self, id: ConnId) -> Option<&mut Conn> {
        let conn = find_mut(&mut self.conns, id)?;
        if !std::mem::replace(&mut conn.touched, true) {
            self.touched.push(id);
        }
        Some(conn)
    }

    /// The next connection to settle.
    pub(super) fn next_touched(&mut self) -> Option<ConnId> {
        let id = self.touched.pop()?;
        if let Some(conn) = self.conn_mut(id) {
            conn.touched = false;
        }
        Some(id)
    }

    /// The connection has something to write; the flush task is woken for the end of the tick.
    pub(crate) fn mark_dirty(&mut self, id: ConnId) {
        if self.conn_mut(id).is_some_and(|conn| conn.mark(Dirty::Now)) {
            self.enlist(id, Dirty::Now);
        }
    }

    /// Puts a connection on a list; the flush task is woken for it.
    fn enlist(&mut self, id: ConnId, leaves: Dirty) {
        match leaves {
            Dirty::No => {}
            Dirty::Held => self.held.push(id),
            Dirty::Now => self.dirty.push(id),
        }
        self.flush.wake();
    }

    /// Moves the connections whose output leaves now behind what is left of an earlier list.
    pub(super) fn take_dirty(&mut self, into: &mut VecDeque<ConnId>) {
        into.extend(self.dirty.drain(..));
    }

    /// As [`Net::take_dirty`], for those with a broadcast. One that was written meanwhile may be among
    /// them; it has nothing to write any more.
    pub(super) fn take_held(&mut self, into: &mut VecDeque<ConnId>) {
        into.extend(self.held.drain(..));
    }

    /// Whether there is anything whose output leaves now.
    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// How many connections have a broadcast to write.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Sets the connection's place in the timer wheel to its next deadline.
    pub(super) fn schedule(&mut self, id: ConnId, app: Option<Instant>, now: Instant) {
        let Self { conns, timers, .. } = self;
        let Some(conn) = find_mut(conns, id) else {
            return;
        };
        let deadlines = [
            conn.session.poll_deadline(),
            app,
            conn.unfinished_until,
            conn.drain_at,
        ];
        match deadlines.into_iter().flatten().min() {
            Some(at) => conn.timer = Some(timers.set(conn.timer, Due::Conn(id), at, now)),
            None => timers.cancel(conn.timer.take()),
        }
    }

    /// Sets the application's deadline for the shard as a whole.
    pub(super) fn schedule_shard(&mut self, at: Option<Instant>, now: Instant) {
        if let Some(at) = at {
            self.shard_timer = Some(self.timers.set(self.shard_timer, Due::Shard, at, now));
        }
    }

    /// Frees the slot of a session that has nothing left to tell.
    pub(super) fn free_if_finished(&mut self, id: ConnId, now: Instant) {
        let finished = self.conn(id).is_some_and(|conn| {
            conn.session.is_finished(now)
                && conn.lane.is_none()
                && conn.probe.is_none()
                && conn.poll.is_none()
        });
        if finished && let Some(mut conn) = self.conns.remove(id.slot as usize) {
            self.timers.cancel(conn.timer.take());
        }
    }

    /// Takes a WebSocket off its session and ends it with the close code of `why`. On the session's
    /// own lane what is queued is written first.
    pub(crate) fn end_lane(&mut self, id: ConnId, lane: Lane, why: &Refusal) {
        let Some(conn) = self.conn_mut(id) else {
            return;
        };
        conn.unfinished_until = None;
        let mut rest = Vec::new();
        let taken: Option<WsLane> = match lane {
            Lane::Polling => None,
            Lane::Probe => conn.probe.take().map(|lane| *lane),
            Lane::Websocket => {
                let mut slices = SmallVec::<[&[u8]; 16]>::new();
                conn.session.gather(&mut slices, usize::MAX);
                slices
                    .iter()
                    .for_each(|slice| rest.extend_from_slice(slice));
                drop(slices);
                conn.session.consume(rest.len());
                conn.lane.take()
            }
        };
        if let Some(mut lane) = taken {
            lane.wake();
            self.lingering.spawn(lane.socket, rest, why);
        }
    }
}

/// The session in a slot, if it is the one that was meant. For where only the slots may be borrowed.
pub(super) fn find_mut(conns: &mut Table<Conn>, id: ConnId) -> Option<&mut Conn> {
    conns
        .get_mut(id.slot as usize)
        .filter(|conn| conn.generation == id.generation)
}

/// A random part of `window`, so that clients do not all come back at once.
pub(super) fn random_below(window: Duration) -> Duration {
    let mut bytes = [0; 4];
    // Without random bits everybody leaves at once, which is still correct.
    let share = getrandom::fill(&mut bytes).map_or(0.0, |()| {
        f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
    });
    window.mul_f64(share)
}
