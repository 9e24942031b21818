//! Logins that the web application itself tells, asked at `BELLGATE_AUTH_URL`.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use bellgate::Target;
use bellgate::config::{Settings, Sources};
use bellgate_peer::{Client, Engine, Over, Reach, Said, eventually};
use http::request::Parts;
use ring::hmac;
use serde_json::{Value, json};
use xtask::signing::SECRET;

use crate::lab::{Lab, each_way, settings};
use crate::logins::{PAGE, cookie, now, refused, whoami};
use crate::web::{Web, answer};

/// What signs the questions.
const HOOK: &str = "the-applications-and-bellgates";

const KEY: (&str, &str) = ("BELLGATE_API_KEYS", "app:secret:manage");

/// A server that asks this application, with an operators' listener.
async fn lab(shards: usize, web: &Web, more: &[(&str, &str)]) -> Lab {
    let url = format!("{}/who", web.url);
    let own = [
        ("BELLGATE_AUTH_URL", url.as_str()),
        ("BELLGATE_WEBHOOK_SECRET", HOOK),
        KEY,
    ];
    let mut settings = settings(shards, &[&own, more].concat());
    // The base of all labs turns it off.
    settings.listen.admin = Some(bellgate::config::Address::Tcp {
        host: "127.0.0.1".to_owned(),
        port: 0,
    });
    Lab::start_with(settings, whoami).await
}

/// An application that knows its users by a ticket, in the payload or in a cookie: the user's id.
async fn application() -> Web {
    Web::start(|_, body| by_ticket(&ticket(body))).await
}

fn ticket(body: &[u8]) -> String {
    let asked: Value = serde_json::from_slice(body).unwrap();
    let cookie = asked["headers"]["cookie"].as_str();
    let cookie = cookie.and_then(|line| line.strip_prefix("ticket="));
    let ticket = asked["auth"]["ticket"].as_str().or(cookie);
    ticket.unwrap_or_default().to_owned()
}

fn by_ticket(ticket: &str) -> Response<Body> {
    match ticket {
        "" => answer(200, r#"{"user":null}"#),
        "closed" => answer(403, "{\"message\":\"Your account\\r\\nis closed\"}"),
        user => {
            says(&json!({"user": user, "roles": ["editor"], "topics": ["news"], "data": {"a": 1}}))
        }
    }
}

fn says(said: &Value) -> Response<Body> {
    answer(200, said.to_string())
}

/// An application that says what the test has it say.
async fn told(said: &Arc<Mutex<(u16, Value)>>) -> Web {
    let said = Arc::clone(said);
    Web::start(move |_, _| {
        let (status, body) = &*said.lock().unwrap();
        answer(*status, body.to_string())
    })
    .await
}

fn saying(said: Value) -> Arc<Mutex<(u16, Value)>> {
    Arc::new(Mutex::new((200, said)))
}

fn page(lab: &Lab, ticket: &str) -> Reach {
    let page = lab.reach.clone().from_origin(PAGE);
    page.with_header("Cookie", &format!("ticket={ticket}"))
}

fn auth(ticket: &str) -> Value {
    json!({ "ticket": ticket })
}

async fn ready(lab: &Lab) -> Value {
    let answer = lab.reach.get("/readyz").send().await;
    assert_eq!(answer.status(), 200);
    answer.json()
}

async fn refresh(lab: &Lab) {
    let request = lab.reach.post("/api/v1/users/7/refresh").bearer("secret");
    assert_eq!(request.send().await.json()["connections"], 1);
}

#[tokio::test]
async fn the_application_says_who_it_is_by_cookie_or_payload() {
    each_way(async |way| {
        let web = application().await;
        let lab = lab(way.shards, &web, &[]).await;
        for (reach, payload) in [
            (page(&lab, "7"), Value::Null),
            (lab.reach.clone(), auth("7")),
            (page(&lab, "8"), auth("7")),
        ] {
            let mut client = Client::join(&reach, way.over, &payload).await;
            let who = client.call(&json!(["whoami"])).await;
            assert_eq!(who, json!([["7", ["editor"]]]));
            assert_eq!(
                refused(&mut client, "/admin", &Value::Null).await,
                "forbidden_role"
            );
            let news = lab.emitter().to(Target::Topic("news".into()));
            assert_eq!(news.count().await, 1);
            client.engine.close().await;
            lab.until_empty().await;
        }
        // One question each: the second namespace goes by the same answer.
        assert_eq!(web.asked.take().len(), 3);
        let answered = "bellgate_auth_answers_total{outcome=\"user\"}";
        eventually("each answer to be counted", async || {
            lab.sample(answered).await == Some(3)
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_is_signed_and_holds_what_came_with_the_arrival() {
    for over in Over::BOTH {
        let web = application().await;
        let more = [("BELLGATE_TRUSTED_PROXIES", "loopback")];
        let lab = lab(1, &web, &more).await;
        let reach = page(&lab, "7")
            .with_header("User-Agent", "Mozilla/5.0")
            .with_header("X-CSRFToken", "proof")
            .with_header("X-Forwarded-For", "192.0.2.7");
        let payload = json!({"ticket": "9", "more": [1, null, "é"]});
        Client::join(&reach, over, &payload).await;
        let (parts, body) = web.until_asked(1).await.remove(0);
        assert_eq!((parts.method.as_str(), parts.uri.path()), ("POST", "/who"));
        let asked: Value = serde_json::from_slice(&body).unwrap();
        let expected = json!({
            "namespace": "/",
            "address": "192.0.2.7",
            "headers": {
                "cookie": "ticket=7",
                "origin": PAGE,
                "user-agent": "Mozilla/5.0",
                "x-csrftoken": "proof",
            },
            "auth": payload,
        });
        assert_eq!(asked, expected);
        let header = |name: &str| parts.headers[name].to_str().unwrap();
        assert_eq!(header("content-type"), "application/json");
        assert!(uuid::Uuid::parse_str(header("bellgate-id")).is_ok());
        let signature = header("bellgate-signature");
        let (time, tag) = signature
            .strip_prefix("t=")
            .unwrap()
            .split_once(",v1=")
            .unwrap();
        assert!(now() - time.parse::<u64>().unwrap() <= 5);
        let key = hmac::Key::new(hmac::HMAC_SHA256, HOOK.as_bytes());
        let signed = [time.as_bytes(), b".", &body].concat();
        let expected = hmac::sign(&key, &signed);
        let pairs: Vec<String> = expected
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let hex = pairs.concat();
        assert_eq!(tag, hex);
    }
}

#[tokio::test]
async fn an_authorization_header_is_passed_on_as_it_came() {
    let web = Web::start(|_, body| {
        let asked: Value = serde_json::from_slice(body).unwrap();
        match asked["headers"]["authorization"].as_str() {
            Some("Basic NzpwYXNz") => says(&json!({"user": 7})),
            _ => answer(401, ""),
        }
    })
    .await;
    let lab = lab(1, &web, &[]).await;
    let reach = lab
        .reach
        .clone()
        .with_header("Authorization", "Basic NzpwYXNz");
    let mut client = Client::join(&reach, Over::Polling, &Value::Null).await;
    assert_eq!(client.call(&json!(["whoami"])).await, json!([["7", []]]));
}

#[tokio::test]
async fn whom_the_application_refuses_reads_its_message() {
    each_way(async |way| {
        let web = application().await;
        let lab = lab(way.shards, &web, &[("SOCKETIO_REQUIRE_AUTH", "false")]).await;
        let mut client = Client::open(&page(&lab, "closed"), way.over).await;
        let told = client.connect("/", &Value::Null).await.unwrap_err();
        assert_eq!(told["message"], "Your account is closed [auth_refused]");
        assert_eq!(told["data"]["code"], "auth_refused");
        assert_eq!(told["data"]["retry"], "reauth");
        assert_eq!(told["data"]["category"], "authentication");
    })
    .await;
}

#[tokio::test]
async fn somebody_whom_the_application_does_not_know_is_a_visitor() {
    for (required, expected) in [("false", None), ("true", Some("auth_required"))] {
        let web = application().await;
        let lab = lab(1, &web, &[("SOCKETIO_REQUIRE_AUTH", required)]).await;
        let mut client = Client::open(&page(&lab, ""), Over::Websocket).await;
        let answer = client.connect("/", &Value::Null).await;
        let code = answer.err().map(|refused| refused["data"]["code"].clone());
        assert_eq!(code, expected.map(Value::from));
        assert_eq!(web.asked.take().len(), 1);
    }
}

#[tokio::test]
async fn nobody_is_asked_about_where_nothing_came_that_could_log_in() {
    for over in Over::BOTH {
        let web = application().await;
        let lab = lab(1, &web, &[("SOCKETIO_REQUIRE_AUTH", "false")]).await;
        let page_of_nobody = lab.reach.clone().from_origin(PAGE);
        // A program's cookie counts for nothing, as everywhere.
        let program = lab.reach.clone().with_header("Cookie", "ticket=7");
        for (reach, payload) in [
            (&page_of_nobody, Value::Null),
            (&page_of_nobody, json!({})),
            (
                &page_of_nobody,
                json!({"csrf_token": "x", "pid": "p", "offset": "o"}),
            ),
            (&program, Value::Null),
        ] {
            let mut client = Client::join(reach, over, &payload).await;
            assert_eq!(client.call(&json!(["whoami"])).await, json!([[null, []]]));
        }
        assert!(web.asked.take().is_empty());
    }
}

#[tokio::test]
async fn a_credential_that_an_earlier_provider_finds_is_not_asked_about() {
    let web = application().await;
    let lab = lab(1, &web, &[("SECRET_KEY", SECRET)]).await;
    let with = |line: &str| {
        let page = lab.reach.clone().from_origin(PAGE);
        page.with_header("Cookie", line)
    };
    let own = cookie(&json!({"_user_id": "5"}));
    let mut client = Client::join(&with(&own), Over::Websocket, &auth("7")).await;
    assert_eq!(client.call(&json!(["whoami"])).await, json!([["5", []]]));
    let forged = with(&own.replace("session=e", "session=f"));
    let mut client = Client::open(&forged, Over::Websocket).await;
    assert_eq!(
        refused(&mut client, "/", &auth("7")).await,
        "session_invalid"
    );
    assert!(web.asked.take().is_empty());
    // A session without a user is no credential.
    let visitor = with(&cookie(&json!({"theme": "dark"})));
    let mut client = Client::join(&visitor, Over::Websocket, &auth("7")).await;
    assert_eq!(
        client.call(&json!(["whoami"])).await,
        json!([["7", ["editor"]]])
    );
}

#[tokio::test]
async fn those_who_ask_the_same_at_a_time_share_one_call() {
    for shards in [1, 2] {
        let web = application().await;
        web.hold();
        let lab = lab(shards, &web, &[]).await;
        let joins = (0..20).map(|turn| {
            let reach = page(&lab, "7");
            tokio::spawn(
                async move { Client::join(&reach, Over::BOTH[turn % 2], &Value::Null).await },
            )
        });
        let joins: Vec<_> = joins.collect();
        web.until_asked(1).await;
        let shared = "bellgate_auth_answers_total{outcome=\"shared\"}";
        eventually("all others to wait for the same", async || {
            lab.sample(shared).await == Some(19)
        })
        .await;
        assert_eq!(lab.sample("bellgate_auth_calls").await, Some(1));
        let limit = lab.sample("bellgate_auth_calls_limit").await;
        assert_eq!(limit, Some(10), "BELLGATE_POOL_SIZE");
        web.release();
        for join in joins {
            let who = join.await.unwrap().call(&json!(["whoami"])).await;
            assert_eq!(who, json!([["7", ["editor"]]]));
        }
        assert!(web.asked.take().is_empty(), "asked once");
        eventually("the call to be over", async || {
            lab.sample("bellgate_auth_calls").await == Some(0)
        })
        .await;
    }
}

#[tokio::test]
async fn an_answer_is_given_again_for_as_long_as_it_allows_to_whoever_asks_the_same() {
    for (control, calls) in [
        (Some("private, max-age=60"), 1),
        (Some("max-age=60, no-store"), 3),
        (Some("max-age=0"), 3),
        (None, 3),
    ] {
        let web = Web::start(move |_, body| {
            let mut answer = by_ticket(&ticket(body));
            if let Some(control) = control {
                let control = control.parse().unwrap();
                answer.headers_mut().insert("cache-control", control);
            }
            answer
        })
        .await;
        let lab = lab(2, &web, &[("SOCKETIO_REQUIRE_AUTH", "false")]).await;
        for over in [Over::Polling, Over::Websocket, Over::Polling] {
            Client::join(&page(&lab, "7"), over, &Value::Null).await;
        }
        assert_eq!(web.asked.take().len(), calls, "{control:?}");
        // Another cookie, page or payload is another question.
        Client::join(&page(&lab, "8"), Over::Polling, &Value::Null).await;
        Client::join(&page(&lab, "7"), Over::Polling, &auth("7")).await;
        assert_eq!(web.asked.take().len(), 2, "{control:?}");
        // Refusals and visitors are asked about each time.
        for _ in 0..2 {
            let mut client = Client::open(&page(&lab, "closed"), Over::Websocket).await;
            assert_eq!(
                refused(&mut client, "/", &Value::Null).await,
                "auth_refused"
            );
            Client::join(&page(&lab, ""), Over::Websocket, &Value::Null).await;
        }
        assert_eq!(web.asked.take().len(), 4, "{control:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_lets_nobody_in() {
    let elsewhere = application().await;
    let location = elsewhere.url.clone();
    let web = Web::start(move |parts, body| bad(parts, body, &location)).await;
    let more = [
        ("SOCKETIO_REQUIRE_AUTH", "false"),
        ("BELLGATE_WEBHOOK_TIMEOUT", "300ms"),
    ];
    for over in Over::BOTH {
        for kind in [
            "500", "404", "204", "302", "307", "html", "twice", "long", "role", "user", "late",
        ] {
            let lab = lab(1, &web, &more).await;
            // Nothing is joined: it comes back by itself.
            let mut client = Client::open(&lab.reach, over).await;
            client.engine.send(&format!("0{}", auth(kind))).await;
            client.closed().await;
            assert_eq!(client.kept(), [], "{kind}");
            // Where another namespace is joined, that one stays.
            let mut client = Client::join(&lab.reach, over, &Value::Null).await;
            assert_eq!(
                refused(&mut client, "/admin", &auth(kind)).await,
                "auth_unavailable"
            );
            assert_eq!(client.call(&json!(["whoami"])).await, json!([[null, []]]));
        }
    }
    assert!(elsewhere.asked.take().is_empty(), "no redirect is followed");
}

/// An answer that is bad in the way that the ticket names.
fn bad(_: &Parts, body: &[u8], location: &str) -> Response<Body> {
    let redirect = |status| {
        let redirect = Response::builder()
            .status(status)
            .header("Location", location);
        redirect.body(Body::from(r#"{"user":"7"}"#)).unwrap()
    };
    match ticket(body).as_str() {
        "302" => redirect(302),
        "307" => redirect(307),
        "html" => answer(200, "<h1>Log in</h1>"),
        "twice" => answer(200, r#"{"user":"7","user":"8"}"#),
        "long" => answer(200, format!(r#"{{"user":"7"{}}}"#, " ".repeat(65_536))),
        "role" => answer(200, r#"{"user":"7","role":"admin"}"#),
        "user" => answer(200, r#"{"roles":["admin"]}"#),
        "late" => {
            let late = futures_util::stream::pending::<Result<&[u8], std::io::Error>>();
            answer(200, Body::from_stream(late))
        }
        status => answer(status.parse().unwrap(), r#"{"user":"7"}"#),
    }
}

#[tokio::test]
async fn a_question_that_the_application_stumbles_over_keeps_nobody_else_out() {
    let web = Web::start(|parts, body| bad(parts, body, "")).await;
    let lab = lab(1, &web, &[]).await;
    for kind in ["500", "html", "long"].repeat(3) {
        let mut client = Client::open(&lab.reach, Over::Websocket).await;
        client.engine.send(&format!("0{}", auth(kind))).await;
        client.closed().await;
    }
    assert_eq!(ready(&lab).await["status"], "ready");
    let mut client = Client::join(&lab.reach, Over::Websocket, &auth("200")).await;
    assert_eq!(client.call(&json!(["whoami"])).await, json!([["7", []]]));
}

#[tokio::test]
async fn while_the_application_fails_handshakes_are_turned_away_until_it_answers_again() {
    let said = saying(json!({"user": "7"}));
    let web = told(&said).await;
    let lab = lab(2, &web, &[("SECRET_KEY", SECRET)]).await;
    let up = "bellgate_identity_provider_up{setting=\"BELLGATE_AUTH_URL\"}";
    assert_eq!(ready(&lab).await["status"], "ready");
    assert_eq!(lab.sample(up).await, Some(1));
    said.lock().unwrap().0 = 503;
    for _ in 0..5 {
        let mut client = Client::open(&page(&lab, "7"), Over::Websocket).await;
        client.engine.send("0").await;
        client.closed().await;
    }
    for over in Over::BOTH {
        let mut told = None;
        eventually("handshakes to be turned away", async || {
            let engine = Engine::attempt(&page(&lab, "7"), over).await;
            // Where a pause is over by then, one who comes asks and fails again.
            match engine {
                Ok(engine) => {
                    let mut client = Client::on(engine);
                    client.engine.send("0").await;
                    client.closed().await;
                }
                Err(answer) => told = Some(answer),
            }
            told.is_some()
        })
        .await;
        let told = told.unwrap();
        assert_eq!(told.status(), 503);
        assert_eq!(told.json()["error"], "auth_unavailable");
        let after: u32 = told.header("retry-after").parse().unwrap();
        assert!((1..=30).contains(&after), "{after}");
    }
    let told = ready(&lab).await;
    assert_eq!(told["status"], "degraded");
    assert_eq!(
        told["degraded"],
        json!(["the web application (BELLGATE_AUTH_URL)"])
    );
    assert_eq!(lab.sample(up).await, Some(0));
    // Who is known without it comes in.
    let known = lab.reach.clone().from_origin(PAGE);
    let known = known.with_header("Cookie", &cookie(&json!({"_user_id": "5"})));
    Client::join(&known, Over::Polling, &Value::Null).await;
    said.lock().unwrap().0 = 200;
    let mut client = None;
    eventually("it to be asked again", async || {
        let engine = Engine::attempt(&page(&lab, "7"), Over::Websocket).await;
        client = engine.ok().map(Client::on);
        client.is_some()
    })
    .await;
    client.unwrap().connect("/", &Value::Null).await.unwrap();
    assert_eq!(ready(&lab).await["status"], "ready");
    assert_eq!(lab.sample(up).await, Some(1));
}

#[tokio::test]
async fn where_nothing_listens_one_who_comes_is_enough_to_know_it() {
    // Nothing listens at this port.
    let more = [
        ("BELLGATE_AUTH_URL", "http://127.0.0.1:1/who"),
        ("BELLGATE_WEBHOOK_SECRET", HOOK),
    ];
    let lab = Lab::start_with(settings(1, &more), whoami).await;
    let mut client = Client::open(&page(&lab, "7"), Over::Websocket).await;
    client.engine.send("0").await;
    client.closed().await;
    let told = Engine::attempt(&page(&lab, "7"), Over::Polling).await;
    assert_eq!(told.err().unwrap().status(), 503);
}

#[tokio::test]
async fn a_login_ends_when_the_application_has_said_and_its_page_is_told_before() {
    for over in Over::BOTH {
        let web = told(&saying(json!({"user": "7", "expires_in": 5}))).await;
        let lab = lab(1, &web, &[]).await;
        let mut client = Client::join(&page(&lab, "7"), over, &Value::Null).await;
        let event = client.event().await;
        assert_eq!(event.name, "bell:expiring");
        client.closed().await;
        assert_eq!(client.kept(), [], "never by 41");
    }
}

#[tokio::test]
async fn a_refresh_asks_anew_and_who_is_the_same_user_stays() {
    each_way(async |way| {
        let said = saying(json!({"user": "7", "roles": ["admin"], "topics": ["old"]}));
        let web = told(&said).await;
        let lab = lab(way.shards, &web, &[]).await;
        let mut client = Client::join(&page(&lab, "7"), way.over, &Value::Null).await;
        client.connect("/admin", &Value::Null).await.unwrap();
        said.lock().unwrap().1 = json!({"user": "7", "roles": ["editor"], "topics": ["new"]});
        refresh(&lab).await;
        client
            .wait_for(|said| matches!(said, Said::Disconnected(of) if of == "/admin"))
            .await;
        let event = client.event().await;
        assert_eq!((&*event.namespace, &*event.name), ("/", "bell:session"));
        assert_eq!(event.args[0]["roles"], json!(["editor"]));
        assert_eq!(
            client.call(&json!(["whoami"])).await,
            json!([["7", ["editor"]]])
        );
        for (topic, reached) in [("old", 0), ("new", 1)] {
            let to = lab.emitter().to(Target::Topic(topic.into()));
            assert_eq!(to.count().await, reached, "{topic}");
        }
        // Nothing has changed: nothing is told.
        refresh(&lab).await;
        web.until_asked(3).await;
        assert_eq!(
            client.call(&json!(["whoami"])).await,
            json!([["7", ["editor"]]])
        );
        assert_eq!(client.kept(), []);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_sends_back_whoever_is_that_user_no_more() {
    for (status, said) in [
        (200, json!({"user": null})),
        (200, json!({"user": "8"})),
        (401, json!({"message": "no"})),
        (500, json!({})),
    ] {
        for over in Over::BOTH {
            let held = saying(json!({"user": "7"}));
            let web = told(&held).await;
            let lab = lab(2, &web, &[]).await;
            let mut client = Client::join(&page(&lab, "7"), over, &Value::Null).await;
            *held.lock().unwrap() = (status, said.clone());
            refresh(&lab).await;
            client.closed().await;
            assert_eq!(client.kept(), [], "{said}: never by 41");
        }
    }
}

#[tokio::test]
async fn what_was_said_before_a_refresh_is_not_said_again() {
    let said = saying(json!({"user": "7", "roles": ["admin"]}));
    let held = Arc::clone(&said);
    let web = Web::start(move |_, _| {
        let mut answer = says(&held.lock().unwrap().1);
        let control = "max-age=60".parse().unwrap();
        answer.headers_mut().insert("cache-control", control);
        answer
    })
    .await;
    let lab = lab(1, &web, &[]).await;
    let mut client = Client::join(&page(&lab, "7"), Over::Websocket, &Value::Null).await;
    said.lock().unwrap().1 = json!({"user": "7"});
    refresh(&lab).await;
    assert_eq!(client.event().await.name, "bell:session");
    let mut next = Client::join(&page(&lab, "7"), Over::Websocket, &Value::Null).await;
    assert_eq!(next.call(&json!(["whoami"])).await, json!([["7", []]]));
    assert_eq!(web.asked.take().len(), 2, "the new answer is given again");
}

#[tokio::test]
async fn a_user_is_asked_about_again_at_each_interval_and_an_application_that_is_away_ends_nothing()
{
    let said = saying(json!({"user": "7", "expires_in": 600}));
    let web = told(&said).await;
    let lab = lab(1, &web, &[("BELLGATE_RECHECK_INTERVAL", "1s")]).await;
    let mut client = Client::join(&page(&lab, "7"), Over::Websocket, &Value::Null).await;
    web.until_asked(3).await;
    assert_eq!(client.call(&json!(["whoami"])).await, json!([["7", []]]));
    assert_eq!(client.kept(), [], "a later end is no news");
    said.lock().unwrap().0 = 500;
    web.until_asked(2).await;
    assert_eq!(client.call(&json!(["whoami"])).await, json!([["7", []]]));
    *said.lock().unwrap() = (200, json!({"user": null}));
    client.closed().await;
}

#[tokio::test]
async fn another_payload_of_a_connection_is_asked_about_and_must_be_the_same_users() {
    each_way(async |way| {
        let web = application().await;
        let lab = lab(way.shards, &web, &[("BELLGATE_ADMIN_USERS", "7")]).await;
        let mut client = Client::join(&lab.reach, way.over, &auth("7")).await;
        client.connect("/admin", &auth("7")).await.unwrap();
        assert_eq!(web.asked.take().len(), 1, "the same payload");
        client.leave("/admin").await;
        client.engine.send(&format!("0/admin,{}", auth("8"))).await;
        client.closed().await;
        assert_eq!(web.asked.take().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_payload_that_two_could_read_differently_is_not_passed_on() {
    let web = application().await;
    let lab = lab(1, &web, &[("SOCKETIO_REQUIRE_AUTH", "false")]).await;
    let mut client = Client::open(&page(&lab, "7"), Over::Websocket).await;
    client.engine.send(r#"0{"ticket":"7","ticket":"8"}"#).await;
    let told = client.wait_for(|_| true).await;
    let Said::Refused(_, told) = told else {
        panic!("{told:?}");
    };
    assert_eq!(told["data"]["code"], "token_invalid");
    let long = refused(&mut client, "/", &auth(&"7".repeat(70_000))).await;
    assert_eq!(long, "token_invalid");
    assert!(web.asked.take().is_empty());
}

#[tokio::test]
async fn a_url_that_cannot_be_used_or_has_no_secret_counts_as_set() {
    for set in [
        &[
            ("BELLGATE_AUTH_URL", "ftp://app.example"),
            ("BELLGATE_WEBHOOK_SECRET", HOOK),
        ][..],
        &[("BELLGATE_AUTH_URL", "http://127.0.0.1:1/who")],
    ] {
        let loaded = Settings::load(&Sources::new().with_environment(set.iter().copied()));
        assert!(loaded.settings.is_login_required());
        assert!(loaded.must_stop(true));
        assert!(loaded.warnings[0].to_string().contains("BELLGATE_AUTH_URL"));
    }
    // Unsigned, nothing is asked.
    let web = application().await;
    let mut settings = settings(1, &[]);
    settings.webhooks.auth_url = Some(bellgate::config::Secret::new(web.url.clone()));
    let lab = Lab::start_with(settings, whoami).await;
    let told = Engine::attempt(&page(&lab, "7"), Over::Polling).await;
    assert_eq!(told.err().unwrap().status(), 503);
    assert!(web.asked.take().is_empty());
}

#[tokio::test]
async fn a_reload_changes_whom_is_asked_and_keeps_what_is_known_where_nothing_changed() {
    let (first, second) = (application().await, application().await);
    let lab = lab(1, &first, &[]).await;
    let with = |url: &str| {
        settings(
            1,
            &[
                ("BELLGATE_AUTH_URL", url),
                ("BELLGATE_WEBHOOK_SECRET", HOOK),
            ],
        )
    };
    lab.reload(&with(&second.url));
    Client::join(&page(&lab, "7"), Over::Websocket, &Value::Null).await;
    assert_eq!(
        (first.asked.take().len(), second.asked.take().len()),
        (0, 1)
    );
    let answered = "bellgate_auth_answers_total{outcome=\"user\"}";
    eventually("the answer to be counted", async || {
        lab.sample(answered).await == Some(1)
    })
    .await;
    lab.reload(&with(&second.url));
    assert_eq!(lab.sample(answered).await, Some(1));
}
