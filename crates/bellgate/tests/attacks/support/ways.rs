//! One hostile input on every way in: both transports, before and after CONNECT.

use super::Target;
use super::polling::{Polling, SEPARATOR, binary};
use super::ws::{BINARY, TEXT, Ws};

/// A message of Engine.IO.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    /// Text, with its `4`.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
}

use Part::{Binary, Text};

/// Sends the messages to a session of each kind, and sees that each is closed: on WebSocket with
/// `code`, on polling for all requests that follow.
pub(crate) async fn each_way_closes(target: Target, parts: &[Part<'_>], code: u16) {
    for is_joined in [false, true] {
        let told = ws(target, parts, is_joined).await;
        assert_eq!(told, Some(code), "joined: {is_joined}, {}", show(parts));
        polling(target, parts, is_joined).await;
    }
}

/// The code of the close frame that the messages are answered with.
async fn ws(target: Target, parts: &[Part<'_>], is_joined: bool) -> Option<u16> {
    let mut ws = Ws::open(target).await;
    if is_joined {
        ws.join().await;
    }
    for part in parts {
        match part {
            Text(text) => ws.frame(TEXT, text.as_bytes()).await,
            Binary(data) => ws.frame(BINARY, data).await,
        }
    }
    ws.ended().await.code
}

async fn polling(target: Target, parts: &[Part<'_>], is_joined: bool) {
    let session = Polling::open(target).await;
    if is_joined {
        session.join().await;
    }
    for body in bodies(parts) {
        // Whether the body itself is refused depends on the layer that the input breaks.
        if let Some(answer) = session.try_post(body.as_bytes()).await {
            let known = matches!(answer.status, 200 | 400 | 413 | 429);
            assert!(known, "{} for {}", answer.status, show(parts));
        }
    }
    session.is_over().await;
}

/// The messages as bodies, none larger than the server takes.
fn bodies(parts: &[Part<'_>]) -> Vec<String> {
    let mut bodies: Vec<String> = Vec::new();
    for part in parts {
        let packet = match part {
            Text(text) => (*text).to_owned(),
            Binary(data) => binary(data),
        };
        match bodies.last_mut() {
            Some(body) if body.len() + packet.len() < 1_000_000 => {
                body.push_str(SEPARATOR);
                body.push_str(&packet);
            }
            _ => bodies.push(packet),
        }
    }
    bodies
}

/// The beginning of the input, for whoever reads a failure.
fn show(parts: &[Part<'_>]) -> String {
    format!("{parts:.200?}").chars().take(200).collect()
}
