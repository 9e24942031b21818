//! A call of the program: what happened, in the words of its handlers, and what they answer.

use bellgate_codes::Refusal;
use bellgate_hub::SocketId;

use super::handlers::{Connect, Gone, Pending, Received, Refused, Reply, Welcome, guarded};
use super::program::Program;

/// Something for a handler. It holds all that the handler gets, so that it may stand in line while
/// the client goes.
pub(super) enum Call {
    /// A client asks to join.
    Connect(SocketId, Connect),
    /// A client asks to join, and may not: told in its turn.
    Refuse(SocketId, Refusal),
    /// A client sent an event, and waits for the ack with this id.
    Received(SocketId, Option<u64>, Box<Received>),
    /// A client has gone.
    Gone(Gone),
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
            Self::Refuse(..) | Self::Gone(_) => 0,
        }
    }

    /// The future of the handler. Whatever it does, a panic included, it has an outcome. None where
    /// there is no handler and nothing to say.
    pub(super) fn start(self, program: &Program) -> Option<Pending<Outcome>> {
        match self {
            Self::Connect(socket, connect) => connected(program, socket, connect),
            Self::Refuse(socket, refusal) => Some(Box::pin(std::future::ready(Outcome::Connect(
                socket,
                Err(refusal.into()),
            )))),
            Self::Received(socket, ack, received) => answered(program, socket, ack, *received),
            Self::Gone(gone) => {
                let handler = program.namespaces.get(&*gone.namespace)?.gone.as_ref()?;
                let done = guarded(handler, gone);
                Some(Box::pin(async move {
                    // Nobody waits for what a disconnect handler does; tokio's hook has told a panic.
                    let _ = done.await;
                    Outcome::Nothing
                }))
            }
        }
    }
}

fn connected(program: &Program, socket: SocketId, connect: Connect) -> Option<Pending<Outcome>> {
    let handlers = program.namespaces.get(&*connect.namespace)?;
    let Some(handler) = handlers.connect.as_ref() else {
        let welcome = Ok(Welcome::of(connect.identity.as_deref()));
        return Some(Box::pin(async move { Outcome::Connect(socket, welcome) }));
    };
    let answer = guarded(handler, connect);
    Some(Box::pin(async move {
        let answer = answer
            .await
            .unwrap_or_else(|_| Err(Refused::Code(panicked("a connect handler panicked"))));
        Outcome::Connect(socket, answer)
    }))
}

fn answered(
    program: &Program,
    socket: SocketId,
    ack: Option<u64>,
    received: Received,
) -> Option<Pending<Outcome>> {
    let handlers = program.namespaces.get(&*received.socket.namespace)?;
    let Some(handler) = handlers.event(&received.name) else {
        let reply = unanswered(&received);
        return Some(Box::pin(async move { Outcome::Event(socket, ack, reply) }));
    };
    let answer = guarded(handler, received);
    Some(Box::pin(async move {
        let reply = answer.await.unwrap_or_else(|_| {
            let fault = panicked("an event handler panicked");
            Reply::from(serde_json::json!({"error": fault.data("", None)}))
        });
        Outcome::Event(socket, ack, reply)
    }))
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
        event: received.name.clone(),
    };
    let code = refusal.code().name();
    tracing::debug!(code, event = received.name, "an event has no handler");
    Reply::from(serde_json::json!({"error": code, "data": refusal.data("", None)}))
}
