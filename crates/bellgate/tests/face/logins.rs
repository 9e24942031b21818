//! Logins of a Flask application: its signed cookie gives a connection its user and roles.

use std::time::{SystemTime, UNIX_EPOCH};

use bellgate::{Connect, Received, Server, Welcome};
use bellgate_peer::{Client, Over, Reach};
use serde_json::{Value, json};
use xtask::signing::{self, SECRET};

use crate::lab::{Lab, each_way, settings};

/// A page that may connect: the web application's own.
pub(crate) const PAGE: &str = "http://localhost:5000";

/// What the session of a page of Flask-WTF keeps.
pub(crate) const KEPT: &str = "0413b96cb7e41edda423f46be15c220d49afdabf";

pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// A cookie header with a session, signed a second ago.
pub(crate) fn cookie(session: &Value) -> String {
    let signed = signing::session_at(&session.to_string(), now() - 1);
    format!("other=1; session={signed}")
}

/// A server that knows the application's logins, with `/` and `/admin`.
async fn lab(shards: usize, more: &[(&str, &str)]) -> Lab {
    let more = [&[("SECRET_KEY", SECRET)][..], more].concat();
    Lab::start_with(settings(shards, &more), whoami).await
}

/// `whoami` answers with the user and the roles.
pub(crate) fn whoami(server: Server) -> Server {
    ["/", "/admin"].into_iter().fold(server, |server, name| {
        server
            .with_namespace(name)
            .on(name, "whoami", async |event: Received| {
                let member = event.socket.member();
                let roles: Vec<&str> = member.roles.iter().map(|role| &**role).collect();
                json!([member.user.as_deref(), roles])
            })
    })
}

/// The page of the application in whose session this is.
pub(crate) fn page(lab: &Lab, session: &Value) -> Reach {
    let reach = lab.reach.clone().from_origin(PAGE);
    reach.with_header("Cookie", &cookie(session))
}

/// The code that a CONNECT is refused with.
pub(crate) async fn refused(client: &mut Client, namespace: &str, auth: &Value) -> String {
    let refused = client.connect(namespace, auth).await.unwrap_err();
    let code = refused["data"]["code"].as_str().unwrap().to_owned();
    let message = refused["message"].as_str().unwrap();
    assert!(message.ends_with(&format!("[{code}]")), "{message}");
    assert!(!refused["data"]["user_message"].as_str().unwrap().is_empty());
    code
}

#[tokio::test]
async fn the_session_cookie_gives_the_socket_its_user_and_roles() {
    each_way(async |way| {
        let lab = lab(way.shards, &[]).await;
        let reach = page(&lab, &json!({"_user_id": "7", "roles": ["editor"]}));
        let mut client = Client::join(&reach, way.over, &Value::Null).await;
        assert_eq!(
            client.call(&json!(["whoami"])).await,
            json!([["7", ["editor"]]])
        );
        lab.emitter().to_user("7").emit("news", "for you");
        assert_eq!(
            client.heard().await,
            ("news".into(), vec![json!("for you")])
        );
    })
    .await;
}

#[tokio::test]
async fn the_admin_namespace_is_for_administrators() {
    each_way(async |way| {
        let lab = lab(way.shards, &[("BELLGATE_ADMIN_USERS", "1,2")]).await;
        for (session, expected) in [
            (json!({"_user_id": "7"}), Some("forbidden_role")),
            (
                json!({"_user_id": "7", "roles": "editor"}),
                Some("forbidden_role"),
            ),
            (json!({"_user_id": "7", "roles": ["admin"]}), None),
            (json!({"_user_id": 2}), None),
            (json!({}), Some("auth_required")),
        ] {
            let mut client = Client::open(&page(&lab, &session), way.over).await;
            if let Some(code) = expected {
                let told = refused(&mut client, "/admin", &Value::Null).await;
                assert_eq!(told, code, "{session}");
                continue;
            }
            client.connect("/admin", &Value::Null).await.unwrap();
            let who = client.call_to("/admin", &json!(["whoami"])).await;
            assert_eq!(who[0][0], session["_user_id"].as_str().unwrap_or("2"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_policy_of_the_namespace_replaces_what_is_built_in() {
    let lab = lab(
        1,
        &[
            ("BELLGATE_NAMESPACE_ADMIN_ROLES", "owner,root"),
            ("BELLGATE_NAMESPACE_AUTH", "optional"),
        ],
    )
    .await;
    let mut admin = Client::open(
        &page(&lab, &json!({"_user_id": "7", "roles": ["admin"]})),
        Over::Websocket,
    )
    .await;
    let refused = admin.connect("/admin", &Value::Null).await.unwrap_err();
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("owner or root"),
        "{refused}"
    );
    let mut owner = Client::open(
        &page(&lab, &json!({"_user_id": "7", "roles": ["owner"]})),
        Over::Websocket,
    )
    .await;
    owner.connect("/admin", &Value::Null).await.unwrap();
    let mut visitor = Client::join(&lab.reach, Over::Polling, &Value::Null).await;
    assert_eq!(visitor.call(&json!(["whoami"])).await, json!([[null, []]]));
}

#[tokio::test]
async fn who_is_not_logged_in_is_told_why() {
    each_way(async |way| {
        let lab = lab(way.shards, &[]).await;
        let page = lab.reach.clone().from_origin(PAGE);
        let with = |cookie: &str| page.clone().with_header("Cookie", cookie);
        let old = signing::session_at(r#"{"_user_id":"7"}"#, now() - 40 * 86_400);
        let forged = cookie(&json!({"_user_id": "7"})).replace("session=e", "session=f");
        for (reach, expected) in [
            (page.clone(), "auth_required"),
            (with("other=1"), "auth_required"),
            (with(&forged), "session_invalid"),
            (with(&format!("session={old}")), "session_expired"),
        ] {
            let mut client = Client::open(&reach, way.over).await;
            assert_eq!(refused(&mut client, "/", &Value::Null).await, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn a_cookie_counts_only_beside_an_admitted_origin() {
    for over in Over::BOTH {
        let lab = lab(1, &[]).await;
        let cookie = cookie(&json!({"_user_id": "7"}));
        let program = lab.reach.clone().with_header("Cookie", &cookie);
        let mut client = Client::open(&program, over).await;
        assert_eq!(
            refused(&mut client, "/", &Value::Null).await,
            "auth_required"
        );
    }
}

#[tokio::test]
async fn a_page_of_flask_wtf_brings_its_csrf_token() {
    each_way(async |way| {
        let lab = lab(way.shards, &[]).await;
        let reach = page(&lab, &json!({"_user_id": "7", "csrf_token": KEPT}));
        let mut client = Client::open(&reach, way.over).await;
        let missing = client.connect("/", &Value::Null).await.unwrap_err();
        assert_eq!(missing["data"]["code"], "csrf_missing");
        let hint = missing["data"]["hint"].as_str().unwrap();
        assert!(
            hint.contains(r#"io(url, { auth: { csrf_token: "{{ csrf_token() }}" } })"#),
            "{hint}"
        );
        let other = json!({"csrf_token": signing::csrf("another", now())});
        assert_eq!(refused(&mut client, "/", &other).await, "csrf_invalid");
        // An hour and more is no matter: the page that comes back is the same.
        let own = json!({"csrf_token": signing::csrf(KEPT, now() - 90_000)});
        client.connect("/", &own).await.unwrap();
        assert_eq!(client.call(&json!(["whoami"])).await, json!([["7", []]]));
        // The proof covers what follows on this connection.
        assert_eq!(
            refused(&mut client, "/admin", &Value::Null).await,
            "forbidden_role"
        );
    })
    .await;
}

#[tokio::test]
async fn a_csrf_token_may_come_in_a_header_of_the_handshake() {
    for over in Over::BOTH {
        let lab = lab(1, &[]).await;
        let reach = page(&lab, &json!({"_user_id": "7", "csrf_token": KEPT}));
        let reach = reach.with_header("X-CSRFToken", &signing::csrf(KEPT, now()));
        Client::join(&reach, over, &Value::Null).await;
    }
}

#[tokio::test]
async fn an_application_may_have_names_of_its_own_for_its_csrf_token() {
    each_way(async |way| {
        let names = [
            ("WTF_CSRF_FIELD_NAME", "proof"),
            ("WTF_CSRF_HEADERS", "X-Proof,X-Spare"),
        ];
        let lab = lab(way.shards, &names).await;
        let page = page(&lab, &json!({"_user_id": "7", "proof": KEPT}));
        let (good, bad) = (signing::csrf(KEPT, now()), signing::csrf("another", now()));
        let (good, bad) = (good.as_str(), bad.as_str());
        for (headers, auth, expected) in [
            (&[][..], Value::Null, "csrf_missing"),
            (&[], json!({"proof": bad}), "csrf_invalid"),
            (&[], json!({"proof": good}), ""),
            (&[], json!({"csrf_token": good}), ""),
            (&[("X-Proof", good)], Value::Null, ""),
            (&[("X-Proof", ""), ("X-Spare", good)], Value::Null, ""),
            (
                &[("X-Proof", bad), ("X-Spare", good)],
                Value::Null,
                "csrf_invalid",
            ),
            (&[("X-CSRFToken", good)], Value::Null, ""),
        ] {
            let reach = headers.iter().fold(page.clone(), |reach, (name, value)| {
                reach.with_header(name, value)
            });
            let mut client = Client::open(&reach, way.over).await;
            if expected.is_empty() {
                client.connect("/", &auth).await.unwrap();
            } else {
                assert_eq!(refused(&mut client, "/", &auth).await, expected);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_csrf_mode_says_who_needs_a_token() {
    for (mode, with, without) in [
        ("auto", Some("csrf_missing"), None),
        ("always", Some("csrf_missing"), Some("csrf_missing")),
        ("report", None, None),
        ("off", None, None),
    ] {
        let lab = lab(1, &[("SOCKETIO_CSRF_PROTECTION", mode)]).await;
        for (session, expected) in [
            (json!({"_user_id": "7", "csrf_token": KEPT}), with),
            (json!({"_user_id": "7"}), without),
        ] {
            let mut client = Client::open(&page(&lab, &session), Over::Websocket).await;
            let answer = client.connect("/", &Value::Null).await;
            let code = answer.err().map(|refused| refused["data"]["code"].clone());
            assert_eq!(code, expected.map(Value::from), "{mode} {session}");
        }
    }
}

#[tokio::test]
async fn a_time_limit_of_csrf_tokens_counts_where_it_is_set() {
    let lab = lab(1, &[("WTF_CSRF_TIME_LIMIT", "3600")]).await;
    let reach = page(&lab, &json!({"_user_id": "7", "csrf_token": KEPT}));
    let mut client = Client::open(&reach, Over::Polling).await;
    let old = json!({"csrf_token": signing::csrf(KEPT, now() - 3700)});
    assert_eq!(refused(&mut client, "/", &old).await, "csrf_expired");
}

#[tokio::test]
async fn a_visitor_becomes_a_user_by_a_later_connect_and_a_user_never_another() {
    for shards in [1, 2] {
        let lab = lab(shards, &[("SOCKETIO_REQUIRE_AUTH", "false")]).await;
        let page = lab.reach.clone().from_origin(PAGE);
        let mut client = Client::join(&page, Over::Polling, &Value::Null).await;
        assert_eq!(client.call(&json!(["whoami"])).await, json!([[null, []]]));
        let path = format!(
            "/socket.io/?EIO=4&transport=polling&sid={}",
            client.engine.sid
        );
        let connect = |user: &str, roles: &str| {
            let cookie = cookie(&json!({"_user_id": user, "roles": roles}));
            let reach = page.clone().with_header("Cookie", &cookie);
            let path = path.clone();
            async move { reach.post(&path).body("40/admin,").send().await }
        };
        assert!(connect("7", "admin").await.is_ok());
        let joined = client
            .wait_for(
                |said| matches!(said, bellgate_peer::Said::Connected(of, _) if of == "/admin"),
            )
            .await;
        assert!(
            matches!(joined, bellgate_peer::Said::Connected(..)),
            "{joined:?}"
        );
        assert_eq!(
            client.call_to("/admin", &json!(["whoami"])).await,
            json!([["7", ["admin"]]])
        );
        // The namespace that was joined before stays a visitor's.
        assert_eq!(client.call(&json!(["whoami"])).await, json!([[null, []]]));
        client.leave("/admin").await;
        connect("8", "admin").await;
        client.closed().await;
    }
}

#[tokio::test]
async fn two_users_in_one_handshake_and_its_connect_end_the_session() {
    let lab = lab(1, &[]).await;
    let mut client = Client::open(&page(&lab, &json!({"_user_id": "7"})), Over::Polling).await;
    let path = format!(
        "/socket.io/?EIO=4&transport=polling&sid={}",
        client.engine.sid
    );
    let other = page(&lab, &json!({"_user_id": "8"}));
    other.post(&path).body("40").send().await;
    client.closed().await;
}

#[tokio::test]
async fn a_request_with_another_users_cookie_ends_the_session_and_with_ones_own_it_does_not() {
    for shards in [1, 2] {
        let lab = lab(shards, &[]).await;
        let reach = page(&lab, &json!({"_user_id": "7"}));
        let path = |client: &Client| {
            let sid = &client.engine.sid;
            format!("/socket.io/?EIO=4&transport=polling&sid={sid}")
        };
        let mut client = Client::join(&reach, Over::Polling, &Value::Null).await;
        // Signed anew, damaged, gone: the user is still the same.
        let event = r#"42["whoami"]"#;
        let page_alone = lab.reach.clone().from_origin(PAGE);
        for own in [
            page(&lab, &json!({"_user_id": "7", "visits": 2})),
            page_alone.clone().with_header("Cookie", "session=x.y.z"),
            page_alone,
        ] {
            assert!(own.post(&path(&client)).body(event).send().await.is_ok());
        }
        assert_eq!(client.call(&json!(["whoami"])).await, json!([["7", []]]));
        let other = page(&lab, &json!({"_user_id": "8"}));
        let refused = other.post(&path(&client)).body(event).send().await;
        assert!(!refused.is_ok(), "{refused:?}");
        client.closed().await;
        // A poll is a request like any other.
        let mut client = Client::join(&reach, Over::Polling, &Value::Null).await;
        other.get(&path(&client)).send().await;
        client.closed().await;
    }
}

#[tokio::test]
async fn a_cookie_that_was_signed_anew_prolongs_the_login() {
    let lab = lab(1, &[("PERMANENT_SESSION_LIFETIME", "5")]).await;
    let page = lab.reach.clone().from_origin(PAGE);
    let signed_at = |at| {
        let signed = signing::session_at(r#"{"_user_id":"7"}"#, at);
        page.clone()
            .with_header("Cookie", &format!("session={signed}"))
    };
    let begun = now();
    let mut client = Client::join(&signed_at(begun), Over::Polling, &Value::Null).await;
    let path = format!(
        "/socket.io/?EIO=4&transport=polling&sid={}",
        client.engine.sid
    );
    // The application's clock may be a little ahead.
    let later = signed_at(begun + 4);
    assert!(later.post(&path).body(r#"42["x"]"#).send().await.is_ok());
    client.closed().await;
    assert!(now() > begun + 9, "it lasted as long as the second cookie");
}

#[tokio::test]
async fn an_upgrades_cookie_is_not_read() {
    let lab = lab(1, &[]).await;
    let page = lab.reach.clone().from_origin(PAGE);
    let mut client = Client::open(&page, Over::Polling).await;
    client.engine.upgrade().await;
    assert_eq!(
        refused(&mut client, "/", &Value::Null).await,
        "auth_required"
    );
}

#[tokio::test]
async fn a_connection_ends_with_its_login() {
    let lab = lab(1, &[("PERMANENT_SESSION_LIFETIME", "6")]).await;
    let signed = signing::session_at(r#"{"_user_id":"7"}"#, now());
    let page = lab.reach.clone().from_origin(PAGE);
    let reach = page.with_header("Cookie", &format!("session={signed}"));
    let mut clients = Vec::new();
    for over in Over::BOTH {
        clients.push(Client::join(&reach, over, &Value::Null).await);
    }
    for client in &mut clients {
        client.closed().await;
    }
    lab.until_empty().await;
}

#[tokio::test]
async fn a_reload_takes_in_another_key_for_who_connects_then() {
    let lab = lab(2, &[]).await;
    let reach = page(&lab, &json!({"_user_id": "7"}));
    let mut before = Client::join(&reach, Over::Websocket, &Value::Null).await;
    lab.reload(&settings(2, &[("SECRET_KEY", "another")]));
    bellgate_peer::eventually("the new key to hold on each shard", async || {
        let mut refusals = 0;
        for _ in 0..4 {
            let mut client = Client::open(&reach, Over::Websocket).await;
            refusals += usize::from(client.connect("/", &Value::Null).await.is_err());
        }
        refusals == 4
    })
    .await;
    assert_eq!(before.call(&json!(["whoami"])).await, json!([["7", []]]));
    let both = [("SECRET_KEY", "another"), ("SECRET_KEY_FALLBACKS", SECRET)];
    lab.reload(&settings(2, &both));
    bellgate_peer::eventually("the older key to verify again", async || {
        let mut client = Client::open(&reach, Over::Websocket).await;
        client.connect("/", &Value::Null).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_handler_of_the_program_gets_the_identity_and_decides() {
    each_way(async |way| {
        let settings = settings(way.shards, &[("SECRET_KEY", SECRET)]);
        let lab = Lab::start_with(settings, |server| {
            whoami(server).on_connect("/", async |connect: Connect| {
                let welcome = Welcome::of(connect.identity.as_deref());
                Ok(welcome.with_role("of the program"))
            })
        })
        .await;
        let user = page(&lab, &json!({"_user_id": "7", "roles": ["editor"]}));
        let mut client = Client::join(&user, way.over, &Value::Null).await;
        let who = client.call(&json!(["whoami"])).await;
        assert_eq!(who, json!([["7", ["editor", "of the program"]]]));
        let mut visitor = Client::join(&lab.reach, way.over, &Value::Null).await;
        let who = visitor.call(&json!(["whoami"])).await;
        assert_eq!(who, json!([[null, ["of the program"]]]));
    })
    .await;
}

#[tokio::test]
async fn without_a_key_visitors_join_and_nobody_is_an_admin() {
    let lab = Lab::start_with(settings(1, &[]), whoami).await;
    let reach = page(&lab, &json!({"_user_id": "7", "roles": ["admin"]}));
    let mut client = Client::join(&reach, Over::Websocket, &Value::Null).await;
    assert_eq!(client.call(&json!(["whoami"])).await, json!([[null, []]]));
    assert_eq!(
        refused(&mut client, "/admin", &Value::Null).await,
        "auth_required"
    );
}
