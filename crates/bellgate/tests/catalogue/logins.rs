//! Logins that do not count, or no longer.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use bellgate_peer::{Client, Over, Polling, Reach, eventually};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use xtask::signing::{self, SECRET};

use crate::lab::{KEY, Lab, reason, refused, told};

/// What the session of a page of Flask-WTF keeps.
const KEPT: &str = "0413b96cb7e41edda423f46be15c220d49afdabf";

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// A server that knows the application's logins and verifies tokens.
async fn lab(more: &[(&str, &str)]) -> Lab {
    let keys = [("SECRET_KEY", SECRET), ("BELLGATE_JWT_SECRET", SECRET)];
    Lab::built(&[&keys, more].concat(), |server| {
        server.with_namespace("/admin")
    })
    .await
}

/// A page with this session, signed a second ago.
fn page(lab: &Lab, session: &Value) -> Reach {
    page_with(lab, &signing::session_at(&session.to_string(), now() - 1))
}

/// A page with this value as its session.
fn page_with(lab: &Lab, value: &str) -> Reach {
    let cookie = format!("session={value}");
    lab.page().with_header("Cookie", &cookie)
}

/// What a CONNECT of this page is refused with.
async fn asked(page: &Reach, namespace: &str, auth: &Value) -> String {
    let mut client = Client::open(page, Over::Websocket).await;
    refused(&mut client, namespace, auth).await
}

pub(crate) async fn a_visitor_where_users_are_wanted() -> String {
    let lab = lab(&[]).await;
    asked(&lab.reach, "/", &Value::Null).await
}

pub(crate) async fn a_user_without_the_role() -> String {
    let lab = lab(&[]).await;
    let page = page(&lab, &json!({"_user_id": "7"}));
    asked(&page, "/admin", &Value::Null).await
}

pub(crate) async fn a_page_elsewhere_without_cookies() -> String {
    let more = ("SOCKETIO_CORS_ORIGINS", "https://app.example");
    let lab = lab(&[more]).await;
    let page = lab.page_at(more.1);
    // With a WebSocket handshake cookies come unasked.
    let mut client = Client::open(&page, Over::Polling).await;
    refused(&mut client, "/", &Value::Null).await
}

pub(crate) async fn a_forged_session() -> String {
    let lab = lab(&[]).await;
    let signed = signing::session_at(r#"{"_user_id":"7"}"#, now() - 1);
    let page = page_with(&lab, &format!("f{}", &signed[1..]));
    asked(&page, "/", &Value::Null).await
}

pub(crate) async fn an_old_session() -> String {
    let lab = lab(&[]).await;
    let old = signing::session_at(r#"{"_user_id":"7"}"#, now() - 40 * 86_400);
    asked(&page_with(&lab, &old), "/", &Value::Null).await
}

pub(crate) async fn a_token_that_is_none() -> String {
    let lab = lab(&[]).await;
    asked(&lab.reach, "/", &json!({"token": "e30.e30."})).await
}

pub(crate) async fn an_old_token() -> String {
    let lab = lab(&[]).await;
    let claims = json!({"sub": "7", "exp": now() - 90}).to_string();
    asked(&lab.reach, "/", &json!({"token": signing::token(&claims)})).await
}

pub(crate) async fn a_login_that_the_application_refuses() -> String {
    let application = axum::Router::new().fallback(async || StatusCode::UNAUTHORIZED);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, application).await });
    let asks = [
        ("BELLGATE_AUTH_URL", &*url),
        ("BELLGATE_WEBHOOK_SECRET", SECRET),
    ];
    let lab = Lab::start(&asks).await;
    asked(&lab.reach, "/", &json!({"ticket": "7"})).await
}

pub(crate) async fn a_handshake_while_the_key_set_cannot_be_had() -> String {
    // Nothing listens at this port.
    let lab = lab(&[("BELLGATE_JWT_JWKS_URL", "http://127.0.0.1:1/keys")]).await;
    let handshake = || lab.reach.get("/socket.io/?EIO=4&transport=polling");
    let mut answer = handshake().send().await;
    eventually("the failure to be known", async || {
        answer = handshake().send().await;
        !answer.is_ok()
    })
    .await;
    told(&answer)
}

pub(crate) async fn another_users_cookie() -> String {
    let lab = lab(&[]).await;
    let mut session = Polling::open(&page(&lab, &json!({"_user_id": "7"}))).await;
    assert!(session.post("40").await.is_ok());
    session.reach = page(&lab, &json!({"_user_id": "8"}));
    told(&session.post(r#"42["x"]"#).await)
}

pub(crate) async fn a_login_that_the_application_changed() -> String {
    let lab = lab(&[]).await;
    let page = page(&lab, &json!({"_user_id": "7"}));
    let mut client = Client::join(&page, Over::Websocket, &Value::Null).await;
    let refresh = lab.reach.post("/api/v1/users/7/refresh").bearer(KEY);
    assert!(refresh.send().await.is_ok());
    reason(&client.closed().await)
}

/// What a page of Flask-WTF is refused with that brings this.
async fn csrf(more: &[(&str, &str)], auth: &Value) -> String {
    let lab = lab(more).await;
    let page = page(&lab, &json!({"_user_id": "7", "csrf_token": KEPT}));
    asked(&page, "/", auth).await
}

pub(crate) async fn no_csrf_token() -> String {
    csrf(&[], &Value::Null).await
}

pub(crate) async fn another_sessions_csrf_token() -> String {
    let other = signing::csrf("another", now());
    csrf(&[], &json!({"csrf_token": other})).await
}

pub(crate) async fn an_old_csrf_token() -> String {
    let old = signing::csrf(KEPT, now() - 3700);
    let limit = ("WTF_CSRF_TIME_LIMIT", "3600");
    csrf(&[limit], &json!({"csrf_token": old})).await
}
