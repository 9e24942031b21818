//! Connect, join, close; one after the other.

use std::io;
use std::time::Instant;

use super::{About, Figures, Goal, Scenario, share};
use crate::candidate::Candidate;
use crate::process::Server;
use crate::wire::session::join;

/// So many times.
pub(super) struct Connect {
    pub(super) cycles: usize,
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

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let server = Server::start(candidate)?;
        let cycles = share(self.cycles, part);
        for _ in 0..cycles / 10 {
            join(server.addr)?;
        }
        let before = server.processor()?;
        let mut times = Vec::with_capacity(cycles);
        for _ in 0..cycles {
            let begun = Instant::now();
            join(server.addr)?;
            times.push(begun.elapsed());
        }
        let used = server.processor()? - before;
        Ok(Figures::spent(used, cycles).with_times(times))
    }
}
