//! The least that a server can do for the same work: `limit PORT [--hold]`.
//!
//! One thread and one epoll. A tick's broadcasts become one shared buffer, each connection is written
//! once a tick; with `--hold` flushes are up to 1 ms apart while more keeps coming. It checks nothing
//! and speaks no more of the protocol than the load generator needs.

#![expect(
    clippy::print_stderr,
    reason = "a program for measuring has nobody else to tell"
)]

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bellgate_bench::wire;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(usize::MAX);
const HOLD: Duration = Duration::from_millis(1);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (port, hold) = match arguments.as_slice() {
        [port] => (port, false),
        [port, flag] if flag == "--hold" => (port, true),
        _ => {
            eprintln!("usage: limit PORT [--hold]");
            return ExitCode::from(2);
        }
    };
    match port
        .parse()
        .map_err(io::Error::other)
        .and_then(|port| serve(port, hold))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Limit {
    conns: Vec<Option<Conn>>,
    free: Vec<usize>,
    /// What the present tick sends to everybody.
    shared: Vec<u8>,
    /// Connections with an answer of their own to write.
    answering: Vec<usize>,
}

struct Conn {
    stream: TcpStream,
    is_open: bool,
    rest: Vec<u8>,
    answer: Vec<u8>,
    queue: VecDeque<(Rc<[u8]>, usize)>,
}

fn serve(port: u16, hold: bool) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(([127, 0, 0, 1], port).into())?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    let mut limit = Limit::default();
    let mut flushed = Instant::now();
    loop {
        let due = (!limit.shared.is_empty()).then(|| HOLD.saturating_sub(flushed.elapsed()));
        poll.poll(&mut events, due)?;
        for event in &events {
            if event.token() == LISTENER {
                limit.accept(&poll, &listener)?;
                continue;
            }
            let index = event.token().0;
            if event.is_readable() && !limit.read(index, &mut buffer) {
                limit.close(index);
                continue;
            }
            if event.is_writable() {
                limit.drain(index);
            }
        }
        limit.answer();
        if !limit.shared.is_empty() && (!hold || flushed.elapsed() >= HOLD) {
            limit.flush();
            flushed = Instant::now();
        }
    }
}

impl Limit {
    fn accept(&mut self, poll: &Poll, listener: &TcpListener) -> io::Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let index = self.free.pop().unwrap_or(self.conns.len());
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut stream, Token(index), interest)?;
            let conn = Some(Conn {
                stream,
                is_open: false,
                rest: Vec::new(),
                answer: Vec::new(),
                queue: VecDeque::new(),
            });
            match self.conns.get_mut(index) {
                Some(place) => *place = conn,
                None => self.conns.push(conn),
            }
        }
    }

    fn close(&mut self, index: usize) {
        if let Some(place) = self.conns.get_mut(index)
            && place.take().is_some()
        {
            self.free.push(index);
        }
    }

    /// Reads what is there; false where the connection has ended.
    fn read(&mut self, index: usize, buffer: &mut [u8]) -> bool {
        let Self {
            conns,
            shared,
            answering,
            ..
        } = self;
        let Some(Some(conn)) = conns.get_mut(index) else {
            return true;
        };
        loop {
            let count = match conn.stream.read(buffer) {
                Ok(0) => return false,
                Ok(count) => count,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            };
            let was_empty = conn.answer.is_empty();
            let read = buffer.get(..count).unwrap_or_default();
            if conn.rest.is_empty() {
                let used = conn.take(read, shared);
                conn.rest = read.get(used..).unwrap_or_default().to_vec();
            } else {
                let mut joined = std::mem::take(&mut conn.rest);
                joined.extend_from_slice(read);
                let used = conn.take(&joined, shared);
                joined.drain(..used);
                conn.rest = joined;
            }
            if was_empty && !conn.answer.is_empty() {
                answering.push(index);
            }
        }
    }

    /// Writes the answers to single clients.
    fn answer(&mut self) {
        for index in std::mem::take(&mut self.answering) {
            if let Some(Some(conn)) = self.conns.get_mut(index) {
                let answer = std::mem::take(&mut conn.answer);
                conn.write(&answer, || answer.as_slice().into());
            }
        }
    }

    /// Writes the tick's broadcasts to everybody.
    fn flush(&mut self) {
        let shared = std::mem::take(&mut self.shared);
        // Made where a first socket does not take it.
        let mut kept: Option<Rc<[u8]>> = None;
        for conn in self.conns.iter_mut().flatten() {
            if conn.is_open {
                conn.write(&shared, || {
                    Rc::clone(kept.get_or_insert_with(|| shared.as_slice().into()))
                });
            }
        }
        self.shared = shared;
        self.shared.clear();
    }

    /// Writes what a socket did not take before.
    fn drain(&mut self, index: usize) {
        let Some(Some(conn)) = self.conns.get_mut(index) else {
            return;
        };
        while let Some((bytes, written)) = conn.queue.front_mut() {
            let left = bytes.get(*written..).unwrap_or_default();
            match conn.stream.write(left) {
                Ok(count) if count == left.len() => drop(conn.queue.pop_front()),
                Ok(count) => *written += count,
                Err(_) => return,
            }
        }
    }
}

impl Conn {
    /// Writes bytes, and keeps what the socket does not take.
    fn write(&mut self, bytes: &[u8], keep: impl FnOnce() -> Rc<[u8]>) {
        let mut written = 0;
        if self.queue.is_empty() {
            written = self.stream.write(bytes).unwrap_or(0);
        }
        if written < bytes.len() {
            self.queue.push_back((keep(), written));
        }
    }

    /// Takes in what a client said; how many bytes were whole.
    fn take(&mut self, bytes: &[u8], shared: &mut Vec<u8>) -> usize {
        let mut used = 0;
        if !self.is_open {
            let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else {
                return 0;
            };
            used = head + 4;
            self.is_open = true;
            // The accept key of the one nonce that the load generator uses (RFC 6455 §1.3).
            self.answer.extend_from_slice(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            );
            self.answer.extend_from_slice(&wire::shared(
                br#"0{"sid":"limit","upgrades":[],"pingInterval":25000,"pingTimeout":60000,"maxPayload":1000000}"#,
            ));
        }
        while let Some((text, length)) = wire::parse_masked(bytes.get(used..).unwrap_or_default()) {
            used += length;
            if text == b"40" {
                self.answer
                    .extend_from_slice(&wire::shared(br#"40{"sid":"limit"}"#));
            } else if let Some(rest) = text.strip_prefix(br#"42["bcast","#) {
                let packet = [br#"42["msg","#, rest].concat();
                shared.extend_from_slice(&wire::shared(&packet));
            } else if let Some(packet) = echoed(text) {
                self.answer.extend_from_slice(&wire::shared(&packet));
            }
        }
        used
    }
}

/// The ack to `42N["echo",…]`.
fn echoed(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_prefix(b"42")?;
    let at = text.iter().position(|byte| *byte == b'[')?;
    let (id, array) = text.split_at(at);
    let args = array.strip_prefix(br#"["echo","#)?;
    Some([b"43", id, b"[", args].concat())
}
