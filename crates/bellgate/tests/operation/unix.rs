//! Listening on a unix socket.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use bellgate_peer::{Client, Over, Reach, Said};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Program, run};

/// A folder, and the path of a socket in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bellgate.sock");
    (folder, path)
}

async fn start(path: &std::path::Path, more: &[(&str, &str)]) -> Program {
    let host = format!("unix:{}", path.display());
    let base = [("SOCKETIO_HOST", host.as_str())];
    Program::start(&[&base[..], more].concat()).await
}

#[tokio::test]
async fn http_polling_websocket_and_upgrades_work() {
    let (_folder, path) = place();
    let server = start(&path, &[("BELLGATE_API_KEYS", "test:secret:emit")]).await;
    assert!(server.reach.get("/readyz").send().await.is_ok());
    let mut clients = Vec::new();
    // Streams are dealt out in turn, so both shards have some of each kind.
    for n in 0..9 {
        let over = Over::BOTH[usize::from(n % 3 == 0)];
        let mut client = Client::join(&server.reach, over, &Value::Null).await;
        if n % 3 == 1 {
            client.engine.upgrade().await;
        }
        clients.push(client);
    }
    let emit = json!({"event": "news", "args": [1], "to": {"all": true}});
    let post = server.reach.post("/api/v1/emit").bearer("secret");
    assert_eq!(post.json(&emit).send().await.json(), json!({"online": 9}));
    for client in &mut clients {
        assert_eq!(client.heard().await, ("news".into(), vec![json!(1)]));
        let answer = client.call(&json!(["nobody"])).await;
        assert_eq!(answer[0]["error"], "events_unavailable");
    }
}

#[tokio::test]
async fn the_socket_file_goes_with_the_server() {
    let (_folder, path) = place();
    let mut server = start(&path, &[]).await;
    assert!(path.exists());
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(!path.exists());
}

#[tokio::test]
async fn a_signal_right_behind_the_start_ends_the_server_in_order() {
    for _ in 0..5 {
        let (_folder, path) = place();
        let host = format!("unix:{}", path.display());
        let mut server = Program::start_silent(&[("SOCKETIO_HOST", &host)]);
        while !path.exists() {
            assert!(server.is_running());
            std::thread::yield_now();
        }
        server.terminate();
        assert_eq!(server.ended().await.code(), Some(0));
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn the_socket_file_goes_with_a_server_that_is_stopped_at_once() {
    let (_folder, path) = place();
    let mut server = start(&path, &[("BELLGATE_DRAIN_WINDOW", "1h")]).await;
    let _client = Client::join(&server.reach, Over::Polling, &Value::Null).await;
    server.terminate();
    server.told("going down").await;
    server.terminate();
    server.ended().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn the_file_of_a_server_that_was_killed_is_replaced() {
    let (_folder, path) = place();
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "a listener leaves its file behind");
    let server = start(&path, &[]).await;
    assert!(server.reach.get("/healthz").send().await.is_ok());
}

#[tokio::test]
async fn the_socket_of_a_server_that_lives_is_taken_and_left_alone() {
    let (_folder, path) = place();
    let first = start(&path, &[]).await;
    let host = format!("unix:{}", path.display());
    let second = run(&["--host", &host, "--admin-addr", "off"], &[]);
    assert_eq!(second.status, 2);
    assert!(
        second.err.contains(&format!("{host} is taken")),
        "{}",
        second.err
    );
    assert!(first.reach.get("/healthz").send().await.is_ok());
}

#[test]
fn a_file_that_is_no_socket_is_never_removed() {
    let (_folder, path) = place();
    std::fs::write(&path, "somebody's notes").unwrap();
    let host = format!("unix:{}", path.display());
    let ended = run(&["--host", &host, "--admin-addr", "off"], &[]);
    assert_eq!(ended.status, 2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody's notes");
}

#[tokio::test]
async fn sessions_are_drained_over_the_socket_too() {
    let (_folder, path) = place();
    let mut server = start(&path, &[("BELLGATE_DRAIN_WINDOW", "200ms")]).await;
    let mut listening = Vec::new();
    for over in Over::BOTH {
        let mut client = Client::join(&server.reach, over, &Value::Null).await;
        listening.push(tokio::spawn(async move {
            assert_eq!(client.heard().await.0, "bell:drain");
            assert!(matches!(client.wait_for(|_| true).await, Said::Closed(_)));
        }));
    }
    // Four of the polling session, the last of which waits, and a WebSocket.
    server.until_requests(5).await;
    server.terminate();
    for client in listening {
        client.await.unwrap();
    }
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(!path.exists());
}

/// A server whose admin listener is a unix socket in a folder of its own.
async fn start_admin(path: &std::path::Path, more: &[(&str, &str)]) -> (Program, Reach) {
    let address = format!("unix:{}", path.display());
    let base = [("BELLGATE_ADMIN_ADDR", address.as_str())];
    let server = Program::start(&[&base[..], more].concat()).await;
    let told = server.told("metrics at /metrics on ").await;
    assert_eq!(told, address);
    (server, Reach::url(&told))
}

#[tokio::test]
async fn metrics_are_read_over_a_unix_socket_whatever_the_host_header_says() {
    let (_folder, path) = place();
    let (_server, admin) = start_admin(&path, &[]).await;
    for host in ["localhost", "bellgate", "unix", ""] {
        let answer = admin.get("/metrics").header("Host", host).send().await;
        assert_eq!(answer.status(), 200, "{host}");
        assert!(answer.text().ends_with("# EOF\n"));
    }
    assert!(admin.get("/readyz").send().await.is_ok());
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_at_the_admin_socket_too() {
    let (_folder, path) = place();
    let (_server, admin) = start_admin(&path, &[]).await;
    let cases = [
        (("Origin", "https://evil.example"), 403),
        (("Origin", "null"), 403),
        (("Sec-Fetch-Site", "cross-site"), 403),
        (("Origin", "http://ops.example"), 200),
        // A proxy in front may speak TLS.
        (("Origin", "https://ops.example"), 200),
    ];
    for ((name, value), status) in cases {
        let request = admin.get("/metrics").header("Host", "ops.example");
        let answer = request.header(name, value).send().await;
        assert_eq!(answer.status(), status, "{name}: {value}");
    }
}

#[tokio::test]
async fn the_admin_socket_asks_for_a_key_in_production() {
    let (_folder, path) = place();
    let production = [
        ("BELLGATE_ENV", "production"),
        ("BELLGATE_API_KEYS", "ops:reader:read"),
    ];
    let (_server, admin) = start_admin(&path, &production).await;
    assert_eq!(admin.get("/metrics").send().await.status(), 401);
    let with_key = admin.get("/metrics").bearer("reader").send().await;
    assert_eq!(with_key.status(), 200);
}

#[tokio::test]
async fn the_admin_socket_goes_with_the_server_and_one_left_behind_is_replaced() {
    let (_folder, path) = place();
    drop(UnixListener::bind(&path).unwrap());
    let (mut server, admin) = start_admin(&path, &[]).await;
    assert!(admin.get("/healthz").send().await.is_ok());
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(!path.exists());
}

#[tokio::test]
async fn an_admin_socket_that_is_taken_ends_the_start_with_status_2() {
    let (_folder, path) = place();
    let (_server, admin) = start_admin(&path, &[]).await;
    let address = format!("unix:{}", path.display());
    let second = run(&["--port", "0", "--admin-addr", &address], &[]);
    assert_eq!(second.status, 2);
    let named = format!("BELLGATE_ADMIN_ADDR: {address} is taken");
    assert!(second.err.contains(&named), "{}", second.err);
    assert!(admin.get("/healthz").send().await.is_ok());
}
