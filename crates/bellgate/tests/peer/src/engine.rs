//! An Engine.IO session on either transport: messages in and out, heartbeats answered.

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::Value;

use crate::http::Answer;
use crate::polling::{self, Packet, Polling};
use crate::reach::Reach;
use crate::websocket::{Frame, WebSocket};

/// Which transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Long-polling.
    Polling,
    /// WebSocket.
    Websocket,
}

impl Over {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Polling, Self::Websocket];
}

/// What a session hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// The session is over: by a close frame or packet, or by an answer that says so.
    Closed(String),
}

/// A session.
pub struct Engine {
    lane: Lane,
    /// The session's id.
    pub sid: String,
    waiting: VecDeque<Packet>,
}

enum Lane {
    Polling(Polling),
    Websocket(Box<WebSocket>),
}

impl Engine {
    /// Opens a session; fails the test where it is refused.
    pub async fn open(reach: &Reach, over: Over) -> Self {
        Self::attempt(reach, over)
            .await
            .unwrap_or_else(|answer| panic!("refused: {answer:?}"))
    }

    /// Opens a session; the answer, where it is refused.
    pub async fn attempt(reach: &Reach, over: Over) -> Result<Self, Answer> {
        match over {
            Over::Polling => Polling::attempt(reach).await.map(Self::polling),
            Over::Websocket => {
                let socket = WebSocket::open(reach, "EIO=4&transport=websocket").await?;
                Ok(Self::websocket(socket).await)
            }
        }
    }

    /// A session that was opened by polling.
    pub fn polling(polling: Polling) -> Self {
        Self {
            sid: polling.sid.clone(),
            lane: Lane::Polling(polling),
            waiting: VecDeque::new(),
        }
    }

    /// A session on a fresh WebSocket.
    pub async fn websocket(mut socket: WebSocket) -> Self {
        let Frame::Text(opening) = socket.next().await else {
            panic!("a WebSocket begins with an open packet");
        };
        let opening = opening.strip_prefix('0').expect("an open packet");
        let opening: Value = serde_json::from_str(opening).expect("an open packet is JSON");
        let sid = opening.get("sid").and_then(Value::as_str);
        Self {
            sid: sid.expect("a session has an id").to_owned(),
            lane: Lane::Websocket(Box::new(socket)),
            waiting: VecDeque::new(),
        }
    }

    /// The transport now.
    pub fn over(&self) -> Over {
        match self.lane {
            Lane::Polling(_) => Over::Polling,
            Lane::Websocket(_) => Over::Websocket,
        }
    }

    /// The WebSocket, where it is one.
    pub fn socket(&mut self) -> Option<&mut WebSocket> {
        match &mut self.lane {
            Lane::Polling(_) => None,
            Lane::Websocket(socket) => Some(socket),
        }
    }

    /// Sends a text message.
    pub async fn send(&mut self, text: &str) {
        self.send_all(&[Packet::Text(format!("4{text}"))]).await;
    }

    /// Sends packets, by polling in one POST.
    pub async fn send_all(&mut self, packets: &[Packet]) {
        match &mut self.lane {
            Lane::Websocket(socket) => {
                for packet in packets {
                    match packet {
                        Packet::Text(text) => socket.text(text).await,
                        Packet::Binary(data) => socket.binary(data).await,
                    }
                }
            }
            Lane::Polling(session) => {
                let payload: Vec<String> = packets
                    .iter()
                    .map(|packet| match packet {
                        Packet::Text(text) => text.clone(),
                        Packet::Binary(data) => polling::binary(data),
                    })
                    .collect();
                // A session that is over is told by the next GET.
                session.post(payload.join("\u{1e}")).await;
            }
        }
    }

    /// What comes next; pings are answered, which nobody sees.
    pub async fn next(&mut self) -> Heard {
        loop {
            let packet = match self.receive().await {
                Ok(packet) => packet,
                Err(why) => return Heard::Closed(why),
            };
            let Packet::Text(text) = packet else {
                let Packet::Binary(data) = packet else {
                    continue;
                };
                return Heard::Binary(data);
            };
            match text.split_at_checked(1) {
                Some(("4", text)) => return Heard::Text(text.to_owned()),
                Some(("2", _)) => self.send_all(&[Packet::Text("3".into())]).await,
                Some(("6", _)) => {}
                Some(("1", _)) => return Heard::Closed("close packet".into()),
                _ => panic!("no packet for a client: {text}"),
            }
        }
    }

    async fn receive(&mut self) -> Result<Packet, String> {
        loop {
            if let Some(packet) = self.waiting.pop_front() {
                return Ok(packet);
            }
            match &mut self.lane {
                Lane::Polling(session) => {
                    let answer = session.get().await;
                    if !answer.is_ok() {
                        return Err(format!("{} {}", answer.status(), answer.text()));
                    }
                    self.waiting.extend(polling::packets(answer.text()));
                }
                Lane::Websocket(socket) => match socket.next().await {
                    Frame::Text(text) => return Ok(Packet::Text(text)),
                    Frame::Binary(data) => return Ok(Packet::Binary(data)),
                    Frame::Control(..) => {}
                    Frame::Close(code, reason) => return Err(format!("{code} {reason}")),
                    Frame::End => return Err("cut".to_owned()),
                },
            }
        }
    }

    /// Moves from polling to a WebSocket, as a stock client does: a probe, a last poll, the upgrade.
    /// What the last poll brings is kept.
    pub async fn upgrade(&mut self) {
        let Lane::Polling(session) = &self.lane else {
            return;
        };
        let query = session.query("websocket");
        let mut socket = WebSocket::open(&session.reach, &query)
            .await
            .unwrap_or_else(|answer| panic!("refused: {answer:?}"));
        socket.text("2probe").await;
        assert_eq!(socket.next().await, Frame::Text("3probe".into()));
        let last = session.get().await;
        assert!(last.is_ok(), "{last:?}");
        let brought = polling::packets(last.text());
        self.waiting
            .extend(brought.filter(|packet| *packet != Packet::Text("6".into())));
        socket.text("5").await;
        self.lane = Lane::Websocket(Box::new(socket));
    }

    /// Says goodbye: a close packet on polling, a close frame on a WebSocket.
    pub async fn close(&mut self) {
        match &mut self.lane {
            Lane::Polling(session) => {
                session.post("1").await;
            }
            Lane::Websocket(socket) => socket.close(1000).await,
        }
    }
}
