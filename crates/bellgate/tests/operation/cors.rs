//! What a page may read: CORS headers on every answer, whatever it says.

use bellgate_peer::{Answer, Reach, Request};
use serde_json::json;

use crate::program::Program;

const PAGE: &str = "http://localhost:5000";

/// Requests of all kinds, with the status that each gets where its origin is admitted.
fn requests(reach: &Reach) -> Vec<(u16, Request)> {
    let handshake = "/socket.io/?EIO=4&transport=polling";
    let json = |request: Request| request.header("Content-Type", "application/json");
    let emit = || reach.post("/api/v1/emit");
    vec![
        (200, reach.get(handshake)),
        (400, reach.get("/socket.io/?EIO=3&transport=polling")),
        (400, reach.get("/socket.io/?EIO=4&transport=carrier-pigeon")),
        (400, reach.get(&format!("{handshake}&sid=nobody"))),
        (400, reach.post(handshake)),
        (400, reach.get("/socket.io/?EIO=4&transport=websocket")),
        (404, reach.get("/socket.io/foo")),
        (404, reach.get("/nowhere")),
        (404, reach.get("/api/v1/nothing")),
        (404, reach.get("/errors/no_such_code")),
        (200, reach.get("/errors/origin_null")),
        (200, reach.get("/healthz")),
        (200, reach.get("/bellgate/readyz")),
        (405, reach.get("/api/v1/emit")),
        (405, reach.post("/healthz")),
        (401, json(emit())),
        (401, json(emit().bearer("wrong"))),
        (403, json(emit().bearer("publisher"))),
        (415, emit().bearer("emitter").body("{}")),
        (400, json(emit().bearer("emitter")).body("{")),
        (422, json(emit().bearer("emitter")).body("{}")),
        (413, json(emit().bearer("emitter")).body(vec![b' '; 2000])),
    ]
}

async fn start() -> Program {
    Program::start(&[
        ("BELLGATE_API_KEYS", "a:emitter:emit,b:publisher:publish"),
        ("SOCKETIO_MAX_HTTP_BUFFER_SIZE", "1000"),
    ])
    .await
}

fn varies_by_origin(answer: &Answer) -> bool {
    answer
        .header("vary")
        .split(',')
        .any(|name| name.trim() == "Origin")
}

#[tokio::test]
async fn an_admitted_page_can_read_every_answer() {
    let server = start().await;
    let page = server.reach.clone().from_origin(PAGE);
    for (index, (status, request)) in requests(&page).into_iter().enumerate() {
        let answer = request.send().await;
        assert_eq!(answer.status(), status, "request {index}: {answer:?}");
        let told = |name| answer.header(name);
        assert_eq!(told("access-control-allow-origin"), PAGE, "request {index}");
        assert_eq!(told("access-control-allow-credentials"), "true");
        assert_eq!(
            told("access-control-expose-headers"),
            "X-Request-Id, Retry-After"
        );
        assert!(varies_by_origin(&answer), "request {index}: {answer:?}");
        assert!(!told("x-request-id").is_empty(), "request {index}");
        assert_eq!(told("x-content-type-options"), "nosniff");
        assert!(told("set-cookie").is_empty());
    }
}

#[tokio::test]
async fn an_answer_to_nobodys_page_varies_by_origin_all_the_same() {
    let server = start().await;
    for (index, (status, request)) in requests(&server.reach).into_iter().enumerate() {
        let answer = request.send().await;
        assert_eq!(answer.status(), status, "request {index}: {answer:?}");
        assert!(varies_by_origin(&answer), "request {index}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
}

#[tokio::test]
async fn a_refused_page_reads_nothing_and_reaches_nothing() {
    let server = start().await;
    let evil = server.reach.clone().from_origin("http://evil.example");
    for (index, (_, request)) in requests(&evil).into_iter().enumerate() {
        let answer = request.send().await;
        assert!(varies_by_origin(&answer), "request {index}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert!(
            !answer.text().contains("localhost"),
            "no allowed origin is told"
        );
    }
    let answer = evil.get("/socket.io/?EIO=4&transport=polling").send().await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.json()["error"], "origin_host_not_allowed");
    assert_eq!(answer.json()["code"], 4);
    let answer = evil.post("/api/v1/emit").bearer("emitter");
    let answer = answer.json(&json!({"event": "x", "to": {"all": true}}));
    assert_eq!(answer.send().await.status(), 403);
}

fn preflight(reach: &Reach, path: &str, method: &str, headers: &str) -> Request {
    reach
        .request("OPTIONS", path)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", headers)
}

#[tokio::test]
async fn an_admitted_preflight_is_204_with_the_listed_methods_and_headers() {
    let server = start().await;
    let page = server.reach.clone().from_origin(PAGE);
    for path in [
        "/socket.io/?EIO=4&transport=polling",
        "/api/v1/emit",
        "/bellgate/api/v1/notifications",
    ] {
        let answer = preflight(&page, path, "POST", "content-type,authorization");
        let answer = answer.send().await;
        assert_eq!((answer.status(), answer.text()), (204, ""), "{path}");
        let told = |name| answer.header(name);
        assert_eq!(told("access-control-allow-origin"), PAGE);
        assert_eq!(told("access-control-allow-methods"), "GET, POST");
        assert_eq!(
            told("access-control-allow-headers"),
            "Content-Type, Authorization, X-CSRFToken, X-CSRF-Token"
        );
        assert_eq!(told("access-control-max-age"), "600");
        for name in [
            "Origin",
            "Access-Control-Request-Method",
            "Access-Control-Request-Headers",
        ] {
            assert!(told("vary").contains(name), "{}", told("vary"));
        }
    }
    let ready = server.reach.get("/readyz").send().await;
    assert!(ready.is_ok(), "no session was opened: {ready:?}");
}

#[tokio::test]
async fn a_refused_preflight_is_403_and_names_no_methods() {
    let server = start().await;
    let page = server.reach.clone().from_origin(PAGE);
    let evil = server.reach.clone().from_origin("http://evil.example");
    let cases = [
        (&evil, "POST", "content-type", "origin_host_not_allowed"),
        (&page, "DELETE", "content-type", "preflight_method"),
        (&page, "POST", "x-evil", "preflight_header"),
    ];
    for path in ["/socket.io/", "/api/v1/emit"] {
        for (reach, method, headers, code) in cases {
            let answer = preflight(reach, path, method, headers).send().await;
            assert_eq!(answer.status(), 403, "{path} {code}");
            assert_eq!(answer.json()["error"], code, "{path}");
            assert_eq!(answer.header("access-control-allow-methods"), "");
            assert_eq!(answer.header("access-control-allow-headers"), "");
        }
    }
}

#[tokio::test]
async fn diagnose_tells_every_page_its_own_verdict_and_nothing_of_the_list() {
    let server = Program::start(&[("SOCKETIO_CORS_ORIGINS", "https://app.example")]).await;
    for path in ["/diagnose", "/bellgate/diagnose"] {
        let page = server.reach.clone().from_origin("https://app.example:8443");
        let answer = page.get(path).header("Cookie", "session=x").send().await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(
            answer.headers().get("access-control-allow-credentials"),
            None
        );
        assert!(answer.header("vary").contains("Origin"));
        let told = answer.json();
        assert_eq!(told["allowed"], false);
        assert_eq!(told["rule"], "not_listed");
        assert_eq!(told["origin"], "https://app.example:8443");
        assert_eq!(told["data"]["code"], "origin_port_mismatch");
        assert_eq!(told["request_id"], answer.header("x-request-id"));
        let text = answer.text().replace("https://app.example:8443", "");
        assert!(!text.contains("https://app.example"), "{text}");
    }
    let page = server.reach.clone().from_origin("https://app.example");
    let answer = page.get("/diagnose").send().await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.json()["allowed"], true);
    let none = server.reach.get("/diagnose").send().await.json();
    assert_eq!(none["rule"], "no_origin");
}
