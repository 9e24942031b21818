//! The HTTP API of publishers, and health.

use bellgate_peer::{Answer, Client, Over, Reach};
use serde_json::{Value, json};

use crate::program::Program;

async fn start() -> Program {
    Program::start(&[(
        "BELLGATE_API_KEYS",
        "both:both-key:publish+emit,emit:emit-key:emit,pub:pub-key",
    )])
    .await
}

#[tokio::test]
async fn health_and_readiness_answer_at_both_places() {
    let server = start().await;
    for prefix in ["", "/bellgate"] {
        let healthy = server.reach.get(&format!("{prefix}/healthz")).send().await;
        assert_eq!(healthy.json(), json!({"status": "ok"}));
        assert_eq!(healthy.header("content-type"), "application/json");
        let ready = server.reach.get(&format!("{prefix}/readyz")).send().await;
        assert_eq!(
            (ready.status(), &ready.json()["status"]),
            (200, &json!("ready"))
        );
    }
}

#[tokio::test]
async fn visitors_get_what_is_published_for_everybody() {
    let server = start().await;
    let mut clients = Vec::new();
    for n in 0..6 {
        let over = Over::BOTH[n % 2];
        clients.push(Client::join(&server.reach, over, &Value::Null).await);
    }
    let post = |path: &str, body: Value| {
        server
            .reach
            .post(path)
            .bearer("both-key")
            .json(&body)
            .send()
    };
    let note = json!({"to": {"all": true}, "title": "Down at noon", "priority": "high"});
    let answer = post("/api/v1/notifications", note).await;
    assert_eq!(answer.status(), 202, "{answer:?}");
    let answer = answer.json();
    assert_eq!(answer["online"], 6);
    assert_eq!(answer["seq"], json!({"all": 1}));
    let emit = json!({"event": "tick", "args": [1, "two"], "to": {"all": true}});
    assert_eq!(
        post("/api/v1/emit", emit).await.json(),
        json!({"online": 6})
    );
    for client in &mut clients {
        let (name, args) = client.heard().await;
        assert_eq!((&*name, args.len()), ("notification", 1));
        assert_eq!(args[0]["id"], answer["id"]);
        assert_eq!(args[0]["title"], "Down at noon");
        assert_eq!(
            client.heard().await,
            ("tick".into(), vec![json!(1), json!("two")])
        );
    }
}

/// A problem of RFC 9457, with what every refusal of this server tells besides.
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status(), status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["error"], code, "{problem}");
    assert_eq!(problem["status"], status);
    let doc = format!("/bellgate/errors/{code}");
    assert_eq!(problem["doc"], json!(doc));
    for told in ["type", "title", "detail", "category", "retry", "hint"] {
        assert!(problem[told].is_string(), "{told} of {problem}");
    }
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
    assert!(!answer.header("x-request-id").is_empty());
}

/// Refusals that both endpoints share.
async fn refuses(reach: &Reach, path: &str, good_key: &str, other_key: &str) {
    let json = "application/json";
    let post = || reach.post(path);
    let none = post().header("content-type", json).body("{}").send().await;
    assert_problem(&none, 401, "api_key_invalid");
    assert_eq!(none.header("www-authenticate"), "Bearer");
    let wrong = post().bearer("both-keyy").json(&json!({})).send().await;
    assert_problem(&wrong, 401, "api_key_invalid");
    let basic = post().header("authorization", "Basic YTpi");
    assert_problem(&basic.json(&json!({})).send().await, 401, "api_key_invalid");
    let scope = post().bearer(other_key).json(&json!({})).send().await;
    assert_problem(&scope, 403, "api_key_scope");
    let method = reach.request("DELETE", path).bearer(good_key).send().await;
    assert_problem(&method, 405, "method_not_allowed");
    for declared in ["text/plain", "application/x-www-form-urlencoded"] {
        let form = post().bearer(good_key).header("content-type", declared);
        assert_problem(&form.body("{}").send().await, 415, "media_type");
    }
    let undeclared = post().bearer(good_key).body("{}").send().await;
    assert_problem(&undeclared, 415, "media_type");
    let huge = post().bearer(good_key).header("content-type", json);
    let huge = huge.body(vec![b' '; 1_000_001]).send().await;
    assert_problem(&huge, 413, "payload_too_large");
    for broken in ["", "{", "nonsense", "{\"a\":1,\"a\":2}", "\u{feff}{}"] {
        let broken = post()
            .bearer(good_key)
            .header("content-type", json)
            .body(broken);
        let answer = broken.send().await;
        assert_problem(&answer, 400, "body_not_json");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_served_is_a_problem_with_code_and_request_id() {
    let server = start().await;
    let reach = &server.reach;
    refuses(reach, "/api/v1/emit", "emit-key", "pub-key").await;
    refuses(reach, "/api/v1/notifications", "pub-key", "emit-key").await;
    let nothing = reach.get("/api/v1/nothing").send().await;
    assert_problem(&nothing, 404, "not_found");
}

#[tokio::test]
async fn a_field_that_cannot_be_used_is_named_by_its_pointer() {
    let server = start().await;
    let emits = [
        (json!({"to": {"all": true}}), "/event"),
        (json!({"event": "connect", "to": {"all": true}}), "/event"),
        (json!({"event": "x"}), "/to"),
        (json!({"event": "x", "to": {}}), "/to"),
        (json!({"event": "x", "to": {"all": false}}), "/to/all"),
        (
            json!({"event": "x", "to": {"user": "1", "all": true}}),
            "/to",
        ),
        (json!({"event": "x", "to": {"users": []}}), "/to/users"),
        (
            json!({"event": "x", "to": {"users": ["1", 2]}}),
            "/to/users/1",
        ),
        (json!({"event": "x", "to": {"user": 7}}), "/to/user"),
        (
            json!({"event": "x", "to": {"all": true}, "args": {}}),
            "/args",
        ),
        (
            json!({"event": "x", "to": {"all": true}, "namespace": "a"}),
            "/namespace",
        ),
        (
            json!({"event": "x", "to": {"all": true}, "volatile": 1}),
            "/volatile",
        ),
        (
            json!({"event": "x", "to": {"all": true}, "extra": 1}),
            "/extra",
        ),
        (json!([]), ""),
    ];
    let notes = [
        (json!({"to": {"all": true}}), "/title"),
        (json!({"title": "x"}), "/to"),
        (
            json!({"title": "x", "to": {"user": "1", "role": "a"}}),
            "/to",
        ),
        (
            json!({"title": "x", "to": {"all": true}, "color": "red"}),
            "/color",
        ),
        (
            json!({"title": "x", "to": {"all": true}, "priority": "urgent"}),
            "/priority",
        ),
        (
            json!({"title": "x", "to": {"all": true}, "category": "admin"}),
            "/category",
        ),
        (
            json!({"title": "x", "to": {"all": true}, "actions": [
                {"id": "a", "text": "Go", "url": "javascript:alert(1)"}]}),
            "/actions/0/url",
        ),
    ];
    let emits = emits.into_iter().map(|case| ("/api/v1/emit", case));
    let notes = notes
        .into_iter()
        .map(|case| ("/api/v1/notifications", case));
    for (path, (body, pointer)) in emits.chain(notes) {
        let answer = server.reach.post(path).bearer("both-key").json(&body);
        let answer = answer.send().await;
        assert_problem(&answer, 422, "field_invalid");
        assert_eq!(answer.json()["pointer"], pointer, "{body}");
    }
}

#[tokio::test]
async fn a_development_key_is_made_kept_and_works() {
    let server = Program::start(&[]).await;
    let file = server.folder().join(".bellgate-key");
    let key = std::fs::read_to_string(&file).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let emit = json!({"event": "x", "to": {"all": true}});
    let post = server
        .reach
        .post("/api/v1/emit")
        .bearer(key.trim())
        .json(&emit);
    assert_eq!(post.send().await.json(), json!({"online": 0}));
    assert!(
        !server.lines().concat().contains(key.trim()),
        "it is in no log"
    );
}

#[tokio::test]
async fn production_makes_no_key() {
    let server = Program::start(&[("BELLGATE_ENV", "production")]).await;
    assert!(!server.folder().join(".bellgate-key").exists());
    let emit = json!({"event": "x", "to": {"all": true}});
    let post = server.reach.post("/api/v1/emit").bearer("").json(&emit);
    assert_problem(&post.send().await, 401, "api_key_invalid");
}
