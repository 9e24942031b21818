//! Broadcasts at a steady pace, as a dashboard has them: what a delivery costs and how late it comes.

use std::io;
use std::time::{Duration, Instant};

use super::{About, Begun, Goal, Scenario, Spent, Stand};
use crate::candidate::Candidate;
use crate::crowd::Crowd;
use crate::process::Server;
use crate::wire::Dialect;

/// Broadcasts a second.
pub(super) const PACE: u32 = 20;

/// Broadcasts to so many, for so long.
pub(super) struct Paced {
    pub(super) connections: usize,
    pub(super) bytes: usize,
    pub(super) time: Duration,
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

    fn time(&self) -> Duration {
        self.time
    }

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let server = Server::start(candidate)?;
        let crowd = Crowd::join(server.addr, self.connections)?;
        let bytes = self.bytes;
        Ok(Begun::Ready(Box::new(Pace {
            server,
            crowd,
            bytes,
        })))
    }
}

/// Clients, the first of which broadcasts at the pace.
pub(super) struct Pace {
    pub(super) server: Server,
    pub(super) crowd: Crowd,
    pub(super) bytes: usize,
}

impl Stand for Pace {
    fn turn(&mut self, time: Duration) -> io::Result<Spent> {
        let (crowd, bytes) = (&mut self.crowd, self.bytes);
        let (nanoseconds, times) = self.server.spent(|| pace(crowd, bytes, time))?;
        Ok(Spent::timed(nanoseconds, 1, times))
    }
}

/// Has the first client broadcast at the pace for so long; how long each arrival took.
fn pace(crowd: &mut Crowd, bytes: usize, time: Duration) -> io::Result<Vec<Duration>> {
    let packet = Dialect::SocketIo.to_all(&"x".repeat(bytes));
    crowd.time_arrivals();
    let begun = Instant::now();
    let mut broadcasts = 0;
    while broadcasts == 0 || begun.elapsed() < time {
        crowd.sent();
        crowd.send(0, [packet.clone()])?;
        broadcasts += 1;
        crowd.read_until(begun + Duration::from_secs(1) * broadcasts / PACE)?;
    }
    while crowd.messages < broadcasts as usize * crowd.len() {
        crowd.read()?;
    }
    Ok(crowd.arrivals())
}
