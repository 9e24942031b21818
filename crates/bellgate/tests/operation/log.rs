//! The log: JSON off a terminal, with what joins it to the answers that clients got.

use bellgate_peer::{Client, Engine, Over, eventually};
use serde_json::{Value, json};

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
    for (over, host) in Over::BOTH.into_iter().zip(["evil", "worse"]) {
        let origin = format!("http://{host}.example");
        let evil = server.reach.clone().from_origin(&origin);
        let refused = Engine::attempt(&evil, over).await.err().unwrap();
        let line = line_of(&server, refused.header("x-request-id")).await;
        assert_eq!(refused.json()["request_id"], line["request_id"]);
        assert_eq!(line["code"], "origin_host_not_allowed");
        let message = line["message"].as_str().unwrap();
        assert!(message.contains(&origin), "{line}");
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

#[tokio::test]
async fn a_refused_origin_is_explained_once_with_the_line_to_change() {
    let server = Program::start(&[("SOCKETIO_CORS_ORIGINS", "https://app.example")]).await;
    let page = server
        .reach
        .clone()
        .from_origin("HTTPS://App.Example:8443")
        .with_header("X-Forwarded-Proto", "https");
    let refused = Engine::attempt(&page, Over::Polling).await.err().unwrap();
    let line = line_of(&server, refused.header("x-request-id")).await;
    assert_eq!(line["code"], "origin_port_mismatch");
    assert_eq!(line["origin"], "HTTPS://App.Example:8443");
    assert_eq!(line["canonical"], "https://app.example:8443");
    assert_eq!(line["nearest"], "https://app.example (the port differs)");
    assert_eq!(line["forwarded"], "ignored: x-forwarded-proto: https");
    assert_eq!(line["client"], "127.0.0.1");
    assert_eq!(
        line["change"],
        "SOCKETIO_CORS_ORIGINS=https://app.example,https://app.example:8443 \
         BELLGATE_TRUSTED_PROXIES=loopback"
    );
    // The page learns which part differs, and nothing of the list.
    assert!(
        !refused.text().contains("https://app.example "),
        "{}",
        refused.text()
    );
    for over in Over::BOTH {
        Engine::attempt(&page, over).await.err().unwrap();
    }
    let options = page.request("OPTIONS", "/socket.io/?EIO=4&transport=polling");
    assert_eq!(options.send().await.status(), 403);
    // A later line is there, so these would be.
    let other = server.reach.clone().from_origin("http://else.example");
    let last = Engine::attempt(&other, Over::Polling).await.err().unwrap();
    line_of(&server, last.header("x-request-id")).await;
    let log = server.log();
    let told = log
        .iter()
        .filter(|line| line["origin"] == "HTTPS://App.Example:8443");
    assert_eq!(told.count(), 1, "{log:?}");
}

#[tokio::test]
async fn what_is_only_reported_comes_in_and_is_explained() {
    let server = Program::start(&[("SOCKETIO_CORS_MODE", "report")]).await;
    let page = server.reach.clone().from_origin("http://evil.example");
    let engine = Engine::open(&page, Over::Polling).await;
    assert!(!engine.sid.is_empty());
    let mut told = None;
    eventually("the report", async || {
        let log = server.log();
        told = log
            .into_iter()
            .find(|line| line["origin"] == "http://evil.example");
        told.is_some()
    })
    .await;
    let line = told.unwrap();
    assert_eq!(line["code"], "origin_host_not_allowed");
    assert!(
        line["message"]
            .as_str()
            .unwrap()
            .starts_with("would be refused: "),
        "{line}"
    );
}

/// The lines of the only session that there was, once it has ended.
async fn lines_of_a_session(server: &Program) -> Vec<Value> {
    let mut lines = Vec::new();
    eventually("the end of a session in the log", async || {
        lines = server.log();
        lines.retain(|line| line["session"].is_string());
        lines.iter().any(|line| line["lasted_ms"].is_u64())
    })
    .await;
    lines
}

#[tokio::test]
async fn debugging_shows_the_life_of_a_connection_and_nothing_that_it_says() {
    for over in Over::BOTH {
        let server = Program::start(&[("SOCKETIO_DEBUG", "true")]).await;
        let auth = json!({"token": "auth-secret"});
        let mut client = Client::join(&server.reach, over, &auth).await;
        let sid = client.engine.sid.clone();
        client.emit(&json!(["na\u{202e}me", "said-secret"])).await;
        client.leave("/").await;
        client.engine.close().await;
        let lines = lines_of_a_session(&server).await;
        let steps = lines.iter().map(|line| line["message"].as_str().unwrap());
        let steps: Vec<_> = steps.collect();
        assert_eq!(
            steps[..5],
            [
                "a session opens",
                "asks to join",
                "joined",
                "sent an event",
                "left"
            ]
        );
        assert!(steps[5].starts_with("a session ends: "), "{steps:?}");
        assert!(
            lines
                .iter()
                .all(|line| line["session"] == lines[0]["session"])
        );
        assert_eq!(lines[0]["transport"], format!("{over:?}").to_lowercase());
        assert_eq!(lines[3]["event"], "na\\u{202e}me");
        assert_eq!(lines[4]["reason"], "client namespace disconnect");
        let all = server.lines().concat();
        for secret in ["auth-secret", "said-secret", &sid] {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
    }
    let quiet = Program::start(&[]).await;
    let mut client = Client::join(&quiet.reach, Over::Websocket, &Value::Null).await;
    client.engine.close().await;
    let lines = quiet.log();
    assert!(
        lines.iter().all(|line| line["session"].is_null()),
        "{lines:?}"
    );
}
