//! Security events, and what no line of the log ever says (contract §4; hardening §3 row 39).

use bellgate_peer::{Client, Engine, Over, RedisServer, eventually};
use redis::cmd;
use serde_json::{Value, json};
use xtask::signing::{self, SECRET};

use crate::program::Program;

const PAGE: &str = "http://localhost:5000";

/// What is as secret as the keys that sign: a name for it, so that a failure does not print it alone.
type Secrets = Vec<(&'static str, String)>;

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// The lines on the target `security` of this code, once there are so many.
async fn events(server: &Program, code: &str, count: usize) -> Vec<Value> {
    let mut found = Vec::new();
    eventually(&format!("{count} security events of {code}"), async || {
        found = server.log();
        found.retain(|line| line["target"] == "security" && line["code"] == code);
        found.len() >= count
    })
    .await;
    found
}

#[tokio::test]
async fn a_refused_connect_is_one_event_with_all_that_is_known() {
    let server = Program::start(&[("SECRET_KEY", SECRET)]).await;
    let session = signing::session_at(r#"{"_user_id":"7"}"#, now() - 1);
    let page = server.reach.clone().from_origin(PAGE);
    let page = page.with_header("Cookie", &format!("session={session}"));
    for (turn, over) in Over::BOTH.into_iter().enumerate() {
        let mut client = Client::join(&page, over, &Value::Null).await;
        let refused = client.connect("/admin", &Value::Null).await.unwrap_err();
        let told = events(&server, "forbidden_role", turn + 1).await;
        let event = &told[turn];
        for (field, value) in [
            ("user", "7"),
            ("address", "127.0.0.1"),
            ("origin", PAGE),
            ("namespace", "/admin"),
            ("action", "refused"),
        ] {
            assert_eq!(event[field], value, "{field}: {event}");
        }
        assert_eq!(event["request_id"], refused["data"]["request_id"]);
        assert!(["info", "warning"].contains(&event["severity"].as_str().unwrap()));
        assert!(event["ts"].as_str().unwrap().ends_with('Z'), "{event}");
        assert_eq!(told.len(), turn + 1, "one event for one refusal");
    }
    let admin = server.admin().await;
    let line = "bellgate_security_events_total{code=\"forbidden_role\"} 2\n";
    eventually(line, async || {
        admin.get("/metrics").send().await.text().contains(line)
    })
    .await;
}

#[tokio::test]
async fn a_refused_origin_is_one_event_a_minute_and_counted_each_time() {
    let server = Program::start(&[]).await;
    let evil = server.reach.clone().from_origin("http://evil.example");
    for over in Over::BOTH {
        assert!(Engine::attempt(&evil, over).await.is_err());
    }
    let refused = evil.post("/api/v1/emit").json(&json!({})).send().await;
    assert_eq!(refused.status(), 403);
    let code = "origin_host_not_allowed";
    let admin = server.admin().await;
    let line = format!("bellgate_security_events_total{{code=\"{code}\"}} 3\n");
    eventually(&line, async || {
        admin.get("/metrics").send().await.text().contains(&line)
    })
    .await;
    let told = events(&server, code, 1).await;
    assert_eq!(told.len(), 1, "{told:?}");
    for (field, value) in [
        ("origin", "http://evil.example"),
        ("address", "127.0.0.1"),
        ("severity", "warning"),
        ("action", "refused"),
    ] {
        assert_eq!(told[0][field], value, "{field}: {}", told[0]);
    }
    assert!(told[0]["request_id"].is_string(), "{}", told[0]);
}

#[tokio::test]
async fn a_refused_api_key_is_an_event_on_both_listeners() {
    let settings = [
        ("BELLGATE_ENV", "production"),
        ("BELLGATE_API_KEYS", "app:publisher-of-the-app:publish"),
    ];
    let server = Program::start(&settings).await;
    let admin = server.admin().await;
    for (key, status, code) in [
        ("guessed", 401, "api_key_invalid"),
        ("publisher-of-the-app", 403, "api_key_scope"),
    ] {
        let public = server.reach.get("/api/v1/users/7").bearer(key).send().await;
        let operators = admin.get("/metrics").bearer(key).send().await;
        assert_eq!((public.status(), operators.status()), (status, status));
        let told = events(&server, code, 2).await;
        assert_eq!(told.len(), 2, "{told:?}");
        for event in &told {
            assert_eq!(event["address"], "127.0.0.1", "{event}");
            assert_eq!(event["action"], "refused");
        }
        assert_eq!(told[0]["request_id"], public.header("x-request-id"));
    }
    let said = server.lines().concat();
    assert!(
        !said.contains("guessed") && !said.contains("publisher-of"),
        "{said}"
    );
}

#[tokio::test]
async fn sessions_that_are_pickles_are_counted() {
    let redis = RedisServer::start(&[]).await;
    let url = redis.url();
    let server = Program::start(&[("BELLGATE_SESSION_REDIS_URL", &url)]).await;
    let admin = server.admin().await;
    let is_counted = async |count: u64| {
        let line = format!("bellgate_pickled_sessions_total {count}\n");
        admin.get("/metrics").send().await.text().contains(&line)
    };
    assert!(is_counted(0).await);
    let () = redis.ask(cmd("SET").arg("session:sid").arg(b"\x80\x04}."));
    let page = server.reach.clone().from_origin(PAGE);
    let page = page.with_header("Cookie", "session=sid");
    for over in Over::BOTH {
        let mut client = Client::open(&page, over).await;
        let refused = client.connect("/", &Value::Null).await.unwrap_err();
        assert_eq!(refused["data"]["code"], "session_invalid");
    }
    eventually("both to be counted", async || is_counted(2).await).await;
    events(&server, "session_invalid", 2).await;
}

#[tokio::test]
async fn what_operators_do_is_told_with_the_name_of_their_key() {
    let server = Program::start(&[("BELLGATE_API_KEYS", "night-shift:k3y:manage")]).await;
    let block = server.reach.post("/api/v1/blocks").bearer("k3y");
    let answer = block.json(&json!({"user": "7"})).send().await;
    assert_eq!(answer.status(), 201);
    let lift = server.reach.request("DELETE", "/api/v1/blocks?user=7");
    assert_eq!(lift.bearer("k3y").send().await.status(), 200);
    let told = events(&server, "operator", 2).await;
    let of = |field: &str| {
        told.iter()
            .map(|event| event[field].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("action"), ["blocked", "unblocked"]);
    assert_eq!(of("key"), ["night-shift", "night-shift"]);
    assert_eq!(of("user"), ["7", "7"]);
}

#[tokio::test]
async fn text_from_the_network_is_escaped_and_cut() {
    let settings = [("SECRET_KEY", SECRET), ("SOCKETIO_LOG_LEVEL", "TRACE")];
    let server = Program::start(&settings).await;
    let user = format!("7\r\n\u{1b}[31m\u{202e}{}", "x".repeat(2000));
    let session = json!({"_user_id": user}).to_string();
    let session = signing::session_at(&session, now() - 1);
    let page = server.reach.clone().from_origin(PAGE);
    let page = page.with_header("Cookie", &format!("session={session}"));
    let mut client = Client::join(&page, Over::Websocket, &Value::Null).await;
    let event = format!("evil\r\n\u{1b}\u{202e}{}", "y".repeat(200));
    client.emit(&json!([event])).await;
    client.connect("/admin", &Value::Null).await.unwrap_err();
    let told = events(&server, "forbidden_role", 1).await;
    let named = told[0]["user"].as_str().unwrap();
    assert!(named.starts_with(r"7\r\n\x1b[31m\u{202e}xxx"), "{named}");
    assert!(named.len() < 300, "{}", named.len());
    for line in server.lines() {
        assert!(line.len() < 2000, "{line}");
        let is_plain = |c: char| !c.is_control() && c != '\u{202e}';
        assert!(line.chars().all(is_plain), "{line:?}");
    }
}

/// Connects by this client's credentials in every place, joins, is refused, sends.
async fn connect(server: &Program, over: Over, secrets: &mut Secrets) {
    let kept = "0413b96cb7e41edda423f46be15c220d49afdabf";
    let session = json!({"_user_id": "7", "csrf_token": kept}).to_string();
    let session = signing::session_at(&session, now() - 1);
    let csrf = signing::csrf(kept, now());
    let claims = json!({"sub": "7", "exp": now() + 60}).to_string();
    let token = signing::token(&claims);
    let bad = format!("{}.{}", token, "forged-token-secret");
    let page = server.reach.clone().from_origin(PAGE).with_header(
        "Cookie",
        &format!("session={session}; remember_token=remember-secret; own=cookie-secret"),
    );
    let page = page.with_header("X-CSRFToken", &csrf);
    let mut by_cookie = Client::open(&page, over).await;
    secrets.push(("engine sid", by_cookie.engine.sid.clone()));
    let auth = json!({"csrf_token": csrf, "password": "payload-secret"});
    let sid = by_cookie.connect("/", &auth).await.unwrap();
    secrets.push(("sid", sid));
    by_cookie.connect("/admin", &auth).await.unwrap_err();
    by_cookie.call(&json!(["save", "argument-secret"])).await;
    let program = server.reach.clone();
    let header = format!("Bearer {token}");
    let mut by_header = Client::join(
        &program.clone().with_header("Authorization", &header),
        over,
        &Value::Null,
    )
    .await;
    by_header.call(&json!(["bell:renew", {"token": bad}])).await;
    let mut by_token = Client::open(&program, over).await;
    by_token
        .connect("/", &json!({"token": bad}))
        .await
        .unwrap_err();
    by_token
        .connect("/", &json!({"token": token}))
        .await
        .unwrap();
    secrets.extend([
        ("session cookie", session),
        ("csrf token", csrf),
        ("token", token),
        ("engine sid", by_token.engine.sid.clone()),
    ]);
}

#[tokio::test]
async fn no_line_tells_a_secret_at_the_level_of_traces() {
    let settings = [
        ("SECRET_KEY", SECRET),
        ("SECRET_KEY_FALLBACKS", "older-key-secret"),
        ("BELLGATE_JWT_SECRET", SECRET),
        ("BELLGATE_WEBHOOK_SECRET", "webhook-secret"),
        ("BELLGATE_API_KEYS", "ops:api-key-secret:manage+emit"),
        ("SOCKETIO_LOG_LEVEL", "TRACE"),
    ];
    let server = Program::start(&settings).await;
    let mut secrets = Secrets::new();
    for over in Over::BOTH {
        connect(&server, over, &mut secrets).await;
    }
    let query = "/socket.io/?EIO=4&transport=polling&token=query-secret&sid=query-sid-secret";
    assert!(!server.reach.get(query).send().await.is_ok());
    let evil = server.reach.clone().from_origin("http://evil.example");
    let evil = evil.with_header("Cookie", "session=evil-cookie-secret");
    assert!(Engine::attempt(&evil, Over::Websocket).await.is_err());
    for (key, status) in [("guessed-key-secret", 401), ("api-key-secret", 200)] {
        let request = server.reach.post("/api/v1/users/7/disconnect").bearer(key);
        assert_eq!(request.send().await.status(), status);
    }
    events(&server, "operator", 1).await;
    events(&server, "token_invalid", 2).await;
    secrets.push(("SECRET_KEY", SECRET.to_owned()));
    let said = server.lines().concat();
    for (name, secret) in &secrets {
        assert!(secret.len() > 8, "{name} is long enough to be looked for");
        assert!(!said.contains(secret.as_str()), "{name} {secret} in {said}");
    }
    assert!(!said.contains("-secret"), "{said}");
    assert!(said.contains("\"DEBUG\""), "it tells much otherwise");
}
