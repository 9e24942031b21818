//! A login that changes while its connection is open (contract §4, expiry and change).

use std::time::{SystemTime, UNIX_EPOCH};

use bellgate::{Connect, Received, Server, Welcome};
use bellgate_peer::{Answer, Client, Over, Reach, Said};
use serde_json::{Value, json};
use xtask::signing::{self, SECRET};

use crate::lab::{Lab, each_way, open_on, settings};

const PAGE: &str = "http://localhost:5000";
const KEY: (&str, &str) = ("BELLGATE_API_KEYS", "app:secret:manage+read+emit");

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

async fn lab(shards: usize, more: &[(&str, &str)]) -> Lab {
    let more = [&[("SECRET_KEY", SECRET), KEY][..], more].concat();
    Lab::start_with(settings(shards, &more), whoami).await
}

/// `whoami` answers with the roles; `/own` has a handler of the program's.
fn whoami(server: Server) -> Server {
    let server = server
        .with_namespace("/admin")
        .on_connect("/own", async |connect: Connect| {
            let auth: Value = connect.auth().unwrap_or_default();
            let welcome = Welcome::of(connect.identity.as_deref());
            Ok::<_, bellgate::Refused>(match auth["role"].as_str() {
                Some(role) => welcome.with_role(role),
                None => welcome,
            })
        });
    ["/", "/admin", "/own"]
        .into_iter()
        .fold(server, |server, name| {
            server.on(name, "whoami", async |event: Received| {
                let roles = &event.socket.member().roles;
                json!(roles.iter().map(|role| &**role).collect::<Vec<_>>())
            })
        })
}

/// A page of user 7 with these roles, whose session was signed at this time.
fn page_at(lab: &Lab, roles: &[&str], at: u64) -> Reach {
    let session = json!({"_user_id": "7", "roles": roles}).to_string();
    let signed = signing::session_at(&session, at);
    let page = lab.reach.clone().from_origin(PAGE);
    page.with_header("Cookie", &format!("session={signed}"))
}

fn page(lab: &Lab, roles: &[&str]) -> Reach {
    page_at(lab, roles, now() - 1)
}

async fn refresh(lab: &Lab, body: &Value) -> Answer {
    let request = lab.reach.post("/api/v1/users/7/refresh").bearer("secret");
    let request = if body.is_null() {
        request
    } else {
        request.json(body)
    };
    request.send().await
}

async fn roles_of(client: &mut Client, namespace: &str) -> Value {
    client.call_to(namespace, &json!(["whoami"])).await[0].clone()
}

#[tokio::test]
async fn roles_that_are_taken_end_admin_at_once_and_the_page_is_told() {
    each_way(async |way| {
        let lab = lab(way.shards, &[]).await;
        let reach = page(&lab, &["admin", "editor"]);
        let mut client = Client::join(&reach, way.over, &Value::Null).await;
        client.connect("/admin", &Value::Null).await.unwrap();
        let answer = refresh(&lab, &json!({"roles": ["writer"]})).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert_eq!(answer.json(), json!({"user": "7", "connections": 1}));
        let said = client
            .wait_for(|said| matches!(said, Said::Disconnected(_)))
            .await;
        assert_eq!(said, Said::Disconnected("/admin".into()));
        let event = client.event().await;
        assert_eq!((&*event.namespace, &*event.name), ("/", "bell:session"));
        let told = &event.args[0];
        assert_eq!(
            (&told["user"], &told["roles"]),
            (&json!("7"), &json!(["writer"]))
        );
        assert!(told["expires_at"].is_string(), "{told}");
        assert_eq!(roles_of(&mut client, "/").await, json!(["writer"]));
        // Its rooms are those of its roles.
        for (role, reached) in [("admin", 0), ("editor", 0), ("writer", 1)] {
            let to = bellgate::Target::Role(role.into());
            assert_eq!(lab.emitter().to(to).count().await, reached, "{role}");
        }
        let refused = client.connect("/admin", &Value::Null).await.unwrap_err();
        assert_eq!(refused["data"]["code"], "forbidden_role");
        // Nothing has changed: nothing is told.
        refresh(&lab, &json!({"roles": ["writer"]})).await;
        assert_eq!(roles_of(&mut client, "/").await, json!(["writer"]));
        assert_eq!(client.kept(), []);
        lab.stop().await;
    })
    .await;
}

#[tokio::test]
async fn roles_that_are_given_let_a_connection_into_admin() {
    let lab = lab(2, &[("BELLGATE_ADMIN_USERS", "1,7")]).await;
    let mut clients = Vec::new();
    for shard in [0, 1] {
        let engine = open_on(&page(&lab, &[]), shard, Over::Websocket).await;
        let mut client = Client::on(engine);
        client.connect("/", &Value::Null).await.unwrap();
        clients.push(client);
    }
    let answer = refresh(&lab, &json!({"roles": ["editor"]})).await;
    assert_eq!(answer.json()["connections"], 2);
    for client in &mut clients {
        let event = client.event().await;
        // What the settings give cannot be taken.
        assert_eq!(event.args[0]["roles"], json!(["admin", "editor"]));
        client.connect("/admin", &Value::Null).await.unwrap();
    }
    lab.stop().await;
}

#[tokio::test]
async fn roles_that_a_handler_of_the_program_gave_are_its_own() {
    let lab = lab(1, &[]).await;
    let reach = page(&lab, &["editor"]);
    let mut own = Client::open(&reach, Over::Websocket).await;
    own.connect("/own", &json!({"role": "captain"}))
        .await
        .unwrap();
    let mut of_login = Client::open(&reach, Over::Websocket).await;
    of_login.connect("/own", &Value::Null).await.unwrap();
    refresh(&lab, &json!({"roles": ["writer"]})).await;
    for client in [&mut own, &mut of_login] {
        assert_eq!(client.event().await.args[0]["roles"], json!(["writer"]));
    }
    assert_eq!(
        roles_of(&mut own, "/own").await,
        json!(["editor", "captain"])
    );
    assert_eq!(roles_of(&mut of_login, "/own").await, json!(["writer"]));
    lab.stop().await;
}

#[tokio::test]
async fn a_refresh_without_roles_brings_the_connection_back_with_the_cookie_it_has_by_then() {
    each_way(async |way| {
        let lab = lab(way.shards, &[]).await;
        let mut client = Client::join(&page(&lab, &["admin"]), way.over, &Value::Null).await;
        client.connect("/admin", &Value::Null).await.unwrap();
        let answer = refresh(&lab, &Value::Null).await;
        assert_eq!(answer.json(), json!({"user": "7", "connections": 1}));
        client.closed().await;
        // A stock client that is told 41 stays away: this one was not.
        assert_eq!(client.kept(), []);
        let mut client = Client::join(&page(&lab, &[]), way.over, &Value::Null).await;
        assert!(client.connect("/admin", &Value::Null).await.is_err());
        lab.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_body_of_a_refresh_is_checked() {
    let lab = lab(1, &[]).await;
    for (body, pointer) in [
        (json!([]), ""),
        (json!({"role": "editor"}), "/role"),
        (json!({"roles": "editor"}), "/roles"),
        (json!({"roles": ["a", ""]}), "/roles/1"),
        (json!({"roles": [7]}), "/roles/0"),
    ] {
        let answer = refresh(&lab, &body).await;
        assert_eq!(
            (answer.status(), &answer.json()["pointer"]),
            (422, &json!(pointer))
        );
    }
    let request = lab.reach.post("/api/v1/users/7/refresh").bearer("secret");
    assert_eq!(request.body("roles").send().await.status(), 415);
    lab.stop().await;
}

#[tokio::test]
async fn a_page_is_told_before_its_login_ends_and_then_the_transport_is_closed() {
    let lifetime = 100;
    let lab = lab(1, &[("PERMANENT_SESSION_LIFETIME", "100")]).await;
    for over in Over::BOTH {
        // Time enough to join.
        let reach = page_at(&lab, &["admin"], now() - lifetime + 5);
        let mut client = Client::join(&reach, over, &Value::Null).await;
        client.connect("/admin", &Value::Null).await.unwrap();
        let mut told = Vec::new();
        for _ in 0..2 {
            let event = client.event().await;
            assert_eq!(event.name, "bell:expiring");
            assert!(
                event.args[0]["expires_at"]
                    .as_str()
                    .unwrap()
                    .ends_with("00Z")
            );
            assert!(event.args[0]["expires_in_ms"].as_u64().unwrap() <= 30_000);
            told.push(event.namespace);
        }
        assert_eq!(told, ["/", "/admin"]);
        client.closed().await;
        assert_eq!(client.kept(), [], "told once, and never by 41");
    }
    lab.stop().await;
}

/// A lab that reads tokens too.
async fn lab_of_tokens(shards: usize) -> Lab {
    let keys = [
        ("BELLGATE_JWT_SECRET", SECRET),
        ("BELLGATE_JWT_LEEWAY", "0"),
    ];
    lab(shards, &keys).await
}

/// A token of this user that holds until a time.
fn token(user: &str, exp: u64) -> Value {
    let claims = json!({"sub": user, "exp": exp, "roles": ["editor"]});
    json!({"token": signing::token(&claims.to_string())})
}

#[tokio::test]
async fn a_fresh_token_lets_a_connection_go_on() {
    each_way(async |way| {
        let lab = lab_of_tokens(way.shards).await;
        let end = now() + 5;
        let mut client = Client::join(&lab.reach, way.over, &token("7", end)).await;
        assert_eq!(client.event().await.name, "bell:expiring");
        let answer = client
            .call(&json!(["bell:renew", token("7", end + 60)]))
            .await;
        assert!(answer[0]["expires_at"].is_string(), "{answer}");
        let event = client.event().await;
        assert_eq!(event.name, "bell:session");
        assert_eq!(event.args[0]["expires_at"], answer[0]["expires_at"]);
        bellgate_peer::eventually("the end of the first token", async || now() > end + 1).await;
        assert_eq!(roles_of(&mut client, "/").await, json!(["editor"]));
        lab.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_renewal_that_proves_nothing_is_refused_and_the_connection_stays() {
    let lab = lab_of_tokens(1).await;
    let mut client = Client::join(&lab.reach, Over::Websocket, &token("7", now() + 60)).await;
    let forged = format!("{}x", token("7", now() + 90)["token"].as_str().unwrap());
    for (payload, code) in [
        (json!({"token": forged}), "token_invalid"),
        (token("7", now() - 90), "token_expired"),
        (json!({}), "token_invalid"),
        (json!("token"), "token_invalid"),
        (Value::Null, "token_invalid"),
    ] {
        let answer = client.call(&json!(["bell:renew", payload])).await;
        assert_eq!(answer[0]["error"], code, "{payload}");
        let event = client.event().await;
        assert_eq!(
            (&*event.name, &event.args[0]["code"]),
            ("bell:error", &json!(code))
        );
    }
    client.emit(&json!(["bell:renew"])).await;
    assert_eq!(client.event().await.name, "bell:error");
    assert_eq!(roles_of(&mut client, "/").await, json!(["editor"]));
    lab.stop().await;
}

#[tokio::test]
async fn another_users_token_ends_the_connection() {
    each_way(async |way| {
        let lab = lab_of_tokens(way.shards).await;
        let mut client = Client::join(&lab.reach, way.over, &token("7", now() + 60)).await;
        client
            .emit(&json!(["bell:renew", token("8", now() + 60)]))
            .await;
        client.closed().await;
        assert!(
            !client
                .kept()
                .iter()
                .any(|said| matches!(said, Said::Disconnected(_)))
        );
        lab.stop().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_goes_on_with_bad_credentials_is_closed_and_blocked() {
    for shards in [1, 2] {
        let mut settings = settings(shards, &[("BELLGATE_JWT_SECRET", SECRET), KEY]);
        settings.rates.is_on = true;
        settings.listen.trusted_proxies = vec!["loopback".to_owned()];
        let lab = Lab::start_with(settings, whoami).await;
        let from = |address: &str| lab.reach.clone().with_header("x-forwarded-for", address);
        let bad = json!({"token": "bad"});
        // On one session and on many, from all over a /64.
        let mut client = Client::open(&from("2001:db8::1"), Over::Websocket).await;
        for _ in 0..15 {
            client.connect("/", &bad).await.unwrap_err();
        }
        for turn in 0..15 {
            let reach = from(&format!("2001:db8::{turn:x}"));
            let mut client = Client::open(&reach, Over::BOTH[turn % 2]).await;
            client.connect("/", &bad).await.unwrap_err();
            if turn == 14 {
                client.closed().await;
            }
        }
        for over in Over::BOTH {
            let refused = bellgate_peer::Engine::attempt(&from("2001:db8::ff"), over).await;
            let refused = refused.err().unwrap();
            assert_eq!(
                (refused.status(), &refused.json()["error"]),
                (429, &json!("blocked"))
            );
        }
        // Another network is not meant, and a good token is none of the bad ones.
        let mut client = Client::open(&from("192.0.2.1"), Over::Websocket).await;
        for _ in 0..29 {
            client.connect("/", &bad).await.unwrap_err();
        }
        client.connect("/", &token("7", now() + 60)).await.unwrap();
        // What an operator lifts is forgotten.
        let lift = lab
            .reach
            .request("DELETE", "/api/v1/blocks?address=2001:db8::1");
        assert_eq!(lift.bearer("secret").send().await.json()["lifted"], true);
        Client::join(&from("2001:db8::1"), Over::Polling, &token("7", now() + 60)).await;
        lab.stop().await;
    }
}

#[tokio::test]
async fn whoever_goes_on_renewing_by_bad_tokens_is_closed_and_blocked() {
    let mut settings = settings(2, &[("BELLGATE_JWT_SECRET", SECRET), KEY]);
    settings.rates.is_on = true;
    settings.listen.trusted_proxies = vec!["loopback".to_owned()];
    let lab = Lab::start_with(settings, whoami).await;
    let from = |address: &str| lab.reach.clone().with_header("x-forwarded-for", address);
    // From one network after the other, as one user.
    for network in 0..2 {
        let reach = from(&format!("192.0.2.{network}"));
        let mut client = Client::join(&reach, Over::BOTH[network], &token("7", now() + 60)).await;
        for _ in 0..15 {
            let answer = client.call(&json!(["bell:renew", {"token": "bad"}])).await;
            assert_eq!(answer[0]["error"], "token_invalid");
        }
        if network == 1 {
            client.closed().await;
        }
    }
    let blocks = lab
        .reach
        .get("/api/v1/blocks")
        .bearer("secret")
        .send()
        .await;
    let kept = &blocks.json()["blocks"];
    assert_eq!(kept.as_array().map(Vec::len), Some(1), "{kept}");
    assert_eq!(
        (&kept[0]["user"], &kept[0]["by"]),
        (&json!("7"), &json!("rate"))
    );
    let told = lab
        .reach
        .get("/api/v1/users/7")
        .bearer("secret")
        .send()
        .await;
    assert!(told.json()["blocked"].is_object(), "{told:?}");
    let mut again = Client::open(&from("192.0.2.9"), Over::Websocket).await;
    let refused = again
        .connect("/", &token("7", now() + 60))
        .await
        .unwrap_err();
    assert_eq!(refused["data"]["code"], "blocked");
    // Nobody else is to blame, and what an operator lifts is forgotten.
    Client::join(&from("192.0.2.0"), Over::Polling, &token("8", now() + 60)).await;
    let lift = lab.reach.request("DELETE", "/api/v1/blocks?user=7");
    assert_eq!(lift.bearer("secret").send().await.json()["lifted"], true);
    Client::join(&from("192.0.2.9"), Over::Polling, &token("7", now() + 60)).await;
    lab.stop().await;
}
