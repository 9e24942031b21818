//! A client on long-polling, one connection a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Target;
use super::http::{Answer, fetch, get, once, post};

/// Engine.IO's handshake on polling.
pub(crate) const OPEN: &str = "/socket.io/?EIO=4&transport=polling";
/// Between packets of a payload.
pub(crate) const SEPARATOR: &str = "\u{1e}";

/// A session on polling.
#[derive(Debug, Clone)]
pub(crate) struct Polling {
    pub(crate) target: Target,
    pub(crate) sid: String,
}

impl Polling {
    /// A fresh session without a namespace.
    pub(crate) async fn open(target: Target) -> Self {
        Self::opened(target, &fetch(target, &get(OPEN, "")).await)
    }

    /// The session that an answer to a handshake opened.
    pub(crate) fn opened(target: Target, answer: &Answer) -> Self {
        let sid = sid(answer).unwrap_or_else(|| panic!("no session: {}", answer.text()));
        Self { target, sid }
    }

    /// A session that has joined `/`.
    pub(crate) async fn joined(target: Target) -> Self {
        let session = Self::open(target).await;
        session.join().await;
        session
    }

    /// Joins `/` and reads the answer.
    pub(crate) async fn join(&self) {
        assert_eq!(self.post(b"40").await.text(), "ok");
        let welcome = self.poll().await.text();
        assert!(welcome.starts_with("40{\"sid\":"), "{welcome}");
    }

    /// The path and query of the session's requests.
    pub(crate) fn path(&self) -> String {
        format!("{OPEN}&sid={}", self.sid)
    }

    /// One poll.
    pub(crate) async fn poll(&self) -> Answer {
        fetch(self.target, &get(&self.path(), "")).await
    }

    /// One POST.
    pub(crate) async fn post(&self, body: &[u8]) -> Answer {
        fetch(self.target, &post(&self.path(), "", body)).await
    }

    /// One POST whose connection may be closed without an answer, or before all of it was read.
    pub(crate) async fn try_post(&self, body: &[u8]) -> Option<Answer> {
        once(self.target, &post(&self.path(), "", body)).await
    }

    /// Sends an event and reads its ack.
    pub(crate) async fn echo(&self, text: &str) -> String {
        let event = format!("421[\"echo\",{text}]");
        assert_eq!(self.post(event.as_bytes()).await.text(), "ok");
        self.poll().await.text()
    }

    /// Says goodbye, and sees that the session is gone.
    pub(crate) async fn leave(&self) {
        assert_eq!(self.post(b"1").await.text(), "ok");
        self.is_over().await;
    }

    /// Sees that the session has ended: at most one more poll tells so, the next one is unknown.
    pub(crate) async fn is_over(&self) {
        let last = self.poll().await;
        if last.status == 200 {
            let text = last.text();
            let told = text.split('\u{1e}').any(|packet| packet == "1");
            assert!(told || text == "6", "the session goes on with {text:?}");
            let next = self.poll().await;
            assert_eq!(next.engine_code(), (400, 1), "told its end twice");
            return;
        }
        assert_eq!(last.engine_code(), (400, 1));
    }
}

/// The sid in the answer to a handshake, if it opened a session.
pub(crate) fn sid(answer: &Answer) -> Option<String> {
    let text = answer.text();
    let open = text.split('\u{1e}').next()?.strip_prefix('0')?;
    let handshake: serde_json::Value = serde_json::from_str(open).ok()?;
    handshake["sid"].as_str().map(str::to_owned)
}

/// A binary message in a payload.
pub(crate) fn binary(data: &[u8]) -> String {
    format!("b{}", STANDARD.encode(data))
}
