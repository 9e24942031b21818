//! Two shards against one, on the same core: what sharing costs, and what a request costs that
//! arrives at another shard than its session's.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use super::fanout::Flood;
use super::polling::RoundTrips;
use super::{About, Begun, Figures, Goal, Scenario, Stand, in_turns};
use crate::candidate::{Can, Candidate};
use crate::crowd::gather;
use crate::process::Server;
use crate::wire::polling::Polling;
use crate::wire::session::VISITOR;

/// A broadcast to so many, on two shards against one.
pub(super) struct Shards {
    pub(super) connections: usize,
    /// For so long each.
    pub(super) time: Duration,
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

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let flood = |shards| -> io::Result<Box<dyn Stand>> {
            let server = with_shards(candidate, shards)?;
            Ok(Box::new(Flood::to_all(server, self.connections)?))
        };
        let [one, two] = costs([flood(1)?, flood(2)?], self.time)?;
        Ok(Figures::of(two / one)
            .also("one shard, µs a delivery", one, None)
            .also("two shards, µs a delivery", two, None)
            .done())
    }
}

/// Polling round trips of so many clients whose requests arrive at another shard than their session's.
pub(super) struct HandOver {
    pub(super) connections: usize,
    /// For so long each.
    pub(super) time: Duration,
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
    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let server = Rc::new(with_shards(candidate, 2)?);
        let addr = server.addr;
        let clients = |is_redialed| -> io::Result<Box<dyn Stand>> {
            let mut clients = gather(self.connections, |_| Polling::join(addr, VISITOR))?;
            if is_redialed {
                clients.iter_mut().try_for_each(Polling::redial)?;
            }
            let server = server.clone();
            Ok(Box::new(RoundTrips { server, clients }))
        };
        let [local, half] = costs([clients(false)?, clients(true)?], self.time)?;
        let handed = local + 2.0 * (half - local);
        Ok(Figures::of(handed / local)
            .also("local, µs a round trip", local, None)
            .also("handed over, µs a round trip", handed, None)
            .done())
    }
}

/// What a unit costs each of two that work in turns for so long.
fn costs(stands: [Box<dyn Stand>; 2], time: Duration) -> io::Result<[f64; 2]> {
    let figures = in_turns(stands.into(), time);
    let costs: io::Result<Vec<f64>> = figures.into_iter().map(|run| Ok(run?.cost)).collect();
    let of_two = |_| io::Error::other("there were two");
    costs?.try_into().map_err(of_two)
}

fn with_shards(candidate: &Candidate, shards: usize) -> io::Result<Server> {
    Server::start_with(candidate, &[format!("BELLGATE_SHARDS={shards}")])
}
