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
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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
    let lingering = local.borrow().net.lingering.clone();
    let mut lane = WsLane::new(socket, arrival.deflate);
    let (id, kind) = match arrival.purpose {
        Purpose::Refuse(why) => return lingering.spawn(lane.socket, Vec::new(), &why),
        Purpose::Open(opening, seat) => {
            let mut shard = local.borrow();
            let mut binding = Binding::default();
            let opened = binding
                .admit(&opening.facts)
                .and_then(|()| shard.open(Transport::Websocket, seat, binding, *opening, now));
            match opened {
                Ok(id) => (id, Lane::Websocket),
                Err(why) => return lingering.spawn(lane.socket, Vec::new(), &why),
            }
        }
        Purpose::Probe(id) => (id, Lane::Probe),
    };
    {
        let mut shard = local.borrow();
        let Some(conn) = shard
            .net
            .conn_mut(id)
            .filter(|conn| !conn.session.is_closed())
        else {
            return lingering.spawn(lane.socket, Vec::new(), &Refusal::SessionUnknown {});
        };
        conn.session.set_deflate(arrival.deflate);
        match kind {
            Lane::Probe if conn.session.is_probing() => conn.probe = Some(Box::new(lane)),
            Lane::Probe | Lane::Polling => {
                lane.wake();
                let why = Refusal::UpgradeTimeout {
                    after: "its time".into(),
                };
                return lingering.spawn(lane.socket, Vec::new(), &why);
            }
            Lane::Websocket => conn.lane = Some(lane),
        }
        if !read.is_empty() {
            shard.handle_bytes(id, kind, &mut read, now);
        }
    }
    let local = local.clone();
    let mut kind = kind;
    tokio::task::spawn_local(std::future::poll_fn(move |cx| {
        local.borrow().poll_lane(id, &mut kind, cx)
    }));
}

impl<A: App> Shard<A> {
    fn lane_mut(&mut self, id: ConnId, kind: Lane) -> Option<&mut WsLane> {
        let conn = self.net.conn_mut(id)?;
        match kind {
            Lane::Probe => conn.probe.as_deref_mut(),
            _ => conn.lane.as_mut(),
        }
    }

    /// One turn of a lane's task. Ready: the lane is gone, so is its task.
    fn poll_lane(&mut self, id: ConnId, kind: &mut Lane, cx: &mut Context<'_>) -> Poll<()> {
        // The probe of this task may have become the session's WebSocket since the last turn.
        if *kind == Lane::Probe
            && self
                .net
                .conn(id)
                .is_some_and(|conn| conn.probe.is_none() && conn.lane.is_some())
        {
            *kind = Lane::Websocket;
        }
        let Some(lane) = self.lane_mut(id, *kind) else {
            return Poll::Ready(());
        };
        let first = lane.waker.is_none();
        if !lane
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            lane.waker = Some(cx.waker().clone());
        }
        if first || std::mem::take(&mut lane.blocked) {
            self.flush(id);
            self.settle(now());
        }
        for _ in 0..READS {
            let mut buffer = std::mem::take(&mut self.net.read_buffer);
            let Some(lane) = self.lane_mut(id, *kind) else {
                self.net.read_buffer = buffer;
                return Poll::Ready(());
            };
            let mut filled = ReadBuf::new(&mut buffer);
            let read = Pin::new(&mut lane.socket).poll_read(cx, &mut filled);
            let length = filled.filled().len();
            let is_pending = read.is_pending();
            let now = now();
            match read {
                Poll::Pending => {}
                Poll::Ready(Ok(())) if length > 0 => {
                    let input = buffer.get_mut(..length).unwrap_or_default();
                    if self.handle_bytes(id, *kind, input, now) {
                        *kind = Lane::Websocket;
                    }
                }
                Poll::Ready(Ok(())) => {
                    self.lane_closed(id, *kind, Refusal::TransportClosed {}, now);
                }
                Poll::Ready(Err(error)) => {
                    self.lane_closed(
                        id,
                        *kind,
                        Refusal::TransportFailed {
                            detail: error.to_string(),
                        },
                        now,
                    );
                }
            }
            self.net.read_buffer = buffer;
            if is_pending {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Feeds bytes of a lane to its session. True: the probe has become the session's WebSocket.
    fn handle_bytes(&mut self, id: ConnId, kind: Lane, input: &mut [u8], now: Instant) -> bool {
        let Some(lane) = self.lane_mut(id, kind) else {
            return false;
        };
        let mut reader = std::mem::replace(&mut lane.reader, Reader::new(false));
        let limits = std::rc::Rc::clone(&self.net.limits);
        let mut kind = kind;
        let before = kind;
        let mut end = None;
        let read = reader.handle_bytes(input, &limits, &mut |incoming| match self
            .handle_incoming(id, &mut kind, incoming, now)
        {
            Ok(()) => ControlFlow::Continue(()),
            Err(over) => {
                end = Some(over);
                ControlFlow::Break(())
            }
        });
        let unfinished = reader.is_unfinished();
        if let Some(lane) = self.lane_mut(id, kind) {
            lane.reader = reader;
        }
        if let Some(conn) = self.net.conn_mut(id)
            && unfinished != conn.unfinished_until.is_some()
        {
            conn.unfinished_until = unfinished.then_some(now + MESSAGE_TIME);
            self.net.touch(id);
        }
        match (read, end) {
            (Err(why), _) | (Ok(()), Some(Over::Refused(why))) => {
                self.lane_refused(id, kind, why, now);
            }
            (Ok(()), Some(Over::Goodbye(code))) => self.lane_goodbye(id, kind, code, now),
            (Ok(()), Some(Over::Session) | None) => {}
        }
        self.settle(now);
        before != kind
    }

    fn handle_incoming(
        &mut self,
        id: ConnId,
        kind: &mut Lane,
        incoming: Incoming<'_>,
        now: Instant,
    ) -> Result<(), Over> {
        let packet = match incoming {
            Incoming::Text(text) => Packet::decode_text(text).map_err(Over::Refused)?,
            Incoming::Binary(data) => Packet::Binary(data.into()),
            Incoming::Ping(payload) => return self.answer_ping(id, *kind, payload, now),
            Incoming::Pong => return Ok(()),
            Incoming::Close(code) => return Err(Over::Goodbye(code)),
        };
        match self.handle_packet(id, *kind, packet, now) {
            Ok(Step::Next) => Ok(()),
            Ok(Step::AnswerProbe) => {
                self.write_probe(id, Message::control("3probe").ws())?;
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
                *kind = Lane::Websocket;
                Ok(())
            }
            Ok(Step::Closed) => Err(Over::Session),
            Err(why) => Err(Over::Refused(why)),
        }
    }

    /// WebSocket's own pings (RFC 6455 §5.5.2), bounded in their rate.
    ///
    /// On the session's own lane the pong goes through the queue, since a frame may be half written.
    fn answer_ping(
        &mut self,
        id: ConnId,
        kind: Lane,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), Over> {
        let Some(conn) = self.net.conn_mut(id) else {
            return Ok(());
        };
        let lane = if kind == Lane::Probe {
            conn.probe.as_deref_mut()
        } else {
            conn.lane.as_mut()
        };
        lane.map_or(Ok(()), |lane| lane.count_ping(now))
            .map_err(Over::Refused)?;
        if kind == Lane::Probe {
            return self.write_probe(id, &ws::pong_frame(payload));
        }
        self.net
            .send(id, &Rc::new(Message::pong(payload)), Delivery::Regular);
        Ok(())
    }

    /// Writes a few bytes on a probe, which has no queue: it is fresh, so its socket takes them.
    fn write_probe(&mut self, id: ConnId, bytes: &[u8]) -> Result<(), Over> {
        let Some(lane) = self.lane_mut(id, Lane::Probe) else {
            return Ok(());
        };
        let waker = lane
            .waker
            .clone()
            .unwrap_or_else(|| std::task::Waker::noop().clone());
        let mut cx = Context::from_waker(&waker);
        match Pin::new(&mut lane.socket).poll_write(&mut cx, bytes) {
            Poll::Ready(Ok(written)) if written == bytes.len() => {
                let _ = Pin::new(&mut lane.socket).poll_flush(&mut cx);
                Ok(())
            }
            _ => Err(Over::Refused(Refusal::TransportFailed {
                detail: "the probe takes no data".into(),
            })),
        }
    }

    /// The client broke the protocol on this lane.
    fn lane_refused(&mut self, id: ConnId, kind: Lane, why: Refusal, now: Instant) {
        self.net.end_lane(id, kind, &why);
        self.lane_closed(id, kind, why, now);
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
    fn lane_closed(&mut self, id: ConnId, kind: Lane, why: Refusal, now: Instant) {
        if kind == Lane::Probe {
            self.net.stats.upgrades_failed.add(1);
        }
        if let Some(conn) = self.net.conn_mut(id) {
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
