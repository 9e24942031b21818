//! Sockets that one thread waits for, and reads.

use std::io::{self, Read as _};
use std::net::TcpStream as Blocking;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::PATIENCE;
use crate::wire::Pieces;

/// Which of many sockets have something to read.
pub(super) struct Sockets {
    poll: Poll,
    events: Events,
}

impl Sockets {
    /// Of these, by their places; none of them blocks from here on.
    pub(super) fn of(streams: Vec<Blocking>) -> io::Result<(Self, Vec<TcpStream>)> {
        let poll = Poll::new()?;
        let register = |(index, stream): (usize, Blocking)| {
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry()
                .register(&mut stream, Token(index), Interest::READABLE)?;
            Ok(stream)
        };
        let streams: io::Result<Vec<_>> = streams.into_iter().enumerate().map(register).collect();
        let events = Events::with_capacity(1024);
        Ok((Self { poll, events }, streams?))
    }

    /// Waits until something has come.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            self.wait_for(PATIENCE)?;
            if !self.events.is_empty() {
                return Ok(());
            }
            if begun.elapsed() >= PATIENCE {
                return Err(io::Error::other("the server says nothing any more"));
            }
        }
    }

    /// Waits until something has come, so long at most.
    pub(super) fn wait_for(&mut self, timeout: Duration) -> io::Result<()> {
        self.poll.poll(&mut self.events, Some(timeout))
    }

    /// The places of those for which something had come then.
    pub(super) fn ready(&self) -> impl Iterator<Item = usize> {
        self.events.iter().map(|event| event.token().0)
    }
}

/// Reads all that is there; `take` is handed it piece by piece and says how many bytes were whole.
pub(super) fn read_all(
    stream: &mut TcpStream,
    buffer: &mut [u8],
    pieces: &mut Pieces,
    mut take: impl FnMut(&[u8]) -> usize,
) -> io::Result<()> {
    loop {
        let count = match stream.read(buffer) {
            Ok(0) => return Err(io::Error::other("the server has closed a connection")),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        pieces.feed(buffer.get(..count).unwrap_or_default(), &mut take);
    }
}
