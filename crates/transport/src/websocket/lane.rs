//! Reading a WebSocket: bytes in, packets to the session.
//!
//! One small task a connection, which holds no buffer: it reads into the shard's, and only an
//! unfinished frame is kept. The same task flushes when a socket that was full can be written
//! again; nothing else ever waits for a socket.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery, Lane, Transport};
use bellgate_gate::origin::Binding;
use bellgate_wire::ws::{self, Incoming, Reader};
use bellgate_wire::{Message, Packet};
use tokio::io::{AsyncRead as _, ReadBuf};

use crate::app::App;
use crate::http::{Arrival, Purpose};
use crate::shard::conn::WsLane;
use crate::shard::{Local, Shard, Step, now};
use crate::socket::Socket;

/// A message that is not whole after this time is given up.
const MESSAGE_TIME: Duration = Duration::from_secs(10);
/// Reads in a row before other tasks get their turn.
const READS: usize = 4;

/// Puts a fresh WebSocket to its purpose. `read` is what came behind the handshake.
pub(crate) fn attach<A: App>(
    local: &Local<A>,
    arrival: Arrival,
    socket: Socket,
    mut read: Vec<u8>,
) {
    let now = now();
    let mut shard = local.borrow();
    let lingering = shard.net.lingering.clone();
    let refuse = |socket, why: &Refusal| lingering.spawn(socket, Vec::new(), why);
    let (id, kind) = match arrival.purpose {
        Purpose::Refuse { why, said } => return lingering.spawn(socket, said, &why),
        Purpose::Probe(id) => (id, Lane::Probe),
        Purpose::Open(opening, seat) => {
            let mut binding = Binding::default();
            let opened = binding
                .admit(&opening.facts)
                .and_then(|()| shard.open(Transport::Websocket, seat, binding, *opening, now));
            match opened {
                Ok(id) => (id, Lane::Websocket),
                Err(why) => return refuse(socket, &why),
            }
        }
    };
    let token = shard.net.next_token();
    let Some(conn) = shard.net.conn_mut(id).filter(|conn| match kind {
        Lane::Probe => conn.session.is_probing(),
        Lane::Websocket | Lane::Polling => !conn.session.is_closed(),
    }) else {
        return refuse(socket, &Refusal::SessionUnknown {});
    };
    let lane = WsLane::new(socket, arrival.deflate, token);
    conn.session.set_deflate(arrival.deflate);
    match kind {
        Lane::Probe => conn.probe = Some(Box::new(lane)),
        Lane::Websocket | Lane::Polling => conn.lane = Some(lane),
    }
    if !read.is_empty() {
        shard.handle_bytes(id, token, &mut read, now);
    }
    let local = local.clone();
    tokio::task::spawn_local(std::future::poll_fn(move |cx| {
        local.borrow().poll_lane(id, token, cx)
    }));
}

impl<A: App> Shard<A> {
    /// One turn of a lane's task. Ready: the lane is gone, so is its task.
    fn poll_lane(&mut self, id: ConnId, token: u32, cx: &mut Context<'_>) -> Poll<()> {
        let Some((_, lane)) = self.net.lane_mut(id, token) else {
            return Poll::Ready(());
        };
        let known = lane.waker.as_ref();
        if !known.is_some_and(|waker| waker.will_wake(cx.waker())) {
            // Blocked until it has been tried with this waker.
            lane.blocked = true;
            lane.waker = Some(cx.waker().clone());
        }
        if std::mem::take(&mut lane.blocked) {
            self.net.flush(id);
            self.settle(now());
        }
        for _ in 0..READS {
            let mut buffer = std::mem::take(&mut self.net.read_buffer);
            let read = self.read_lane(id, token, &mut buffer, cx);
            self.net.read_buffer = buffer;
            match read {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// One read, and what follows from it. False: the lane is gone.
    fn read_lane(
        &mut self,
        id: ConnId,
        token: u32,
        buffer: &mut [u8],
        cx: &mut Context<'_>,
    ) -> Poll<bool> {
        let Some((kind, lane)) = self.net.lane_mut(id, token) else {
            return Poll::Ready(false);
        };
        let mut filled = ReadBuf::new(buffer);
        let read = std::task::ready!(Pin::new(&mut lane.socket).poll_read(cx, &mut filled));
        let now = now();
        match read {
            Ok(()) if filled.filled().is_empty() => {
                self.lane_closed(id, kind, Refusal::TransportClosed {}, now);
            }
            Ok(()) => self.handle_bytes(id, token, filled.filled_mut(), now),
            Err(error) => {
                let detail = error.to_string();
                self.lane_closed(id, kind, Refusal::TransportFailed { detail }, now);
            }
        }
        Poll::Ready(true)
    }

    /// Feeds bytes of a lane to its session.
    fn handle_bytes(&mut self, id: ConnId, token: u32, input: &mut [u8], now: Instant) {
        let Some((_, lane)) = self.net.lane_mut(id, token) else {
            return;
        };
        let mut reader = std::mem::replace(&mut lane.reader, Reader::new(false));
        let limits = Rc::clone(&self.net.limits);
        let (mut end, mut is_whole) = (None, false);
        let read = reader.handle_bytes(input, &limits, &mut |incoming| {
            // A control frame in the middle of a message does not make it whole.
            is_whole |= matches!(incoming, Incoming::Text(_) | Incoming::Binary(_));
            match self.handle_incoming(id, token, incoming, now) {
                Ok(()) => ControlFlow::Continue(()),
                Err(over) => {
                    end = Some(over);
                    ControlFlow::Break(())
                }
            }
        });
        let is_unfinished = reader.is_unfinished();
        if let Some((kind, lane)) = self.net.lane_mut(id, token) {
            lane.reader = reader;
            match (read, end) {
                (Err(why), _) | (Ok(()), Some(Over::Refused(why))) => {
                    self.net.end_lane(id, kind, &why);
                    self.lane_closed(id, kind, why, now);
                }
                (Ok(()), Some(Over::Goodbye(code))) => self.lane_goodbye(id, kind, code, now),
                (Ok(()), Some(Over::Session) | None) => {}
            }
        }
        self.expect_rest(id, is_unfinished, is_whole, now);
        self.settle(now);
    }

    /// Gives the rest of a message its time, from its first byte on.
    fn expect_rest(&mut self, id: ConnId, is_unfinished: bool, is_whole: bool, now: Instant) {
        let Some(conn) = self.net.conn_mut(id) else {
            return;
        };
        if is_whole || is_unfinished != conn.unfinished_until.is_some() {
            conn.unfinished_until = is_unfinished.then_some(now + MESSAGE_TIME);
            self.net.touch(id);
        }
    }

    fn handle_incoming(
        &mut self,
        id: ConnId,
        token: u32,
        incoming: Incoming<'_>,
        now: Instant,
    ) -> Result<(), Over> {
        let Some((kind, _)) = self.net.lane_mut(id, token) else {
            return Err(Over::Session);
        };
        let packet = match incoming {
            Incoming::Text(text) => Packet::decode_text(text).map_err(Over::Refused)?,
            Incoming::Binary(data) => Packet::Binary(data.into()),
            Incoming::Ping(payload) => return self.answer_ping(id, token, payload, now),
            Incoming::Pong => return self.count_control(id, token, now),
            Incoming::Close(code) => return Err(Over::Goodbye(code)),
        };
        match self.handle_packet(id, kind, packet, now) {
            Ok(Step::Next) => Ok(()),
            Ok(Step::AnswerProbe) => {
                self.write_probe(id, Message::control("3probe").ws());
                if let Some(conn) = self.net.conn_mut(id) {
                    // The poll that waits ends, so that the client can pause polling.
                    conn.wake_poll();
                }
                Ok(())
            }
            Ok(Step::Upgraded) => {
                if let Some(conn) = self.net.conn_mut(id) {
                    conn.lane = conn.probe.take().map(|lane| *lane);
                    conn.wake_poll();
                }
                self.net.stats.upgrades.add(1);
                self.net.mark_dirty(id);
                Ok(())
            }
            Ok(Step::Closed) => Err(Over::Session),
            Err(why) => Err(Over::Refused(why)),
        }
    }

    /// Pings and pongs of WebSocket itself, bounded in their rate.
    fn count_control(&mut self, id: ConnId, token: u32, now: Instant) -> Result<(), Over> {
        let Some((_, lane)) = self.net.lane_mut(id, token) else {
            return Err(Over::Session);
        };
        lane.count_control(now).map_err(Over::Refused)
    }

    /// Answers WebSocket's own pings (RFC 6455 §5.5.2).
    ///
    /// On the session's own lane the pong goes through the queue, since a frame may be half written.
    fn answer_ping(
        &mut self,
        id: ConnId,
        token: u32,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), Over> {
        self.count_control(id, token, now)?;
        let Some((kind, _)) = self.net.lane_mut(id, token) else {
            return Err(Over::Session);
        };
        if kind == Lane::Probe {
            self.write_probe(id, &ws::pong_frame(payload));
        } else {
            let pong = Rc::new(Message::pong(payload));
            self.net.send(id, &pong, Delivery::Regular);
        }
        Ok(())
    }

    /// Writes a few bytes on a probe, which has no queue.
    fn write_probe(&mut self, id: ConnId, bytes: &[u8]) {
        if let Some(lane) = self
            .net
            .conn_mut(id)
            .and_then(|conn| conn.probe.as_deref_mut())
        {
            lane.aside.extend_from_slice(bytes);
        }
        self.net.flush(id);
    }

    /// The client closed the WebSocket with a close frame, which is answered.
    fn lane_goodbye(&mut self, id: ConnId, kind: Lane, code: Option<u16>, now: Instant) {
        let taken = self.net.conn_mut(id).and_then(|conn| match kind {
            Lane::Probe => conn.probe.take().map(|lane| *lane),
            _ => conn.lane.take(),
        });
        if let Some(mut lane) = taken {
            lane.wake();
            let close = ws::close_frame(code.unwrap_or(1000), "");
            self.net
                .lingering
                .spawn_with(lane.socket, Vec::new(), &close);
        }
        self.lane_closed(id, kind, Refusal::TransportClosed {}, now);
    }

    /// The socket of a lane is gone, or is about to go.
    pub(crate) fn lane_closed(&mut self, id: ConnId, kind: Lane, why: Refusal, now: Instant) {
        if kind == Lane::Probe {
            self.net.stats.upgrades_failed.add(1);
        }
        if let Some(conn) = self.net.conn_mut(id) {
            // A session has one WebSocket at a time; the rest of its message comes no more.
            conn.unfinished_until = None;
            match kind {
                Lane::Probe => conn.probe = None,
                Lane::Websocket | Lane::Polling => conn.lane = None,
            }
            conn.session.handle_lane_closed(kind, why, now);
            conn.wake_poll();
            self.net.touch(id);
        }
        self.settle(now);
    }
}

/// Why reading a lane stops.
enum Over {
    /// The client broke a rule; the lane is closed with its code.
    Refused(Refusal),
    /// The client sent a close frame.
    Goodbye(Option<u16>),
    /// The session is over; settling ends the lane.
    Session,
}
