//! HTTP/1.1 by hand: bytes out, answers in.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Target;
use super::wait::soon;

/// An answer, with its body whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The answer of Engine.IO to a bad request: its status and number.
    pub(crate) fn engine_code(&self) -> (u16, i64) {
        (self.status, self.json()["code"].as_i64().unwrap())
    }
}

/// A connection. What the server no longer takes is dropped without a word, as a network would.
pub(crate) struct Http {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Http {
    pub(crate) async fn connect(target: Target) -> Self {
        let stream = soon("a connection", TcpStream::connect(target))
            .await
            .expect("the server listens");
        Self::from_stream(stream)
    }

    /// On a connection that is there.
    pub(crate) fn from_stream(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a fresh socket");
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Writes bytes; an error means that the server has closed.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next answer. `None`: the server closed without one.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        soon("an answer or the end of the connection", self.read()).await
    }

    /// The next answer, however long it takes; to be waited for with a deadline of the test's own.
    pub(crate) async fn read(&mut self) -> Option<Answer> {
        loop {
            if let Some((answer, length)) = parse(&self.buffer) {
                self.buffer.drain(..length);
                return Some(answer);
            }
            if !matches!(self.stream.read_buf(&mut self.buffer).await, Ok(1..)) {
                return None;
            }
        }
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Option<Answer> {
        // The answer may be there although the rest of the request was not taken.
        let _ = self.send(request).await;
        self.answer().await
    }

    /// What came behind the last answer, and the stream.
    pub(crate) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.buffer)
    }

    /// Ends the connection by a reset.
    pub(crate) fn reset(self) {
        reset(&self.stream);
    }
}

/// Closing this stream will reset its connection instead of ending it in order.
pub(crate) fn reset(stream: &TcpStream) {
    // A socket that the server has closed already cannot be told, and need not be.
    let _ = rustix::net::sockopt::set_socket_linger(stream, Some(std::time::Duration::ZERO));
}

/// One request on a connection of its own.
pub(crate) async fn once(target: Target, request: &[u8]) -> Option<Answer> {
    Http::connect(target).await.ask(request).await
}

/// One request on a connection of its own, which the server must answer.
pub(crate) async fn fetch(target: Target, request: &[u8]) -> Answer {
    let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
    let answer = once(target, request).await;
    answer.unwrap_or_else(|| panic!("closed without an answer to {shown}"))
}

/// A GET with more header lines, each with its `\r\n`.
pub(crate) fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").into_bytes()
}

/// A POST with its length.
pub(crate) fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// One whole answer at the start of `bytes`, and its length.
pub(crate) fn parse(bytes: &[u8]) -> Option<(Answer, usize)> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]);
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let value = |name: &str| headers.iter().find(|(known, _)| known == name);
    let (body, length) = if matches!(status, 101 | 204 | 304) {
        (Vec::new(), 0)
    } else if value("transfer-encoding").is_some() {
        chunks(&bytes[head..])?
    } else {
        let length = value("content-length").map_or(0, |(_, text)| text.parse().unwrap_or(0));
        (bytes.get(head..head + length)?.to_vec(), length)
    };
    let answer = Answer {
        status,
        headers,
        body,
    };
    Some((answer, head + length))
}

/// A chunked body (RFC 9112 §7.1) and its length on the wire.
fn chunks(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let line = at + bytes.get(at..)?.windows(2).position(|end| end == b"\r\n")?;
        let size = std::str::from_utf8(&bytes[at..line]).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        body.extend_from_slice(bytes.get(line + 2..line + 2 + size)?);
        at = line + 2 + size + 2;
        if size == 0 {
            return (at <= bytes.len()).then_some((body, at));
        }
    }
}
