//! Clients that do not read, beside others that do: what they cost those, and the server.

use std::io;
use std::time::Duration;

use super::fanout::Flood;
use super::{About, Begun, FEW_ROUNDS, Figures, Goal, Scenario, Stand, median};
use crate::candidate::{Can, Candidate};
use crate::crowd::gather;
use crate::gauges::Gauges;
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
    /// How long each flood lasts.
    pub(super) time: Duration,
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

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let (server, gauges) = Gauges::start(candidate)?;
        let mut beside = Beside {
            flood: Flood::to_all(server, self.connections)?,
            gauges,
            time: self.time,
        };
        beside.flood()?;
        // How many lumps until they are sent away, and the memory that this takes at most.
        let before = beside.flood.server.resident()?;
        let most = beside.overflow()?;
        let grown = beside.flood.server.peak()?.saturating_sub(before);
        let (mut costs, mut tails) = (Vec::new(), Vec::new());
        let (mut cost, mut tail) = beside.flood()?;
        for _ in 0..self.pairs {
            let slow = beside.slow()?;
            // So that half a buffer waits for each, and stays within it.
            beside.tell(most.saturating_sub(SEND_BUFFER / 2 / LUMP))?;
            let queued = beside.gauges.read("bellgate_queued_bytes")?;
            if queued == 0.0 {
                return Err(io::Error::other("nothing waits for the slow ones"));
            }
            let (cost_beside, tail_beside) = beside.flood()?;
            drop(slow);
            beside
                .gauges
                .wait("bellgate_connections", self.connections as f64, END)?;
            let (cost_after, tail_after) = beside.flood()?;
            costs.push(2.0 * cost_beside / (cost + cost_after));
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
            )
            .done())
    }
}

/// The healthy ones, beside whom slow ones come and go.
struct Beside {
    flood: Flood,
    gauges: Gauges,
    time: Duration,
}

impl Beside {
    /// What a delivery to the healthy costs, and the 99th percentile of arrival; both in µs.
    fn flood(&mut self) -> io::Result<(f64, f64)> {
        let figures = self.flood.turn(self.time)?.figures();
        Ok((figures.cost, figures.p99))
    }

    /// Clients that do not read, in a room of their own.
    fn slow(&self) -> io::Result<Vec<std::net::TcpStream>> {
        gather(SLOW, |_| {
            let mut stream = join_as(self.flood.server.addr, VISITOR)?;
            ask(&mut stream, "420[\"enter\",\"slow\"]")?;
            Ok(stream)
        })
    }

    /// Sends so many lumps to the room, each once the server has taken the one before.
    fn tell(&mut self, lumps: usize) -> io::Result<()> {
        for _ in 0..lumps {
            let packet = format!("420[\"tell\",[\"slow\",\"{}\"]]", "x".repeat(LUMP));
            let crowd = &mut self.flood.crowd;
            let acks = crowd.acks;
            crowd.send(0, [packet])?;
            while crowd.acks == acks {
                crowd.read()?;
            }
        }
        Ok(())
    }

    /// Has slow clients come and sends to them until the server has sent them away; how many lumps.
    fn overflow(&mut self) -> io::Result<usize> {
        let _slow = self.slow()?;
        let healthy = self.flood.crowd.len() as f64;
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
