//! A server of keys, or one that a token would have asked: it answers what a test tells it, byte for byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use xtask::signing::Pair;

/// It runs as long as the test's runtime does.
pub(crate) struct Issuer {
    pub(crate) url: String,
    asked: Arc<AtomicUsize>,
    /// How long whoever asked waited for the end of an answer.
    pub(crate) patience: mpsc::UnboundedReceiver<Duration>,
}

/// How it answers each request.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// With these bytes.
    Says(String),
    /// Not at all.
    Hangs,
    /// With these bytes, one at a time.
    Trickles(String),
}

impl Issuer {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let (waited, patience) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (manner, count, waited) = (manner.clone(), Arc::clone(&count), waited.clone());
                tokio::spawn(async move {
                    let begun = Instant::now();
                    answer(stream, manner, count).await;
                    // The test may be over.
                    let _ = waited.send(begun.elapsed());
                });
            }
        });
        Self {
            url,
            asked,
            patience,
        }
    }

    /// One that has this key, under this name.
    pub(crate) async fn of(pair: &Pair, kid: &str) -> Self {
        Self::start(Manner::Says(ok(&set(pair, kid)))).await
    }

    /// How many requests it got.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Acquire)
    }
}

/// A key set of one key.
pub(crate) fn set(pair: &Pair, kid: &str) -> String {
    json!({"keys": [pair.jwk(kid)]}).to_string()
}

/// An answer with this body.
pub(crate) fn ok(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

async fn answer(mut stream: TcpStream, manner: Manner, asked: Arc<AtomicUsize>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read_buf(&mut request).await, Ok(1..)) {
            return;
        }
    }
    asked.fetch_add(1, Ordering::AcqRel);
    // Whoever asked may have gone.
    match manner {
        Manner::Says(text) => drop(stream.write_all(text.as_bytes()).await),
        Manner::Hangs => drop(stream.read_buf(&mut request).await),
        Manner::Trickles(text) => {
            let mut bytes = text.bytes();
            while let Some(byte) = bytes.next()
                && stream.write_all(&[byte]).await.is_ok()
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
