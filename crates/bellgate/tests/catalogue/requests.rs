//! Requests that are none of the protocol's, or that come at the wrong time.

use std::fmt::Write as _;

use bellgate_peer::{Polling, Reach, Stream, WebSocket, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::lab::{HANDSHAKE, Lab, close_reason, told, told_on};

/// What a request with this query is answered with.
async fn asked(method: &str, query: &str) -> String {
    let lab = Lab::start(&[]).await;
    let path = format!("/socket.io/?{query}");
    told(&lab.reach.request(method, &path).send().await)
}

pub(crate) async fn a_transport_that_nobody_knows() -> String {
    asked("GET", "EIO=4&transport=pigeon").await
}

pub(crate) async fn a_sid_that_nobody_gave() -> String {
    asked("GET", "EIO=4&transport=polling&sid=nobody").await
}

pub(crate) async fn a_handshake_by_post() -> String {
    asked("POST", "EIO=4&transport=polling").await
}

pub(crate) async fn jsonp() -> String {
    asked("GET", "EIO=4&transport=polling&j=0").await
}

pub(crate) async fn an_older_version() -> String {
    asked("GET", "EIO=3&transport=polling").await
}

pub(crate) async fn a_websocket_without_its_headers() -> String {
    asked("GET", "EIO=4&transport=websocket").await
}

pub(crate) async fn a_body_above_the_limit() -> String {
    let lab = Lab::start(&[("SOCKETIO_MAX_HTTP_BUFFER_SIZE", "128")]).await;
    told(&Polling::open(&lab.reach).await.post("4".repeat(129)).await)
}

/// What a POST with this header is answered with.
async fn posted(name: &str, value: &str) -> String {
    let lab = Lab::start(&[]).await;
    let session = Polling::open(&lab.reach).await;
    told(
        &session
            .request("POST")
            .header(name, value)
            .body("40")
            .send()
            .await,
    )
}

pub(crate) async fn a_binary_body() -> String {
    posted("Content-Type", "application/octet-stream").await
}

pub(crate) async fn a_compressed_body() -> String {
    posted("Content-Encoding", "gzip").await
}

/// Begins a POST whose body the server waits for: it says so, as it is asked to.
async fn begin_post(session: &Polling, headers: &[(&str, &str)]) -> Stream {
    let path = format!("{HANDSHAKE}&sid={}", session.sid);
    let mut head = format!("POST {path} HTTP/1.1\r\nHost: {}\r\n", session.reach.addr());
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("Expect: 100-continue\r\n\r\n");
    let mut stream = session.reach.connect().await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 25];
    within("100 Continue", stream.read_exact(&mut answer))
        .await
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

pub(crate) async fn a_body_that_breaks_off() -> String {
    let lab = Lab::start(&[]).await;
    let session = Polling::open(&lab.reach).await;
    let mut stream = begin_post(&session, &[("Transfer-Encoding", "chunked")]).await;
    stream.write_all(b"2\r\n40\r\nno length\r\n").await.unwrap();
    told_on(stream).await
}

pub(crate) async fn two_polls_at_once() -> String {
    let lab = Lab::start(&[]).await;
    let session = Polling::open(&lab.reach).await;
    let (one, other) = tokio::join!(session.get(), session.get());
    told(if one.is_ok() { &other } else { &one })
}

pub(crate) async fn two_posts_at_once() -> String {
    let lab = Lab::start(&[]).await;
    let session = Polling::open(&lab.reach).await;
    let _first = begin_post(&session, &[("Content-Length", "2")]).await;
    told(&session.post("40").await)
}

/// A WebSocket for the session.
async fn probe(reach: &Reach) -> WebSocket {
    let session = Polling::open(reach).await;
    let query = session.query("websocket");
    WebSocket::open(reach, &query)
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"))
}

pub(crate) async fn an_upgrade_where_there_are_none() -> String {
    let lab = Lab::start(&[("SOCKETIO_ALLOW_UPGRADES", "false")]).await;
    close_reason(&mut probe(&lab.reach).await).await
}

pub(crate) async fn a_probe_that_says_nothing() -> String {
    let lab = Lab::start(&[("SOCKETIO_UPGRADE_TIMEOUT", "100ms")]).await;
    close_reason(&mut probe(&lab.reach).await).await
}
