//! A polling session of Engine.IO: bare GETs and POSTs, each on a connection of its own.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::http::{Answer, Request};
use crate::reach::{Reach, Stream};

/// One packet of a payload: its text with the type in front, or the bytes of a binary message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// Text, the type included.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// A polling session.
#[derive(Clone)]
pub struct Polling {
    /// Where the server is.
    pub reach: Reach,
    /// The session's id.
    pub sid: String,
    /// What the opening packet says.
    pub opening: Value,
}

impl Polling {
    /// Opens a session; fails the test where it is refused.
    pub async fn open(reach: &Reach) -> Self {
        Self::attempt(reach)
            .await
            .unwrap_or_else(|answer| panic!("refused: {answer:?}"))
    }

    /// Opens a session; the answer, where it is refused.
    pub async fn attempt(reach: &Reach) -> Result<Self, Answer> {
        let answer = reach
            .get(&format!("{}?EIO=4&transport=polling", reach.path))
            .send()
            .await;
        if !answer.is_ok() {
            return Err(answer);
        }
        let opening = answer.text().strip_prefix('0').expect("an open packet");
        let opening: Value = serde_json::from_str(opening).expect("an open packet is JSON");
        let sid = opening.get("sid").and_then(Value::as_str);
        Ok(Self {
            reach: reach.clone(),
            sid: sid.expect("a session has an id").to_owned(),
            opening,
        })
    }

    /// The query of a further request.
    pub fn query(&self, transport: &str) -> String {
        format!("EIO=4&transport={transport}&sid={}", self.sid)
    }

    /// Begins a request of the session.
    pub fn request(&self, method: &str) -> Request {
        let path = format!("{}?{}", self.reach.path, self.query("polling"));
        self.reach.request(method, &path)
    }

    /// A GET: waits until the server has something to say.
    pub async fn get(&self) -> Answer {
        self.request("GET").send().await
    }

    /// A GET that is sent whole, and whose answer is left to the test: to wait for, or to cut.
    pub async fn begin_get(&self) -> Stream {
        let Reach { path, host, .. } = &self.reach;
        let query = self.query("polling");
        let head = format!("GET {path}?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let mut stream = self.reach.connect().await.expect("the server listens");
        stream
            .write_all(head.as_bytes())
            .await
            .expect("a head is taken");
        stream
    }

    /// A POST of a payload.
    pub async fn post(&self, payload: impl Into<Bytes>) -> Answer {
        let post = self.request("POST").body(payload);
        post.header("Content-Type", "text/plain;charset=UTF-8")
            .send()
            .await
    }
}

/// The packets of a payload.
pub(crate) fn packets(payload: &str) -> impl Iterator<Item = Packet> + '_ {
    payload
        .split('\u{1e}')
        .map(|packet| match packet.strip_prefix('b') {
            Some(data) => Packet::Binary(STANDARD.decode(data).expect("base64").into()),
            None => Packet::Text(packet.to_owned()),
        })
}

/// A binary message as a payload has it.
pub(crate) fn binary(data: &[u8]) -> String {
    format!("b{}", STANDARD.encode(data))
}

/// The shard that a session lives on, as its id says.
pub fn shard_of(sid: &str) -> u16 {
    let bytes = URL_SAFE_NO_PAD.decode(sid).expect("a sid is base64");
    match bytes.get(18..20) {
        Some(&[high, low]) => u16::from_be_bytes([high, low]),
        _ => panic!("{sid} is no sid"),
    }
}
