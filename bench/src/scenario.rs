//! The kinds of work, and what is measured of each.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::crowd::Crowd;
use crate::process::Server;
use crate::wire;

/// Work for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Connections that have joined and say nothing.
    Idle {
        /// How many.
        connections: usize,
    },
    /// One client's events that go to everybody.
    Fanout {
        /// Who gets each.
        connections: usize,
        /// Length of the argument.
        bytes: usize,
        /// How many are under way at once.
        outstanding: usize,
        /// How many in all.
        broadcasts: usize,
    },
    /// Events that are acknowledged.
    Echo {
        /// How many clients.
        connections: usize,
        /// How many each has under way.
        outstanding: usize,
        /// How many each sends in all.
        each: usize,
    },
    /// Connect, join, close; one after the other.
    Connect {
        /// How many times.
        cycles: usize,
    },
}

/// What came out of one run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Processor time of the server for a unit of work, µs; for idle connections bytes for each.
    pub cost: f64,
    /// Time from sending to the last arrival, µs: median and 99th percentile; 0 where none is taken.
    pub median: f64,
    /// See `median`.
    pub p99: f64,
}

impl Scenario {
    /// Its name and its measures, as a row of the table begins.
    pub fn name(self) -> String {
        match self {
            Self::Idle { connections } => format!("idle, {connections} joined"),
            Self::Fanout {
                connections,
                bytes,
                outstanding,
                ..
            } => format!("fan-out, {connections} × {bytes} B, {outstanding} outstanding"),
            Self::Echo {
                connections,
                outstanding,
                ..
            } => format!("echo with ack, {connections} × {outstanding}"),
            Self::Connect { .. } => "connect, join, close".to_owned(),
        }
    }

    /// The same with a part of the work; what a unit costs is the same.
    #[must_use]
    pub fn part(self, part: usize) -> Self {
        let share = |count: usize| (count / part).max(1);
        match self {
            Self::Idle { .. } => self,
            Self::Fanout {
                connections,
                bytes,
                outstanding,
                broadcasts,
            } => Self::Fanout {
                connections,
                bytes,
                outstanding,
                broadcasts: share(broadcasts).max(outstanding),
            },
            Self::Echo {
                connections,
                outstanding,
                each,
            } => Self::Echo {
                connections,
                outstanding,
                each: share(each).max(outstanding),
            },
            Self::Connect { cycles } => Self::Connect {
                cycles: share(cycles),
            },
        }
    }

    /// What `cost` counts.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Idle { .. } => "bytes a connection",
            Self::Fanout { .. } => "µs a delivery",
            Self::Echo { .. } => "µs a round trip",
            Self::Connect { .. } => "µs a cycle",
        }
    }

    /// Runs it against a fresh server.
    pub fn run(self, server: &Server) -> io::Result<Figures> {
        match self {
            Self::Idle { connections } => idle(server, connections),
            Self::Fanout {
                connections,
                bytes,
                outstanding,
                broadcasts,
            } => fanout(server, connections, bytes, outstanding, broadcasts),
            Self::Echo {
                connections,
                outstanding,
                each,
            } => echo(server, connections, outstanding, each),
            Self::Connect { cycles } => connect(server, cycles),
        }
    }
}

fn idle(server: &Server, connections: usize) -> io::Result<Figures> {
    // What every first connection costs is there before.
    drop(Crowd::join(server.addr, 16)?);
    let before = server.resident()?;
    let _crowd = Crowd::join(server.addr, connections)?;
    let held = server.resident()?.saturating_sub(before);
    Ok(Figures::of(held as f64 / connections as f64))
}

fn fanout(
    server: &Server,
    connections: usize,
    bytes: usize,
    outstanding: usize,
    broadcasts: usize,
) -> io::Result<Figures> {
    let mut crowd = Crowd::join(server.addr, connections)?;
    let packet = format!("42[\"bcast\",\"{}\"]", "x".repeat(bytes));
    // A tenth beforehand, so that memory and caches are as they stay.
    flood(&mut crowd, &packet, outstanding, (broadcasts / 10).max(1))?;
    let before = server.processor()?;
    let times = flood(&mut crowd, &packet, outstanding, broadcasts)?;
    let used = server.processor()? - before;
    Ok(Figures {
        cost: used as f64 / 1000.0 / (broadcasts * connections) as f64,
        ..Figures::with_times(times)
    })
}

/// Sends broadcasts, so many under way at once; how long each took to reach everybody.
fn flood(
    crowd: &mut Crowd,
    packet: &str,
    outstanding: usize,
    broadcasts: usize,
) -> io::Result<Vec<Duration>> {
    crowd.messages = 0;
    let mut sent = VecDeque::new();
    let mut times = Vec::with_capacity(broadcasts);
    let mut begun = 0;
    while times.len() < broadcasts {
        let room = outstanding
            .saturating_sub(sent.len())
            .min(broadcasts - begun);
        crowd.send(0, std::iter::repeat_n(packet.to_owned(), room))?;
        sent.extend(std::iter::repeat_n(Instant::now(), room));
        begun += room;
        crowd.read()?;
        while crowd.messages >= (times.len() + 1) * crowd.len() {
            let Some(at) = sent.pop_front() else { break };
            times.push(at.elapsed());
        }
    }
    Ok(times)
}

fn echo(
    server: &Server,
    connections: usize,
    outstanding: usize,
    each: usize,
) -> io::Result<Figures> {
    let mut crowd = Crowd::join(server.addr, connections)?;
    ping_pong(&mut crowd, outstanding, each / 10 + outstanding)?;
    let before = server.processor()?;
    ping_pong(&mut crowd, outstanding, each)?;
    let used = server.processor()? - before;
    Ok(Figures::of(
        used as f64 / 1000.0 / (connections * each) as f64,
    ))
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

fn connect(server: &Server, cycles: usize) -> io::Result<Figures> {
    for _ in 0..cycles / 10 {
        wire::join(server.addr)?;
    }
    let before = server.processor()?;
    let mut times = Vec::with_capacity(cycles);
    for _ in 0..cycles {
        let begun = Instant::now();
        wire::join(server.addr)?;
        times.push(begun.elapsed());
    }
    let used = server.processor()? - before;
    Ok(Figures {
        cost: used as f64 / 1000.0 / cycles as f64,
        ..Figures::with_times(times)
    })
}

impl Figures {
    const fn of(cost: f64) -> Self {
        Self {
            cost,
            median: 0.0,
            p99: 0.0,
        }
    }

    fn with_times(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |part: usize| {
            let time = times.get(times.len() * part / 100);
            time.map_or(0.0, |time| time.as_nanos() as f64 / 1000.0)
        };
        Self {
            cost: 0.0,
            median: at(50),
            p99: at(99),
        }
    }
}
