//! Events of one client that go to many: to everybody, to a room, to a user.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use super::idle::users;
use super::{About, Figures, Goal, Scenario, share};
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

/// Events beforehand at least, so that memory and caches are as they stay, and so is how many events go together:
/// with fewer, a server that gathers is measured while it begins to.
const WARM_UP: usize = 40;
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
    /// How many in all.
    pub(super) events: usize,
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

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let server = Server::start(candidate)?;
        let mut crowd = self.crowd(candidate, &server)?;
        let packet = self.packet(candidate);
        let events = share(self.events, part).max(self.outstanding);
        let receivers = match self.to {
            To::All => crowd.len(),
            To::Room(size) => size.min(crowd.len()),
            To::User => 1,
        };
        let mut flood = |events| flood(&mut crowd, &packet, receivers, self.outstanding, events);
        flood(share(WARM_UP.max(self.events / 10), part))?;
        let before = server.processor()?;
        let times = flood(events)?;
        let used = server.processor()? - before;
        let figures = Figures::spent(used, events * receivers);
        if self.to != To::User {
            return Ok(figures.with_times(times));
        }
        let times = singly(&mut crowd, &packet, share(SINGLE, part))?;
        let figures = figures.with_times(times);
        let p99 = figures.p99;
        Ok(figures.also("p99 of one at a time, µs", p99, Some(1_000.0)))
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

/// Has the first client send events, so many under way at once; how long each took to reach all of
/// its receivers.
pub(super) fn flood(
    crowd: &mut Crowd,
    packet: &str,
    receivers: usize,
    outstanding: usize,
    events: usize,
) -> io::Result<Vec<Duration>> {
    crowd.messages = 0;
    let mut sent = VecDeque::new();
    let mut times = Vec::with_capacity(events);
    let mut begun = 0;
    while times.len() < events {
        let room = outstanding.saturating_sub(sent.len()).min(events - begun);
        crowd.send(0, std::iter::repeat_n(packet.to_owned(), room))?;
        sent.extend(std::iter::repeat_n(Instant::now(), room));
        begun += room;
        crowd.read()?;
        while crowd.messages >= (times.len() + 1) * receivers {
            let Some(at) = sent.pop_front() else { break };
            times.push(at.elapsed());
        }
    }
    Ok(times)
}

/// Has the first client send events to one receiver with a pause before each, as if nothing else
/// went on; how long each took.
fn singly(crowd: &mut Crowd, packet: &str, events: usize) -> io::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(events);
    for _ in 0..events {
        crowd.read_until(Instant::now() + PAUSE)?;
        times.extend(flood(crowd, packet, 1, 1, 1)?);
    }
    Ok(times)
}
