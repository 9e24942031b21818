//! Compression, where the settings allow and the client wants it.

use std::io::Read as _;

use bellgate_peer::{Client, Engine, Over, Polling, WebSocket};
use serde_json::{Value, json};

use crate::program::Program;

const OFFER: (&str, &str) = (
    "Sec-WebSocket-Extensions",
    "permessage-deflate; client_max_window_bits",
);
const KEY: (&str, &str) = ("BELLGATE_API_KEYS", "test:secret:emit");

async fn client(server: &Program, headers: &[(&str, &str)]) -> Client {
    let query = "EIO=4&transport=websocket";
    let socket = WebSocket::open_with(&server.reach, query, headers).await;
    let mut client = Client::on(Engine::websocket(socket.unwrap()).await);
    client.connect("/", &Value::Null).await.unwrap();
    client
}

async fn emit(server: &Program, text: &str) {
    let emit = json!({"event": "text", "args": [text], "to": {"all": true}});
    let post = server.reach.post("/api/v1/emit").bearer("secret");
    assert_eq!(post.json(&emit).send().await.status(), 202);
}

#[tokio::test]
async fn permessage_deflate_is_agreed_on_and_frames_above_the_threshold_are_compressed() {
    let server = Program::start(&[KEY, ("SOCKETIO_COMPRESSION", "1024")]).await;
    let mut compressed = client(&server, &[OFFER]).await;
    let mut plain = client(&server, &[]).await;
    let socket = compressed.engine.socket().unwrap();
    let agreed: Vec<&str> = socket.extensions.split(';').map(str::trim).collect();
    assert_eq!(agreed[0], "permessage-deflate");
    for without_memory in ["server_no_context_takeover", "client_no_context_takeover"] {
        assert!(agreed.contains(&without_memory), "{agreed:?}");
    }
    assert_eq!(plain.engine.socket().unwrap().extensions, "");
    let big = "ümlaut ".repeat(1000);
    for text in ["short", &big, &big] {
        emit(&server, text).await;
        for client in [&mut compressed, &mut plain] {
            assert_eq!(client.heard().await, ("text".into(), vec![json!(text)]));
        }
    }
    let (with, without) = (
        compressed.engine.socket().unwrap(),
        plain.engine.socket().unwrap(),
    );
    assert_eq!((with.compressed, without.compressed), (2, 0));
    assert!(with.received * 10 < without.received, "{}", with.received);
}

#[tokio::test]
async fn compression_is_declined_by_default() {
    let server = Program::start(&[KEY]).await;
    let mut client = client(&server, &[OFFER]).await;
    let big = "x".repeat(10_000);
    emit(&server, &big).await;
    assert_eq!(client.heard().await.1, [json!(big)]);
    let socket = client.engine.socket().unwrap();
    assert_eq!((&*socket.extensions, socket.compressed), ("", 0));
}

#[tokio::test]
async fn polling_answers_are_compressed_as_the_client_accepts_them() {
    let server = Program::start(&[KEY, ("SOCKETIO_COMPRESSION", "1024")]).await;
    let big = "text ".repeat(2000);
    for (accepts, encoding) in [
        ("gzip, deflate", "gzip"),
        ("deflate", "deflate"),
        ("br", ""),
        ("gzip;q=0", ""),
    ] {
        let session = Polling::open(&server.reach).await;
        session.post("40").await;
        session.get().await;
        emit(&server, &big).await;
        let get = session.request("GET").header("Accept-Encoding", accepts);
        let answer = get.send().await;
        assert_eq!(answer.header("content-encoding"), encoding, "{accepts}");
        let vary = answer.header("vary").to_ascii_lowercase();
        assert!(vary.contains("origin"), "{vary}");
        assert!(vary.contains("accept-encoding"), "{vary}");
        let mut text = String::new();
        let bytes = &answer.bytes()[..];
        match encoding {
            "gzip" => flate2::read::GzDecoder::new(bytes).read_to_string(&mut text),
            "deflate" => flate2::read::ZlibDecoder::new(bytes).read_to_string(&mut text),
            _ => std::io::Cursor::new(bytes).read_to_string(&mut text),
        }
        .unwrap();
        assert_eq!(text, format!("42{}", json!(["text", big])));
        session.post("1").await;
    }
}

#[tokio::test]
async fn polling_answers_are_plain_by_default() {
    let server = Program::start(&[KEY]).await;
    let mut client = Client::join(
        &server.reach.clone().with_header("Accept-Encoding", "gzip"),
        Over::Polling,
        &Value::Null,
    )
    .await;
    let big = "x".repeat(10_000);
    emit(&server, &big).await;
    assert_eq!(client.heard().await.1, [json!(big)]);
}
