//! The POST of a polling session: a body of packets.

use std::time::Duration;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Lane};
use bellgate_wire::packets;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body::Body;
use http_body_util::BodyExt as _;

use super::{BoxError, Judged};
use crate::app::App;
use crate::shard::{Local, Step, now};

/// A body that takes longer than this has lost its sender.
const BODY_TIME: Duration = Duration::from_secs(10);
/// Most bytes of bodies that one shard reads at once.
const BODY_BUDGET: usize = 64 << 20;
/// A body up to this size needs nothing of the budget: ordinary events get through while others
/// have used it up. As much stands in each connection's read buffer anyway.
const SMALL_BODY: usize = 16 << 10;

/// Reads the body, then feeds its packets to the session in order.
///
/// Any refusal closes the session: what a client sent cannot be told from what it meant.
pub(crate) async fn receive<A: App, B>(
    local: &Local<A>,
    id: ConnId,
    judged: &Judged,
    headers: &HeaderMap,
    body: B,
) -> Result<(), Refusal>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    let posting = Posting::begin(local, id)?;
    let received = match read(local, headers, body).await {
        Ok(body) => feed(local, id, judged, &body),
        Err(refusal) => Err(refusal),
    };
    posting.finish(&received);
    received
}

async fn read<A: App, B>(local: &Local<A>, headers: &HeaderMap, body: B) -> Result<String, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    let limit = local.borrow().net.limits.message_bytes;
    check_headers(headers, limit)?;
    let collecting = collect(local, body, limit);
    let Ok(bytes) = tokio::time::timeout(BODY_TIME, collecting).await else {
        return Err(Refusal::BodyIncomplete {
            detail: "it took more than 10 s".into(),
        });
    };
    String::from_utf8(bytes?).map_err(|_| Refusal::TextNotUtf8 {})
}

fn check_headers(headers: &HeaderMap, limit: usize) -> Result<(), Refusal> {
    let texts = |name| {
        let values = headers.get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
    };
    if let Some(encoding) = texts(CONTENT_ENCODING).find(|encoding| encoding != "identity") {
        return Err(Refusal::ContentEncoding {
            encoding: encoding.chars().take(32).collect(),
        });
    }
    let is_binary = |kind: &String| kind.starts_with("application/octet-stream");
    if let Some(content_type) = texts(CONTENT_TYPE).find(is_binary) {
        return Err(Refusal::ContentType {
            content_type: content_type.chars().take(64).collect(),
        });
    }
    // hyper has refused lengths that are no number.
    let length = texts(CONTENT_LENGTH).find_map(|length| length.parse::<u64>().ok());
    if let Some(length) = length.filter(|length| *length > limit as u64) {
        return Err(Refusal::PayloadTooLarge {
            size: length.to_string(),
            limit: limit.to_string(),
        });
    }
    Ok(())
}

/// Reads at most `limit` bytes, within the shard's budget.
async fn collect<A: App, B>(local: &Local<A>, mut body: B, limit: usize) -> Result<Vec<u8>, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    let mut budget = Budget { local, held: 0 };
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refusal::BodyIncomplete {
            detail: plain(&error.into()),
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > limit {
            let size = format!("more than {limit}");
            return Err(Refusal::PayloadTooLarge {
                size,
                limit: limit.to_string(),
            });
        }
        bytes.extend_from_slice(&data);
        budget.hold(bytes.len())?;
    }
    Ok(bytes)
}

fn plain(error: &BoxError) -> String {
    error
        .to_string()
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .collect()
}

fn feed<A: App>(local: &Local<A>, id: ConnId, judged: &Judged, body: &str) -> Result<(), Refusal> {
    let now = now();
    let mut shard = local.borrow();
    let limits = std::rc::Rc::clone(&shard.net.limits);
    let mut fed = Ok(());
    shard.app.handle_post(id, Some(&judged.facts));
    for packet in packets(body, &limits) {
        match packet.and_then(|packet| shard.handle_packet(id, Lane::Polling, packet, now)) {
            Ok(Step::Closed) => break,
            Ok(_) => {}
            Err(refusal) => {
                fed = Err(refusal);
                break;
            }
        }
    }
    shard.app.handle_post(id, None);
    shard.settle(now);
    fed
}

/// The session's POST under way. Dropped before [`Posting::finish`], the client left in the middle
/// of the body, and the session is closed: no part of a body is ever delivered.
struct Posting<'a, A: App> {
    local: &'a Local<A>,
    id: ConnId,
    finished: bool,
}

impl<'a, A: App> Posting<'a, A> {
    fn begin(local: &'a Local<A>, id: ConnId) -> Result<Self, Refusal> {
        let begun = local.with(id, |conn, now| conn.session.handle_post_begin(now));
        begun.ok_or(Refusal::SessionUnknown {})??;
        Ok(Self {
            local,
            id,
            finished: false,
        })
    }

    fn finish(mut self, received: &Result<(), Refusal>) {
        self.finished = true;
        self.end(received.as_ref().err());
    }

    fn end(&self, refusal: Option<&Refusal>) {
        if let Some(conn) = self.local.borrow().net.conn_mut(self.id) {
            conn.session.handle_post_end();
        }
        // The packets of a body that was taken have been settled.
        if let Some(refusal) = refusal {
            self.local.with(self.id, |conn, _| {
                conn.session.abort(refusal.clone());
                conn.wake_poll();
            });
        }
    }
}

impl<A: App> Drop for Posting<'_, A> {
    fn drop(&mut self) {
        if !self.finished {
            self.end(Some(&Refusal::BodyIncomplete {
                detail: "the client left".into(),
            }));
        }
    }
}

/// Bytes held of the shard's budget for bodies.
struct Budget<'a, A: App> {
    local: &'a Local<A>,
    held: usize,
}

impl<A: App> Budget<'_, A> {
    /// Holds what a body of this size needs.
    fn hold(&mut self, size: usize) -> Result<(), Refusal> {
        let needed = if size > SMALL_BODY { size } else { 0 };
        let more = needed.saturating_sub(self.held);
        let mut shard = self.local.borrow();
        if shard.net.body_bytes + more > BODY_BUDGET {
            return Err(Refusal::Overloaded {
                what: "too many request bodies at once".into(),
            });
        }
        shard.net.body_bytes += more;
        self.held += more;
        Ok(())
    }
}

impl<A: App> Drop for Budget<'_, A> {
    fn drop(&mut self) {
        self.local.borrow().net.body_bytes -= self.held;
    }
}
