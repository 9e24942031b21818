//! A server inside this process, and where its refusals are read.

use bellgate::config::{Settings, Sources};
use bellgate::{Code, Running, Server};
use bellgate_peer::{
    Answer, Client, Engine, Frame, Heard, Over, Reach, Stream, WebSocket, eventually, within,
};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

/// A page that may connect: the web application's own.
pub(crate) const PAGE: &str = "http://localhost:5000";

/// The request that opens a polling session.
pub(crate) const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";

/// The key that may do everything which the API has.
pub(crate) const KEY: &str = "key-of-the-catalogue";

/// One shard, so that every request meets the same one, on any free port.
const BASE: [(&str, &str); 6] = [
    ("SOCKETIO_PORT", "0"),
    ("BELLGATE_ADMIN_ADDR", "127.0.0.1:0"),
    ("BELLGATE_SHARDS", "1"),
    ("BELLGATE_DRAIN_WINDOW", "0s"),
    ("SOCKETIO_RATE_LIMITING", "false"),
    (
        "BELLGATE_API_KEYS",
        "all:key-of-the-catalogue:publish+emit+read+manage,reader:key-that-reads:read",
    ),
];

/// A running server.
pub(crate) struct Lab {
    pub(crate) reach: Reach,
    pub(crate) running: Running,
}

impl Lab {
    /// Starts a server with these settings, which come before those of every lab.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        Self::built(settings, |server| server).await
    }

    /// As [`Self::start`], with handlers.
    pub(crate) async fn built(
        settings: &[(&str, &str)],
        build: impl FnOnce(Server) -> Server,
    ) -> Self {
        let loaded =
            Settings::load(&Sources::new().with_environment(BASE.iter().chain(settings).copied()));
        let mistakes = loaded.reasons_to_stop(true);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let running = build(Server::from_settings(loaded.settings)).start().await;
        let running = running.unwrap();
        Self {
            reach: Reach::url(&running.bound()[0]),
            running,
        }
    }

    /// The page that may connect.
    pub(crate) fn page(&self) -> Reach {
        self.reach.clone().from_origin(PAGE)
    }

    /// A page elsewhere, in a browser that tells so.
    pub(crate) fn page_at(&self, origin: &str) -> Reach {
        let page = self.reach.clone().from_origin(origin);
        page.with_header("User-Agent", "Mozilla/5.0")
    }

    /// The operator's listener.
    pub(crate) fn admin(&self) -> Reach {
        Reach::tcp(self.running.admin().unwrap())
    }

    /// A client on a WebSocket that has joined `/`.
    pub(crate) async fn join(&self) -> Client {
        Client::join(&self.reach, Over::Websocket, &Value::Null).await
    }

    /// A session on a WebSocket, before any CONNECT.
    pub(crate) async fn open(&self) -> Engine {
        Engine::open(&self.reach, Over::Websocket).await
    }

    /// Waits until `/metrics` counts this code; its name there.
    pub(crate) async fn counted(&self, code: Code) -> String {
        let sample = format!("bellgate_refusals_total{{code=\"{}\"}} ", code.name());
        eventually(&sample, async || {
            let page = self.admin().get("/metrics").send().await;
            page.text().contains(&sample)
        })
        .await;
        code.name().to_owned()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.running.drain();
    }
}

/// The code that an answer carries.
pub(crate) fn told(answer: &Answer) -> String {
    text(&answer.json()["error"])
}

/// The code in the answer that a stream brings, and with which it ends.
pub(crate) async fn told_on(mut stream: Stream) -> String {
    let mut answer = String::new();
    within("an answer", stream.read_to_string(&mut answer))
        .await
        .unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    text(&body["error"])
}

/// The code that a CONNECT to a namespace is refused with.
pub(crate) async fn refused(client: &mut Client, namespace: &str, auth: &Value) -> String {
    let refused = client.connect(namespace, auth).await.unwrap_err();
    text(&refused["data"]["code"])
}

/// The reason in the close frame that ends a session.
pub(crate) async fn closed(engine: &mut Engine) -> String {
    loop {
        if let Heard::Closed(why) = engine.next().await {
            return reason(&why);
        }
    }
}

/// The reason in a session's end as [`Engine`] and [`Client`] tell it: `1002 frame_malformed`.
pub(crate) fn reason(why: &str) -> String {
    let (_, reason) = why.split_once(' ').unwrap_or_default();
    reason.to_owned()
}

/// The reason in the close frame of a WebSocket, past all frames before it.
pub(crate) async fn close_reason(socket: &mut WebSocket) -> String {
    loop {
        match socket.next().await {
            Frame::Close(_, reason) => return reason,
            Frame::End => panic!("the stream ended without a close frame"),
            _ => {}
        }
    }
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}
