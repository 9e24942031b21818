//! A call of the program: what happened, in the words of its handlers, and what they answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_gate::escape_for_log;
use bellgate_gate::identity::{Answers, Credentials};
use bellgate_hub::SocketId;
use futures_util::FutureExt as _;

use super::handlers::{Connect, Gone, Guarded, Received, Refused, Reply, Said, Welcome, called};
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
    Received(Option<u64>, Received),
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
            Self::Received(_, received) => received.name.len() + received.args.bytes(),
            Self::Judge(held) => held.auth.as_ref().map_or(0, String::len),
            Self::Refuse(..) | Self::Gone(_) => 0,
        }
    }

    /// Calls the handler. Whatever it does, a panic included, there is an outcome, unless it has to wait;
    /// so there is where nothing handles what happened.
    pub(super) fn start(self, program: &Program) -> Started {
        match self {
            Self::Connect(socket, connect) => {
                let handlers = program.namespaces.get(&*connect.namespace);
                let said = match handlers.map(|handlers| &handlers.connect) {
                    Some(Some(handler)) => called(handler, connect),
                    Some(None) => Said::Now(Ok(Ok(Welcome::of(connect.identity.as_deref())))),
                    None => return Started::Done(Outcome::Nothing),
                };
                match said {
                    Said::Now(answer) => Started::Done(joined(socket, answer)),
                    Said::Later(answer) => Started::Waits(Answering::Connect(socket, answer)),
                }
            }
            // Its shard judges it before anything is called.
            Self::Judge(_) => Started::Done(Outcome::Nothing),
            Self::Refuse(socket, refusal) => {
                Started::Done(Outcome::Connect(socket, Err(refusal.into())))
            }
            Self::Received(ack, event) => {
                let socket = event.socket.id;
                match received(program, event) {
                    Some(Said::Now(said)) => {
                        Started::Done(Outcome::Event(socket, ack, reply(said)))
                    }
                    Some(Said::Later(said)) => Started::Waits(Answering::Event(socket, ack, said)),
                    None => Started::Done(Outcome::Nothing),
                }
            }
            Self::Gone(gone) => {
                let handlers = program.namespaces.get(&*gone.namespace);
                let handler = handlers.and_then(|handlers| handlers.gone.as_ref());
                match handler.map(|handler| called(handler, gone)) {
                    Some(Said::Later(done)) => Started::Waits(Answering::Gone(done)),
                    // Nobody waits for what a disconnect handler does; tokio's hook has told a panic.
                    Some(Said::Now(_)) | None => Started::Done(Outcome::Nothing),
                }
            }
        }
    }
}

/// How far a call has come.
pub(super) enum Started {
    Done(Outcome),
    /// The handler has to wait.
    Waits(Answering),
}

/// A handler that waits.
pub(super) enum Answering {
    Connect(SocketId, Guarded<Result<Welcome, Refused>>),
    Event(SocketId, Option<u64>, Guarded<Reply>),
    Gone(Guarded<()>),
}

impl Future for Answering {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        Poll::Ready(match self.get_mut() {
            Self::Connect(socket, answer) => joined(*socket, ready!(answer.poll_unpin(cx))),
            Self::Event(socket, ack, said) => {
                Outcome::Event(*socket, *ack, reply(ready!(said.poll_unpin(cx))))
            }
            Self::Gone(done) => {
                let _ = ready!(done.poll_unpin(cx));
                Outcome::Nothing
            }
        })
    }
}

fn joined(socket: SocketId, answer: thread::Result<Result<Welcome, Refused>>) -> Outcome {
    let answer = answer.unwrap_or_else(|_| {
        let fault = panicked("a connect handler panicked");
        Err(Refused::Code(fault))
    });
    Outcome::Connect(socket, answer)
}

/// Calls the handler of an event; none where its namespace is not the program's.
pub(super) fn received(program: &Program, event: Received) -> Option<Said<Reply>> {
    let handlers = program.handlers(event.socket.namespace)?;
    Some(match handlers.event(&event.name) {
        Some(handler) => called(handler, event),
        None => Said::Now(Ok(unanswered(&event))),
    })
}

/// What an event is answered with, also where its handler panicked.
pub(super) fn reply(said: thread::Result<Reply>) -> Reply {
    said.unwrap_or_else(|_| {
        let fault = panicked("an event handler panicked");
        refused(&fault)
    })
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
