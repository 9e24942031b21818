//! HTTP polling: broadcasts to clients that poll, and events that they have acknowledged.

use std::io;
use std::time::Instant;

use super::{About, Figures, Goal, Scenario, share};
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
    pub(super) broadcasts: usize,
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

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let server = Server::start(candidate)?;
        let mut pollers = Pollers::join(server.addr, self.connections)?;
        let mut sender = Crowd::join(server.addr, 1)?;
        let packet = Dialect::SocketIo.to_all(&"x".repeat(self.bytes));
        let broadcasts = share(self.broadcasts, part);
        let mut flood = |broadcasts| {
            pollers.messages = 0;
            let mut times = Vec::with_capacity(broadcasts);
            for sent in 1..=broadcasts {
                let begun = Instant::now();
                sender.send(0, [packet.clone()])?;
                while pollers.messages < sent * pollers.len() {
                    pollers.read()?;
                }
                times.push(begun.elapsed());
            }
            io::Result::Ok(times)
        };
        flood((broadcasts / 10).max(1))?;
        let before = server.processor()?;
        let times = flood(broadcasts)?;
        let used = server.processor()? - before;
        Ok(Figures::spent(used, broadcasts * self.connections).with_times(times))
    }
}

/// Events over polling, each a POST and the GET that brings its ack.
pub(super) struct PollingEcho {
    pub(super) connections: usize,
    /// How many each sends, one after the other.
    pub(super) each: usize,
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

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let server = Server::start(candidate)?;
        let clients = gather(self.connections, |_| Polling::join(server.addr, VISITOR))?;
        let each = share(self.each, part);
        let clients = echo(clients, each / 10 + 1)?;
        let before = server.processor()?;
        echo(clients, each)?;
        let used = server.processor()? - before;
        Ok(Figures::spent(used, self.connections * each))
    }
}

/// Has clients send so many events each, one after the other; the clients again.
pub(super) fn echo(clients: Vec<Polling>, each: usize) -> io::Result<Vec<Polling>> {
    // Threads of their own, so that as many are under way as there are clients.
    std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .into_iter()
            .map(|mut client| {
                scope.spawn(move || {
                    for _ in 0..each {
                        client.post("420[\"echo\",\"x\"]")?;
                        while !packets(&client.poll()?).any(|packet| packet.starts_with("430")) {}
                    }
                    io::Result::Ok(client)
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| {
            let ended = thread.join();
            ended.map_err(|_| io::Error::other("a thread of the load panicked"))?
        });
        joined.collect()
    })
}
