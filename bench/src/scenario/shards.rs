//! Two shards against one, on the same core: what sharing costs, and what a request costs that
//! arrives at another shard than its session's.

use std::io;

use super::fanout::flood;
use super::polling::echo;
use super::{About, Figures, Goal, Scenario, share};
use crate::candidate::{Can, Candidate};
use crate::crowd::{Crowd, gather};
use crate::process::Server;
use crate::wire::Dialect;
use crate::wire::polling::Polling;
use crate::wire::session::VISITOR;

/// A broadcast to so many, on two shards against one.
pub(super) struct Shards {
    pub(super) connections: usize,
    pub(super) broadcasts: usize,
}

impl Scenario for Shards {
    fn about(&self) -> About {
        About {
            name: format!(
                "two shards on one core, fan-out {} × 64 B, 4 outstanding",
                self.connections
            ),
            unit: "× a delivery on one shard",
            goal: Some(Goal::Cost(1.15)),
        }
    }

    fn needs(&self) -> &'static [Can] {
        &[Can::Settings]
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let broadcasts = share(self.broadcasts, part).max(4);
        let packet = Dialect::SocketIo.to_all(&"x".repeat(64));
        let cost = |shards| {
            let server = with_shards(candidate, shards)?;
            let mut crowd = Crowd::join(server.addr, self.connections)?;
            let receivers = crowd.len();
            flood(&mut crowd, &packet, receivers, 4, broadcasts / 10 + 1)?;
            let before = server.processor()?;
            flood(&mut crowd, &packet, receivers, 4, broadcasts)?;
            let used = server.processor()? - before;
            io::Result::Ok(Figures::spent(used, broadcasts * receivers).cost)
        };
        // On both sides, so that a machine that drifts meanwhile weighs on both.
        let (before, two, after) = (cost(1)?, cost(2)?, cost(1)?);
        let one = f64::midpoint(before, after);
        Ok(Figures::of(two / one)
            .also("one shard, µs a delivery", one, None)
            .also("two shards, µs a delivery", two, None))
    }
}

/// Polling round trips of so many clients whose requests arrive at another shard than their session's.
pub(super) struct HandOver {
    pub(super) connections: usize,
    pub(super) each: usize,
}

impl Scenario for HandOver {
    fn about(&self) -> About {
        About {
            name: format!("polls handed over to another shard, {}", self.connections),
            unit: "× a local poll",
            goal: Some(Goal::Cost(1.3)),
        }
    }

    fn needs(&self) -> &'static [Can] {
        &[Can::Settings, Can::Poll]
    }

    fn connections(&self) -> usize {
        self.connections
    }

    /// A session belongs to the shard of the connection that opened it, so requests on that
    /// connection are local. On a new connection the kernel chooses the shard: of many clients half
    /// are handed over. What these cost more than the local ones is half of a hand-over.
    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let server = with_shards(candidate, 2)?;
        let clients = gather(self.connections, |_| Polling::join(server.addr, VISITOR))?;
        let each = share(self.each, part);
        let measured = |clients| {
            let clients = echo(clients, each / 10 + 1)?;
            let before = server.processor()?;
            let clients = echo(clients, each)?;
            let used = server.processor()? - before;
            let cost = Figures::spent(used, each * self.connections).cost;
            io::Result::Ok((clients, cost))
        };
        let (mut clients, local) = measured(clients)?;
        clients.iter_mut().try_for_each(Polling::redial)?;
        let (_, half) = measured(clients)?;
        let handed = local + 2.0 * (half - local);
        Ok(Figures::of(handed / local)
            .also("local, µs a round trip", local, None)
            .also("handed over, µs a round trip", handed, None))
    }
}

fn with_shards(candidate: &Candidate, shards: usize) -> io::Result<Server> {
    Server::start_with(candidate, &[format!("BELLGATE_SHARDS={shards}")])
}
