//! Sessions over HTTP polling: a request, its answer, the next request on the same connection.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::session::{ORIGIN, PONG, dial, until};

/// Between the packets of one body (Engine.IO v4, payload encoding).
const SEPARATOR: char = '\x1e';

/// A session that polls, with the connection that its requests go over.
pub struct Polling {
    server: SocketAddr,
    sid: String,
    stream: TcpStream,
}

impl Polling {
    /// Opens a session and joins `/` with this CONNECT.
    pub fn join(server: SocketAddr, connect: &str) -> io::Result<Self> {
        let mut polling = Self {
            server,
            sid: String::new(),
            stream: dial(server)?,
        };
        let open = polling.poll()?;
        let sid = open.split("\"sid\":\"").nth(1);
        let sid = sid.and_then(|rest| rest.split('"').next());
        let sid = sid.ok_or_else(|| io::Error::other(format!("no session: {open}")))?;
        sid.clone_into(&mut polling.sid);
        polling.post(connect)?;
        while !packets(&polling.poll()?).any(|packet| packet.starts_with("40")) {}
        Ok(polling)
    }

    /// Its session.
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// Where it was opened.
    pub const fn server(&self) -> SocketAddr {
        self.server
    }

    /// Goes on over a new connection.
    pub fn redial(&mut self) -> io::Result<()> {
        self.stream = dial(self.server)?;
        Ok(())
    }

    /// Sends packets.
    pub fn post(&mut self, body: &str) -> io::Result<()> {
        self.stream.write_all(post(&self.sid, body).as_bytes())?;
        self.answer().map(drop)
    }

    /// Fetches packets, and answers a ping among them.
    pub fn poll(&mut self) -> io::Result<String> {
        self.ask()?;
        let body = self.answer()?;
        if has_ping(&body) {
            self.post(PONG)?;
        }
        Ok(body)
    }

    /// Asks for packets, and leaves the answer to come.
    pub fn ask(&mut self) -> io::Result<()> {
        self.stream.write_all(get(&self.sid).as_bytes())
    }

    /// Its session and its connection, to be read by others.
    pub fn into_parts(self) -> (String, TcpStream) {
        (self.sid, self.stream)
    }

    fn answer(&mut self) -> io::Result<String> {
        let mut read = Vec::new();
        until(&mut self.stream, &mut read, |read| {
            answer(read).is_some().then_some(0)
        })?;
        if let Some((200, body, _)) = answer(&read) {
            return Ok(String::from_utf8_lossy(&body).into_owned());
        }
        let text = String::from_utf8_lossy(&read).into_owned();
        Err(io::Error::other(format!("polling was refused: {text}")))
    }
}

/// The packets of a body.
pub fn packets(body: &str) -> impl Iterator<Item = &str> {
    body.split(SEPARATOR)
}

/// Whether a body brings a ping, which [`PONG`] answers.
pub fn has_ping(body: &str) -> bool {
    packets(body).any(|packet| packet == "2")
}

/// A request for packets; an empty sid opens a session.
pub fn get(sid: &str) -> String {
    let query = query(sid);
    format!(
        "GET /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: localhost\r\n\
         Origin: {ORIGIN}\r\n\r\n"
    )
}

/// A request that brings packets.
pub fn post(sid: &str, body: &str) -> String {
    let query = query(sid);
    let length = body.len();
    format!(
        "POST /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: localhost\r\n\
         Origin: {ORIGIN}\r\nContent-Type: text/plain;charset=UTF-8\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

fn query(sid: &str) -> String {
    if sid.is_empty() {
        String::new()
    } else {
        format!("&sid={sid}")
    }
}

/// Status and body of the first whole answer, and its length.
pub fn answer(bytes: &[u8]) -> Option<(u16, Cow<'_, [u8]>, usize)> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(bytes.get(..head)?).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    let header = |name: &str| {
        let mut lines = text.lines();
        let line = lines.find(|line| {
            let start = line.get(..name.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(name))
        })?;
        line.get(name.len()..).map(str::trim)
    };
    let rest = bytes.get(head..)?;
    if let Some(length) = header("content-length:") {
        let length: usize = length.parse().ok()?;
        return Some((status, rest.get(..length)?.into(), head + length));
    }
    if header("transfer-encoding:").is_none() {
        return Some((status, Cow::default(), head));
    }
    let (body, length) = chunks(rest)?;
    Some((status, body.into(), head + length))
}

/// A body in chunks (RFC 9112 §7.1) without trailers, and its length as it was sent.
fn chunks(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..)?;
        let line = rest.windows(2).position(|end| end == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        let begin = line + 2;
        let chunk = rest.get(begin..begin + size)?;
        // Its end must be there too.
        rest.get(begin + size..begin + size + 2)?;
        body.extend_from_slice(chunk);
        at += begin + size + 2;
        if size == 0 {
            return Some((body, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_once_it_is_whole() {
        let plain = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n42xHTTP";
        let chunked =
            b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n42\r\n1\r\nx\r\n0\r\n\r\nHTTP";
        for (bytes, status) in [(&plain[..], 200), (&chunked[..], 400)] {
            let whole = bytes.len() - 4;
            for end in 0..whole {
                assert_eq!(answer(&bytes[..end]), None, "{end}");
            }
            assert_eq!(answer(bytes), Some((status, b"42x"[..].into(), whole)));
        }
    }
}
