//! The client's side of Socket.IO over WebSocket: just enough to load a server.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may take for a step of the handshake.
const PATIENCE: Duration = Duration::from_secs(20);
/// What every client says it is.
const ORIGIN: &str = "http://localhost:5000";

/// Opens a session over WebSocket and joins `/`.
pub fn join(server: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {server}\r\nOrigin: {ORIGIN}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )?;
    let mut read = Vec::new();
    until(&mut stream, &mut read, |read| {
        let head = read.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
        read.starts_with(b"HTTP/1.1 101").then_some(head)
    })?;
    until(&mut stream, &mut read, |read| opened(read, b"0{"))?;
    stream.write_all(&frame(b"40"))?;
    until(&mut stream, &mut read, |read| opened(read, b"40"))?;
    Ok(stream)
}

/// Reads until `done` says how many bytes are dealt with.
fn until(
    stream: &mut TcpStream,
    read: &mut Vec<u8>,
    done: impl Fn(&[u8]) -> Option<usize>,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        if let Some(length) = done(read) {
            read.drain(..length);
            return Ok(());
        }
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            let text = String::from_utf8_lossy(read).into_owned();
            return Err(io::Error::other(format!("the server has closed: {text}")));
        }
        read.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
}

/// The length of what there is up to a whole frame whose text begins so. Some servers ping first.
fn opened(read: &[u8], with: &[u8]) -> Option<usize> {
    let mut passed = 0;
    loop {
        let (text, length) = parse(read.get(passed..)?)?;
        passed += length;
        if text.starts_with(with) {
            return Some(passed);
        }
    }
}

/// The second byte of a frame (RFC 6455 §5.2): whether it is masked, and the lengths that say that the
/// true one follows in two or in eight bytes.
const MASKED: u8 = 0x80;
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

/// A text frame as a client sends it. The mask is all zeros: a server unmasks all the same.
pub fn frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(length @ ..126) => frame.push(MASKED | length.to_be_bytes()[1]),
        Ok(length) => {
            frame.push(MASKED | TWO_BYTES);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            frame.push(MASKED | EIGHT_BYTES);
            frame.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text);
    frame
}

/// A text frame as a server sends it.
pub fn shared(text: &[u8]) -> Vec<u8> {
    let mut frame = frame(text);
    // Without the bit and the bytes of a mask.
    if let Some(length) = frame.get_mut(1) {
        *length &= !MASKED;
    }
    let head = frame.len() - text.len();
    frame.drain(head - 4..head);
    frame
}

/// The payload of the first whole frame without a mask, and the frame's length.
pub fn parse(bytes: &[u8]) -> Option<(&[u8], usize)> {
    parse_with(bytes, 0)
}

/// As [`parse`], with a mask of zeros, as [`frame`] writes it.
pub fn parse_masked(bytes: &[u8]) -> Option<(&[u8], usize)> {
    parse_with(bytes, 4)
}

fn parse_with(bytes: &[u8], mask: usize) -> Option<(&[u8], usize)> {
    let [_, short, rest @ ..] = bytes else {
        return None;
    };
    let (length, head) = match short & !MASKED {
        TWO_BYTES => {
            let length = u16::from_be_bytes(*rest.first_chunk()?);
            (usize::from(length), 4)
        }
        EIGHT_BYTES => {
            let length = u64::from_be_bytes(*rest.first_chunk()?);
            (usize::try_from(length).ok()?, 10)
        }
        length => (usize::from(length), 2),
    };
    let head = head + mask;
    let payload = bytes.get(head..head + length)?;
    Some((payload, head + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_read_as_they_were_written() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let text = vec![b'x'; length];
            let (masked, plain) = (frame(&text), shared(&text));
            let whole = Some((&text[..], masked.len()));
            assert_eq!(parse_masked(&masked), whole, "{length}");
            let whole = Some((&text[..], plain.len()));
            assert_eq!(parse(&plain), whole, "{length}");
            assert_eq!(parse_masked(&masked[..masked.len() - 1]), None, "{length}");
            assert_eq!(parse(&plain[..plain.len() - 1]), None, "{length}");
        }
    }
}
