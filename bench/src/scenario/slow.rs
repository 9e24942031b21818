//! Clients that do not read, beside others that do: what they cost those, and the server.

use std::io;
use std::time::Duration;

use super::fanout::flood;
use super::{About, FEW_ROUNDS, Figures, Goal, Scenario, median, share};
use crate::candidate::{Can, Candidate};
use crate::crowd::{Crowd, gather};
use crate::gauges::Gauges;
use crate::process::Server;
use crate::wire::Dialect;
use crate::wire::session::{VISITOR, ask, join_as};

/// Clients that do not read.
const SLOW: usize = 10;
/// What one of them is sent at once, beside the broadcasts.
const LUMP: usize = 16 * 1024;
/// `SOCKETIO_SEND_BUFFER`, as the table of settings has it.
const SEND_BUFFER: usize = 1024 * 1024;
/// How long their end may take.
const END: Duration = Duration::from_secs(10);

/// Floods to so many healthy clients, without and with slow ones in turns. Each with them is held against the
/// two beside it, so that a machine that drifts meanwhile weighs on both.
pub(super) struct Slow {
    pub(super) connections: usize,
    pub(super) broadcasts: usize,
    pub(super) pairs: usize,
}

impl Scenario for Slow {
    fn about(&self) -> About {
        About {
            name: format!("{SLOW} that do not read beside {}", self.connections),
            unit: "× a delivery without them",
            goal: Some(Goal::Cost(1.05)),
        }
    }

    fn needs(&self) -> &'static [Can] {
        &[Can::Rooms, Can::Settings]
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn most_rounds(&self) -> usize {
        FEW_ROUNDS
    }

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let (server, gauges) = Gauges::start(candidate)?;
        let mut stand = Stand {
            crowd: Crowd::join(server.addr, self.connections)?,
            server,
            gauges,
        };
        let broadcasts = share(self.broadcasts, part).max(4);
        stand.flood(broadcasts)?;
        // How many lumps until they are sent away, and the memory that this takes at most.
        let before = stand.server.resident()?;
        let most = stand.overflow()?;
        let grown = stand.server.peak()?.saturating_sub(before);
        let (mut costs, mut tails) = (Vec::new(), Vec::new());
        let (mut cost, mut tail) = stand.flood(broadcasts)?;
        for _ in 0..self.pairs {
            let slow = stand.slow()?;
            // So that half a buffer waits for each, and stays within it.
            stand.tell(most.saturating_sub(SEND_BUFFER / 2 / LUMP))?;
            let queued = stand.gauges.read("bellgate_queued_bytes")?;
            if queued == 0.0 {
                return Err(io::Error::other("nothing waits for the slow ones"));
            }
            let (beside, tail_beside) = stand.flood(broadcasts)?;
            drop(slow);
            stand
                .gauges
                .wait("bellgate_connections", self.connections as f64, END)?;
            let (cost_after, tail_after) = stand.flood(broadcasts)?;
            costs.push(2.0 * beside / (cost + cost_after));
            tails.push(2.0 * tail_beside / (tail + tail_after));
            (cost, tail) = (cost_after, tail_after);
        }
        let buffers = (SLOW * SEND_BUFFER) as f64 / f64::from(1 << 20);
        Ok(Figures::of(median(costs))
            .also("p99 of arrival, × without them", median(tails), Some(1.25))
            .also(
                "memory grown until they were sent away, MiB",
                grown as f64 / f64::from(1 << 20),
                Some(buffers),
            ))
    }
}

struct Stand {
    server: Server,
    gauges: Gauges,
    crowd: Crowd,
}

impl Stand {
    /// What a delivery costs, and the 99th percentile of arrival; both in µs.
    fn flood(&mut self, broadcasts: usize) -> io::Result<(f64, f64)> {
        let packet = Dialect::SocketIo.to_all(&"x".repeat(64));
        let receivers = self.crowd.len();
        let before = self.server.processor()?;
        let times = flood(&mut self.crowd, &packet, receivers, 4, broadcasts)?;
        let used = self.server.processor()? - before;
        let figures = Figures::spent(used, broadcasts * receivers).with_times(times);
        Ok((figures.cost, figures.p99))
    }

    /// Clients that do not read, in a room of their own.
    fn slow(&self) -> io::Result<Vec<std::net::TcpStream>> {
        gather(SLOW, |_| {
            let mut stream = join_as(self.server.addr, VISITOR)?;
            ask(&mut stream, "420[\"enter\",\"slow\"]")?;
            Ok(stream)
        })
    }

    /// Sends so many lumps to the room, each once the server has taken the one before.
    fn tell(&mut self, lumps: usize) -> io::Result<()> {
        for _ in 0..lumps {
            let packet = format!("420[\"tell\",[\"slow\",\"{}\"]]", "x".repeat(LUMP));
            let acks = self.crowd.acks;
            self.crowd.send(0, [packet])?;
            while self.crowd.acks == acks {
                self.crowd.read()?;
            }
        }
        Ok(())
    }

    /// Has slow clients come and sends to them until the server has sent them away; how many lumps.
    fn overflow(&mut self) -> io::Result<usize> {
        let _slow = self.slow()?;
        let healthy = self.crowd.len() as f64;
        // The kernel holds some MiB of its own for each.
        for lumps in 1..=64 * SEND_BUFFER / LUMP {
            self.tell(1)?;
            if self.gauges.read("bellgate_connections")? <= healthy {
                return Ok(lumps);
            }
        }
        Err(io::Error::other("the slow ones are never sent away"))
    }
}
