//! Who joins, as whom, and what those are told who do not.

use std::sync::Arc;

use bellgate::{Connect, Refused, Welcome};
use bellgate_peer::{Client, Engine, Over, Reach, Said};
use serde_json::{Value, json};
use xtask::signing;

use super::{ADMIN, FOR_EDITORS, Place, ROOT, program, token, with_logins};
use crate::lab::{Lab, Notes, each_way};
use crate::logins::{KEPT, PAGE, cookie, now, page, refused};

in_each_namespace! {
    who_has_what_the_row_asks_for_joins_as_the_user_of_the_login
    the_connect_handler_sees_the_user_and_the_roles
    a_visitor_is_asked_to_log_in_and_hears_nothing
    visitors_of_an_open_application_join_where_the_row_asks_for_nobody
    a_row_that_asks_for_a_role_is_for_those_who_have_it
    a_row_caps_the_sessions_of_a_user
    a_login_that_is_forged_or_over_is_refused
    a_csrf_token_that_is_missing_forged_or_too_old_is_refused
    a_login_without_an_admitted_origin_is_a_visitors
    the_token_of_another_user_ends_the_session
    a_foreign_origin_is_refused_at_the_handshake
    a_page_of_a_foreign_origin_is_told_in_the_protocol
}

async fn who_has_what_the_row_asks_for_joins_as_the_user_of_the_login(at: Place) {
    let lab = at.lab(&[]).await;
    for (reach, auth) in at.logins(&lab) {
        let mut client = at.join_with(&reach, &auth).await;
        let who = at.call(&mut client, json!(["whoami"])).await;
        assert_eq!(who, json!([["7", at.roles]]));
    }
}

async fn the_connect_handler_sees_the_user_and_the_roles(at: Place) {
    let notes = Arc::new(Notes::new());
    let lab = Lab::start_with(with_logins(at.way.shards, &[]), |server| {
        [ROOT, ADMIN].into_iter().fold(server, |server, row| {
            let notes = Arc::clone(&notes);
            server.on_connect(row.namespace, move |connect: Connect| {
                let identity = connect.identity.as_deref();
                let seen = identity.map(|seen| (seen.user.clone(), seen.roles.clone()));
                notes.add((connect.namespace.to_string(), seen));
                let welcome = Welcome::of(identity);
                async { Ok::<_, Refused>(welcome) }
            })
        })
    })
    .await;
    for (reach, auth) in at.logins(&lab) {
        at.join_with(&reach, &auth).await;
    }
    // A handler is asked about visitors too, and decides.
    at.join(&lab.reach).await;
    let roles = at.roles.iter().map(|role| (*role).to_owned()).collect();
    let user = Some(("7".to_owned(), roles));
    let seen = [user.clone(), user, None];
    let seen = seen.map(|seen| (at.namespace.to_owned(), seen));
    assert_eq!(notes.take(), seen);
}

async fn a_visitor_is_asked_to_log_in_and_hears_nothing(at: Place) {
    let lab = at.lab(&[]).await;
    let own_page = lab.reach.clone().from_origin(PAGE);
    for reach in [&lab.reach, &own_page, &page(&lab, &json!({"visits": 1}))] {
        let mut client = Client::open(reach, at.way.over).await;
        let code = refused(&mut client, at.namespace, &Value::Null).await;
        assert_eq!(code, "auth_required");
        at.is_deaf(&lab, &mut client).await;
    }
}

async fn visitors_of_an_open_application_join_where_the_row_asks_for_nobody(at: Place) {
    let lab = at.lab(&[("SOCKETIO_REQUIRE_AUTH", "false")]).await;
    let mut client = Client::open(&lab.reach, at.way.over).await;
    if at.roles.is_empty() {
        client.connect(at.namespace, &Value::Null).await.unwrap();
        let who = at.call(&mut client, json!(["whoami"])).await;
        assert_eq!(who, json!([[null, []]]));
    } else {
        let code = refused(&mut client, at.namespace, &Value::Null).await;
        assert_eq!(code, "auth_required");
    }
    // The same row, the same result.
    let lab = at
        .lab(&[&FOR_EDITORS[..], &[("SOCKETIO_REQUIRE_AUTH", "false")]].concat())
        .await;
    let mut client = Client::open(&lab.reach, at.way.over).await;
    let code = refused(&mut client, at.namespace, &Value::Null).await;
    assert_eq!(code, "auth_required");
}

async fn a_row_that_asks_for_a_role_is_for_those_who_have_it(at: Place) {
    let lab = at.lab(&FOR_EDITORS).await;
    let roles = [
        (&[][..], false),
        (&["admin"], false),
        (&["writer", "Editor"], false),
        (&["editor"], true),
        (&["editor", "writer"], true),
    ];
    for (roles, may_join) in roles {
        let by_cookie = page(&lab, &json!({"_user_id": "7", "roles": roles}));
        for (reach, auth) in [
            (&by_cookie, Value::Null),
            (&lab.reach, token(roles, now() + 60)),
        ] {
            if may_join {
                let mut client = at.join_with(reach, &auth).await;
                let who = at.call(&mut client, json!(["whoami"])).await;
                assert_eq!(who, json!([["7", roles]]));
                client.engine.close().await;
                lab.until_empty().await;
                continue;
            }
            let mut client = Client::open(reach, at.way.over).await;
            let code = refused(&mut client, at.namespace, &auth).await;
            assert_eq!(code, "forbidden_role", "{roles:?}");
            at.is_deaf(&lab, &mut client).await;
            client.engine.close().await;
        }
    }
}

async fn a_row_caps_the_sessions_of_a_user(at: Place) {
    let one = [
        ("BELLGATE_NAMESPACE_MAX_CONNECTIONS_PER_USER", "1"),
        ("BELLGATE_NAMESPACE_ADMIN_MAX_CONNECTIONS_PER_USER", "1"),
    ];
    let lab = at.lab(&one).await;
    let seven = page(&lab, &at.session("7"));
    let _first = at.join(&seven).await;
    let mut second = Client::open(&seven, at.way.over).await;
    let code = refused(&mut second, at.namespace, &Value::Null).await;
    assert_eq!(code, "user_capped");
    at.join(&page(&lab, &at.session("8"))).await;
}

async fn a_login_that_is_forged_or_over_is_refused(at: Place) {
    let lab = at.lab(&[]).await;
    let own_page = lab.reach.clone().from_origin(PAGE);
    let with = |cookie: &str| own_page.clone().with_header("Cookie", cookie);
    let session = at.session("7");
    let forged = cookie(&session).replace("session=e", "session=f");
    let old = signing::session_at(&session.to_string(), now() - 40 * 86_400);
    let good = token(at.roles, now() + 60);
    let good = good["token"].as_str().unwrap();
    for (reach, auth, expected) in [
        (with(&forged), Value::Null, "session_invalid"),
        (
            with(&format!("session={old}")),
            Value::Null,
            "session_expired",
        ),
        (
            own_page.clone(),
            json!({"token": good.replace("eyJ", "eyK")}),
            "token_invalid",
        ),
        (
            own_page.clone(),
            token(at.roles, now() - 90),
            "token_expired",
        ),
        // A good cookie beside it does not help.
        (
            page(&lab, &session),
            json!({"token": "x.y.z"}),
            "token_invalid",
        ),
    ] {
        let mut client = Client::open(&reach, at.way.over).await;
        let code = refused(&mut client, at.namespace, &auth).await;
        assert_eq!(code, expected);
    }
    assert_eq!(at.count(&lab).await, 0);
}

async fn a_csrf_token_that_is_missing_forged_or_too_old_is_refused(at: Place) {
    let lab = at.lab(&[("WTF_CSRF_TIME_LIMIT", "3600")]).await;
    let mut session = at.session("7");
    session["csrf_token"] = KEPT.into();
    let mut client = Client::open(&page(&lab, &session), at.way.over).await;
    let brought = |kept: &str, age: u64| json!({"csrf_token": signing::csrf(kept, now() - age)});
    for (auth, expected) in [
        (Value::Null, "csrf_missing"),
        (brought("another", 0), "csrf_invalid"),
        (brought(KEPT, 3700), "csrf_expired"),
    ] {
        let code = refused(&mut client, at.namespace, &auth).await;
        assert_eq!(code, expected);
    }
    client
        .connect(at.namespace, &brought(KEPT, 60))
        .await
        .unwrap();
    let who = at.call(&mut client, json!(["whoami"])).await;
    assert_eq!(who, json!([["7", at.roles]]));
}

async fn a_login_without_an_admitted_origin_is_a_visitors(at: Place) {
    let lab = at.lab(&[]).await;
    let cookie = cookie(&at.session("7"));
    let program = lab.reach.clone().with_header("Cookie", &cookie);
    let mut client = Client::open(&program, at.way.over).await;
    let code = refused(&mut client, at.namespace, &Value::Null).await;
    assert_eq!(code, "auth_required");
}

async fn the_token_of_another_user_ends_the_session(at: Place) {
    let lab = at.lab(&[]).await;
    let session = json!({"_user_id": "8", "roles": ["admin"]});
    let mut client = Client::open(&page(&lab, &session), at.way.over).await;
    client.connect(at.other(), &Value::Null).await.unwrap();
    let auth = token(&["admin"], now() + 60);
    let connect = format!("0{}{auth}", at.prefix());
    client.engine.send(&connect).await;
    client.closed().await;
    assert_eq!(client.kept(), []);
}

/// The page of another site, in whose browser user 7 is logged in.
fn foreign(at: Place, lab: &Lab) -> Reach {
    let reach = lab.reach.clone().from_origin("http://evil.example");
    reach.with_header("Cookie", &cookie(&at.session("7")))
}

async fn a_foreign_origin_is_refused_at_the_handshake(at: Place) {
    let lab = at.lab(&[]).await;
    let outcome = Engine::attempt(&foreign(at, &lab), at.way.over).await;
    let refused = outcome.err().unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.json()["error"], "origin_host_not_allowed");
    assert_eq!(lab.sessions(), 0);
}

async fn a_page_of_a_foreign_origin_is_told_in_the_protocol(at: Place) {
    let lab = at.lab(&[]).await;
    let reach = foreign(at, &lab);
    let told = match at.way.over {
        Over::Polling => {
            let reach = reach.with_header("Sec-Fetch-Mode", "cors");
            in_the_first_answer(&reach, at).await
        }
        Over::Websocket => {
            let reach = reach.with_header("Sec-Fetch-Mode", "websocket");
            let mut client = Client::open(&reach, at.way.over).await;
            let is_ours = |said: &Said| matches!(said, Said::Refused(of, _) if of == at.namespace);
            let Said::Refused(_, told) = client.wait_for(is_ours).await else {
                panic!("closed before {} was refused", at.namespace);
            };
            assert!(client.closed().await.starts_with("1008"));
            told
        }
    };
    assert_eq!(told["data"]["code"], "origin_host_not_allowed");
    assert_eq!(lab.sessions(), 0);
}

/// The refusal that the answer to a page's first poll has for the namespace. Nothing is behind its sid.
async fn in_the_first_answer(reach: &Reach, at: Place) -> Value {
    let path = "/socket.io/?EIO=4&transport=polling";
    let answer = reach.get(path).send().await;
    assert!(answer.is_ok(), "{answer:?}");
    let mut packets = answer.text().split('\u{1e}');
    let opening: Value = serde_json::from_str(&packets.next().unwrap()[1..]).unwrap();
    let path = format!("{path}&sid={}", opening["sid"].as_str().unwrap());
    let connect = format!("40{}", at.prefix());
    let refused = reach.post(&path).body(connect).send().await;
    assert_eq!(refused.status(), 400, "{refused:?}");
    let prefix = format!("44{}", at.prefix());
    // What begins as one of `/` may be another namespace's.
    let told = packets
        .filter_map(|packet| packet.strip_prefix(&prefix))
        .find(|told| told.starts_with('{'));
    serde_json::from_str(told.unwrap()).unwrap()
}

#[tokio::test]
async fn refusals_of_two_namespaces_differ_by_the_name_alone() {
    each_way(async |way| {
        let more = [&FOR_EDITORS[..], &[("WTF_CSRF_TIME_LIMIT", "3600")]].concat();
        let lab = Lab::start_with(with_logins(way.shards, &more), program).await;
        let user = json!({"_user_id": "7"});
        let guarded = json!({"_user_id": "7", "csrf_token": KEPT});
        let cases = [
            (json!({}), Value::Null, "auth_required"),
            (user.clone(), Value::Null, "forbidden_role"),
            (user, json!({"token": "x.y.z"}), "token_invalid"),
            (json!({}), token(&[], now() - 90), "token_expired"),
            (guarded.clone(), Value::Null, "csrf_missing"),
            (guarded, json!({"csrf_token": "x"}), "csrf_invalid"),
        ];
        for (session, auth, code) in cases {
            let mut told = Vec::new();
            for row in [ROOT, ADMIN] {
                let mut client = Client::open(&page(&lab, &session), way.over).await;
                let mut refused = client.connect(row.namespace, &auth).await.unwrap_err();
                assert_eq!(refused["data"]["code"], code, "{}", row.namespace);
                // That of the handshake.
                refused["data"]["request_id"] = Value::Null;
                let name = format!("namespace {} ", row.namespace);
                told.push(refused.to_string().replace(&name, "namespace NAME "));
            }
            assert_eq!(told[0], told[1]);
        }
    })
    .await;
}
