//! A CONNECT from its packet to the handler that answers it: who asks, and whether it may join.
//!
//! Where somebody outside has to be asked ([`crate::server::outside`]), it waits beside the shard's other
//! work, at most half of the time in which a namespace must be joined, and what the client sends meanwhile
//! stands in line behind it. If no answer comes the transport is closed, so that a stock client comes
//! back; `44` would make it stay away (contract §4).

use std::sync::Arc;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Outlet as _, take};
use bellgate_gate::identity::{Answer, Identity, Need};
use bellgate_transport::Io;
use futures_util::future::BoxFuture;

use super::{Line, ShardApp};
use crate::server::access::Asked;
use crate::server::call::{Call, Held};
use crate::server::command::Command;
use crate::server::handlers::Connect;
use crate::server::outside;
use crate::server::visit::{Clocks, Look, Unjudged};

impl ShardApp {
    /// Judges a CONNECT whose turn it is, as far as that goes now.
    pub(super) fn judge(&mut self, conn: ConnId, mut held: Box<Held>, io: &mut Io<'_>) {
        let admitted = loop {
            match self.admit(conn, &held, io) {
                Ok(identity) => break Ok(identity),
                Err(Unjudged::Refused(refusal)) => break Err(refusal),
                Err(Unjudged::Needs(need)) => match self.terms.access.outside.ask(&need) {
                    outside::Asked::Now(answer) => held.answers.add(need, answer),
                    outside::Asked::Later(answer) => {
                        return self.hold(conn, held, need, answer, io);
                    }
                },
            }
        };
        match admitted {
            Ok(identity) => {
                if let Some(identity) = &identity {
                    self.hold_session(conn, identity, &held.answers);
                }
                self.hand_over(conn, *held, identity, io);
            }
            Err(changed @ Refusal::IdentityChanged {}) => {
                if let Some(client) = self.clients.get(conn) {
                    client.tell_changed(&changed);
                }
                io.close(conn, changed);
            }
            Err(nobody @ Refusal::AuthUnavailable { .. }) if self.hub.sockets(conn).is_empty() => {
                io.close(conn, nobody);
            }
            Err(refusal) => self.run(conn, Call::Refuse(held.socket, refusal), io),
        }
    }

    /// Judges a CONNECT again with what has come, then what stood in line behind it.
    pub(super) fn judge_again(&mut self, conn: ConnId, held: Box<Held>, io: &mut Io<'_>) {
        let line = take(&mut self.busy, &conn).unwrap_or_default();
        self.judge(conn, held, io);
        io.reschedule(conn);
        self.go_on(conn, line, io);
    }

    /// Looks whose credentials a request of a session has brought; an error where it is another user's.
    /// Where somebody has to be asked first, the request is not kept waiting.
    pub(super) fn look(
        &mut self,
        conn: ConnId,
        mut look: Box<Look>,
        io: &Io<'_>,
    ) -> Result<(), Refusal> {
        let clocks = Clocks::now(io.now);
        while let Some(client) = self.clients.get_mut(conn)
            && let Some(need) = client.look(&self.terms.access.identities, &look, clocks)?
        {
            match self.terms.access.outside.ask(&need) {
                outside::Asked::Now(answer) => look.answers.add(need, answer),
                outside::Asked::Later(answer) => {
                    let me = self.ways.shard.clone();
                    tokio::task::spawn_local(async move {
                        look.answers.add(need, answer.await);
                        me.command(Command::Look(conn, look));
                    });
                    return Ok(());
                }
            }
        }
        let client = self.clients.get(conn);
        let visit = client.and_then(|client| client.visit.as_ref());
        if let Some(identity) = visit.and_then(|visit| visit.identity()).cloned() {
            self.hold_session(conn, &identity, &look.answers);
        }
        Ok(())
    }

    /// Has it wait for an answer.
    fn hold(
        &mut self,
        conn: ConnId,
        mut held: Box<Held>,
        need: Need,
        answer: BoxFuture<'static, Answer>,
        io: &Io<'_>,
    ) {
        self.busy.insert(conn, Line::default());
        let patience = self.terms.hub.connect_timeout / 2;
        let until = *held.until.get_or_insert(io.now + patience);
        let me = self.ways.shard.clone();
        tokio::task::spawn_local(async move {
            let late = Answer::Unavailable {
                what: "whoever knows who this is",
            };
            let answered = tokio::time::timeout_at(until.into(), answer).await;
            held.answers.add(need, answered.unwrap_or(late));
            me.command(Command::Judge(conn, held));
        });
    }

    /// Who asks to join a namespace, if whoever it is may. A handler of the program decides after this.
    fn admit(
        &mut self,
        conn: ConnId,
        held: &Held,
        io: &Io<'_>,
    ) -> Result<Option<Identity>, Unjudged> {
        let handlers = self.program.namespaces.get(&*held.namespace);
        let asked = Asked {
            namespace: &held.namespace,
            auth: held.auth.as_deref(),
            is_handled: handlers.is_some_and(|handlers| handlers.connect.is_some()),
            origin: io.origin(conn),
            address: self
                .clients
                .get(conn)
                .and_then(|client| client.handshake.address),
            posted: held.posted.as_deref(),
            answers: &held.answers,
        };
        let client = self.clients.get_mut(conn);
        let visit = client.and_then(|client| client.visit.as_deref_mut());
        let admitted = self.terms.access.admit(visit, &asked, Clocks::now(io.now));
        if let Some(client) = self.clients.get(conn).filter(|_| admitted.is_ok()) {
            client.tell_reported();
        }
        admitted
    }

    fn hand_over(&mut self, conn: ConnId, held: Held, identity: Option<Identity>, io: &mut Io<'_>) {
        // It may have gone while it waited.
        let Some(client) = self.clients.get(conn) else {
            return;
        };
        let connect = Connect {
            namespace: held.namespace,
            auth: held.auth,
            handshake: Arc::clone(&client.handshake),
            identity: identity.map(Arc::new),
        };
        self.run(conn, Call::Connect(held.socket, connect), io);
    }
}
