//! One shard: sessions, their sockets and their timers, on one thread.
//!
//! [`Shard`] is shared by the tasks of its thread and borrowed only between awaits. Every way in
//! ends in [`Shard::settle`], which brings what follows from a change up to date: the application
//! hears of an end, timers move, sockets of closed sessions go, slots are freed. What is to be
//! written is written by the flush task ([`flush`]) once at the end of the tick.

pub(crate) mod bell;
pub mod conn;
pub mod flush;
pub mod inlet;
pub mod net;
pub mod run;
pub mod timers;

use std::cell::{RefCell, RefMut};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Handled, Lane, Session, Transport};
use bellgate_gate::RequestFacts;
use bellgate_gate::origin::Binding;
use bellgate_wire::Packet;

use crate::app::{App, Io, Opening};
use crate::shard::conn::Conn;
use crate::shard::net::Net;
use crate::sid::{NODE, Secret, Sid};

pub use conn::Seat;

/// State of one shard.
pub struct Shard<A: App> {
    /// The application of this shard.
    pub app: A,
    /// Connections and timers.
    pub net: Net,
}

/// A shared handle on the shard of this thread.
pub struct Local<A: App>(Rc<RefCell<Shard<A>>>);

impl<A: App> Clone for Local<A> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<A: App> Local<A> {
    pub(crate) fn new(shard: Shard<A>) -> Self {
        Self(Rc::new(RefCell::new(shard)))
    }

    /// Borrows the shard. Never held across an await, never nested: applications get [`Io`].
    pub(crate) fn borrow(&self) -> RefMut<'_, Shard<A>> {
        self.0.borrow_mut()
    }

    /// Does something to one session, then settles what follows. `None`: there is no such session.
    pub(crate) fn with<T>(
        &self,
        id: ConnId,
        act: impl FnOnce(&mut Conn, Instant) -> T,
    ) -> Option<T> {
        let now = now();
        let mut shard = self.borrow();
        let done = act(shard.net.conn_mut(id)?, now);
        shard.net.touch(id);
        shard.settle(now);
        Some(done)
    }
}

impl<A: App> Shard<A> {
    /// Opens a session in a free slot. The application hears of it at once.
    pub(crate) fn open(
        &mut self,
        transport: Transport,
        seat: Seat,
        binding: Binding,
        opening: Opening,
        now: Instant,
    ) -> Result<ConnId, Refusal> {
        let secret = Secret::random().map_err(|error| Refusal::Internal {
            detail: error.to_string(),
        })?;
        let id = self.net.next_id();
        let sid = Sid {
            secret,
            node: NODE,
            shard: self.net.index,
            slot: id.slot,
        };
        let session = Session::open(transport, &sid.encode(), &self.net.engine, now);
        self.net
            .insert(id, Conn::new(id.generation, secret, session, seat, binding));
        let stats = &self.net.stats;
        match transport {
            Transport::Polling => stats.handshakes_polling.add(1),
            Transport::Websocket => stats.handshakes_websocket.add(1),
        }
        self.app
            .handle_open(id, opening, &mut Io::new(&mut self.net, now));
        self.net.touch(id);
        self.settle(now);
        Ok(id)
    }

    /// A poll or a POST of a session, before it is answered. One that is refused ends the session.
    pub(crate) fn handle_request(
        &mut self,
        id: ConnId,
        facts: &RequestFacts,
        now: Instant,
    ) -> Result<(), Refusal> {
        let io = Io::new(&mut self.net, now);
        let taken = self.app.handle_request(id, facts, &io);
        if let Err(refusal) = &taken
            && let Some(conn) = self.net.conn_mut(id)
        {
            conn.session.abort(refusal.clone());
            conn.wake_poll();
            self.net.touch(id);
            self.settle(now);
        }
        taken
    }

    /// One Engine.IO packet of a client. `Err`: the lane it came on is to be closed.
    pub(crate) fn handle_packet(
        &mut self,
        id: ConnId,
        lane: Lane,
        packet: Packet<'_>,
        now: Instant,
    ) -> Result<Step, Refusal> {
        let Some(conn) = self.net.touched_mut(id) else {
            return Err(Refusal::SessionUnknown {});
        };
        match conn.session.handle_packet(lane, packet, now)? {
            Handled::Nothing => {}
            Handled::Text(text) => {
                self.net.stats.messages_in.add(1);
                self.net.stats.bytes_in.add(text.len() as u64);
                self.app
                    .handle_text(id, text, &mut Io::new(&mut self.net, now));
            }
            Handled::Binary(data) => {
                self.net.stats.messages_in.add(1);
                self.net.stats.bytes_in.add(data.len() as u64);
                self.app
                    .handle_binary(id, &data, &mut Io::new(&mut self.net, now));
            }
            Handled::ProbePong => return Ok(Step::AnswerProbe),
            Handled::Upgraded => {
                if self.net.conn(id).is_some_and(|conn| !conn.told) {
                    self.app.handle_upgrade(id);
                }
                return Ok(Step::Upgraded);
            }
            Handled::Closed => return Ok(Step::Closed),
        }
        Ok(
            if self
                .net
                .conn(id)
                .is_some_and(|conn| !conn.session.is_closed())
            {
                Step::Next
            } else {
                Step::Closed
            },
        )
    }

    /// A deadline of the connection, of its session or of the application has passed.
    fn handle_timeout(&mut self, id: ConnId, now: Instant) {
        let Some(conn) = self.net.conn_mut(id) else {
            return;
        };
        conn.session.handle_timeout(now);
        if conn.drain_at.is_some_and(|at| at <= now) {
            conn.drain_at = None;
            conn.session.close(Refusal::ServerShutdown {}, now);
        }
        if conn.unfinished_until.is_some_and(|at| at <= now) {
            conn.unfinished_until = None;
            let late = Refusal::MessageTimeout {
                what: "a message".into(),
                after: "10 s".into(),
            };
            if conn.probe.is_some() {
                self.net.end_lane(id, Lane::Probe, &late);
                self.lane_closed(id, Lane::Probe, late, now);
            } else {
                conn.session.close(late, now);
            }
        }
        if self.app.poll_deadline(id).is_some_and(|at| at <= now) {
            self.app
                .handle_timeout(id, &mut Io::new(&mut self.net, now));
        }
        self.net.touch(id);
        self.settle(now);
    }

    /// Brings everything that follows from recent changes up to date.
    pub(crate) fn settle(&mut self, now: Instant) {
        while let Some(id) = self.net.next_touched() {
            self.settle_one(id, now);
        }
        self.net.schedule_shard(self.app.poll_shard_deadline(), now);
    }

    fn settle_one(&mut self, id: ConnId, now: Instant) {
        self.net.count(id);
        let Some(conn) = self.net.conn_mut(id) else {
            return;
        };
        if let Some(why) = conn.session.closed_by().cloned()
            && !std::mem::replace(&mut conn.told, true)
        {
            conn.seat = None;
            self.net.stats.count_refusal(why.code());
            self.app
                .handle_close(id, &why, &mut Io::new(&mut self.net, now));
        }
        let Some(conn) = self.net.conn_mut(id) else {
            return;
        };
        if conn.probe.is_some() && !conn.session.is_probing() {
            let why = match conn.session.closed_by() {
                Some(why) => why.clone(),
                None => Refusal::UpgradeTimeout {
                    after: "its time".into(),
                },
            };
            self.net.stats.upgrades_failed.add(1);
            self.net.end_lane(id, Lane::Probe, &why);
        }
        let Some(conn) = self.net.conn_mut(id) else {
            return;
        };
        if let Some(why) = conn.session.closed_by().cloned() {
            if conn.lane.is_some() {
                self.net.end_lane(id, Lane::Websocket, &why);
            }
            self.net.free_if_finished(id, now);
        }
        let Some(conn) = self.net.conn(id) else {
            return;
        };
        let app = if conn.told {
            None
        } else {
            self.app.poll_deadline(id)
        };
        self.net.schedule(id, app, now);
        if self
            .net
            .conn(id)
            .is_some_and(|conn| conn.session.has_output())
        {
            self.net.mark_dirty(id);
        }
    }

    /// A command from another thread.
    fn handle_command(&mut self, command: A::Command, now: Instant) {
        self.app
            .handle_command(command, &mut Io::new(&mut self.net, now));
        self.settle(now);
    }

    /// Tells every connection that the server goes down, each at a time of its own within `window`.
    fn begin_drain(&mut self, window: std::time::Duration, now: Instant) {
        let ids = self.net.ids();
        for id in ids {
            let delay = net::random_below(window);
            self.app
                .handle_drain(id, delay, &mut Io::new(&mut self.net, now));
            if let Some(conn) = self.net.conn_mut(id) {
                conn.drain_at = Some(now + delay);
            }
            self.net.touch(id);
        }
        self.settle(now);
    }

    /// Fires what is due in the timer wheel; registers the caller for the next deadline.
    fn poll_timers(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match std::task::ready!(self.net.timers.poll_due(cx)) {
                timers::Due::Conn(id) => {
                    if let Some(conn) = self.net.conn_mut(id) {
                        conn.timer = None;
                    }
                    self.handle_timeout(id, crate::shard::now());
                }
                timers::Due::Shard => {
                    let now = crate::shard::now();
                    self.net.shard_timer = None;
                    self.app
                        .handle_shard_timeout(&mut Io::new(&mut self.net, now));
                    self.settle(now);
                }
            }
        }
    }
}

/// The clock of the drivers; the crates below get `now` from here.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// What follows for the lane from a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Go on with the next packet.
    Next,
    /// Write `3probe` on this lane.
    AnswerProbe,
    /// The probe has become the session's WebSocket.
    Upgraded,
    /// The session is over.
    Closed,
}
