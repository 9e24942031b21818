//! Broadcasts at a steady pace, as a dashboard has them: what a delivery costs and how late it comes.

use std::io;
use std::time::{Duration, Instant};

use super::{About, Figures, Goal, Scenario, share};
use crate::candidate::Candidate;
use crate::crowd::Crowd;
use crate::process::Server;
use crate::wire::Dialect;

/// Broadcasts a second.
pub(super) const PACE: u32 = 20;

/// Broadcasts to so many, for two and a half seconds.
pub(super) struct Paced {
    pub(super) connections: usize,
    pub(super) bytes: usize,
    pub(super) broadcasts: usize,
}

impl Scenario for Paced {
    fn about(&self) -> About {
        About {
            name: format!(
                "paced, {PACE} a second × {} B to {}",
                self.bytes, self.connections
            ),
            unit: "µs a delivery",
            goal: Some(Goal::RatioWithTail(1.2)),
        }
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let server = Server::start(candidate)?;
        let mut crowd = Crowd::join(server.addr, self.connections)?;
        let broadcasts = share(self.broadcasts, part.min(2));
        let before = server.processor()?;
        let arrivals = pace(&mut crowd, self.bytes, broadcasts)?;
        let used = server.processor()? - before;
        Ok(Figures::spent(used, arrivals.len()).with_times(arrivals))
    }
}

/// Has the first client broadcast at the pace; how long each arrival took.
pub(super) fn pace(
    crowd: &mut Crowd,
    bytes: usize,
    broadcasts: usize,
) -> io::Result<Vec<Duration>> {
    let packet = Dialect::SocketIo.to_all(&"x".repeat(bytes));
    crowd.time_arrivals();
    let mut due = Instant::now();
    for _ in 0..broadcasts {
        crowd.read_until(due)?;
        crowd.sent();
        crowd.send(0, [packet.clone()])?;
        due += Duration::from_secs(1) / PACE;
    }
    while crowd.messages < broadcasts * crowd.len() {
        crowd.read()?;
    }
    Ok(crowd.arrivals())
}
