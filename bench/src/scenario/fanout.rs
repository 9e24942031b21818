//! Events of one client that go to many: to everybody, to a room, to a user.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use super::idle::users;
use super::{About, Begun, Figures, Goal, Scenario, Spent, Stand};
use crate::candidate::{Can, Candidate};
use crate::crowd::Crowd;
use crate::process::Server;
use crate::wire::Dialect;

/// Whom an event goes to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// Everybody.
    All,
    /// A room with so many in it.
    Room(usize),
    /// One user, who has one connection.
    User,
}

/// Events to a user that are timed, one at a time.
const SINGLE: usize = 300;
/// The pause before each of them.
const PAUSE: Duration = Duration::from_millis(5);

/// Events of one client.
pub(super) struct Fanout {
    /// Clients that are there.
    pub(super) connections: usize,
    /// Who gets each event.
    pub(super) to: To,
    /// Length of the argument.
    pub(super) bytes: usize,
    /// How many are under way at once.
    pub(super) outstanding: usize,
    /// For so long.
    pub(super) time: Duration,
}

impl Scenario for Fanout {
    fn about(&self) -> About {
        let Self {
            connections,
            bytes,
            outstanding,
            ..
        } = self;
        let name = match self.to {
            To::All => format!("fan-out, {connections} × {bytes} B, {outstanding} outstanding"),
            To::Room(size) => {
                format!("room of {size} among {connections}, {bytes} B, {outstanding} outstanding")
            }
            To::User => {
                format!("one user of {connections} online, {bytes} B, {outstanding} outstanding")
            }
        };
        About {
            name,
            unit: "µs a delivery",
            goal: Some(Goal::Ratio(1.2)),
        }
    }

    fn needs(&self) -> &'static [Can] {
        match self.to {
            To::All => &[],
            To::Room(_) | To::User => &[Can::Rooms],
        }
    }

    fn dialects(&self) -> &'static [Dialect] {
        match self.to {
            To::All => &[Dialect::SocketIo, Dialect::Centrifuge],
            To::Room(_) | To::User => &[Dialect::SocketIo],
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
        let crowd = self.crowd(candidate, &server)?;
        let receivers = match self.to {
            To::All => crowd.len(),
            To::Room(size) => size.min(crowd.len()),
            To::User => 1,
        };
        let flood = Flood {
            server,
            crowd,
            packet: self.packet(candidate),
            receivers,
            outstanding: self.outstanding,
        };
        Ok(Begun::Ready(match self.to {
            To::All | To::Room(_) => Box::new(flood),
            To::User => Box::new(User(flood)),
        }))
    }
}

impl Fanout {
    fn crowd(&self, candidate: &Candidate, server: &Server) -> io::Result<Crowd> {
        match self.to {
            To::All => Crowd::speaking(candidate.dialect, server.addr, self.connections),
            // Spread over those that are there.
            To::Room(size) => Crowd::enter(server.addr, self.connections, |index| {
                let step = (self.connections / size.max(1)).max(1);
                (index % step == 0 && index / step < size).then(|| "r".to_owned())
            }),
            To::User => users(candidate, server, self.connections),
        }
    }

    fn packet(&self, candidate: &Candidate) -> String {
        let text = "x".repeat(self.bytes);
        let user = self.connections / 2;
        match self.to {
            To::All => candidate.dialect.to_all(&text),
            To::Room(_) => format!("42[\"tell\",[\"r\",\"{text}\"]]"),
            To::User if candidate.can.contains(&Can::Users) => {
                format!("42[\"notify\",[\"u{user}\",\"{text}\"]]")
            }
            To::User => format!("42[\"tell\",[\"user:u{user}\",\"{text}\"]]"),
        }
    }
}

/// Clients, the first of which sends events.
pub(super) struct Flood {
    pub(super) server: Server,
    pub(super) crowd: Crowd,
    /// What it sends.
    pub(super) packet: String,
    /// How many get each.
    pub(super) receivers: usize,
    /// How many are under way at once: sent, and not yet with all who get it.
    pub(super) outstanding: usize,
}

impl Flood {
    /// Broadcasts of 64 bytes, four under way at once, to so many visitors.
    pub(super) fn to_all(server: Server, connections: usize) -> io::Result<Self> {
        let crowd = Crowd::join(server.addr, connections)?;
        Ok(Self {
            receivers: crowd.len(),
            server,
            crowd,
            packet: Dialect::SocketIo.to_all(&"x".repeat(64)),
            outstanding: 4,
        })
    }
}

impl Stand for Flood {
    fn turn(&mut self, time: Duration) -> io::Result<Spent> {
        let Self {
            server,
            crowd,
            packet,
            receivers,
            outstanding,
        } = self;
        let (nanoseconds, times) =
            server.spent(|| flood(crowd, packet, *receivers, *outstanding, time))?;
        Ok(Spent::timed(nanoseconds, *receivers, times))
    }
}

/// Events for one user, whose arrival is timed of events one at a time.
struct User(Flood);

impl Stand for User {
    fn turn(&mut self, time: Duration) -> io::Result<Spent> {
        Ok(Spent {
            times: Vec::new(),
            ..self.0.turn(time)?
        })
    }

    fn figures(&mut self, spent: Spent) -> io::Result<Figures> {
        let Flood { crowd, packet, .. } = &mut self.0;
        let times = singly(crowd, packet, SINGLE)?;
        let figures = Spent { times, ..spent }.figures();
        let p99 = figures.p99;
        Ok(figures.also("p99 of one at a time, µs", p99, Some(1_000.0)))
    }
}

/// Has the first client send events for so long, so many under way at once; how long each took to reach all of its
/// receivers.
fn flood(
    crowd: &mut Crowd,
    packet: &str,
    receivers: usize,
    outstanding: usize,
    time: Duration,
) -> io::Result<Vec<Duration>> {
    crowd.count_anew();
    let begun = Instant::now();
    let mut sent = VecDeque::new();
    let mut times = Vec::new();
    loop {
        if times.is_empty() || begun.elapsed() < time {
            let more = outstanding.saturating_sub(sent.len());
            crowd.send(0, std::iter::repeat_n(packet.to_owned(), more))?;
            sent.extend(std::iter::repeat_n(Instant::now(), more));
        }
        crowd.read()?;
        let came = sent.drain(..crowd.completed(receivers).min(sent.len()));
        times.extend(came.map(|sent: Instant| sent.elapsed()));
        if sent.is_empty() && begun.elapsed() >= time {
            return Ok(times);
        }
    }
}

/// Has the first client send events to one receiver with a pause before each, as if nothing else
/// went on; how long each took.
fn singly(crowd: &mut Crowd, packet: &str, events: usize) -> io::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(events);
    for _ in 0..events {
        crowd.read_until(Instant::now() + PAUSE)?;
        times.extend(flood(crowd, packet, 1, 1, Duration::ZERO)?);
    }
    Ok(times)
}
