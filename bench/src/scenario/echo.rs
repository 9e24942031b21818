//! Events that are acknowledged.

use std::io;

use super::{About, Figures, Goal, Scenario, share};
use crate::candidate::Candidate;
use crate::crowd::Crowd;
use crate::process::Server;

/// Clients with several events under way each.
pub(super) struct Echo {
    pub(super) connections: usize,
    /// How many each has under way.
    pub(super) outstanding: usize,
    /// How many each sends in all.
    pub(super) each: usize,
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

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let server = Server::start(candidate)?;
        let mut crowd = Crowd::join(server.addr, self.connections)?;
        let each = share(self.each, part).max(self.outstanding);
        ping_pong(&mut crowd, self.outstanding, each / 2 + self.outstanding)?;
        let before = server.processor()?;
        ping_pong(&mut crowd, self.outstanding, each)?;
        let used = server.processor()? - before;
        Ok(Figures::spent(used, self.connections * each))
    }
}

fn ping_pong(crowd: &mut Crowd, outstanding: usize, each: usize) -> io::Result<()> {
    let start: Vec<usize> = (0..crowd.len())
        .map(|client| crowd.acks_of(client))
        .collect();
    let mut sent = vec![0; crowd.len()];
    let end = crowd.acks + crowd.len() * each;
    while crowd.acks < end {
        for (client, (sent, start)) in sent.iter_mut().zip(&start).enumerate() {
            let waiting = *sent - (crowd.acks_of(client) - start);
            let to = each.min(*sent + outstanding.saturating_sub(waiting));
            let packets = (*sent..to).map(|id| format!("42{id}[\"echo\",\"x\"]"));
            crowd.send(client, packets)?;
            *sent = to;
        }
        crowd.read()?;
    }
    Ok(())
}
