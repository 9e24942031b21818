//! Namespaces and events: what a program refuses, lacks or gets wrong.

use bellgate::{Connect, Received, Refused, Welcome};
use bellgate_peer::{Client, Over};
use serde_json::{Value, json};

use crate::lab::{Lab, closed, reason, refused, text};

pub(crate) async fn a_namespace_that_there_is_not() -> String {
    let lab = Lab::start(&[]).await;
    let mut client = Client::open(&lab.reach, Over::Websocket).await;
    refused(&mut client, "/nowhere", &Value::Null).await
}

pub(crate) async fn no_connect_in_time() -> String {
    let lab = Lab::start(&[("SOCKETIO_CONNECT_TIMEOUT", "100ms")]).await;
    closed(&mut lab.open().await).await
}

pub(crate) async fn a_connect_that_the_program_refuses() -> String {
    let lab = Lab::built(&[], |server| {
        server.on_connect("/closed", async |_: Connect| {
            Err::<Welcome, Refused>(Refused::new("closed for today"))
        })
    })
    .await;
    let mut client = Client::open(&lab.reach, Over::Websocket).await;
    refused(&mut client, "/closed", &Value::Null).await
}

pub(crate) async fn an_event_without_a_handler() -> String {
    let lab = Lab::start(&[]).await;
    let answer = lab.join().await.call(&json!(["nobody"])).await;
    text(&answer[0]["error"])
}

pub(crate) async fn one_namespace_too_many() -> String {
    let names: Vec<String> = (0..17).map(|n| format!("/{n}")).collect();
    let lab = Lab::built(&[], |server| {
        names
            .iter()
            .fold(server, |server, name| server.with_namespace(name))
    })
    .await;
    let mut client = Client::open(&lab.reach, Over::Websocket).await;
    for name in &names[..16] {
        client.connect(name, &Value::Null).await.unwrap();
    }
    client.engine.send("0/16,").await;
    reason(&client.closed().await)
}

pub(crate) async fn a_handler_that_panics() -> String {
    let lab = Lab::built(&[], |server| {
        server.on("/", "panic", async |event: Received| {
            assert!(!event.wants_ack, "as the test wants it");
        })
    })
    .await;
    let answer = lab.join().await.call(&json!(["panic"])).await;
    text(&answer[0]["error"])
}
