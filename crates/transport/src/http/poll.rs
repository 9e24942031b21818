//! The GET of a polling session: answered when there is something to say.
//!
//! A poll waits for most of a session's life, so what it holds counts: [`Asked`] is made of the request
//! at once, and the request goes. Its head would keep a read buffer of hyper's alive, besides the one
//! that waits for the next request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Session, Transport};
use bellgate_gate::origin::Reader;
use bytes::Bytes;
use http::header::UPGRADE;
use http::{Method, Request, Response};
use http_body_util::Full;

use super::compress::Compressing;
use super::endpoint::{Endpoint, transport};
use super::query::Query;
use super::{Judged, answer};
use crate::app::App;
use crate::refusals;
use crate::request_id::RequestId;
use crate::shard::conn::Conn;
use crate::shard::{Local, now};
use crate::sid::{NODE, Sid};

/// A poll that needs nothing more of its request: admitted, of a session of this shard that has its
/// origin already. All others are looked at by [`Endpoint::handle`].
pub(crate) struct Asked<A: App> {
    waiting: Waiting<A>,
    /// The application's answer, where it lets the request no further.
    refused: Option<Box<Refusal>>,
    compressing: Compressing,
    reader: Reader,
    request_id: RequestId,
}

impl<A: App> Asked<A> {
    /// Of a request to the Engine.IO path, if it is such a poll. The application is shown it, as it may
    /// have to read headers; nothing else is done yet.
    pub(crate) fn of<B>(
        endpoint: &Endpoint<A>,
        request: &Request<B>,
        judged: &Judged,
    ) -> Option<Self> {
        let headers = request.headers();
        if request.method() != Method::GET
            || !judged.verdict.is_allowed()
            || headers.contains_key(UPGRADE)
        {
            return None;
        }
        let query = Query::parse(request.uri().query()?).ok()?;
        let sid = Sid::parse(query.sid?)?;
        if transport(judged, query.transport).ok()? != Transport::Polling
            || (sid.node, sid.shard) != (NODE, endpoint.index)
        {
            return None;
        }
        let mut shard = endpoint.local.borrow();
        let id = shard.net.find(&sid)?;
        if !shard.net.conn(id)?.binding.holds(&judged.facts) {
            return None;
        }
        let shown = shard.handle_request(id, &judged.facts, now());
        Some(Self {
            waiting: Waiting::new(&endpoint.local, id),
            refused: shown.err().map(Box::new),
            compressing: Compressing::of(headers, judged.live.engine.deflate_threshold),
            reader: Reader::of(&judged.live.origins, &judged.facts, &judged.verdict),
            request_id: judged.request_id,
        })
    }
}

/// Waits for the answer, as [`wait`]. Written by hand: what is waited in counts.
impl<A: App> Future for Asked<A> {
    type Output = Response<Full<Bytes>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let answered = match this.refused.take() {
            Some(refusal) => Err(*refusal),
            None => ready!(Pin::new(&mut this.waiting).poll(cx)),
        };
        let mut response = match answered {
            Ok(body) => this.compressing.answer(body),
            Err(refusal) => {
                let shard = this.waiting.local.borrow();
                shard.net.stats.count_refusal(refusal.code());
                drop(shard);
                refusals::tell(&refusal, &this.request_id.to_string());
                answer::refusal(&refusal, this.request_id)
            }
        };
        answer::finish_for(&this.reader, this.request_id, response.headers_mut());
        Poll::Ready(response)
    }
}

/// Waits for the session's next payload.
///
/// Dropping the future before it is ready means that the client left: the session is closed
/// (Engine.IO test suite, "should close the session upon cancelled polling request").
pub(crate) async fn wait<A: App>(local: &Local<A>, id: ConnId) -> Result<Vec<u8>, Refusal> {
    Waiting::new(local, id).await
}

struct Waiting<A: App> {
    local: Local<A>,
    id: ConnId,
    phase: Phase,
}

/// How far a poll is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The session has not been told.
    New,
    /// It waits.
    Begun,
    /// It has been answered.
    Done,
}

impl<A: App> Waiting<A> {
    fn new(local: &Local<A>, id: ConnId) -> Self {
        Self {
            local: local.clone(),
            id,
            phase: Phase::New,
        }
    }
}

impl<A: App> Future for Waiting<A> {
    type Output = Result<Vec<u8>, Refusal>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let now = now();
        let mut shard = this.local.borrow();
        let Some(conn) = shard.net.conn_mut(this.id) else {
            this.phase = Phase::Done;
            return Poll::Ready(Err(Refusal::SessionUnknown {}));
        };
        let is_new = this.phase == Phase::New;
        let polled = if is_new { begin(conn, now) } else { Ok(()) };
        let is_shutdown = is_end_of_shutdown(&conn.session);
        let answer = polled.map(|()| conn.session.take_payload()).transpose();
        this.phase = match answer {
            Some(_) => Phase::Done,
            None => Phase::Begun,
        };
        match answer {
            Some(Ok(_)) => conn.poll = None,
            // The waker of another poll, which that begun to, was taken.
            Some(Err(_)) => {}
            None => conn.poll = Some(cx.waker().clone()),
        }
        if is_new || answer.is_some() {
            shard.net.touch(this.id);
            shard.settle(now);
        }
        let Some(answer) = answer else {
            return Poll::Pending;
        };
        let payload = answer?;
        if is_shutdown {
            return Poll::Ready(Err(Refusal::ServerDraining {}));
        }
        shard.net.stats.bytes_out.add(payload.len() as u64);
        Poll::Ready(Ok(payload))
    }
}

/// Tells the session that a GET is there.
fn begin(conn: &mut Conn, now: Instant) -> Result<(), Refusal> {
    // A deadline that has passed counts, whenever the timer task gets to it.
    if conn.session.poll_deadline().is_some_and(|at| at <= now) {
        conn.session.handle_timeout(now);
    }
    let begun = conn.session.handle_poll(now);
    // The GET that waits learns that the session is over.
    begun.inspect_err(|_| conn.wake_poll())
}

/// Whether only the end is left to tell, and the reason is that the server goes down.
///
/// It is told by a status then: after a close packet the python client stays away for good, after an
/// error every client comes back (python-engineio `client.py`, `_receive_packet`).
fn is_end_of_shutdown(session: &Session) -> bool {
    matches!(session.closed_by(), Some(Refusal::ServerShutdown {})) && session.queued_bytes() == 0
}

impl<A: App> Drop for Waiting<A> {
    fn drop(&mut self) {
        if self.phase != Phase::Begun {
            return;
        }
        self.local.with(self.id, |conn, now| {
            conn.poll = None;
            conn.session.handle_poll_aborted(now);
        });
    }
}
