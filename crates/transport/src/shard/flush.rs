//! One flush a tick: each connection with something to say is written once.
//!
//! Marking a connection dirty wakes the flush task, which stands behind every task that is
//! runnable by then. So all publications of a tick are taken in first, and each dirty connection
//! is written once, with everything that is queued for it, directly on its socket. Only what the
//! socket does not take waits, and the task that reads the socket flushes it when it can be
//! written again.

use std::cell::RefCell;
use std::io::IoSlice;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Lane, Transport};
use smallvec::SmallVec;
use tokio::io::AsyncWrite;

use crate::app::App;
use crate::shard::conn::{Conn, WsLane};
use crate::shard::net::Net;
use crate::shard::{Local, Shard};
use crate::stats::ShardStats;

/// Most bytes that one write is given; the rest follows in the next.
const WRITE_BYTES: usize = 256 * 1024;

/// Wakes the flush task of a shard.
#[derive(Debug, Clone, Default)]
pub struct FlushSignal(Rc<RefCell<Option<Waker>>>);

impl FlushSignal {
    /// The flush task runs once more, at the end of this tick.
    pub fn wake(&self) {
        if let Some(waker) = self.0.borrow_mut().take() {
            waker.wake();
        }
    }

    fn arm(&self, cx: &Context<'_>) {
        *self.0.borrow_mut() = Some(cx.waker().clone());
    }
}

/// The flush task of a shard; never ends by itself.
pub(super) async fn run<A: App>(local: Local<A>) {
    let mut ids: Vec<ConnId> = Vec::new();
    std::future::poll_fn(move |cx| {
        let mut shard = local.borrow();
        shard.net.take_dirty(&mut ids);
        for id in ids.drain(..) {
            shard.flush(id);
        }
        let now = super::now();
        shard.settle(now);
        shard.net.flush.arm(cx);
        Poll::<()>::Pending
    })
    .await;
}

impl<A: App> Shard<A> {
    /// Writes what waits for one connection, as far as its socket takes it.
    pub(crate) fn flush(&mut self, id: ConnId) {
        let Net { stats, .. } = &self.net;
        let stats = std::sync::Arc::clone(stats);
        let Some(conn) = self.net.conn_mut(id) else {
            return;
        };
        conn.dirty = false;
        if conn.session.transport() == Transport::Polling {
            conn.count(&stats);
            if conn.session.has_output() {
                conn.wake_poll();
            }
            return;
        }
        if let Err(error) = write_lane(conn, &stats) {
            let why = Refusal::TransportFailed {
                detail: error.to_string(),
            };
            conn.lane = None;
            conn.session
                .handle_lane_closed(Lane::Websocket, why, super::now());
        }
        conn.count(&stats);
        if conn.session.is_closed() {
            self.net.touch(id);
        }
    }
}

/// Writes the session's queue to its WebSocket. Pending is no error: the lane is marked blocked.
fn write_lane(conn: &mut Conn, stats: &ShardStats) -> std::io::Result<()> {
    let Conn {
        lane: Some(lane),
        session,
        ..
    } = conn
    else {
        return Ok(());
    };
    // The reading task has not run yet; it flushes when it does.
    let Some(waker) = lane.waker.clone() else {
        return Ok(());
    };
    let mut cx = Context::from_waker(&waker);
    while session.has_output() {
        let written = {
            let mut slices = SmallVec::<[&[u8]; 16]>::new();
            session.gather(&mut slices, WRITE_BYTES);
            let slices: SmallVec<[IoSlice<'_>; 16]> =
                slices.iter().map(|slice| IoSlice::new(slice)).collect();
            Pin::new(&mut lane.socket).poll_write_vectored(&mut cx, &slices)
        };
        match written {
            Poll::Ready(Ok(0)) => return Err(std::io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(written)) => {
                stats.writes.add(1);
                stats.bytes_out.add(written as u64);
                session.consume(written);
            }
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending => {
                lane.blocked = true;
                return Ok(());
            }
        }
    }
    lane.blocked = flush_stream(lane, &mut cx)?.is_pending();
    Ok(())
}

/// Streams that buffer (TLS) push out what they hold; a plain socket has nothing to do here.
fn flush_stream(lane: &mut WsLane, cx: &mut Context<'_>) -> std::io::Result<Poll<()>> {
    match Pin::new(&mut lane.socket).poll_flush(cx) {
        Poll::Ready(Ok(())) => Ok(Poll::Ready(())),
        Poll::Ready(Err(error)) => Err(error),
        Poll::Pending => Ok(Poll::Pending),
    }
}
