//! A server whose users say nothing: what it costs to have it.

use std::io;
use std::time::{Duration, Instant};

use super::idle::users;
use super::{About, Begun, FEW_ROUNDS, Figures, Goal, Scenario};
use crate::candidate::{Can, Candidate};
use crate::process::Server;

/// So many users.
pub(super) struct Quiet {
    pub(super) connections: usize,
    /// For so long; each client is pinged once in 25 s.
    pub(super) time: Duration,
}

impl Scenario for Quiet {
    fn about(&self) -> About {
        About {
            name: format!("quiet, {} users", self.connections),
            unit: "% of a core",
            goal: Some(Goal::Cost(0.1)),
        }
    }

    fn needs(&self) -> &'static [Can] {
        &[Can::Users]
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn most_rounds(&self) -> usize {
        FEW_ROUNDS
    }

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let server = Server::start(candidate)?;
        let mut crowd = users(candidate, &server, self.connections)?;
        let begun = Instant::now();
        let (used, ()) = server.spent(|| crowd.read_until(begun + self.time))?;
        let used = Duration::from_nanos(used);
        let share = 100.0 * used.as_secs_f64() / begun.elapsed().as_secs_f64();
        let memory = server.resident()? as f64 / f64::from(1 << 20);
        Ok(Figures::of(share)
            .also("memory, MiB", memory, Some(64.0))
            .done())
    }
}
