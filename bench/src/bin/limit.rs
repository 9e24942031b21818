//! The least that a server can do for the same work: `limit PORT [--hold]`.
//!
//! One thread and one epoll. A tick's broadcasts become one shared buffer, and so do those of a room;
//! each connection is written once a tick; with `--hold` flushes are up to 1 ms apart while more keeps
//! coming. It checks nothing and speaks no more of the protocol than the load generator needs.

#![expect(
    clippy::print_stderr,
    reason = "a program for measuring has nobody else to tell"
)]

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bellgate_bench::wire::{self, Pieces};
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
    says: Said,
    /// Connections with an answer of their own to write.
    answering: Vec<usize>,
}

/// What the present tick says.
#[derive(Default)]
struct Said {
    /// To everybody.
    shared: Vec<u8>,
    /// Where a room of this name stands.
    names: HashMap<Vec<u8>, usize>,
    rooms: Vec<Room>,
    /// Rooms with something to write.
    telling: Vec<usize>,
}

#[derive(Default)]
struct Room {
    members: Vec<usize>,
    shared: Vec<u8>,
}

struct Conn {
    index: usize,
    rooms: Vec<usize>,
    stream: TcpStream,
    is_open: bool,
    pieces: Pieces,
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
        let due = (!limit.says.is_empty()).then(|| HOLD.saturating_sub(flushed.elapsed()));
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
        if !limit.says.is_empty() && (!hold || flushed.elapsed() >= HOLD) {
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
                index,
                rooms: Vec::new(),
                stream,
                is_open: false,
                pieces: Pieces::default(),
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
            && let Some(conn) = place.take()
        {
            for room in conn.rooms {
                if let Some(room) = self.says.rooms.get_mut(room) {
                    room.members.retain(|member| *member != index);
                }
            }
            self.free.push(index);
        }
    }

    /// Reads what is there; false where the connection has ended.
    fn read(&mut self, index: usize, buffer: &mut [u8]) -> bool {
        let Self {
            conns,
            says,
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
            let mut pieces = std::mem::take(&mut conn.pieces);
            pieces.feed(read, |bytes| conn.take(bytes, says));
            conn.pieces = pieces;
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

    /// Writes what the tick says to everybody and to rooms.
    fn flush(&mut self) {
        let Self { conns, says, .. } = self;
        if !says.shared.is_empty() {
            let open = conns.iter_mut().flatten().filter(|conn| conn.is_open);
            write_all(&says.shared, open);
            says.shared.clear();
        }
        for room in says.telling.drain(..) {
            let Some(room) = says.rooms.get_mut(room) else {
                continue;
            };
            for member in &room.members {
                if let Some(Some(conn)) = conns.get_mut(*member) {
                    conn.write(&room.shared, || room.shared.as_slice().into());
                }
            }
            room.shared.clear();
        }
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
    fn take(&mut self, bytes: &[u8], says: &mut Said) -> usize {
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
            if text.starts_with(b"40") {
                self.answer
                    .extend_from_slice(&wire::shared(br#"40{"sid":"limit"}"#));
            } else if let Some(rest) = text.strip_prefix(br#"42["bcast","#) {
                let packet = [br#"42["msg","#, rest].concat();
                says.shared.extend_from_slice(&wire::shared(&packet));
            } else if let Some(rest) = text.strip_prefix(br#"42["tell",[""#) {
                says.tell(rest);
            } else if let Some(rest) = text.strip_prefix(br#"420["enter",""#) {
                self.rooms.push(says.enter(rest, self.index));
                self.answer.extend_from_slice(&wire::shared(b"430[]"));
            } else if let Some(packet) = echoed(text) {
                self.answer.extend_from_slice(&wire::shared(&packet));
            }
        }
        used
    }
}

impl Said {
    fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.telling.is_empty()
    }

    /// Puts a client into the room whose name begins the text; where the room stands.
    fn enter(&mut self, text: &[u8], client: usize) -> usize {
        let name = text.split(|byte| *byte == b'"').next().unwrap_or_default();
        let room = *self.names.entry(name.to_vec()).or_insert_with(|| {
            self.rooms.push(Room::default());
            self.rooms.len() - 1
        });
        if let Some(room) = self.rooms.get_mut(room) {
            room.members.push(client);
        }
        room
    }

    /// Takes in `room",x]]`.
    fn tell(&mut self, text: &[u8]) {
        let Some(end) = text.iter().position(|byte| *byte == b'"') else {
            return;
        };
        let (name, rest) = text.split_at(end);
        if let Some(index) = self.names.get(name)
            && let Some(room) = self.rooms.get_mut(*index)
            && let Some(rest) = rest.strip_prefix(b"\",")
            && let Some(rest) = rest.strip_suffix(b"]")
        {
            if room.shared.is_empty() {
                self.telling.push(*index);
            }
            let packet = [br#"42["msg","#, rest].concat();
            room.shared.extend_from_slice(&wire::shared(&packet));
        }
    }
}

/// Writes the same to all of these.
fn write_all<'a>(bytes: &[u8], conns: impl Iterator<Item = &'a mut Conn>) {
    // Made where a first socket does not take it.
    let mut kept: Option<Rc<[u8]>> = None;
    for conn in conns {
        conn.write(bytes, || {
            Rc::clone(kept.get_or_insert_with(|| bytes.into()))
        });
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
