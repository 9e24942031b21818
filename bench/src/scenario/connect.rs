//! Connect, join, close; one after the other.

use std::io;
use std::time::{Duration, Instant};

use super::{About, Begun, COMPILING, Goal, Scenario, Spent, Stand};
use crate::candidate::Candidate;
use crate::process::Server;
use crate::wire::session::join;

/// For so long.
pub(super) struct Connect {
    pub(super) time: Duration,
}

impl Scenario for Connect {
    fn about(&self) -> About {
        About {
            name: "connect, join, close".to_owned(),
            unit: "µs a cycle",
            goal: Some(Goal::Ratio(2.0)),
        }
    }

    fn connections(&self) -> usize {
        1
    }

    fn time(&self) -> Duration {
        self.time
    }

    fn compiling(&self) -> Duration {
        COMPILING
    }

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let server = Server::start(candidate)?;
        Ok(Begun::Ready(Box::new(Cycles(server))))
    }
}

/// A server that one client after the other comes to.
struct Cycles(Server);

impl Stand for Cycles {
    fn turn(&mut self, time: Duration) -> io::Result<Spent> {
        let begun = Instant::now();
        let (nanoseconds, times) = self.0.spent(|| {
            let mut times = Vec::new();
            while times.is_empty() || begun.elapsed() < time {
                let begun = Instant::now();
                join(self.0.addr)?;
                times.push(begun.elapsed());
            }
            Ok(times)
        })?;
        Ok(Spent::timed(nanoseconds, 1, times))
    }
}
