//! The HTTP API and the operator's listener as a browser or a stranger would abuse them.

use serde_json::{Value, json};

use crate::support::http::{Answer, fetch, get, post};
use crate::support::polling::{OPEN, Polling};
use crate::support::process::{KEY, Process};
use crate::support::ws::Ws;

const NOTIFICATIONS: &str = "/api/v1/notifications";

fn notification() -> Value {
    json!({"to": {"all": true}, "type": "info", "title": "t", "message": "m"})
}

/// A publish with these header lines beside the key's.
async fn publish(process: &Process, headers: &str, body: &str) -> Answer {
    let request = post(NOTIFICATIONS, headers, body.as_bytes());
    fetch(process.target, &request).await
}

/// Row 41: a form or plain text can be posted by any page without asking; neither is taken, and
/// without a key nobody learns what would be.
#[tokio::test]
async fn the_api_takes_json_with_a_key_and_nothing_else() {
    let mut process = Process::start(&[]).await;
    let key = format!("Authorization: Bearer {KEY}\r\n");
    let body = notification().to_string();
    let types = [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: text/plain; application/json\r\n",
        "Content-Type: application/jsonx\r\n",
    ];
    for kind in types {
        let answer = publish(&process, &format!("{key}{kind}"), &body).await;
        assert_eq!(answer.status, 415, "{kind}");
    }
    let json = "Content-Type: application/json\r\n";
    for kind in types.into_iter().chain([json]) {
        for no_key in [
            String::new(),
            "Authorization: Bearer wrong\r\n".to_owned(),
            format!("Authorization: Basic {KEY}\r\n"),
            format!("Authorization: Bearer {}\r\n", &KEY[1..]),
            format!("{key}{key}"),
            format!("Cookie: Authorization=Bearer {KEY}\r\n"),
        ] {
            let answer = publish(&process, &format!("{no_key}{kind}"), &body).await;
            assert_eq!(answer.status, 401, "{no_key}{kind}");
            assert_eq!(answer.json()["error"], "api_key_invalid");
        }
    }
    let answer = publish(&process, &format!("{key}{json}"), &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    process.must_be_unharmed().await;
}

/// Row 41: a page of a foreign origin does not get as far as the key.
#[tokio::test]
async fn the_api_is_closed_to_foreign_pages() {
    let mut process = Process::start(&[]).await;
    let json = format!("Authorization: Bearer {KEY}\r\nContent-Type: application/json\r\n");
    let body = notification().to_string();
    for foreign in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
    ] {
        let answer = publish(&process, &format!("{json}{foreign}"), &body).await;
        assert_eq!(answer.status, 403, "{foreign}");
    }
    process.must_be_unharmed().await;
}

/// Row 41: DNS rebinding. The operator's listener answers for its own address alone.
#[tokio::test]
async fn the_operators_listener_is_closed_to_pages() {
    let mut process = Process::start(&[]).await;
    let admin = process.admin;
    let ask = async |host: &str, headers: &str| {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
        fetch(admin, request.as_bytes()).await.status
    };
    let own = admin.to_string();
    let (port, other) = (admin.port(), admin.port() ^ 1);
    assert_eq!(ask(&own, "").await, 200);
    for host in [
        "evil",
        "evil.example",
        &format!("evil.example:{port}"),
        &format!("127.0.0.1.evil.example:{port}"),
        &format!("127.0.0.1:{other}"),
        "127.0.0.1",
        "",
        &format!("127.0.0.1:{port}@evil.example"),
        &format!("0.0.0.0:{port}"),
    ] {
        assert_eq!(ask(host, "").await, 421, "{host}");
    }
    for foreign in [
        "Origin: http://evil.example\r\n".to_owned(),
        "Origin: null\r\n".to_owned(),
        format!("Origin: https://{own}\r\n"),
        format!("Origin: http://127.0.0.1:{other}\r\n"),
        format!("Origin: http://{own}.evil.example\r\n"),
        "Sec-Fetch-Site: cross-site\r\n".to_owned(),
        "Sec-Fetch-Site: same-site\r\n".to_owned(),
        format!("Origin: http://{own}\r\nSec-Fetch-Site: cross-site\r\n"),
    ] {
        assert_eq!(ask(&own, &foreign).await, 403, "{foreign}");
    }
    let own_page = format!("Origin: http://{own}\r\nSec-Fetch-Site: same-origin\r\n");
    assert_eq!(ask(&own, &own_page).await, 200);
    process.must_be_unharmed().await;
}

/// Row 42: what a click would run as a program is refused where it is published, by its place.
#[tokio::test]
async fn notifications_cannot_carry_links_that_run() {
    let mut process = Process::start(&[]).await;
    let json = format!("Authorization: Bearer {KEY}\r\nContent-Type: application/json\r\n");
    let with_url = |url: &str| {
        let mut body = notification();
        body["actions"] = json!([
            {"id": "ok", "text": "fine", "url": "https://example.com/"},
            {"id": "go", "text": "go", "url": url},
        ]);
        body.to_string()
    };
    for url in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "\u{1}javascript:alert(1)",
        "javascript&colon;alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "blob:https://example.com/x",
        "file:///etc/passwd",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "https:evil.example",
        "",
    ] {
        let answer = publish(&process, &json, &with_url(url)).await;
        assert_eq!(answer.status, 422, "{url:?}: {}", answer.text());
        let problem = answer.json();
        assert_eq!(problem["error"], "field_invalid");
        assert_eq!(problem["pointer"], "/actions/1/url", "{url:?}");
    }
    let answer = publish(&process, &json, &with_url("/exports/7")).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let mut icon = notification();
    icon["icon"] = json!("javascript:alert(1)");
    let answer = publish(&process, &json, &icon.to_string()).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["pointer"], "/icon");
    process.must_be_unharmed().await;
}

/// Row 42: markup and direction marks are text, and arrive as the text they are.
#[tokio::test]
async fn markup_in_a_notification_is_passed_on_as_text() {
    let mut process = Process::start(&[]).await;
    let mut ws = Ws::joined(process.target).await;
    let json = format!("Authorization: Bearer {KEY}\r\nContent-Type: application/json\r\n");
    for title in [
        "<img src=x onerror=alert(1)>",
        "\u{202e}txt.exe",
        "&lt;b&gt;",
    ] {
        let mut body = notification();
        body["title"] = json!(title);
        let answer = publish(&process, &json, &body.to_string()).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        let event = ws.next_text().await.expect("the notification");
        let event: Value = serde_json::from_str(&event[2..]).expect("an event");
        assert_eq!(event[1]["title"], title);
    }
    drop(ws);
    process.must_be_unharmed().await;
}

/// Row 38 for the API: what is refused there is refused before it means anything.
#[tokio::test]
async fn hostile_json_is_refused_by_the_api() {
    let mut process = Process::start(&[]).await;
    let json = format!("Authorization: Bearer {KEY}\r\nContent-Type: application/json\r\n");
    let whole = notification().to_string();
    let open = &whole[..whole.len() - 1];
    for body in [
        "[".repeat(100_000),
        format!("{{\"a\":{}", "{\"a\":".repeat(100_000)),
        format!("{open},\"data\":{}1{}}}", "[".repeat(9), "]".repeat(9)),
        format!("{open},\"title\":\"again\"}}"),
        format!("{open},\"__proto__\":{{}}}}"),
        format!("{open},\"data\":{{\"n\":1e999}}}}"),
        format!("{open},\"data\":\"\\ud800\"}}"),
        format!("{open},\"data\":NaN}}"),
        String::new(),
        "null".to_owned(),
    ] {
        let answer = publish(&process, &json, &body).await;
        let shown: String = body.chars().take(80).collect();
        assert!(
            matches!(answer.status, 400 | 413 | 422),
            "{}: {shown}",
            answer.status
        );
    }
    process.must_be_unharmed().await;
}

/// Every row: whatever was refused or let in, no secret of it is in the log.
#[tokio::test]
async fn no_secret_reaches_the_log() {
    let settings = [("SOCKETIO_LOG_LEVEL", "TRACE"), ("SOCKETIO_DEBUG", "true")];
    let mut process = Process::start(&settings).await;
    let target = process.target;
    let secrets = "Cookie: session=hidden-cookie\r\nAuthorization: Bearer hidden-bearer\r\n";
    for path in [
        format!("{OPEN}&token=hidden-query"),
        format!("{OPEN}&token=hidden-query&sid=hidden-sid"),
        "/socket.io/?EIO=3&transport=polling&token=hidden-query".to_owned(),
        "/nowhere?token=hidden-query".to_owned(),
    ] {
        fetch(target, &get(&path, secrets)).await;
        let foreign = format!("{secrets}Origin: http://evil.example\r\n");
        fetch(target, &get(&path, &foreign)).await;
    }
    let mut sids = Vec::new();
    for connect in [
        "40{\"token\":\"hidden-auth\"}",
        "40/elsewhere?token=hidden-query,{\"token\":\"hidden-auth\"}",
        "40{\"token\":\"hidden-auth\"",
        "42[\"hidden-event-argument\"",
    ] {
        let session = Polling::open(target).await;
        session.post(connect.as_bytes()).await;
        sids.push(session.sid);
        let mut ws = Ws::open_with(target, secrets).await;
        ws.text(connect).await;
        ws.text("42[]").await;
        ws.ended().await;
    }
    let body = notification().to_string();
    let json = "Content-Type: application/json\r\n";
    publish(&process, &format!("{json}{secrets}"), &body).await;
    let key = format!("Authorization: Bearer {KEY}\r\n");
    publish(&process, &format!("{json}{key}"), &body).await;
    publish(&process, &format!("{json}{key}"), "{}").await;
    process.must_be_unharmed().await;
    let log = process.log();
    assert!(log.lines().count() > 5, "there is a log to look at: {log}");
    assert!(!log.contains("hidden-"), "{log}");
    assert!(!log.contains(KEY), "{log}");
    for sid in sids {
        assert!(!log.contains(&sid), "{log}");
    }
}
