//! What a shard keeps for one session.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use bellgate_codes::Refusal;
use bellgate_engine::{Session, Transport};
use bellgate_gate::origin::Binding;
use bellgate_wire::ws::Reader;
use tokio_util::time::delay_queue::Key;

use crate::config::Permit;
use crate::sid::Secret;
use crate::socket::Socket;
use crate::stats::ShardStats;

/// One session with its sockets.
pub struct Conn {
    /// Tells a slot's sessions apart.
    pub(crate) generation: u32,
    /// The unguessable part of the sid.
    pub(crate) secret: Secret,
    /// The state of the protocol.
    pub(crate) session: Session,
    /// The origin that the session is bound to.
    pub(crate) binding: Binding,
    /// The session's WebSocket.
    pub(crate) lane: Option<WsLane>,
    /// A WebSocket that probes for an upgrade.
    pub(crate) probe: Option<Box<WsLane>>,
    /// The GET that waits for data.
    pub(crate) poll: Option<Waker>,
    /// Where the connection stands in the timer wheel, and for when.
    pub(crate) timer: Option<(Key, Instant)>,
    /// When an unfinished WebSocket message is given up.
    pub(crate) unfinished_until: Option<Instant>,
    /// When the server, going down, closes it.
    pub(crate) drain_at: Option<Instant>,
    /// Whether it has something to write, and when that is to leave.
    pub(crate) dirty: Dirty,
    /// It stands in the list of connections to settle.
    pub(crate) touched: bool,
    /// As which transport the gauges count it.
    pub(crate) counted: Option<Transport>,
    /// How many of its queued bytes the gauges count.
    pub(crate) counted_bytes: usize,
    /// The application knows that it is closed.
    pub(crate) told: bool,
    /// Its place under the server's limit, given back when the session is closed.
    pub(crate) seat: Option<Seat>,
}

/// Which of the lists of connections with something to write one stands in; a later one leaves earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Dirty {
    /// None.
    No,
    /// That of broadcasts, which may rest for a moment.
    Held,
    /// That of what leaves at the end of the tick.
    Now,
}

impl Conn {
    pub(crate) fn new(
        generation: u32,
        secret: Secret,
        session: Session,
        seat: Seat,
        binding: Binding,
    ) -> Self {
        Self {
            generation,
            secret,
            session,
            binding,
            lane: None,
            probe: None,
            poll: None,
            timer: None,
            unfinished_until: None,
            drain_at: None,
            dirty: Dirty::No,
            touched: false,
            counted: None,
            counted_bytes: 0,
            told: false,
            seat: Some(seat),
        }
    }

    /// Brings the gauges up to date with this connection.
    pub(crate) fn count(&mut self, stats: &ShardStats) {
        let now = (!self.session.is_closed()).then(|| self.session.transport());
        if now != self.counted {
            let gauge = |transport| match transport {
                Transport::Polling => &stats.sessions_polling,
                Transport::Websocket => &stats.sessions_websocket,
            };
            if let Some(before) = std::mem::replace(&mut self.counted, now) {
                gauge(before).sub(1);
            }
            if let Some(now) = now {
                gauge(now).add(1);
            }
        }
        let bytes = now.map_or(0, |_| self.session.queued_bytes());
        stats.queued_bytes.sub(self.counted_bytes as u64);
        stats.queued_bytes.add(bytes as u64);
        self.counted_bytes = bytes;
    }

    /// Marks it as one with something to write. Whether it is to be put on that list: it may stand on it, or
    /// on one that leaves earlier.
    #[inline]
    pub(super) fn mark(&mut self, leaves: Dirty) -> bool {
        let is_new = self.dirty < leaves;
        if is_new {
            self.dirty = leaves;
        }
        is_new
    }

    /// Wakes the GET that waits, if one does.
    pub(crate) fn wake_poll(&mut self) {
        if let Some(waker) = self.poll.take() {
            waker.wake();
        }
    }
}

/// A WebSocket of a session. It owns no buffer while nothing is half-read or half-written.
pub struct WsLane {
    pub(crate) socket: Socket,
    pub(crate) reader: Reader,
    /// Wakes the task that reads this socket, also when it can be written again.
    pub(crate) waker: Option<Waker>,
    /// The socket took less than it was given; its task flushes when it can be written again.
    pub(crate) blocked: bool,
    /// Tells this lane's task from that of another lane of the same session.
    pub(crate) token: u32,
    /// The few bytes of a probe, which stand before the session's queue.
    pub(crate) aside: Vec<u8>,
    /// Pings and pongs of WebSocket in the present second.
    controls: u16,
    controls_since: Option<Instant>,
}

/// More pings and pongs of WebSocket in a second than this come from no client.
const CONTROLS_PER_SECOND: u16 = 100;

impl WsLane {
    pub(crate) fn new(socket: Socket, deflate: bool, token: u32) -> Self {
        Self {
            socket,
            reader: Reader::new(deflate),
            waker: None,
            blocked: false,
            token,
            aside: Vec::new(),
            controls: 0,
            controls_since: None,
        }
    }

    /// Counts a ping or pong of WebSocket that the client sent.
    pub(crate) fn count_control(&mut self, now: Instant) -> Result<(), Refusal> {
        if self
            .controls_since
            .is_none_or(|since| now >= since + Duration::from_secs(1))
        {
            (self.controls, self.controls_since) = (0, Some(now));
        }
        self.controls += 1;
        match self.controls {
            0..=CONTROLS_PER_SECOND => Ok(()),
            _ => Err(Refusal::HeartbeatFlood {
                what: "pings and pongs of WebSocket".into(),
            }),
        }
    }

    /// Ends the task that reads this lane: it finds its socket gone.
    pub(crate) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// One place under the server's connection limit, and what else was admitted with it; given back when
/// dropped.
pub struct Seat {
    taken: Arc<AtomicUsize>,
    _permit: Permit,
}

impl Seat {
    /// Takes a place, if one is free.
    pub fn take(taken: &Arc<AtomicUsize>, limit: usize, permit: Permit) -> Option<Self> {
        taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| {
                (now < limit).then_some(now + 1)
            })
            .ok()
            .map(|_| Self {
                taken: Arc::clone(taken),
                _permit: permit,
            })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}
