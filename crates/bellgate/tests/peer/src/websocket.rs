//! A bare WebSocket, with every frame to be seen.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bellgate_wire::ws::{accept_key, client};
use bytes::Bytes;
use http::Response;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::http::Answer;
use crate::reach::{Reach, Stream};
use crate::within;

/// Largest message that a test expects.
const LARGEST: usize = 4 << 20;
/// Any mask will do.
const MASK: [u8; 4] = [7, 11, 13, 17];

/// What a server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
    /// A ping or a pong of WebSocket's own.
    Control(u8, Bytes),
    /// A close frame: its code (1005: none) and reason.
    Close(u16, String),
    /// The end of the stream, orderly or not.
    End,
}

/// An open WebSocket.
pub struct WebSocket {
    stream: Stream,
    input: Vec<u8>,
    frames: VecDeque<(u8, bool, Vec<u8>)>,
    /// The extensions that the server agreed to.
    pub extensions: String,
    /// Compressed frames that came.
    pub compressed: usize,
    /// Bytes of frames that came.
    pub received: usize,
}

impl WebSocket {
    /// Opens one at the Engine.IO path with this query; the answer, where it is not `101`.
    pub async fn open(reach: &Reach, query: &str) -> Result<Self, Answer> {
        Self::open_with(reach, query, &[]).await
    }

    /// As [`Self::open`], with further headers.
    pub async fn open_with(
        reach: &Reach,
        query: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Answer> {
        let opening = async {
            let stream = reach.connect().await?;
            handshake(reach, stream, query, headers).await
        };
        within("the answer to a WebSocket handshake", opening)
            .await
            .expect("the server answers")
    }

    /// Sends text.
    pub async fn text(&mut self, text: &str) {
        self.raw(&client::frame(1, text.as_bytes(), MASK, true))
            .await;
    }

    /// Sends bytes.
    pub async fn binary(&mut self, data: &[u8]) {
        self.raw(&client::frame(2, data, MASK, true)).await;
    }

    /// Sends a close frame.
    pub async fn close(&mut self, code: u16) {
        self.raw(&client::frame(8, &code.to_be_bytes(), MASK, true))
            .await;
    }

    /// Sends any bytes. A server that has gone takes none, which the next [`Self::next`] tells.
    pub async fn raw(&mut self, bytes: &[u8]) {
        let _ = within("a WebSocket to take data", self.stream.write_all(bytes)).await;
    }

    /// The next frame.
    pub async fn next(&mut self) -> Frame {
        within("a frame", self.wait()).await
    }

    /// The next frame, however long it takes.
    pub async fn wait(&mut self) -> Frame {
        loop {
            if let Some((opcode, is_compressed, payload)) = self.frames.pop_front() {
                let frame = self.read(opcode, is_compressed, payload);
                if let Frame::Close(..) = frame {
                    self.say_goodbye().await;
                }
                return frame;
            }
            if !matches!(self.stream.read_buf(&mut self.input).await, Ok(1..)) {
                return Frame::End;
            }
            let (frames, used) = client::parse_prefix(&self.input);
            self.received += used;
            self.input.drain(..used);
            self.frames.extend(frames);
        }
    }

    /// Answers the server's close frame and ends this side, as every WebSocket library does.
    async fn say_goodbye(&mut self) {
        // The server may have gone already.
        let _ = self
            .stream
            .write_all(&client::frame(8, &[], MASK, true))
            .await;
        let _ = self.stream.shutdown().await;
    }

    fn read(&mut self, opcode: u8, is_compressed: bool, mut payload: Vec<u8>) -> Frame {
        if is_compressed {
            self.compressed += 1;
            payload = client::inflate(&payload, LARGEST).expect("a compressed frame is whole");
        }
        match opcode {
            1 => Frame::Text(String::from_utf8(payload).expect("text is UTF-8")),
            2 => Frame::Binary(payload.into()),
            8 => match payload.split_first_chunk::<2>() {
                Some((code, reason)) => Frame::Close(
                    u16::from_be_bytes(*code),
                    String::from_utf8_lossy(reason).into_owned(),
                ),
                None => Frame::Close(1005, String::new()),
            },
            _ => Frame::Control(opcode, payload.into()),
        }
    }

    /// The stream itself.
    pub fn into_stream(self) -> Stream {
        self.stream
    }
}

async fn handshake(
    reach: &Reach,
    mut stream: Stream,
    query: &str,
    headers: &[(&str, &str)],
) -> io::Result<Result<WebSocket, Answer>> {
    let key = STANDARD.encode(*b"sixteen bytes ok");
    let mut head = format!(
        "GET {}?{query} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n",
        reach.path, reach.host
    );
    let own = reach
        .headers
        .iter()
        .map(|(name, value)| (&**name, &**value));
    for (name, value) in own.chain(headers.iter().copied()) {
        // Writing to a string cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut input = Vec::new();
    let end = loop {
        if let Some(at) = input.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut input).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let rest = input.split_off(end);
    let response = parse_head(&input)?;
    if response.status() != 101 {
        return refused(response, stream, rest).await.map(Err);
    }
    let header = |name| {
        let value = response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    assert_eq!(
        header("sec-websocket-accept"),
        accept_key(&key).expect("the key is one")
    );
    let (frames, used) = client::parse_prefix(&rest);
    Ok(Ok(WebSocket {
        stream,
        input: rest.get(used..).unwrap_or_default().to_vec(),
        frames: frames.into(),
        extensions: header("sec-websocket-extensions"),
        compressed: 0,
        received: used,
    }))
}

fn parse_head(head: &[u8]) -> io::Result<Response<()>> {
    let head = std::str::from_utf8(head).map_err(io::Error::other)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let mut response = Response::builder().status(status.unwrap_or("0"));
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        response = response.header(name, value);
    }
    response.body(()).map_err(io::Error::other)
}

/// The rest of an answer that is no `101`.
async fn refused(head: Response<()>, mut stream: Stream, mut body: Vec<u8>) -> io::Result<Answer> {
    let length = head.headers().get("content-length");
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    while length.is_none_or(|length| body.len() < length) {
        if stream.read_buf(&mut body).await? == 0 {
            break;
        }
    }
    Ok(Answer(head.map(|()| body.into())))
}
