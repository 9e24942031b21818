//! A reconnect storm: the server dies and is started anew, and all its clients come back at once.

use std::io;
use std::time::Instant;

use super::{About, Begun, Figures, Goal, Scenario};
use crate::candidate::Candidate;
use crate::crowd::Crowd;
use crate::process::Server;

/// So many clients.
pub(super) struct Reconnect {
    pub(super) clients: usize,
}

impl Scenario for Reconnect {
    fn about(&self) -> About {
        About {
            name: format!("reconnect storm, {} clients", self.clients),
            unit: "µs a client",
            goal: Some(Goal::Ratio(2.0)),
        }
    }

    fn connections(&self) -> usize {
        self.clients
    }

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let clients = self.clients;
        let mut server = Server::start(candidate)?;
        let before = Crowd::join(server.addr, clients)?;
        server.restart()?;
        drop(before);
        let (used, (crowd, took)) = server.spent(|| {
            let begun = Instant::now();
            let crowd = Crowd::join(server.addr, clients)?;
            Ok((crowd, begun.elapsed()))
        })?;
        let peak = server.peak()? as f64 / f64::from(1 << 20);
        Ok(Figures::spent(used, crowd.len())
            .also("until all are back, s", took.as_secs_f64(), None)
            .also("peak of memory, MiB", peak, None)
            .done())
    }
}
