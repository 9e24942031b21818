//! A server whose users say nothing: what it costs to have it.

use std::io;
use std::time::{Duration, Instant};

use super::idle::users;
use super::{About, FEW_ROUNDS, Figures, Goal, Scenario};
use crate::candidate::{Can, Candidate};
use crate::process::Server;

/// As long as the pause between two pings, so that each client is pinged once.
const WHOLE: Duration = Duration::from_secs(25);

/// So many users.
pub(super) struct Quiet {
    pub(super) connections: usize,
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

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let server = Server::start(candidate)?;
        let mut crowd = users(candidate, &server, self.connections)?;
        let before = server.processor()?;
        let begun = Instant::now();
        crowd.read_until(begun + WHOLE / u32::try_from(part).unwrap_or(1).clamp(1, 10))?;
        let used = Duration::from_nanos(server.processor()? - before);
        let share = 100.0 * used.as_secs_f64() / begun.elapsed().as_secs_f64();
        let memory = server.resident()? as f64 / f64::from(1 << 20);
        Ok(Figures::of(share).also("memory, MiB", memory, Some(64.0)))
    }
}
