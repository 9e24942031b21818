//! Connections that have joined and say nothing: the memory that each holds.

use std::io;

use super::{About, Begun, Figures, Goal, Scenario};
use crate::candidate::{Can, Candidate};
use crate::crowd::{Crowd, gather};
use crate::process::Server;
use crate::tls::Authority;
use crate::wire::Dialect;
use crate::wire::polling::Polling;
use crate::wire::session::{VISITOR, user};

/// So many connections of a kind.
pub(super) struct Idle {
    pub(super) connections: usize,
    pub(super) kind: Kind,
}

/// What is idle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A WebSocket of a visitor.
    Visitor,
    /// A WebSocket of a user of its own, who is addressed as such.
    User,
    /// A visitor's WebSocket over TLS.
    Tls,
    /// A polling session while no request of its is open, nor a connection.
    BetweenPolls,
    /// A polling session with a poll that waits.
    Hanging,
}

impl Scenario for Idle {
    fn about(&self) -> About {
        let (kind, goal) = match self.kind {
            Kind::Visitor => ("WebSocket, joined as a visitor", None),
            Kind::User => ("WebSocket, joined with a user", Some(3_072.0)),
            Kind::Tls => ("WebSocket over TLS", Some(12_288.0)),
            Kind::BetweenPolls => ("polling, between polls", Some(3_072.0)),
            Kind::Hanging => ("polling, a hanging poll", Some(11_264.0)),
        };
        About {
            name: format!("idle {kind}, {}", self.connections),
            unit: "bytes a connection",
            goal: goal.map(Goal::Cost),
        }
    }

    fn needs(&self) -> &'static [Can] {
        match self.kind {
            Kind::Visitor => &[],
            Kind::User => &[Can::Rooms],
            Kind::Tls => &[Can::Settings],
            Kind::BetweenPolls | Kind::Hanging => &[Can::Poll],
        }
    }

    fn dialects(&self) -> &'static [Dialect] {
        match self.kind {
            Kind::Visitor => &[Dialect::SocketIo, Dialect::Centrifuge],
            _ => &[Dialect::SocketIo],
        }
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let count = self.connections;
        let authority = Authority::new()?;
        let server = match self.kind {
            Kind::Tls => Server::start_with(candidate, &authority.settings())?,
            _ => Server::start(candidate)?,
        };
        let figures = match self.kind {
            Kind::Visitor => {
                let join = |count| Crowd::speaking(candidate.dialect, server.addr, count);
                held(&server, count, join)
            }
            Kind::User => held(&server, count, |count| users(candidate, &server, count)),
            Kind::Tls => held(&server, count, |count| {
                gather(count, |_| authority.join(server.addr))
            }),
            Kind::BetweenPolls => held(&server, count, |count| {
                gather(count, |_| Polling::join(server.addr, VISITOR).map(drop))
            }),
            Kind::Hanging => held(&server, count, |count| {
                gather(count, |_| {
                    let mut polling = Polling::join(server.addr, VISITOR)?;
                    polling.ask()?;
                    Ok(polling)
                })
            }),
        };
        Ok(figures?.done())
    }
}

/// Users, each with one connection: by CONNECT where the server knows users, else by a room.
pub(super) fn users(candidate: &Candidate, server: &Server, count: usize) -> io::Result<Crowd> {
    if candidate.can.contains(&Can::Users) {
        Crowd::join_as(server.addr, count, user)
    } else {
        Crowd::enter(server.addr, count, |index| Some(format!("user:u{index}")))
    }
}

/// What a server holds for each of so many that are there.
fn held<T>(
    server: &Server,
    count: usize,
    join: impl Fn(usize) -> io::Result<T>,
) -> io::Result<Figures> {
    // What every first connection costs is there before.
    drop(join(16)?);
    let before = server.resident()?;
    let _there = join(count)?;
    let held = server.resident()?.saturating_sub(before);
    Ok(Figures::of(held as f64 / count as f64))
}
