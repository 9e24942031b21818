//! A client on WebSocket that masks its frames, and otherwise sends whatever it is told to.

use std::collections::VecDeque;
use std::io;

use bellgate_wire::ws::client;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Target;
use super::http::{Answer, Http, get};
use super::wait::soon;

/// Engine.IO's handshake on WebSocket.
pub(crate) const OPEN: &str = "/socket.io/?EIO=4&transport=websocket";
/// The headers of a handshake.
pub(crate) const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// An open WebSocket.
pub(crate) struct Ws {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
    frames: VecDeque<(u8, Vec<u8>)>,
    /// The headers of the handshake's answer.
    pub(crate) handshake: Answer,
}

/// How the server ended a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The code of its close frame, if it sent one.
    pub(crate) code: Option<u16>,
    /// The reason in it.
    pub(crate) reason: Vec<u8>,
    /// The text messages before it.
    pub(crate) texts: Vec<String>,
}

impl Ws {
    /// Shakes hands at a path; a refusal is the error.
    pub(crate) async fn shake(target: Target, path: &str, headers: &str) -> Result<Self, Answer> {
        Self::shake_with(target, path, headers, b"").await
    }

    /// The same with bytes right behind the handshake, in one segment.
    pub(crate) async fn shake_with(
        target: Target,
        path: &str,
        headers: &str,
        behind: &[u8],
    ) -> Result<Self, Answer> {
        let mut request = get(path, &format!("{UPGRADE}{headers}"));
        request.extend_from_slice(behind);
        Self::shake_on(Http::connect(target).await, &request).await
    }

    /// Sends a handshake on a connection that is there.
    async fn shake_on(mut http: Http, request: &[u8]) -> Result<Self, Answer> {
        let answer = http.ask(request).await.expect("an answer");
        if answer.status != 101 {
            return Err(answer);
        }
        let (stream, buffer) = http.into_parts();
        Ok(Self {
            stream,
            buffer,
            frames: VecDeque::new(),
            handshake: answer,
        })
    }

    /// A fresh session without a namespace.
    pub(crate) async fn open(target: Target) -> Self {
        Self::open_with(target, "").await
    }

    /// A fresh session, with more headers in its handshake.
    pub(crate) async fn open_with(target: Target, headers: &str) -> Self {
        let ws = Self::shake(target, OPEN, headers).await;
        ws.expect("a handshake that is admitted").opened().await
    }

    /// A fresh session on a connection that is there.
    pub(crate) async fn from_stream(stream: TcpStream) -> Self {
        let ws = Self::shake_on(Http::from_stream(stream), &get(OPEN, UPGRADE)).await;
        ws.expect("a handshake that is admitted").opened().await
    }

    /// Reads the first packet of a session.
    async fn opened(mut self) -> Self {
        let open = self.next_text().await.expect("a session's first packet");
        assert!(open.starts_with("0{"), "{open}");
        self
    }

    /// A session that has joined `/`.
    pub(crate) async fn joined(target: Target) -> Self {
        let mut ws = Self::open(target).await;
        ws.join().await;
        ws
    }

    /// Joins `/` and reads the answer.
    pub(crate) async fn join(&mut self) {
        self.text("40").await;
        let welcome = self.next_text().await.expect("an answer to CONNECT");
        assert!(welcome.starts_with("40{\"sid\":"), "{welcome}");
    }

    /// A WebSocket that comes to a polling session.
    pub(crate) async fn probe(target: Target, sid: &str) -> Self {
        Self::shake(target, &format!("{OPEN}&sid={sid}"), "")
            .await
            .expect("a probe is let in")
    }

    /// The same, asked and answered.
    pub(crate) async fn probed(target: Target, sid: &str) -> Self {
        let mut probe = Self::probe(target, sid).await;
        probe.text("2probe").await;
        assert_eq!(probe.next_text().await.as_deref(), Some("3probe"));
        probe
    }

    /// Writes bytes as they are; an error means that the server has closed.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends a whole frame, if the server still takes it.
    pub(crate) async fn frame(&mut self, opcode: u8, payload: &[u8]) {
        // Whoever reads on learns of the end.
        let _ = self.send(&frame(opcode, payload)).await;
    }

    /// Sends a text message, if the server still takes it.
    pub(crate) async fn text(&mut self, text: &str) {
        self.frame(TEXT, text.as_bytes()).await;
    }

    /// The next frame; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        soon("a frame or the end of a WebSocket", self.read()).await
    }

    /// The next frame, however long it takes; to be waited for with a deadline of the test's own.
    pub(crate) async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            let (frames, taken) = client::parse_prefix(&self.buffer);
            self.buffer.drain(..taken);
            let frames = frames.into_iter();
            self.frames
                .extend(frames.map(|(opcode, _, data)| (opcode, data)));
            if self.frames.is_empty()
                && !matches!(self.stream.read_buf(&mut self.buffer).await, Ok(1..))
            {
                return None;
            }
        }
    }

    /// The next text message; `None` when the server closes.
    pub(crate) async fn next_text(&mut self) -> Option<String> {
        match self.next().await {
            Some((TEXT, text)) => Some(String::from_utf8(text).expect("the server sends UTF-8")),
            other => {
                // Left for `ended`.
                self.frames.extend(other);
                None
            }
        }
    }

    /// Sends an event and reads its ack, past pings and other events.
    pub(crate) async fn echo(&mut self, text: &str) -> String {
        self.text(&format!("421[\"echo\",{text}]")).await;
        while let Some(answer) = self.next_text().await {
            if answer.starts_with("431") {
                return answer;
            }
        }
        panic!("the WebSocket ended instead of an ack");
    }

    /// Reads to the end of the stream.
    pub(crate) async fn ended(&mut self) -> Ended {
        soon("the end of a WebSocket", self.read_to_end()).await
    }

    /// The same, however long it takes.
    pub(crate) async fn read_to_end(&mut self) -> Ended {
        let mut ended = Ended {
            code: None,
            reason: Vec::new(),
            texts: Vec::new(),
        };
        while let Some((opcode, payload)) = self.read().await {
            assert_eq!(ended.code, None, "a frame behind the close frame");
            match (opcode, payload.split_first_chunk::<2>()) {
                (CLOSE, Some((code, reason))) => {
                    ended.code = Some(u16::from_be_bytes(*code));
                    ended.reason = reason.to_vec();
                    assert!(payload.len() <= 125, "RFC 6455 §5.5");
                    assert!(std::str::from_utf8(reason).is_ok());
                    // As a client answers a close frame, so that the server need not wait.
                    self.frame(CLOSE, &payload).await;
                }
                (TEXT, _) => ended
                    .texts
                    .push(String::from_utf8_lossy(&payload).into_owned()),
                _ => {}
            }
        }
        ended
    }
}

/// A whole masked frame.
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    client::frame(opcode, payload, MASK, true)
}

/// A masked frame that begins or continues a message.
pub(crate) fn fragment(opcode: u8, payload: &[u8]) -> Vec<u8> {
    client::frame(opcode, payload, MASK, false)
}

/// A masked frame with any first byte.
pub(crate) fn raw_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    client::frame_with(first, payload, MASK)
}

/// The header of a masked frame that announces a length in 64 bits, and no payload.
pub(crate) fn announce(opcode: u8, length: u64) -> Vec<u8> {
    let mut header = vec![0x80 | opcode, 0xff];
    header.extend_from_slice(&length.to_be_bytes());
    header.extend_from_slice(&MASK);
    header
}
