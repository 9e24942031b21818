//! Sessions over WebSocket, opened and joined by steps that block.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::dialect::Heard;
use super::polling::Polling;
use super::{frame, parse};

/// How long a server may take for a step.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// What every client says it is.
pub(super) const ORIGIN: &str = "http://localhost:5000";
/// Where the WebSocket opens.
const PATH: &str = "/socket.io/?EIO=4&transport=websocket";
/// The CONNECT of a visitor to `/`.
pub const VISITOR: &str = "40";

/// Opens a session over WebSocket and joins `/` as a visitor.
pub fn join(server: SocketAddr) -> io::Result<TcpStream> {
    join_as(server, VISITOR)
}

/// Opens a session over WebSocket and joins `/` with this CONNECT.
pub fn join_as(server: SocketAddr, connect: &str) -> io::Result<TcpStream> {
    let mut stream = dial(server)?;
    open(&mut stream, connect)?;
    Ok(stream)
}

/// Opens a session over WebSocket with this `Cookie` header, and joins `/` with this CONNECT.
pub fn join_with(server: SocketAddr, cookie: &str, connect: &str) -> io::Result<TcpStream> {
    let mut stream = dial(server)?;
    open_with(&mut stream, Some(cookie), connect)?;
    Ok(stream)
}

/// The CONNECT of a user.
pub fn user(index: usize) -> String {
    format!("40{{\"user\":\"u{index}\"}}")
}

/// A connection to a server; what it does blocks no longer than a server may take.
pub fn dial(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Opens and joins over a stream that is there, a plain one or one of TLS.
pub fn open<S: Read + Write>(stream: &mut S, connect: &str) -> io::Result<()> {
    open_with(stream, None, connect)
}

fn open_with<S: Read + Write>(
    stream: &mut S,
    cookie: Option<&str>,
    connect: &str,
) -> io::Result<()> {
    let mut read = Vec::new();
    shake(stream, &mut read, PATH, cookie)?;
    answered(stream, &mut read, b"0{")?;
    stream.write_all(&frame(connect.as_bytes()))?;
    answered(stream, &mut read, b"40")
}

/// Has a joined client send a packet that is acknowledged with the id 0, and waits for the ack.
pub fn ask<S: Read + Write>(stream: &mut S, packet: &str) -> io::Result<()> {
    stream.write_all(&frame(packet.as_bytes()))?;
    answered(stream, &mut Vec::new(), b"430[")
}

/// Upgrades a session that polls (Engine.IO v4, upgrade), and has one event answered over the WebSocket.
pub fn upgrade(polling: &Polling) -> io::Result<TcpStream> {
    let mut stream = dial(polling.server())?;
    let mut read = Vec::new();
    shake(
        &mut stream,
        &mut read,
        &format!("{PATH}&sid={}", polling.sid()),
        None,
    )?;
    stream.write_all(&frame(b"2probe"))?;
    answered(&mut stream, &mut read, b"3probe")?;
    stream.write_all(&frame(b"5"))?;
    ask(&mut stream, "420[\"echo\",\"x\"]")?;
    Ok(stream)
}

/// The answer to a ping.
pub const PONG: &str = "3";

/// What a frame is to a crowd.
pub(super) fn hear(frame: &[u8]) -> Option<Heard> {
    match frame {
        [b'4', b'2', ..] => Some(Heard::Event),
        [b'4', b'3', ..] => Some(Heard::Ack),
        b"2" => Some(Heard::Ping),
        _ => None,
    }
}

/// The WebSocket handshake (RFC 6455 §4.1) at this path, with a `Cookie` header where there is one.
pub(super) fn shake<S: Read + Write>(
    stream: &mut S,
    read: &mut Vec<u8>,
    path: &str,
    cookie: Option<&str>,
) -> io::Result<()> {
    let cookie = cookie.map_or_else(String::new, |cookie| format!("Cookie: {cookie}\r\n"));
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}\
         Origin: {ORIGIN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    until(stream, read, |read| {
        let head = read.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
        read.starts_with(b"HTTP/1.1 101").then_some(head)
    })
}

/// Reads until `done` says how many bytes are dealt with.
pub(super) fn until<S: Read>(
    stream: &mut S,
    read: &mut Vec<u8>,
    done: impl Fn(&[u8]) -> Option<usize>,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        if let Some(length) = done(read) {
            read.drain(..length);
            return Ok(());
        }
        let count = stream.read(&mut buffer).map_err(|error| {
            let text = String::from_utf8_lossy(read);
            io::Error::other(format!("{error} after {text:?}"))
        })?;
        if count == 0 {
            let text = String::from_utf8_lossy(read).into_owned();
            return Err(io::Error::other(format!("the server has closed: {text}")));
        }
        read.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
}

/// Reads until a frame has come whose text begins so, and what has come with it. Pings are answered: some servers send
/// one first of all, and close where no pong comes.
fn answered<S: Read + Write>(stream: &mut S, read: &mut Vec<u8>, with: &[u8]) -> io::Result<()> {
    let mut has_come = false;
    while !has_come || !read.is_empty() {
        until(stream, read, |read| parse(read).map(|_| 0))?;
        let Some((text, length)) = parse(read) else {
            continue;
        };
        has_come |= text.starts_with(with);
        let is_ping = hear(text) == Some(Heard::Ping);
        read.drain(..length);
        if is_ping {
            stream.write_all(&frame(PONG.as_bytes()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::shared;

    /// What a server has said, and what was written to it.
    struct Said(io::Cursor<Vec<u8>>, Vec<u8>);

    impl Read for Said {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            // In pieces, as frames may come.
            let some = to.len().min(10);
            self.0.read(to.get_mut(..some).unwrap_or_default())
        }
    }

    impl Write for Said {
        fn write(&mut self, from: &[u8]) -> io::Result<usize> {
            self.1.write(from)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_ping_before_an_answer_or_in_the_same_read_is_answered() {
        for said in [[&b"2"[..], b"430[]"], [b"430[]", b"2"]] {
            let said = said.map(shared).concat();
            let mut stream = Said(io::Cursor::new(said), Vec::new());
            answered(&mut stream, &mut Vec::new(), b"430[").unwrap();
            assert_eq!(stream.1, frame(b"3"));
        }
    }
}
