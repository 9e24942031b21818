//! Logins by JSON Web Token: of the CONNECT payload, of `Authorization`, of a cookie.

use bellgate::config::{Settings, Sources};
use bellgate_peer::{Client, Over, Reach};
use serde_json::{Value, json};
use xtask::signing::{self, SECRET};

use crate::lab::{Lab, each_way, settings};
use crate::logins::{PAGE, cookie, now, refused, whoami};

/// A server that verifies tokens and, beside them, the application's sessions.
async fn lab(shards: usize, more: &[(&str, &str)]) -> Lab {
    let keys = [("BELLGATE_JWT_SECRET", SECRET), ("SECRET_KEY", SECRET)];
    let more = [&keys[..], more].concat();
    Lab::start_with(settings(shards, &more), whoami).await
}

/// A token that holds for a minute.
fn token(user: &str) -> String {
    let claims = json!({"sub": user, "exp": now() + 60, "roles": ["editor"]});
    signing::token(&claims.to_string())
}

fn auth(token: &str) -> Value {
    json!({"token": token})
}

fn with_cookie(lab: &Lab, cookie: &str) -> Reach {
    let reach = lab.reach.clone().from_origin(PAGE);
    reach.with_header("Cookie", cookie)
}

#[tokio::test]
async fn a_token_in_the_payload_gives_the_socket_its_user_and_roles() {
    each_way(async |way| {
        let lab = lab(way.shards, &[]).await;
        // A program: without an origin, as tokens need none.
        let mut client = Client::join(&lab.reach, way.over, &auth(&token("7"))).await;
        let who = client.call(&json!(["whoami"])).await;
        assert_eq!(who, json!([["7", ["editor"]]]));
        lab.emitter().to_user("7").emit("news", "for you");
        let news = client.heard().await;
        assert_eq!(news, ("news".into(), vec![json!("for you")]));
    })
    .await;
}

#[tokio::test]
async fn a_token_in_the_authorization_header_of_the_handshake_does_too() {
    each_way(async |way| {
        let lab = lab(way.shards, &[]).await;
        let header = format!("Bearer {}", token("7"));
        let reach = lab.reach.clone().with_header("Authorization", &header);
        let mut client = Client::join(&reach, way.over, &Value::Null).await;
        let who = client.call(&json!(["whoami"])).await;
        assert_eq!(who, json!([["7", ["editor"]]]));
    })
    .await;
}

#[tokio::test]
async fn a_bad_token_is_refused_and_a_good_cookie_beside_it_does_not_help() {
    each_way(async |way| {
        let lab = lab(way.shards, &[("SOCKETIO_REQUIRE_AUTH", "false")]).await;
        let reach = with_cookie(&lab, &cookie(&json!({"_user_id": "7"})));
        let old = json!({"sub": "7", "exp": now() - 90}).to_string();
        let forged = token("7").replace("eyJ", "eyK");
        for (auth, expected) in [
            (auth(&forged), "token_invalid"),
            (auth("e30.e30."), "token_invalid"),
            (json!({"token": 7}), "token_invalid"),
            (auth(&signing::token(&old)), "token_expired"),
            (auth(&signing::token(r#"{"sub":""}"#)), "token_invalid"),
        ] {
            let mut client = Client::open(&reach, way.over).await;
            assert_eq!(refused(&mut client, "/", &auth).await, expected, "{auth}");
            // The next CONNECT may bring a better one.
            client.connect("/", &self::auth(&token("9"))).await.unwrap();
            let who = client.call(&json!(["whoami"])).await;
            assert_eq!(who[0][0], "9");
        }
        let bad = reach.with_header("Authorization", "Bearer x.y.z");
        let mut client = Client::open(&bad, way.over).await;
        let told = refused(&mut client, "/", &Value::Null).await;
        assert_eq!(told, "token_invalid");
    })
    .await;
}

#[tokio::test]
async fn a_connection_of_one_user_takes_no_token_of_another() {
    for over in Over::BOTH {
        let lab = lab(2, &[]).await;
        let mut client = Client::join(&lab.reach, over, &auth(&token("7"))).await;
        let connect = format!("0/admin,{}", auth(&token("8")));
        client.engine.send(&connect).await;
        client.closed().await;
    }
}

#[tokio::test]
async fn a_connection_ends_with_its_token() {
    let lab = lab(1, &[("BELLGATE_JWT_LEEWAY", "0")]).await;
    let claims = json!({"sub": "7", "exp": now() + 6}).to_string();
    let short = auth(&signing::token(&claims));
    let mut clients = Vec::new();
    for over in Over::BOTH {
        clients.push(Client::join(&lab.reach, over, &short).await);
    }
    for client in &mut clients {
        client.closed().await;
    }
    lab.until_empty().await;
}

#[tokio::test]
async fn a_token_in_a_cookie_needs_a_page_that_can_read_its_csrf_value() {
    each_way(async |way| {
        let lab = lab(way.shards, &[("JWT_TOKEN_LOCATION", "headers,cookies")]).await;
        let claims = json!({"sub": "7", "exp": now() + 60, "csrf": "value"}).to_string();
        let cookie = format!("access_token_cookie={}", signing::token(&claims));
        let page = with_cookie(&lab, &cookie);
        let mut client = Client::open(&page, way.over).await;
        for (auth, expected) in [
            (Value::Null, "csrf_missing"),
            (json!({"csrf_token": "another"}), "csrf_invalid"),
        ] {
            assert_eq!(refused(&mut client, "/", &auth).await, expected);
        }
        let own = json!({"csrf_token": "value"});
        client.connect("/", &own).await.unwrap();
        let who = client.call(&json!(["whoami"])).await;
        assert_eq!(who[0][0], "7");
        let header = page.with_header("X-CSRF-TOKEN", "value");
        Client::join(&header, way.over, &Value::Null).await;
        // A program with the cookie and no origin: nobody.
        let program = lab.reach.clone().with_header("Cookie", &cookie);
        let mut client = Client::open(&program, way.over).await;
        assert_eq!(refused(&mut client, "/", &own).await, "auth_required");
    })
    .await;
}

#[tokio::test]
async fn a_bad_token_in_a_cookie_makes_a_visitor_where_visitors_may_join() {
    let cookies = ("JWT_TOKEN_LOCATION", "cookies");
    let open = lab(1, &[cookies, ("SOCKETIO_REQUIRE_AUTH", "false")]).await;
    let closed = lab(1, &[cookies]).await;
    let bad = "access_token_cookie=x.y.z";
    let mut visitor = Client::join(&with_cookie(&open, bad), Over::Polling, &Value::Null).await;
    assert_eq!(visitor.call(&json!(["whoami"])).await, json!([[null, []]]));
    let mut client = Client::open(&with_cookie(&closed, bad), Over::Polling).await;
    let told = refused(&mut client, "/", &Value::Null).await;
    assert_eq!(told, "token_invalid");
}

#[tokio::test]
async fn a_key_that_cannot_be_used_refuses_every_token() {
    let sources = Sources::new().with_environment([
        ("BELLGATE_JWT_PUBLIC_KEY", "/nowhere/key.pem"),
        ("SOCKETIO_PORT", "0"),
        ("BELLGATE_ADMIN_ADDR", "off"),
    ]);
    let loaded = Settings::load(&sources);
    let told: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(
        told.iter().any(
            |text| text.starts_with("BELLGATE_JWT_PUBLIC_KEY: /nowhere/key.pem cannot be read")
        ),
        "{told:?}"
    );
    assert!(loaded.must_stop(true) && !loaded.must_stop(false));
    let lab = Lab::start_with(loaded.settings, whoami).await;
    let mut client = Client::open(&lab.reach, Over::Websocket).await;
    let told = refused(&mut client, "/", &auth(&token("7"))).await;
    assert_eq!(told, "token_invalid");
    let told = refused(&mut client, "/", &Value::Null).await;
    assert_eq!(told, "auth_required");
}

#[tokio::test]
async fn a_reload_takes_in_another_secret() {
    let lab = lab(1, &[]).await;
    lab.reload(&settings(
        1,
        &[("BELLGATE_JWT_SECRET", "another one of enough bytes")],
    ));
    bellgate_peer::eventually("the new secret to hold", async || {
        let mut client = Client::open(&lab.reach, Over::Websocket).await;
        client.connect("/", &auth(&token("7"))).await.is_err()
    })
    .await;
}
