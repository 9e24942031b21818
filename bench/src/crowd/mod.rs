//! Clients that have joined, read by one thread: over WebSocket here, polling ones in [`pollers`].

mod gather;
pub mod pollers;
mod sockets;

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream as Blocking};
use std::time::{Duration, Instant};

use mio::net::TcpStream;

pub use self::gather::{gather, gather_for};
use self::sockets::{Sockets, read_all};
use crate::wire::session::{VISITOR, ask, join_as};
use crate::wire::{Dialect, Heard, Pieces, frame, parse};

/// A server that says nothing for so long is stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Clients that have joined, `/` where they speak Socket.IO.
pub struct Crowd {
    dialect: Dialect,
    sockets: Sockets,
    clients: Vec<Client>,
    buffer: Vec<u8>,
    /// Events called `msg`, or publications, that have come, over all clients.
    pub messages: usize,
    /// Acks that have come, over all clients.
    pub acks: usize,
    /// How many clients have got a first message, a second, and so on, since [`Crowd::count_anew`].
    reached: Vec<usize>,
    /// How many of these [`Crowd::completed`] has told of.
    complete: usize,
    clock: Option<Clock>,
}

/// When each event was sent, and how long each arrival took.
#[derive(Default)]
struct Clock {
    sent: Vec<Instant>,
    arrivals: Vec<Duration>,
}

struct Client {
    stream: TcpStream,
    pieces: Pieces,
    messages: usize,
    acks: usize,
}

impl Crowd {
    /// So many visitors who speak this.
    pub fn speaking(dialect: Dialect, server: SocketAddr, count: usize) -> io::Result<Self> {
        let streams = gather(count, |_| dialect.join(server))?;
        Ok(Self {
            dialect,
            ..Self::of(streams)?
        })
    }

    /// So many visitors.
    pub fn join(server: SocketAddr, count: usize) -> io::Result<Self> {
        Self::join_as(server, count, |_| VISITOR.to_owned())
    }

    /// So many clients, each with a CONNECT of its own.
    pub fn join_as(
        server: SocketAddr,
        count: usize,
        connect: impl Fn(usize) -> String + Sync,
    ) -> io::Result<Self> {
        Self::of(gather(count, |index| join_as(server, &connect(index)))?)
    }

    /// So many visitors, each of which enters the room that it is told, if it is told one.
    pub fn enter(
        server: SocketAddr,
        count: usize,
        room: impl Fn(usize) -> Option<String> + Sync,
    ) -> io::Result<Self> {
        Self::of(gather(count, |index| {
            let mut stream = join_as(server, VISITOR)?;
            if let Some(room) = room(index) {
                ask(&mut stream, &format!("420[\"enter\",\"{room}\"]"))?;
            }
            Ok(stream)
        })?)
    }

    /// Clients that have joined already, and speak Socket.IO.
    pub fn of(streams: Vec<Blocking>) -> io::Result<Self> {
        let (sockets, streams) = Sockets::of(streams)?;
        let clients = streams.into_iter().map(|stream| Client {
            stream,
            pieces: Pieces::default(),
            messages: 0,
            acks: 0,
        });
        Ok(Self {
            dialect: Dialect::SocketIo,
            sockets,
            clients: clients.collect(),
            buffer: vec![0; 256 * 1024],
            messages: 0,
            acks: 0,
            reached: Vec::new(),
            complete: 0,
            clock: None,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Counts messages from here.
    pub fn count_anew(&mut self) {
        self.messages = 0;
        self.reached.clear();
        self.complete = 0;
        for client in &mut self.clients {
            client.messages = 0;
        }
    }

    /// Messages that so many clients have got since the last call: as many as go to the same clients.
    pub fn completed(&mut self, receivers: usize) -> usize {
        let rest = self.reached.get(self.complete..).unwrap_or_default();
        let whole = rest.iter().take_while(|count| **count >= receivers).count();
        self.complete += whole;
        whole
    }

    /// Counts messages from here, and their arrivals too: the n-th message that a client gets is
    /// the n-th that [`Crowd::sent`] is told of.
    pub fn time_arrivals(&mut self) {
        self.count_anew();
        self.clock = Some(Clock::default());
    }

    /// A message for everybody is sent now.
    pub fn sent(&mut self) {
        if let Some(clock) = &mut self.clock {
            clock.sent.push(Instant::now());
        }
    }

    /// How long each arrival took, since [`Crowd::time_arrivals`]; it ends here.
    pub fn arrivals(&mut self) -> Vec<Duration> {
        let clock = self.clock.take();
        clock.map(|clock| clock.arrivals).unwrap_or_default()
    }

    /// Has a client send packets in one write; so few that the kernel takes them whole.
    pub fn send(
        &mut self,
        client: usize,
        packets: impl IntoIterator<Item = String>,
    ) -> io::Result<()> {
        let packets = packets.into_iter();
        let frames: Vec<u8> = packets
            .flat_map(|packet| frame(packet.as_bytes()))
            .collect();
        match self.clients.get_mut(client) {
            Some(client) if !frames.is_empty() => client.stream.write_all(&frames),
            _ => Ok(()),
        }
    }

    /// Acks that a client has got.
    pub fn acks_of(&self, client: usize) -> usize {
        self.clients.get(client).map_or(0, |client| client.acks)
    }

    /// Waits until something has come, and reads what there is.
    pub fn read(&mut self) -> io::Result<()> {
        self.sockets.wait()?;
        self.read_ready()
    }

    /// Reads what there is until then.
    pub fn read_until(&mut self, then: Instant) -> io::Result<()> {
        loop {
            let left = then.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.sockets.wait_for(left)?;
            self.read_ready()?;
        }
    }

    /// Reads what has come.
    fn read_ready(&mut self) -> io::Result<()> {
        for index in self.sockets.ready() {
            let Some(client) = self.clients.get_mut(index) else {
                continue;
            };
            let (messages, acks) = client.read(self.dialect, &mut self.buffer)?;
            if let Some(clock) = &mut self.clock {
                let now = Instant::now();
                let came = clock.sent.iter().take(client.messages);
                let came = came.skip(client.messages - messages);
                clock.arrivals.extend(came.map(|sent| now - *sent));
            }
            let (before, after) = (client.messages - messages, client.messages);
            self.reached.resize(self.reached.len().max(after), 0);
            for count in self.reached.get_mut(before..after).unwrap_or_default() {
                *count += 1;
            }
            self.messages += messages;
            self.acks += acks;
        }
        Ok(())
    }
}

impl Client {
    /// Reads all that is there; events and acks among it.
    fn read(&mut self, dialect: Dialect, buffer: &mut [u8]) -> io::Result<(usize, usize)> {
        let (mut messages, mut acks, mut pings) = (0, 0, 0);
        read_all(&mut self.stream, buffer, &mut self.pieces, |bytes| {
            let mut used = 0;
            while let Some((text, length)) = parse(bytes.get(used..).unwrap_or_default()) {
                dialect.hear(text, |heard| match heard {
                    Heard::Event => messages += 1,
                    Heard::Ack => acks += 1,
                    Heard::Ping => pings += 1,
                });
                used += length;
            }
            used
        })?;
        for _ in 0..pings {
            self.stream.write_all(&frame(dialect.pong().as_bytes()))?;
        }
        self.messages += messages;
        self.acks += acks;
        Ok((messages, acks))
    }
}
