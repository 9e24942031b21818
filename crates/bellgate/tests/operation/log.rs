//! The log: JSON off a terminal, with what joins it to the answers that clients got.

use bellgate_peer::{Engine, Over, eventually};
use serde_json::Value;

use crate::program::Program;

/// The log line of a request.
async fn line_of(server: &Program, request_id: &str) -> Value {
    let mut found = None;
    eventually("the request's line in the log", async || {
        let log = server.log();
        found = log
            .into_iter()
            .find(|line| line["request_id"] == request_id);
        found.is_some()
    })
    .await;
    found.unwrap()
}

#[tokio::test]
async fn a_refusal_is_logged_with_its_code_and_the_request_id_that_the_client_got() {
    let server = Program::start(&[]).await;
    let evil = server.reach.clone().from_origin("http://evil.example");
    for over in Over::BOTH {
        let refused = Engine::attempt(&evil, over).await.err().unwrap();
        let line = line_of(&server, refused.header("x-request-id")).await;
        assert_eq!(refused.json()["request_id"], line["request_id"]);
        assert_eq!(line["code"], "origin_host_not_allowed");
        let message = line["message"].as_str().unwrap();
        assert!(message.contains("http://evil.example"), "{line}");
        for told in ["timestamp", "level", "target"] {
            assert!(line[told].is_string(), "{line}");
        }
    }
    let refused = server.reach.post("/api/v1/emit").send().await;
    let line = line_of(&server, refused.header("x-request-id")).await;
    assert_eq!(line["code"], "api_key_invalid");
}

#[tokio::test]
async fn text_from_the_network_cannot_break_a_line_and_secrets_stay_out() {
    let server = Program::start(&[("BELLGATE_API_KEYS", "a:real-secret:emit")]).await;
    let query = "/socket.io/?EIO=4&transport=polling&token=query-secret&sid=%0a%1b[31m";
    let refused = server
        .reach
        .clone()
        .with_header("Origin", "http://evil\t.example\u{202e}")
        .with_header("Cookie", "session=cookie-secret")
        .with_header("Authorization", "Bearer header-secret")
        .get(query)
        .send()
        .await;
    assert!(refused.status() >= 400);
    line_of(&server, refused.header("x-request-id")).await;
    let refused = server.reach.post("/api/v1/emit").bearer("guessed-secret");
    let refused = refused.send().await;
    line_of(&server, refused.header("x-request-id")).await;
    // Every line is one JSON object, and none says what it should not.
    let log = server.log();
    let said = serde_json::to_string(&log).unwrap();
    for secret in ["real", "query", "cookie", "header", "guessed"] {
        assert!(!said.contains(&format!("{secret}-secret")), "{said}");
    }
    let lines = server.lines().concat();
    assert!(
        !lines.contains('\u{1b}') && !lines.contains('\u{202e}'),
        "{lines}"
    );
}

#[tokio::test]
async fn the_log_is_text_where_the_setting_says_so() {
    let mut server = Program::start_unparsed(&[("BELLGATE_LOG_FORMAT", "text")]).await;
    assert!(server.is_running());
    let lines = server.lines();
    assert!(lines.iter().all(|line| !line.starts_with('{')), "{lines:?}");
    assert!(lines.concat().contains("INFO"), "{lines:?}");
    assert!(
        !lines.concat().contains('\u{1b}'),
        "no colours off a terminal"
    );
}

#[tokio::test]
async fn the_level_of_the_log_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bellgate.sock");
    let host = format!("unix:{}", path.display());
    let settings = [
        ("SOCKETIO_LOG_LEVEL", "ERROR"),
        ("SOCKETIO_HOST", host.as_str()),
    ];
    let server = Program::start_silent(&settings);
    let reach = bellgate_peer::Reach::url(&host);
    eventually("the server to listen", async || {
        reach.get("/healthz").attempt().await.is_ok()
    })
    .await;
    assert_eq!(reach.get("/nowhere").send().await.status(), 404);
    assert_eq!(server.lines(), Vec::<String>::new());
}
