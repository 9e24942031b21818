//! Going down.

use std::time::{Duration, Instant};

use bellgate_peer::{Client, Engine, Heard, Over, Said, WebSocket, eventually};
use serde_json::Value;

use crate::program::Program;

/// Much less than anything waits for in order, and much more than an exit takes.
const AT_ONCE: Duration = Duration::from_secs(8);

#[tokio::test]
async fn with_nothing_connected_the_exit_is_at_once() {
    let mut server = Program::start(&[]).await;
    assert!(server.reach.get("/readyz").send().await.is_ok());
    let begun = Instant::now();
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

/// What a client has seen until its end.
struct Seen {
    told: Vec<Value>,
    after: Duration,
    namespaces_left: usize,
}

async fn watch(mut client: Client, begun: Instant) -> Seen {
    let (mut told, mut namespaces_left) = (Vec::new(), 0);
    loop {
        match client.wait_for(|_| true).await {
            Said::Event(event) if event.name == "bell:drain" => told.push(event.args[0].clone()),
            Said::Disconnected(_) => namespaces_left += 1,
            Said::Closed(_) => break,
            other => panic!("{other:?}"),
        }
    }
    Seen {
        told,
        after: begun.elapsed(),
        namespaces_left,
    }
}

#[tokio::test]
async fn sessions_are_told_and_closed_one_by_one_within_the_window() {
    // Time enough to look while it goes down.
    const WINDOW: Duration = Duration::from_secs(6);
    let mut server = Program::start(&[("BELLGATE_DRAIN_WINDOW", "6s")]).await;
    let mut clients = Vec::new();
    for _ in 0..12 {
        for over in Over::BOTH {
            clients.push(Client::join(&server.reach, over, &Value::Null).await);
        }
    }
    let begun = Instant::now();
    server.terminate();
    let watching: Vec<_> = clients
        .into_iter()
        .map(|client| tokio::spawn(watch(client, begun)))
        .collect();
    // Until the last polling session has gone, whoever comes is told to come back later.
    eventually("readiness to go off", async || {
        server.reach.get("/readyz").send().await.status() == 503
    })
    .await;
    let ready = server.reach.get("/readyz").send().await;
    assert_eq!(ready.json()["reasons"], serde_json::json!(["draining"]));
    assert!(server.reach.get("/healthz").send().await.is_ok());
    for over in Over::BOTH {
        let refused = Engine::attempt(&server.reach, over).await.err().unwrap();
        assert_eq!(refused.status(), 503);
        assert_eq!(refused.json()["error"], "server_draining");
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    let mut ends = Vec::new();
    for client in watching {
        let seen = client.await.unwrap();
        assert_eq!(seen.namespaces_left, 0, "41 makes a stock client stay away");
        assert_eq!(seen.told.len(), 1, "bell:drain came once: {:?}", seen.told);
        let delay = Duration::from_millis(seen.told[0]["delay"].as_u64().unwrap());
        assert!(delay <= WINDOW, "{delay:?}");
        assert!(
            seen.after + Duration::from_millis(50) >= delay,
            "{:?}, {delay:?}",
            seen.after
        );
        ends.push(seen.after);
    }
    ends.sort_unstable();
    let (first, last) = (ends[0], ends[ends.len() - 1]);
    assert!(last < WINDOW + AT_ONCE, "{ends:?}");
    // 24 times that are drawn evenly from a window do not lie within a quarter of it.
    assert!(last > first + WINDOW / 4, "{ends:?}");
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(begun.elapsed() < WINDOW + AT_ONCE);
}

#[tokio::test]
async fn a_session_without_a_namespace_is_closed_too() {
    let mut server = Program::start(&[("BELLGATE_DRAIN_WINDOW", "100ms")]).await;
    let mut websocket = Engine::open(&server.reach, Over::Websocket).await;
    let mut polling = Engine::open(&server.reach, Over::Polling).await;
    let waiting = tokio::spawn(async move { polling.next().await });
    server.until_requests(3).await;
    server.terminate();
    for heard in [waiting.await.unwrap(), websocket.next().await] {
        assert!(matches!(heard, Heard::Closed(_)), "{heard:?}");
    }
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_websocket_is_closed_with_the_code_of_going_away() {
    let mut server = Program::start(&[("BELLGATE_DRAIN_WINDOW", "0s")]).await;
    let socket = WebSocket::open(&server.reach, "EIO=4&transport=websocket");
    let mut engine = Engine::websocket(socket.await.unwrap()).await;
    server.terminate();
    let heard = engine.next().await;
    let Heard::Closed(why) = heard else {
        panic!("{heard:?}");
    };
    assert!(why.starts_with("1001 "), "{why}");
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_the_server_at_once() {
    let mut server = Program::start(&[("BELLGATE_DRAIN_WINDOW", "1h")]).await;
    let _polling = Client::join(&server.reach, Over::Polling, &Value::Null).await;
    let _websocket = Client::join(&server.reach, Over::Websocket, &Value::Null).await;
    server.terminate();
    server.told("going down").await;
    assert!(server.is_running());
    let begun = Instant::now();
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_interrupt_from_the_keyboard_is_taken_the_same_way() {
    let mut server = Program::start(&[("BELLGATE_DRAIN_WINDOW", "100ms")]).await;
    let mut client = Client::join(&server.reach, Over::Websocket, &Value::Null).await;
    server.signal(rustix::process::Signal::INT);
    assert_eq!(client.heard().await.0, "bell:drain");
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn the_next_server_may_listen_while_websockets_are_still_being_closed() {
    let old = Program::start(&[("BELLGATE_DRAIN_WINDOW", "1h")]).await;
    let mut client = Client::join(&old.reach, Over::Websocket, &Value::Null).await;
    let port = old.reach.addr().port().to_string();
    old.terminate();
    assert_eq!(client.heard().await.0, "bell:drain");
    eventually("the port to be free", async || {
        std::net::TcpListener::bind(old.reach.addr()).is_ok()
    })
    .await;
    let next = Program::start(&[("SOCKETIO_PORT", &port)]).await;
    let mut returned = Client::join(&next.reach, Over::Polling, &Value::Null).await;
    for client in [&mut client, &mut returned] {
        let answer = client.call(&serde_json::json!(["nobody"])).await;
        assert_eq!(answer[0]["error"], "events_unavailable");
    }
}
