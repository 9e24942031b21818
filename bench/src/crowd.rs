//! Clients that have joined, read by one thread.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::wire;

/// A server that says nothing for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// Clients that have joined `/`.
pub struct Crowd {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    buffer: Vec<u8>,
    /// Events called `msg` that have come, over all clients.
    pub messages: usize,
    /// Acks that have come, over all clients.
    pub acks: usize,
}

struct Client {
    stream: TcpStream,
    /// The beginning of a frame whose rest has not come.
    rest: Vec<u8>,
    acks: usize,
}

impl Crowd {
    /// So many clients, one after the other.
    pub fn join(server: SocketAddr, count: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut clients = Vec::with_capacity(count);
        for index in 0..count {
            let stream = wire::join(server)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry()
                .register(&mut stream, Token(index), Interest::READABLE)?;
            clients.push(Client {
                stream,
                rest: Vec::new(),
                acks: 0,
            });
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            clients,
            buffer: vec![0; 256 * 1024],
            messages: 0,
            acks: 0,
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

    /// Has a client send packets in one write; so few that the kernel takes them whole.
    pub fn send(
        &mut self,
        client: usize,
        packets: impl IntoIterator<Item = String>,
    ) -> io::Result<()> {
        let packets = packets.into_iter();
        let frames: Vec<u8> = packets
            .flat_map(|packet| wire::frame(packet.as_bytes()))
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
        let begun = Instant::now();
        loop {
            self.poll.poll(&mut self.events, Some(PATIENCE))?;
            if !self.events.is_empty() {
                break;
            }
            if begun.elapsed() >= PATIENCE {
                return Err(io::Error::other("the server says nothing any more"));
            }
        }
        for event in &self.events {
            let Some(client) = self.clients.get_mut(event.token().0) else {
                continue;
            };
            let (messages, acks) = client.read(&mut self.buffer)?;
            self.messages += messages;
            self.acks += acks;
        }
        Ok(())
    }
}

impl Client {
    /// Reads all that is there; events and acks among it.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<(usize, usize)> {
        let (mut messages, mut acks) = (0, 0);
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Err(io::Error::other("the server has closed a connection")),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            let fresh = buffer.get(..count).unwrap_or_default();
            let joined;
            let mut bytes = if self.rest.is_empty() {
                fresh
            } else {
                self.rest.extend_from_slice(fresh);
                joined = std::mem::take(&mut self.rest);
                &joined
            };
            while let Some((text, length)) = wire::parse(bytes) {
                if text.starts_with(b"42") {
                    messages += 1;
                } else if text.starts_with(b"43") {
                    acks += 1;
                } else if text == b"2" {
                    self.stream.write_all(&wire::frame(b"3"))?;
                }
                bytes = bytes.get(length..).unwrap_or_default();
            }
            self.rest = bytes.to_vec();
        }
        self.acks += acks;
        Ok((messages, acks))
    }
}
