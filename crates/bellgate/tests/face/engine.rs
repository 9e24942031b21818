//! Plain Engine.IO endpoints beside Socket.IO.

use bellgate::{EnginePeer, Frame, Received};
use bellgate_peer::{Client, Engine, Heard, Over};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::lab::{Lab, each_way, open_on};

async fn echoing(shards: usize) -> Lab {
    Lab::start(shards, |server| {
        server
            .on_engine("/echo/", |peer: &EnginePeer, frame| match frame {
                Frame::Text(text) if text == "panic" => panic!("a handler of this test panics"),
                Frame::Text(text) if text == "bye" => {
                    peer.send(Frame::Text("last".into()));
                    peer.close();
                }
                frame => peer.send(frame),
            })
            .on("/", "here", async |_: Received| "Socket.IO")
    })
    .await
}

#[tokio::test]
async fn messages_of_both_kinds_come_and_go_untouched() {
    each_way(async |way| {
        let lab = echoing(way.shards).await;
        let mut engine = Engine::open(&lab.reach.clone().at("/echo/"), way.over).await;
        engine.send("40 is no CONNECT here").await;
        let echoed = Heard::Text("40 is no CONNECT here".into());
        assert_eq!(engine.next().await, echoed);
        let data = Bytes::from_static(&[0, 0x1e, 0xff]);
        engine
            .send_all(&[bellgate_peer::Packet::Binary(data.clone())])
            .await;
        assert_eq!(engine.next().await, Heard::Binary(data));
        // Socket.IO is where it was.
        let mut client = Client::join(&lab.reach, way.over, &Value::Null).await;
        assert_eq!(client.call(&json!(["here"])).await, json!(["Socket.IO"]));
    })
    .await;
}

#[tokio::test]
async fn a_peer_is_closed_behind_what_was_sent_before() {
    each_way(async |way| {
        let lab = echoing(way.shards).await;
        let mut engine = Engine::open(&lab.reach.clone().at("/echo/"), way.over).await;
        engine.send("bye").await;
        assert_eq!(engine.next().await, Heard::Text("last".into()));
        assert!(matches!(engine.next().await, Heard::Closed(_)));
        lab.until_empty().await;
    })
    .await;
}

#[tokio::test]
async fn an_upgrade_moves_a_plain_session_too() {
    for shard in [0, 1] {
        let lab = echoing(2).await;
        let reach = lab.reach.clone().at("/echo/");
        let mut engine = open_on(&reach, shard, Over::Polling).await;
        engine.send("by polling").await;
        engine.upgrade().await;
        assert_eq!(engine.next().await, Heard::Text("by polling".into()));
        engine.send("by WebSocket").await;
        assert_eq!(engine.next().await, Heard::Text("by WebSocket".into()));
    }
}

#[tokio::test]
async fn a_handler_that_panics_takes_nobody_else_along() {
    each_way(async |way| {
        let lab = echoing(way.shards).await;
        let reach = lab.reach.clone().at("/echo/");
        let mut engine = Engine::open(&reach, way.over).await;
        let mut other = Engine::open(&reach, way.over).await;
        engine.send("panic").await;
        engine.send("still there").await;
        assert_eq!(engine.next().await, Heard::Text("still there".into()));
        other.send("so am I").await;
        assert_eq!(other.next().await, Heard::Text("so am I".into()));
    })
    .await;
}
