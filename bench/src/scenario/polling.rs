//! HTTP polling: broadcasts to clients that poll, and events that they have acknowledged.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{About, Begun, COMPILING, Goal, Scenario, Spent, Stand};
use crate::candidate::{Can, Candidate};
use crate::crowd::pollers::Pollers;
use crate::crowd::{Crowd, gather};
use crate::process::Server;
use crate::wire::Dialect;
use crate::wire::polling::{Polling, packets};
use crate::wire::session::VISITOR;

/// Broadcasts to clients that poll, sent one after the other by a client on WebSocket.
pub(super) struct PollingFanout {
    pub(super) connections: usize,
    pub(super) bytes: usize,
    /// For so long.
    pub(super) time: Duration,
}

impl Scenario for PollingFanout {
    fn about(&self) -> About {
        About {
            name: format!("polling fan-out, {} × {} B", self.connections, self.bytes),
            unit: "µs a delivery",
            goal: Some(Goal::Ahead),
        }
    }

    fn needs(&self) -> &'static [Can] {
        &[Can::Poll]
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
        let pollers = Pollers::join(server.addr, self.connections)?;
        let sender = Crowd::join(server.addr, 1)?;
        Ok(Begun::Ready(Box::new(Audience {
            server,
            pollers,
            sender,
            packet: Dialect::SocketIo.to_all(&"x".repeat(self.bytes)),
        })))
    }
}

/// Those who poll, and the one that broadcasts to them.
struct Audience {
    server: Server,
    pollers: Pollers,
    sender: Crowd,
    packet: String,
}

impl Stand for Audience {
    fn turn(&mut self, time: Duration) -> io::Result<Spent> {
        let (pollers, sender, packet) = (&mut self.pollers, &mut self.sender, &self.packet);
        let (nanoseconds, times) = self.server.spent(|| flood(pollers, sender, packet, time))?;
        Ok(Spent::timed(nanoseconds, self.pollers.len(), times))
    }
}

/// Broadcasts one after the other for so long; how long each took to reach all.
fn flood(
    pollers: &mut Pollers,
    sender: &mut Crowd,
    packet: &str,
    time: Duration,
) -> io::Result<Vec<Duration>> {
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || begun.elapsed() < time {
        let begun = Instant::now();
        let end = pollers.messages + pollers.len();
        sender.send(0, [packet.to_owned()])?;
        while pollers.messages < end {
            pollers.read()?;
        }
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// Events over polling, each a POST and the GET that brings its ack.
pub(super) struct PollingEcho {
    pub(super) connections: usize,
    /// For so long.
    pub(super) time: Duration,
}

impl Scenario for PollingEcho {
    fn about(&self) -> About {
        About {
            name: format!("polling echo, {} at once", self.connections),
            unit: "µs a round trip",
            goal: Some(Goal::Ahead),
        }
    }

    fn needs(&self) -> &'static [Can] {
        &[Can::Poll]
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
        let clients = gather(self.connections, |_| Polling::join(server.addr, VISITOR))?;
        let server = Rc::new(server);
        Ok(Begun::Ready(Box::new(RoundTrips { server, clients })))
    }
}

/// Clients that poll, each with one event under way.
pub(super) struct RoundTrips {
    pub(super) server: Rc<Server>,
    pub(super) clients: Vec<Polling>,
}

impl Stand for RoundTrips {
    fn turn(&mut self, time: Duration) -> io::Result<Spent> {
        let clients = &mut self.clients;
        let (nanoseconds, units) = self.server.spent(|| echo(clients, time))?;
        Ok(Spent::new(nanoseconds, units))
    }
}

/// Has clients send events for so long, each one after the other; how many in all.
fn echo(clients: &mut [Polling], time: Duration) -> io::Result<usize> {
    let begun = Instant::now();
    // Threads of their own, so that as many are under way as there are clients.
    std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                scope.spawn(move || {
                    let mut count = 0;
                    while count == 0 || begun.elapsed() < time {
                        client.post("420[\"echo\",\"x\"]")?;
                        while !packets(&client.poll()?).any(|packet| packet.starts_with("430")) {}
                        count += 1;
                    }
                    io::Result::Ok(count)
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| {
            let ended = thread.join();
            ended.map_err(|_| io::Error::other("a thread of the load panicked"))?
        });
        joined.sum()
    })
}
