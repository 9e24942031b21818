//! The handle on one client: kept by the program, used from anywhere.

use std::sync::Arc;

use bellgate::{Received, Socket, Target, Welcome};
use bellgate_peer::Said;
use serde_json::{Value, json};

use crate::lab::{Lab, Notes, each_way};

/// A server that keeps the handle of every client that says hello.
async fn keeping(shards: usize) -> (Lab, Arc<Notes<Socket>>) {
    let sockets: Arc<Notes<Socket>> = Arc::new(Notes::new());
    let kept = Arc::clone(&sockets);
    let lab = Lab::start(shards, |server| {
        server
            .on_connect("/", async |_| Ok(Welcome::user("7").with_role("editor")))
            .on("/", "hello", move |event: Received| {
                kept.add(event.socket);
                async { "hello" }
            })
    })
    .await;
    (lab, sockets)
}

async fn rooms(socket: &Socket) -> Vec<Target> {
    let mut rooms = socket.rooms().await;
    rooms.sort_unstable();
    rooms
}

#[tokio::test]
async fn a_kept_handle_joins_and_leaves_rooms_and_tells_them() {
    each_way(async |way| {
        let (lab, sockets) = keeping(way.shards).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        client.call(&json!(["hello"])).await;
        let socket = sockets.take().remove(0);
        socket.join("blue");
        socket.join("red");
        socket.join("blue");
        let own = [Target::User("7".into()), Target::Role("editor".into())];
        let room = |name: &str| Target::Room(name.into());
        let expected = [&own[..], &[room("blue"), room("red")]].concat();
        let has_all = |rooms: &[Target]| expected.iter().all(|target| rooms.contains(target));
        let now = rooms(&socket).await;
        assert!(has_all(&now), "{now:?}");
        lab.emitter().to_room("blue").emit("in", "blue");
        assert_eq!(client.heard().await, ("in".into(), vec![json!("blue")]));
        socket.leave("blue");
        let now = rooms(&socket).await;
        assert!(
            !now.contains(&room("blue")) && now.contains(&room("red")),
            "{now:?}"
        );
        assert_eq!(lab.emitter().to_room("blue").count().await, 0);
        assert_eq!(lab.emitter().to_room("red").count().await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_kept_handle_sends_and_disconnects() {
    each_way(async |way| {
        let (lab, sockets) = keeping(way.shards).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        client.call(&json!(["hello"])).await;
        let socket = sockets.take().remove(0);
        socket.emit("late", json!([1, 2]));
        assert_eq!(client.heard().await, ("late".into(), vec![json!([1, 2])]));
        socket.disconnect(false);
        let told = client
            .wait_for(|said| matches!(said, Said::Disconnected(_)))
            .await;
        assert_eq!(told, Said::Disconnected("/".into()));
        // The handle of who has gone does nothing, and waits for nothing.
        socket.emit("later", ());
        socket.join("blue");
        assert_eq!(socket.rooms().await, []);
        assert_eq!(lab.emitter().to_all().count().await, 0);
        // The transport is still there: the client may come back, as somebody new.
        let sid = client.connect("/", &Value::Null).await.unwrap();
        assert_ne!(sid, socket.sid());
        assert_eq!(client.kept(), []);
    })
    .await;
}

#[tokio::test]
async fn a_kept_handle_ends_the_whole_connection() {
    each_way(async |way| {
        let (lab, sockets) = keeping(way.shards).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        client.call(&json!(["hello"])).await;
        let socket = sockets.take().remove(0);
        socket.emit("last", ());
        socket.disconnect(true);
        assert_eq!(
            client.heard().await.0,
            "last",
            "what was sent before arrives"
        );
        client.closed().await;
        lab.until_empty().await;
    })
    .await;
}

#[tokio::test]
async fn a_room_of_one_shard_is_the_same_room_on_another() {
    let (lab, sockets) = keeping(2).await;
    let mut clients = Vec::new();
    for shard in 0..2 {
        let over = bellgate_peer::Over::Websocket;
        let mut client = lab.join_on(shard, over, &Value::Null).await;
        client.call(&json!(["hello"])).await;
        clients.push(client);
    }
    let handles = sockets.take();
    for socket in &handles {
        socket.join("blue");
        // Behind this answer the room is joined.
        socket.rooms().await;
    }
    handles[0].emitter().to_room("blue").emit("hi", ());
    for client in &mut clients {
        assert_eq!(client.heard().await.0, "hi");
    }
    handles[1].leave("blue");
    handles[1].rooms().await;
    assert_eq!(lab.emitter().to_room("blue").count().await, 1);
}
