//! One flush a tick: each connection with something to say is written once.
//!
//! Under load broadcasts to more than [`FEW`] rest for up to [`HOLD`] after a flush, so that more of
//! them go in one write: a write costs the kernel far more than the bytes in it. After a quiet time
//! nothing waits, and neither do what goes to few, acks, answers to CONNECT, pings and errors.
//!
//! Marking a connection dirty wakes the flush task, which stands behind every task that is
//! runnable by then. So all publications of a tick are taken in first, and each dirty connection
//! is written once, with everything that is queued for it, directly on its socket. Only what the
//! socket does not take waits, and the task that reads the socket flushes it when it can be
//! written again.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Lane, Session, Transport};
use smallvec::SmallVec;
use tokio::io::AsyncWrite as _;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::app::App;
use crate::shard::conn::{Dirty, WsLane};
use crate::shard::net::{Net, find_mut};
use crate::shard::{Local, bell};
use crate::stats::ShardStats;

/// Most bytes that one write is given; the rest follows in the next.
const WRITE_BYTES: usize = 256 * 1024;
/// Most bytes that are copied together for a write.
const JOINED_BYTES: usize = 16 * 1024;
/// How long broadcasts rest after a flush of broadcasts.
const HOLD: Duration = Duration::from_millis(1);
/// Broadcasts to so many connections in all are written at once: being woken for a timer costs
/// about what their writes do, and a user waits for what is meant for one.
const FEW: usize = 32;
/// Most connections that are written before reads, timers and accepts get their turn.
const TURN: usize = 512;

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

    pub(super) fn arm(&self, cx: &Context<'_>) {
        *self.0.borrow_mut() = Some(cx.waker().clone());
    }
}

/// The flush task of a shard; never ends by itself.
///
/// It is exempt from tokio's budget for one poll, which would stop it after 128 writes and wake
/// each other connection's task instead; [`TURN`] bounds it.
pub(super) async fn run<A: App>(local: Local<A>) {
    let mut ids: VecDeque<ConnId> = VecDeque::new();
    let mut rest = Rest::default();
    let turns = std::future::poll_fn(move |cx| {
        bell::ring_due();
        let mut shard = local.borrow();
        shard.net.take_dirty(&mut ids);
        let held = shard.net.held();
        if rest.lets_go(held, cx) {
            shard.net.take_held(&mut ids);
            rest.is_due |= held > FEW;
        }
        for id in ids.drain(..ids.len().min(TURN)) {
            shard.net.flush(id);
        }
        shard.settle(super::now());
        if ids.is_empty() && std::mem::take(&mut rest.is_due) {
            rest.begin();
        }
        let is_more = !ids.is_empty()
            || shard.net.is_dirty()
            // If they rest, this has set the timer.
            || rest.lets_go(shard.net.held(), cx);
        if is_more {
            cx.waker().wake_by_ref();
        } else {
            shard.net.flush.arm(cx);
        }
        Poll::<()>::Pending
    });
    tokio::task::unconstrained(turns).await;
}

/// The time for which broadcasts rest.
#[derive(Default)]
struct Rest {
    /// When it is over; nothing rests while there is none.
    until: Option<Instant>,
    /// Broadcasts are being written, behind which it begins.
    is_due: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Rest {
    fn begin(&mut self) {
        self.until = Some(Instant::now() + HOLD);
    }

    /// Whether so many connections with a broadcast may be written. If they rest, the caller is woken
    /// when they may.
    fn lets_go(&mut self, held: usize, cx: &mut Context<'_>) -> bool {
        held > 0 && (held <= FEW || self.is_over(cx))
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(until) = self.until.filter(|until| *until > Instant::now()) else {
            self.until = None;
            return true;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() < until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(cx).is_ready()
    }
}

impl Net {
    /// Writes what waits for one connection, as far as its sockets take it. What follows from it is
    /// settled by the caller.
    pub(crate) fn flush(&mut self, id: ConnId) {
        let Self {
            conns,
            stats,
            joined,
            ..
        } = self;
        let Some(conn) = find_mut(conns, id) else {
            return;
        };
        conn.dirty = Dirty::No;
        if let Some(probe) = conn.probe.as_deref_mut() {
            // A probe that fails is told from its reading.
            let _ = write(probe, None, joined, stats);
        }
        if conn.session.transport() == Transport::Polling {
            if conn.session.has_output() {
                conn.wake_poll();
            }
        } else if let Some(lane) = conn.lane.as_mut()
            && let Err(error) = write(lane, Some(&mut conn.session), joined, stats)
        {
            let detail = error.to_string();
            let why = Refusal::TransportFailed { detail };
            conn.lane = None;
            conn.session
                .handle_lane_closed(Lane::Websocket, why, super::now());
        }
        conn.count(stats);
        if conn.session.is_closed() {
            self.touch(id);
        }
    }
}

/// Writes what stands aside, then the session's queue. Pending is no error: the lane is marked
/// blocked, and its task goes on when the socket can be written again.
fn write(
    lane: &mut WsLane,
    session: Option<&mut Session>,
    joined: &mut Joined,
    stats: &ShardStats,
) -> std::io::Result<()> {
    // The reading task has not run yet; it flushes when it does.
    let Some(waker) = lane.waker.take() else {
        return Ok(());
    };
    let mut cx = Context::from_waker(&waker);
    let written = match write_aside(lane, &mut cx, stats) {
        Poll::Ready(Ok(())) => match session {
            Some(session) => write_queue(lane, session, joined, &mut cx, stats),
            None => Pin::new(&mut lane.socket).poll_flush(&mut cx),
        },
        other => other,
    };
    lane.waker = Some(waker);
    lane.blocked = written.is_pending();
    match written {
        Poll::Ready(result) => result,
        Poll::Pending => Ok(()),
    }
}

fn write_aside(
    lane: &mut WsLane,
    cx: &mut Context<'_>,
    stats: &ShardStats,
) -> Poll<std::io::Result<()>> {
    while !lane.aside.is_empty() {
        let written = ready!(Pin::new(&mut lane.socket).poll_write(cx, &lane.aside))?;
        took(stats, written)?;
        lane.aside.drain(..written);
    }
    lane.aside = Vec::new();
    Poll::Ready(Ok(()))
}

fn write_queue(
    lane: &mut WsLane,
    session: &mut Session,
    joined: &mut Joined,
    cx: &mut Context<'_>,
    stats: &ShardStats,
) -> Poll<std::io::Result<()>> {
    while session.has_output() {
        let written = {
            let mut slices = SmallVec::<[&[u8]; 16]>::new();
            session.gather(&mut slices, WRITE_BYTES);
            let socket = Pin::new(&mut lane.socket);
            ready!(if let Some(bytes) = joined.join(&slices) {
                socket.poll_write(cx, bytes)
            } else {
                let slices: SmallVec<[IoSlice<'_>; 16]> =
                    slices.iter().map(|slice| IoSlice::new(slice)).collect();
                socket.poll_write_vectored(cx, &slices)
            })?
        };
        took(stats, written)?;
        session.consume(written);
    }
    // Streams that buffer (TLS) push out what they hold; a plain socket has nothing to do here.
    Pin::new(&mut lane.socket).poll_flush(cx)
}

/// What was last joined for a write. The kernel takes one buffer for less than many, and under a
/// broadcast one connection after the other has the same to say.
#[derive(Debug, Default)]
pub(crate) struct Joined(Vec<u8>);

impl Joined {
    /// The slices as one; none where they are too large to be worth copying.
    fn join<'a>(&'a mut self, slices: &[&'a [u8]]) -> Option<&'a [u8]> {
        if let [only] = slices {
            return Some(only);
        }
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if length > JOINED_BYTES {
            return None;
        }
        if !self.is(slices, length) {
            self.0.clear();
            for slice in slices {
                self.0.extend_from_slice(slice);
            }
        }
        Some(&self.0)
    }

    fn is(&self, slices: &[&[u8]], length: usize) -> bool {
        let mut rest = self.0.as_slice();
        length == rest.len()
            && slices.iter().all(|slice| {
                let Some((front, behind)) = rest.split_at_checked(slice.len()) else {
                    return false;
                };
                rest = behind;
                front == *slice
            })
    }
}

fn took(stats: &ShardStats, written: usize) -> std::io::Result<()> {
    if written == 0 {
        return Err(std::io::ErrorKind::WriteZero.into());
    }
    stats.writes.add(1);
    stats.bytes_out.add(written as u64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::{FEW, HOLD, JOINED_BYTES, Joined, Rest};

    #[tokio::test(start_paused = true)]
    async fn broadcasts_to_many_rest_for_a_moment_after_a_flush_and_at_no_other_time() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut rest = Rest::default();
        let many = FEW + 1;
        assert!(rest.lets_go(many, &mut cx), "nothing was written yet");
        for _ in 0..3 {
            rest.begin();
            assert!(!rest.lets_go(many, &mut cx));
            tokio::time::advance(HOLD / 2).await;
            assert!(!rest.lets_go(many, &mut cx));
            assert!(rest.lets_go(FEW, &mut cx), "few never rest");
            assert!(!rest.lets_go(0, &mut cx), "nothing is no reason to write");
            tokio::time::advance(HOLD).await;
            assert!(rest.lets_go(many, &mut cx));
            assert!(rest.lets_go(many, &mut cx), "until the next flush");
        }
    }

    #[test]
    fn slices_are_joined_whatever_was_joined_before() {
        let mut joined = Joined::default();
        for slices in [
            &[b"ab".as_slice(), b"c"][..],
            &[b"ab".as_slice(), b"c"],
            &[b"a".as_slice(), b"bc"],
            &[b"ab".as_slice(), b"d"],
            &[b"ab".as_slice(), b"d", b"e"],
            &[b"ab".as_slice(), b"d"],
            &[b"only".as_slice()],
            &[b"".as_slice(), b""],
        ] {
            assert_eq!(
                joined.join(slices),
                Some(&slices.concat()[..]),
                "{slices:?}"
            );
        }
        let half = vec![b'x'; JOINED_BYTES / 2];
        assert!(joined.join(&[&half, &half]).is_some());
        assert_eq!(joined.join(&[&half, &half, b"y"]), None);
    }
}
