//! How clients go, and what the disconnect handler is told.

use std::sync::Arc;
use std::time::Duration;

use bellgate::{Connect, Gone, Received, Reply, Welcome};
use bellgate_peer::{Client, Over, eventually};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::lab::{Lab, Notes, Way, each_way, settings};

/// A server that notes who goes and why; the event `kick` disconnects its sender.
async fn noting(way: Way, more: &[(&str, &str)]) -> (Lab, Arc<Notes<Gone>>) {
    let notes: Arc<Notes<Gone>> = Arc::new(Notes::new());
    let lab = Lab::start_with(settings(way.shards, more), |server| {
        ["/", "/side"].into_iter().fold(server, |server, name| {
            let notes = Arc::clone(&notes);
            server
                .on_connect(name, async |_: Connect| Ok(Welcome::user("7")))
                .on(name, "kick", async |event: Received| {
                    event.socket.disconnect(event.args.get(0).unwrap());
                    Reply::none()
                })
                .on(name, "stay", async |_: Received| "here")
                .on_disconnect(name, move |gone| {
                    let notes = Arc::clone(&notes);
                    async move { notes.add(gone) }
                })
        })
    })
    .await;
    (lab, notes)
}

async fn reason(notes: &Notes<Gone>) -> &'static str {
    let gone = notes.wait_for(1).await;
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!(gone[0].member.user.as_deref(), Some("7"));
    gone[0].reason
}

#[tokio::test]
async fn a_client_that_leaves_the_namespace_has_disconnected_itself() {
    each_way(async |way| {
        let (lab, notes) = noting(way, &[]).await;
        let mut client = Client::open(&lab.reach, way.over).await;
        let sid = client.connect("/side", &Value::Null).await.unwrap();
        client.connect("/", &Value::Null).await.unwrap();
        client.leave("/side").await;
        let gone = notes.wait_for(1).await.remove(0);
        assert_eq!((&*gone.sid, &*gone.namespace), (&*sid, "/side"));
        assert_eq!(gone.reason, "client namespace disconnect");
        // The connection and its other namespace go on.
        assert_eq!(client.call(&json!(["stay"])).await, json!(["here"]));
    })
    .await;
}

#[tokio::test]
async fn a_session_that_its_client_closes_ends_with_transport_close() {
    each_way(async |way| {
        let (lab, notes) = noting(way, &[]).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        client.engine.close().await;
        assert_eq!(reason(&notes).await, "transport close");
        lab.until_empty().await;
    })
    .await;
}

#[tokio::test]
async fn a_websocket_that_is_cut_ends_with_transport_close() {
    for shards in [1, 2] {
        let over = Over::Websocket;
        let (lab, notes) = noting(Way { shards, over }, &[]).await;
        drop(lab.join(over, &Value::Null).await);
        assert_eq!(reason(&notes).await, "transport close");
        lab.until_empty().await;
    }
}

#[tokio::test]
async fn a_client_that_answers_no_ping_ends_with_ping_timeout() {
    each_way(async |way| {
        // Time enough to join.
        let quick = [
            ("SOCKETIO_PING_INTERVAL", "1s"),
            ("SOCKETIO_PING_TIMEOUT", "1s"),
        ];
        let (lab, notes) = noting(way, &quick).await;
        // A client that is never asked for anything answers nothing.
        let _silent = lab.join(way.over, &Value::Null).await;
        assert_eq!(reason(&notes).await, "ping timeout");
        lab.until_empty().await;
    })
    .await;
}

#[tokio::test]
async fn a_socket_that_the_server_disconnects_leaves_its_namespace_alone() {
    each_way(async |way| {
        let (lab, notes) = noting(way, &[]).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        client.connect("/side", &Value::Null).await.unwrap();
        client.emit_to("/side", &json!(["kick", false])).await;
        assert_eq!(reason(&notes).await, "server namespace disconnect");
        assert_eq!(client.call(&json!(["stay"])).await, json!(["here"]));
        assert_eq!(
            client.kept(),
            [bellgate_peer::Said::Disconnected("/side".into())]
        );
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_the_server_closes_takes_all_its_namespaces_along() {
    each_way(async |way| {
        let (lab, notes) = noting(way, &[]).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        client.connect("/side", &Value::Null).await.unwrap();
        client.emit(&json!(["kick", true])).await;
        let gone = notes.wait_for(2).await;
        let reasons: Vec<_> = gone.iter().map(|gone| gone.reason).collect();
        assert_eq!(reasons, ["server namespace disconnect"; 2]);
        client.closed().await;
        lab.until_empty().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_goes_down_says_so_to_the_disconnect_handler() {
    each_way(async |way| {
        let (lab, notes) = noting(way, &[]).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        let ((), closed) = tokio::join!(lab.stop(), client.closed());
        assert_eq!(reason(&notes).await, "server shutting down", "{closed}");
    })
    .await;
}

#[tokio::test]
async fn what_a_client_sent_before_it_left_is_handled_and_then_its_leaving() {
    each_way(async |way| {
        let (gate, notes) = (Arc::new(Semaphore::new(0)), Arc::new(Notes::new()));
        let (opening, noting) = (Arc::clone(&gate), Arc::clone(&notes));
        let (leaving, last) = (Arc::clone(&notes), Arc::clone(&notes));
        let lab = Lab::start(way.shards, |server| {
            server
                .on("/", "last", move |_: Received| {
                    let notes = Arc::clone(&last);
                    async move { notes.add("last") }
                })
                .on("/", "slow", move |_: Received| {
                    let (gate, notes) = (Arc::clone(&opening), Arc::clone(&noting));
                    async move {
                        gate.acquire().await.unwrap().forget();
                        notes.add("handled");
                    }
                })
                .on_disconnect("/", move |_| {
                    let notes = Arc::clone(&leaving);
                    async move { notes.add("gone") }
                })
        })
        .await;
        let mut client = lab.join(way.over, &Value::Null).await;
        client.emit(&json!(["slow"])).await;
        client.emit(&json!(["last"])).await;
        client.engine.close().await;
        lab.until_empty().await;
        assert_eq!(notes.take(), Vec::<&str>::new());
        gate.add_permits(1);
        assert_eq!(notes.wait_for(3).await, ["handled", "last", "gone"]);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_before_it_was_let_in_was_never_there() {
    each_way(async |way| {
        let (gate, notes) = (Arc::new(Semaphore::new(0)), Arc::new(Notes::new()));
        let (opening, deciding) = (Arc::clone(&gate), Arc::clone(&notes));
        let leaving = Arc::clone(&notes);
        let lab = Lab::start(way.shards, |server| {
            server
                .on_connect("/", move |_: Connect| {
                    let (gate, notes) = (Arc::clone(&opening), Arc::clone(&deciding));
                    async move {
                        notes.add("asked");
                        gate.acquire().await.unwrap().forget();
                        notes.add("decided");
                        Ok(Welcome::user("7").with_room("blue"))
                    }
                })
                .on_disconnect("/", move |_| {
                    let notes = Arc::clone(&leaving);
                    async move { notes.add("gone") }
                })
        })
        .await;
        let mut client = Client::open(&lab.reach, way.over).await;
        client.engine.send("0").await;
        assert_eq!(notes.wait_for(1).await, ["asked"]);
        client.engine.close().await;
        lab.until_empty().await;
        gate.add_permits(2);
        assert_eq!(notes.wait_for(1).await, ["decided"]);
        assert_eq!(lab.emitter().to_all().count().await, 0);
        // The next one finds nothing left of it.
        let mut next = lab.join(way.over, &Value::Null).await;
        lab.emitter().to_room("blue").emit("hi", ());
        assert_eq!(next.heard().await.0, "hi");
        assert_eq!(notes.take(), ["asked", "decided"]);
    })
    .await;
}

#[tokio::test]
async fn a_server_goes_down_however_much_is_sent_meanwhile() {
    let (lab, _) = noting(
        Way {
            shards: 2,
            over: Over::Websocket,
        },
        &[],
    )
    .await;
    let mut client = lab.join(Over::Websocket, &Value::Null).await;
    let emitter = lab.emitter().clone();
    let ticking = tokio::spawn(async move {
        loop {
            emitter.to_all().emit("tick", ());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let ((), _) = tokio::join!(lab.stop(), client.closed());
    ticking.abort();
}

#[tokio::test]
async fn a_client_that_polls_late_still_gets_what_was_queued_before_the_end() {
    for shards in [1, 2] {
        let lab = Lab::start(shards, |server| server).await;
        let mut client = lab.join(Over::Polling, &Value::Null).await;
        lab.emitter().to_all().emit("last", json!([1]));
        lab.emitter().to_all().count().await;
        let emitter = lab.emitter().clone();
        let mut stopping = tokio::spawn(lab.stop());
        // The session is closed before its client asks again.
        eventually("the session to be closed", async || {
            emitter.to_all().count().await == 0
        })
        .await;
        let early = tokio::time::timeout(Duration::from_millis(300), &mut stopping).await;
        assert!(early.is_err(), "the server waits for who has not been told");
        assert_eq!(client.heard().await.0, "last");
        assert_eq!(client.heard().await.0, "bell:drain");
        // Not by a close packet: the python client would stay away for good.
        let end = client.closed().await;
        assert!(
            end.contains("503") && end.contains("server_draining"),
            "{end}"
        );
        stopping.await.unwrap();
    }
}
