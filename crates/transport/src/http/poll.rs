//! The GET of a polling session: answered when there is something to say.

use std::pin::Pin;
use std::task::{Context, Poll};

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Session};

use crate::app::App;
use crate::shard::{Local, now};

/// Waits for the session's next payload.
///
/// Dropping the future before it is ready means that the client left: the session is closed
/// (Engine.IO test suite, "should close the session upon cancelled polling request").
pub(crate) async fn wait<A: App>(local: &Local<A>, id: ConnId) -> Result<Vec<u8>, Refusal> {
    let begun = local.with(id, |conn, now| {
        conn.session.handle_poll(now).inspect_err(|_| {
            // The GET that waits learns that the session is over.
            conn.wake_poll();
        })
    });
    begun.ok_or(Refusal::SessionUnknown {})??;
    Waiting {
        local: local.clone(),
        id,
        done: false,
    }
    .await
}

struct Waiting<A: App> {
    local: Local<A>,
    id: ConnId,
    done: bool,
}

impl<A: App> Future for Waiting<A> {
    type Output = Result<Vec<u8>, Refusal>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut shard = this.local.borrow();
        let Some(conn) = shard.net.conn_mut(this.id) else {
            this.done = true;
            return Poll::Ready(Err(Refusal::SessionUnknown {}));
        };
        let is_shutdown = is_end_of_shutdown(&conn.session);
        let Some(payload) = conn.session.take_payload() else {
            conn.poll = Some(cx.waker().clone());
            return Poll::Pending;
        };
        this.done = true;
        conn.poll = None;
        shard.net.touch(this.id);
        shard.settle(now());
        if is_shutdown {
            return Poll::Ready(Err(Refusal::ServerDraining {}));
        }
        shard.net.stats.bytes_out.add(payload.len() as u64);
        Poll::Ready(Ok(payload))
    }
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
        if self.done {
            return;
        }
        self.local.with(self.id, |conn, now| {
            conn.poll = None;
            conn.session.handle_poll_aborted(now);
        });
    }
}
