//! Tokens whose keys come from a JWKS URL: fetched once, waited for, and no worse for a server that hangs
//! or lies. What attackers make of it is in `attacks/key_sets.rs`.

use std::sync::LazyLock;

use bellgate_peer::{Client, Engine, Over, Said};
use serde_json::{Value, json};
use xtask::signing::{Pair, SECRET};

use crate::lab::{Lab, each_way, settings};
use crate::logins::{PAGE, cookie, now, refused, whoami};
use crate::web::{Web, answer};

/// The issuer's key.
static PAIR: LazyLock<Pair> = LazyLock::new(Pair::fresh);

/// An `auth` payload with a token that is signed, naming a key.
fn auth(user: &str, kid: &str) -> Value {
    let claims = json!({"sub": user, "exp": now() + 60});
    json!({"token": PAIR.token(&json!({"kid": kid}), &claims)})
}

/// The issuer's key set.
fn set() -> String {
    json!({"keys": [PAIR.jwk("a")]}).to_string()
}

async fn issuer() -> Web {
    Web::start(|_, _| answer(200, set())).await
}

async fn lab(shards: usize, web: &Web, more: &[(&str, &str)]) -> Lab {
    let url = format!("{}/keys", web.url);
    let more = [&[("BELLGATE_JWT_JWKS_URL", &*url)][..], more].concat();
    Lab::start_with(settings(shards, &more), whoami).await
}

#[tokio::test]
async fn a_token_by_a_key_of_the_set_logs_in_and_the_set_is_fetched_once() {
    each_way(async |way| {
        let web = issuer().await;
        let lab = lab(way.shards, &web, &[]).await;
        for user in ["7", "8", "9"] {
            let mut client = Client::join(&lab.reach, way.over, &auth(user, "a")).await;
            assert_eq!(client.call(&json!(["whoami"])).await, json!([[user, []]]));
        }
        let asked = web.until_asked(1).await;
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].0.uri.path(), "/keys");
    })
    .await;
}

#[tokio::test]
async fn a_connect_waits_for_the_set_and_what_follows_it_waits_in_line() {
    each_way(async |way| {
        let web = issuer().await;
        web.hold();
        let lab = lab(way.shards, &web, &[("SOCKETIO_REQUIRE_AUTH", "false")]).await;
        let mut client = Client::join(&lab.reach, way.over, &Value::Null).await;
        let connect = format!("0/admin,{}", auth("7", "a"));
        client.engine.send(&connect).await;
        let asked = client.ask("/", &json!(["whoami"])).await;
        web.until_asked(1).await;
        web.release();
        let told = client
            .wait_for(|said| !matches!(said, Said::Event(_)))
            .await;
        assert!(
            matches!(&told, Said::Refused(of, _) if of == "/admin"),
            "{told:?}"
        );
        assert_eq!(client.answer(asked).await.0, json!([[null, []]]));
    })
    .await;
}

#[tokio::test]
async fn while_the_set_cannot_be_had_who_needs_it_is_turned_away_before_a_session_opens() {
    for over in Over::BOTH {
        let web = Web::start(|_, _| answer(500, "")).await;
        let lab = lab(1, &web, &[("SECRET_KEY", SECRET)]).await;
        web.until_asked(1).await;
        let mut told = None;
        bellgate_peer::eventually("the failure to be known", async || {
            told = Engine::attempt(&lab.reach, over).await.err();
            told.is_some()
        })
        .await;
        let told = told.unwrap();
        assert_eq!(told.status(), 503);
        assert_eq!(told.json()["error"], "auth_unavailable");
        let after: u32 = told.header("retry-after").parse().unwrap();
        assert!((1..=10).contains(&after), "{after}");
        // Who is known without it comes in.
        let page = lab.reach.clone().from_origin(PAGE);
        let user = page.with_header("Cookie", &cookie(&json!({"_user_id": "7"})));
        Client::join(&user, over, &Value::Null).await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_half_the_connect_timeout_and_the_transport() {
    each_way(async |way| {
        let web = issuer().await;
        web.hold();
        let more = [
            // Time enough to join; the fetch itself is given up after five seconds.
            ("SOCKETIO_CONNECT_TIMEOUT", "3"),
            ("SOCKETIO_REQUIRE_AUTH", "false"),
        ];
        let lab = lab(way.shards, &web, &more).await;
        let mut client = Client::open(&lab.reach, way.over).await;
        client.engine.send(&format!("0{}", auth("7", "a"))).await;
        client.closed().await;
        // Where another namespace is joined, that one stays.
        let mut client = Client::join(&lab.reach, way.over, &Value::Null).await;
        let told = refused(&mut client, "/admin", &auth("7", "a")).await;
        assert_eq!(told, "auth_unavailable");
        assert_eq!(client.call(&json!(["whoami"])).await, json!([[null, []]]));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_hung_for_the_whole_time_is_down_for_handshakes() {
    let web = issuer().await;
    web.hold();
    let lab = lab(1, &web, &[]).await;
    bellgate_peer::eventually("the fetch to be given up", async || {
        let told = Engine::attempt(&lab.reach, Over::Websocket).await.err();
        told.is_some_and(|told| told.status() == 503)
    })
    .await;
}

#[tokio::test]
async fn a_url_that_cannot_be_used_counts_as_set() {
    use bellgate::config::{Settings, Sources};
    let set = [("BELLGATE_JWT_JWKS_URL", "ftp://keys.example")];
    let loaded = Settings::load(&Sources::new().with_environment(set));
    assert!(loaded.settings.is_login_required());
    assert!(loaded.must_stop(true));
}
