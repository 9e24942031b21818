//! More than a server takes.

use bellgate::{Connect, Refused, Welcome};
use bellgate_peer::{Client, Engine, Over, Polling, eventually, within};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::lab::{HANDSHAKE, KEY, Lab, refused, text, told, told_on};

pub(crate) async fn one_session_too_many() -> String {
    let lab = Lab::start(&[("SOCKETIO_MAX_CONNECTIONS", "1")]).await;
    let _only = lab.open().await;
    told(&lab.reach.get(HANDSHAKE).send().await)
}

pub(crate) async fn one_session_too_many_of_an_address() -> String {
    let lab = Lab::start(&[("SOCKETIO_MAX_CONNECTIONS_PER_IP", "1")]).await;
    let _only = lab.open().await;
    told(&lab.reach.get(HANDSHAKE).send().await)
}

pub(crate) async fn one_session_too_many_of_a_user() -> String {
    let capped = ("SOCKETIO_MAX_CONNECTIONS_PER_USER", "1");
    let lab = Lab::built(&[capped], |server| {
        server.on_connect("/", async |_: Connect| Ok::<_, Refused>(Welcome::user("7")))
    })
    .await;
    let _only = lab.join().await;
    let mut client = Client::open(&lab.reach, Over::Websocket).await;
    refused(&mut client, "/", &Value::Null).await
}

pub(crate) async fn a_handshake_while_the_server_goes_down() -> String {
    let lab = Lab::start(&[("BELLGATE_DRAIN_WINDOW", "1h")]).await;
    let _waiting = Engine::open(&lab.reach, Over::Polling).await;
    lab.running.drain();
    let mut refused = None;
    eventually("handshakes to be refused", async || {
        refused = Engine::attempt(&lab.reach, Over::Polling).await.err();
        refused.is_some()
    })
    .await;
    told(&refused.unwrap())
}

/// A shard holds 64 MiB of bodies; one byte more, and another that is still to come.
pub(crate) async fn more_of_bodies_than_a_shard_holds() -> String {
    const MORE: usize = (64 << 20) + 1;
    let lab = Lab::start(&[("SOCKETIO_MAX_HTTP_BUFFER_SIZE", "100MiB")]).await;
    let session = Polling::open(&lab.reach).await;
    let head = format!(
        "POST {HANDSHAKE}&sid={} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        session.sid,
        lab.reach.addr(),
        MORE + 1
    );
    let mut stream = lab.reach.connect().await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    within("a body to be taken", stream.write_all(&vec![b'4'; MORE]))
        .await
        .unwrap();
    told_on(stream).await
}

/// Told to the page, whether it waits for an answer or not.
pub(crate) async fn events_that_come_too_fast() -> String {
    let rates = [
        ("SOCKETIO_RATE_LIMITING", "true"),
        ("SOCKETIO_RATE_LIMIT_MESSAGES", "1/hour"),
    ];
    let lab = Lab::start(&rates).await;
    let mut client = lab.join().await;
    client.emit(&json!(["one"])).await;
    client.emit(&json!(["two"])).await;
    let (name, args) = client.heard().await;
    assert_eq!(name, "bell:error");
    text(&args[0]["code"])
}

pub(crate) async fn an_address_that_is_kept_out() -> String {
    let lab = Lab::start(&[]).await;
    let block = lab.reach.post("/api/v1/blocks").bearer(KEY);
    let block = block.json(&json!({"address": "127.0.0.1"})).send().await;
    assert_eq!(block.status(), 201, "{block:?}");
    told(&lab.reach.get(HANDSHAKE).send().await)
}
