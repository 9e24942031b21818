//! Clients that poll: each asks again as soon as it has its answer.

use std::io::{self, Write as _};
use std::net::SocketAddr;

use mio::net::TcpStream;

use super::gather;
use super::sockets::{Sockets, read_all};
use crate::wire::Pieces;
use crate::wire::polling::{Polling, answer, get, has_ping, packets, post};
use crate::wire::session::{PONG, VISITOR};

/// Clients that poll without end.
pub struct Pollers {
    sockets: Sockets,
    clients: Vec<Poller>,
    buffer: Vec<u8>,
    /// Events called `msg` that have come, over all clients.
    pub messages: usize,
}

struct Poller {
    stream: TcpStream,
    sid: String,
    pieces: Pieces,
}

impl Pollers {
    /// So many visitors, each of which has a poll open.
    pub fn join(server: SocketAddr, count: usize) -> io::Result<Self> {
        let joined = gather(count, |_| {
            let mut polling = Polling::join(server, VISITOR)?;
            polling.ask()?;
            Ok(polling.into_parts())
        })?;
        let (sids, streams): (Vec<_>, Vec<_>) = joined.into_iter().unzip();
        let (sockets, streams) = Sockets::of(streams)?;
        let clients = sids.into_iter().zip(streams).map(|(sid, stream)| Poller {
            stream,
            sid,
            pieces: Pieces::default(),
        });
        Ok(Self {
            sockets,
            clients: clients.collect(),
            buffer: vec![0; 64 * 1024],
            messages: 0,
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

    /// Waits until something has come, reads what there is, and asks again.
    pub fn read(&mut self) -> io::Result<()> {
        self.sockets.wait()?;
        for index in self.sockets.ready() {
            if let Some(client) = self.clients.get_mut(index) {
                self.messages += client.read(&mut self.buffer)?;
            }
        }
        Ok(())
    }
}

impl Poller {
    /// Reads all that is there; events among it.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bodies = Vec::new();
        read_all(&mut self.stream, buffer, &mut self.pieces, |bytes| {
            let mut used = 0;
            while let Some((status, body, length)) = answer(bytes.get(used..).unwrap_or_default()) {
                let body = String::from_utf8_lossy(&body).into_owned();
                bodies.push((status, body));
                used += length;
            }
            used
        })?;
        let mut messages = 0;
        for (status, body) in bodies {
            if status != 200 {
                return Err(io::Error::other(format!("polling was refused: {body}")));
            }
            messages += packets(&body)
                .filter(|packet| packet.starts_with("42"))
                .count();
            // The answer to that asks again.
            let next = if has_ping(&body) {
                post(&self.sid, PONG)
            } else {
                get(&self.sid)
            };
            self.stream.write_all(next.as_bytes())?;
        }
        Ok(messages)
    }
}
