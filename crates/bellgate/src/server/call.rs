//! A call of the program: what happened, in the words of its handlers, and what they answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_gate::escape_for_log;
use bellgate_gate::identity::{Answers, Credentials};
use bellgate_hub::SocketId;
use futures_util::FutureExt as _;

use super::handlers::{
    Connect, Gone, Guarded, Received, Refused, Reply, Welcome, answered, guarded,
};
use super::program::Program;
use super::trace;

/// Something for a handler. It holds all that the handler gets, so that it may stand in line while
/// the client goes.
pub(super) enum Call {
    /// A client asks to join.
    Connect(SocketId, Connect),
    /// A client asks to join, and whether it may is found out in its turn.
    Judge(Box<Held>),
    /// A client asks to join, and may not: told in its turn.
    Refuse(SocketId, Refusal),
    /// A client sent an event, and waits for the ack with this id.
    Received(SocketId, Option<u64>, Received),
    /// A client has gone.
    Gone(Gone),
}

/// A CONNECT that is not judged yet.
pub(crate) struct Held {
    pub(super) socket: SocketId,
    pub(super) namespace: Arc<str>,
    pub(super) auth: Option<String>,
    /// What the POST brought that it came by.
    pub(super) posted: Option<Arc<Credentials>>,
    /// What was found out for it by now.
    pub(super) answers: Answers,
    /// Until when it waits; none before it has to.
    pub(super) until: Option<Instant>,
}

/// What a handler answered.
pub(crate) enum Outcome {
    /// To a CONNECT.
    Connect(SocketId, Result<Welcome, Refused>),
    /// To an event, with the id of the ack that the client waits for.
    Event(SocketId, Option<u64>, Reply),
    /// Nothing to apply.
    Nothing,
}

impl Call {
    /// Bytes that the client sent for it.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Connect(_, connect) => connect.auth.as_ref().map_or(0, String::len),
            Self::Received(_, _, received) => received.name.len() + received.args.bytes(),
            Self::Judge(held) => held.auth.as_ref().map_or(0, String::len),
            Self::Refuse(..) | Self::Gone(_) => 0,
        }
    }

    /// Calls the handler. Whatever it does, a panic included, it has an outcome. None where there is
    /// no handler and nothing to say.
    pub(super) fn start(self, program: &Program) -> Option<Answering> {
        match self {
            Self::Connect(socket, connect) => {
                let handlers = program.namespaces.get(&*connect.namespace)?;
                let answer = match &handlers.connect {
                    Some(handler) => guarded(handler, connect),
                    None => answered(Ok(Ok(Welcome::of(connect.identity.as_deref())))),
                };
                Some(Answering::Connect(socket, answer))
            }
            // Its shard judges it before anything is called.
            Self::Judge(_) => None,
            Self::Refuse(socket, refusal) => Some(Answering::Connect(
                socket,
                answered(Ok(Err(refusal.into()))),
            )),
            Self::Received(socket, ack, received) => {
                let handlers = program.namespaces.get(&*received.socket.namespace)?;
                let answer = match handlers.event(&received.name) {
                    Some(handler) => guarded(handler, received),
                    None => answered(Ok(unanswered(&received))),
                };
                Some(Answering::Event(socket, ack, answer))
            }
            Self::Gone(gone) => {
                let handler = program.namespaces.get(&*gone.namespace)?.gone.as_ref()?;
                Some(Answering::Gone(guarded(handler, gone)))
            }
        }
    }
}

/// A handler that was called.
pub(super) enum Answering {
    Connect(SocketId, Guarded<Result<Welcome, Refused>>),
    Event(SocketId, Option<u64>, Guarded<Reply>),
    Gone(Guarded<()>),
}

impl Future for Answering {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        Poll::Ready(match self.get_mut() {
            Self::Connect(socket, answer) => {
                let answer = ready!(answer.poll_unpin(cx)).unwrap_or_else(|_| {
                    let fault = panicked("a connect handler panicked");
                    Err(Refused::Code(fault))
                });
                Outcome::Connect(*socket, answer)
            }
            Self::Event(socket, ack, answer) => {
                let reply = ready!(answer.poll_unpin(cx)).unwrap_or_else(|_| {
                    let fault = panicked("an event handler panicked");
                    refused(&fault)
                });
                Outcome::Event(*socket, *ack, reply)
            }
            Self::Gone(done) => {
                // Nobody waits for what a disconnect handler does; tokio's hook has told a panic.
                let _ = ready!(done.poll_unpin(cx));
                Outcome::Nothing
            }
        })
    }
}

fn panicked(what: &str) -> Refusal {
    let fault = Refusal::Internal {
        detail: what.to_owned(),
    };
    tracing::error!(code = fault.code().name(), "{what}");
    fault
}

/// Nobody answers this event: whoever waits is told, else it is dropped.
fn unanswered(received: &Received) -> Reply {
    let refusal = Refusal::EventsUnavailable {
        event: received.name.to_string(),
    };
    let code = refusal.code().name();
    if trace::is_on() {
        let event = escape_for_log(received.name.as_bytes(), trace::NAME);
        tracing::debug!(code, event, "an event has no handler");
    }
    refused(&refusal)
}

/// The ack of an event that is refused: `{error: code, data}`.
fn refused(why: &Refusal) -> Reply {
    let data = why.data("", None);
    Reply::from(serde_json::json!({"error": why.code().name(), "data": data}))
}
