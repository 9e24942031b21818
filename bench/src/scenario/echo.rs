//! Events that are acknowledged.

use std::io;
use std::time::{Duration, Instant};

use super::{About, Begun, COMPILING, Goal, Scenario, Spent, Stand};
use crate::candidate::Candidate;
use crate::crowd::Crowd;
use crate::process::Server;

/// Clients with several events under way each.
pub(super) struct Echo {
    pub(super) connections: usize,
    /// How many each has under way.
    pub(super) outstanding: usize,
    /// For so long.
    pub(super) time: Duration,
}

impl Scenario for Echo {
    fn about(&self) -> About {
        About {
            name: format!("echo with ack, {} × {}", self.connections, self.outstanding),
            unit: "µs a round trip",
            goal: Some(Goal::Ratio(1.6)),
        }
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn time(&self) -> Duration {
        self.time
    }

    fn compiling(&self) -> Duration {
        COMPILING
    }

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let server = Server::start(candidate)?;
        let crowd = Crowd::join(server.addr, self.connections)?;
        Ok(Begun::Ready(Box::new(Echoing {
            sent: vec![0; crowd.len()],
            server,
            crowd,
            outstanding: self.outstanding,
        })))
    }
}

/// Clients and the server that acknowledges what they send.
struct Echoing {
    server: Server,
    crowd: Crowd,
    /// How many events each client has sent.
    sent: Vec<usize>,
    outstanding: usize,
}

impl Stand for Echoing {
    fn turn(&mut self, time: Duration) -> io::Result<Spent> {
        let (crowd, sent, outstanding) = (&mut self.crowd, &mut self.sent, self.outstanding);
        let before = crowd.acks;
        let (nanoseconds, ()) = self
            .server
            .spent(|| ping_pong(crowd, sent, outstanding, time))?;
        Ok(Spent::new(nanoseconds, self.crowd.acks - before))
    }
}

/// Has each client keep so many events under way for so long, and waits for the last of them.
fn ping_pong(
    crowd: &mut Crowd,
    sent: &mut [usize],
    outstanding: usize,
    time: Duration,
) -> io::Result<()> {
    let begun = Instant::now();
    let first = crowd.acks;
    loop {
        if crowd.acks == first || begun.elapsed() < time {
            for (client, sent) in sent.iter_mut().enumerate() {
                let to = crowd.acks_of(client) + outstanding;
                let packets = (*sent..to).map(|id| format!("42{id}[\"echo\",\"x\"]"));
                crowd.send(client, packets)?;
                *sent = to;
            }
        }
        if crowd.acks == sent.iter().sum::<usize>() {
            return Ok(());
        }
        crowd.read()?;
    }
}
