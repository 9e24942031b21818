//! A server inside an axum application.

use std::net::SocketAddr;
use std::sync::mpsc;

use axum::Router;
use axum::routing::get;
use bellgate::{Connect, Mounted, Received, Server, Welcome};
use bellgate_peer::{Client, Over, Polling, Reach, WebSocket, eventually, shard_of};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::lab::settings;

/// An axum application on a runtime of its own.
struct App {
    reach: Reach,
    mounted: Option<Mounted>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl App {
    fn start(shards: usize, more: &[(&str, &str)]) -> Self {
        let server = Server::from_settings(settings(shards, more))
            .on_connect("/", async |connect: Connect| {
                let address = connect.handshake.address.map(|address| address.to_string());
                Ok(Welcome::user("7").with_event("hello", json!(address)))
            })
            .on("/", "echo", async |event: Received| event.args);
        let mounted = server.mount().unwrap();
        let router = Router::new()
            .route("/own", get(async || "the application's own"))
            .merge(mounted.router());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (sender, bound) = mpsc::channel();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await.unwrap();
        });
        Self {
            reach: Reach::tcp(bound.recv().unwrap()),
            mounted: Some(mounted),
            runtime: Some(runtime),
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[tokio::test]
async fn clients_are_served_beside_the_applications_own_routes() {
    for shards in [1, 2] {
        for over in Over::BOTH {
            let app = App::start(shards, &[]);
            assert_eq!(
                app.reach.get("/own").send().await.text(),
                "the application's own"
            );
            let mut client = Client::join(&app.reach, over, &Value::Null).await;
            assert_eq!(client.heard().await.1, [json!("127.0.0.1")]);
            assert_eq!(client.call(&json!(["echo", 1])).await, json!([1]));
            app.mounted
                .as_ref()
                .unwrap()
                .emitter()
                .to_user("7")
                .emit("hi", "you");
            assert_eq!(client.heard().await, ("hi".into(), vec![json!("you")]));
        }
    }
}

#[tokio::test]
async fn new_sessions_are_spread_over_the_shards() {
    let app = App::start(2, &[]);
    let mut seen = std::collections::BTreeSet::new();
    let mut sessions = Vec::new();
    eventually("sessions on both shards", async || {
        let session = Polling::open(&app.reach).await;
        seen.insert(shard_of(&session.sid));
        sessions.push(session);
        seen.len() == 2
    })
    .await;
}

#[tokio::test]
async fn a_session_upgrades_from_polling_to_websocket() {
    let app = App::start(2, &[]);
    for _ in 0..4 {
        let mut client = Client::join(&app.reach, Over::Polling, &Value::Null).await;
        client.heard().await;
        client.engine.upgrade().await;
        assert_eq!(client.engine.over(), Over::Websocket);
        assert_eq!(client.call(&json!(["echo", "é"])).await, json!(["é"]));
    }
}

#[tokio::test]
async fn a_plain_tcp_stream_moves_to_its_shard_and_needs_the_application_no_more() {
    let mut app = App::start(2, &[]);
    let mut opened = Client::join(&app.reach, Over::Websocket, &Value::Null).await;
    let mut upgraded = Client::join(&app.reach, Over::Polling, &Value::Null).await;
    upgraded.engine.upgrade().await;
    upgraded.call(&json!(["echo"])).await;
    // Everything that the application's runtime holds goes, its tasks and its reactor.
    app.runtime.take().unwrap().shutdown_background();
    eventually("the application to be gone", async || {
        app.reach.get("/own").attempt().await.is_err()
    })
    .await;
    for client in [&mut opened, &mut upgraded] {
        let big = "x".repeat(200_000);
        assert_eq!(client.call(&json!(["echo", big])).await, json!([big]));
    }
}

#[tokio::test]
async fn a_refused_origin_gets_the_same_answer_as_at_a_listener_of_its_own() {
    let app = App::start(2, &[]);
    let evil = app.reach.clone().from_origin("http://evil.example");
    let answer = evil.get("/socket.io/?EIO=4&transport=polling").send().await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.json()["error"], "origin_host_not_allowed");
    assert_eq!(answer.header("vary"), "Origin");
    let refused = WebSocket::open(&evil, "EIO=4&transport=websocket").await;
    assert_eq!(refused.err().unwrap().status(), 403);
    let page = app.reach.clone().from_origin("http://localhost:5000");
    let answer = page.get("/socket.io/?EIO=4&transport=polling").send().await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://localhost:5000"
    );
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test]
async fn the_engine_path_answers_without_its_last_slash_too() {
    let app = App::start(1, &[]);
    let answer = app
        .reach
        .get("/socket.io?EIO=4&transport=polling")
        .send()
        .await;
    assert_eq!(answer.status(), 200, "{answer:?}");
}

#[tokio::test]
async fn the_publishers_api_works_with_the_same_headers() {
    let app = App::start(2, &[("BELLGATE_API_KEYS", "test:secret:publish+emit")]);
    let mut client = Client::join(&app.reach, Over::Websocket, &Value::Null).await;
    client.heard().await;
    for path in ["/api/v1/emit", "/bellgate/api/v1/emit"] {
        let emit = json!({"event": "n", "args": [1], "to": {"user": "7"}});
        let answer = app
            .reach
            .post(path)
            .bearer("secret")
            .json(&emit)
            .send()
            .await;
        assert_eq!(answer.status(), 202, "{answer:?}");
        assert_eq!(answer.json(), json!({"online": 1}));
        assert_eq!(client.heard().await, ("n".into(), vec![json!(1)]));
    }
    let page = app.reach.clone().from_origin("http://localhost:5000");
    let answer = page.post("/api/v1/emit").json(&json!({})).send().await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    assert!(!answer.header("x-request-id").is_empty());
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://localhost:5000"
    );
    assert_eq!(app.reach.get("/healthz").send().await.status(), 200);
    assert_eq!(app.reach.get("/bellgate/readyz").send().await.status(), 200);
    let evil = app.reach.clone().from_origin("http://evil.example");
    assert_eq!(evil.post("/api/v1/emit").send().await.status(), 403);
}

#[tokio::test]
async fn a_client_that_cuts_its_waiting_get_ends_its_session() {
    let app = App::start(2, &[]);
    let session = Polling::open(&app.reach).await;
    let mut get = session.begin_get().await;
    let moment = std::time::Duration::from_millis(50);
    let answer = tokio::time::timeout(moment, get.read_u8()).await;
    assert!(answer.is_err(), "nothing was to be said: {answer:?}");
    drop(get);
    // A pong more or less does no harm to a session that lives.
    eventually("the session to end", async || {
        session.post("3").await.status() == 400
    })
    .await;
}

#[tokio::test]
async fn an_application_keeps_its_own_answer_for_paths_that_nobody_knows() {
    let mounted = Server::from_settings(settings(1, &[])).mount().unwrap();
    let router: Router = Router::new()
        .fallback(async || "the application's own 404")
        .merge(mounted.router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let reach = Reach::tcp(listener.local_addr().unwrap());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, service).await });
    let answer = reach.get("/nowhere").send().await;
    assert_eq!(answer.text(), "the application's own 404");
}

#[tokio::test]
async fn shutting_down_closes_every_session_and_ends_the_shards() {
    let mut app = App::start(2, &[]);
    let mut clients = Vec::new();
    for over in Over::BOTH {
        let mut client = Client::join(&app.reach, over, &Value::Null).await;
        client.heard().await;
        clients.push(client);
    }
    let mounted = app.mounted.take().unwrap();
    let closing = async {
        for client in &mut clients {
            assert_eq!(client.heard().await.0, "bell:drain");
            client.closed().await;
        }
    };
    let both = async { tokio::join!(mounted.shut_down(), closing) };
    bellgate_peer::within("the shards to end", both).await;
    assert_eq!(app.reach.get("/own").send().await.status(), 200);
}
