//! Sessions in other hands: a sid that was chosen or read, a cookie that a foreign page makes a browser
//! send.

use bellgate_peer::{Client, Engine, Over, Reach};
use serde_json::{Value, json};
use xtask::signing::SECRET;

use crate::support::http::{Answer, fetch, get, once, post};
use crate::support::lab::Lab;
use crate::support::logins::{PAGE, page, session, tried, user, whoami};
use crate::support::polling::{OPEN, Polling, sid};
use crate::support::process::Process;
use crate::support::wait::{SOON, until};
use crate::support::ws::{self, UPGRADE, Ws};

/// Another page that may connect.
const OTHER: &str = "http://other.example";
/// What only the session's own client may read.
const PRIVATE: &str = "for user 7 alone";

const SETTINGS: [(&str, &str); 3] = [
    ("SECRET_KEY", SECRET),
    (
        "SOCKETIO_CORS_ORIGINS",
        "http://localhost:5000,http://other.example",
    ),
    ("SOCKETIO_LOG_LEVEL", "TRACE"),
];

/// Row 21: a sid is the server's to choose, wherever a client writes one of its own.
#[tokio::test]
async fn a_sid_that_a_client_chooses_is_never_adopted() {
    let lab = Lab::start().await;
    let ended = Polling::joined(lab.target).await;
    ended.leave().await;
    for chosen in [
        &*ended.sid,
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "chosen",
        "",
    ] {
        let named = format!("{OPEN}&sid={chosen}");
        for request in [
            get(&named, ""),
            post(&named, "", b"40"),
            get(&named.replace("polling", "websocket"), UPGRADE),
        ] {
            let answer = fetch(lab.target, &request).await;
            assert_eq!(answer.engine_code(), (400, 1), "{chosen}");
        }
        let elsewhere = format!("Cookie: io={chosen}; sid={chosen}\r\nX-Session-Id: {chosen}\r\n");
        let answer = fetch(lab.target, &get(OPEN, &elsewhere)).await;
        let given = Polling::opened(lab.target, &answer);
        assert_ne!(given.sid, chosen);
        assert_eq!(answer.header("set-cookie"), None);
        // Nor is a namespace's, which the CONNECT could name.
        let connect = json!({"sid": chosen, "pid": chosen});
        assert_eq!(
            given.post(format!("40{connect}").as_bytes()).await.text(),
            "ok"
        );
        let welcome = given.poll().await.text();
        assert!(welcome.starts_with("40{\"sid\":"), "{welcome}");
        assert!(chosen.is_empty() || !welcome.contains(chosen), "{welcome}");
        given.leave().await;
    }
    lab.must_be_unharmed().await;
}

/// A session of user 7 on polling for whom something waits.
async fn private(process: &Process) -> Engine {
    let own = page(&process.reach(), &session("7"));
    let client = Client::join(&own, Over::Polling, &Value::Null).await;
    let emit = process
        .reach()
        .post("/api/v1/emit")
        .bearer(crate::support::process::KEY);
    let event = json!({"event": "private", "args": [PRIVATE], "to": {"user": "7"}});
    let accepted = emit.json(&event).send().await;
    assert_eq!(accepted.status(), 202, "{accepted:?}");
    client.engine
}

/// A request that somebody makes who has read a sid: the three kinds that there are.
async fn abuse(process: &Process, sid: &str, kind: &str, headers: &str) -> Option<Answer> {
    let path = format!("{OPEN}&sid={sid}");
    match kind {
        "poll" => once(process.target, &get(&path, headers)).await,
        "post" => once(process.target, &post(&path, headers, b"42[\"as user 7\"]")).await,
        _ => {
            let path = path.replace("polling", "websocket");
            Ws::shake(process.target, &path, headers).await.err()
        }
    }
}

/// Row 21: whoever has read a sid gets nothing by another user's cookie or from another origin; the session
/// ends, and that is one event.
#[tokio::test]
async fn a_session_that_another_user_or_page_uses_ends_and_tells_nothing() {
    let mut process = Process::start(&SETTINGS).await;
    let (home, thief) = (format!("Origin: {PAGE}\r\n"), session("8"));
    let as_another = format!("{home}Cookie: session={thief}\r\n");
    let elsewhere = format!("Origin: {OTHER}\r\n");
    let both = format!("{elsewhere}Cookie: session={thief}\r\n");
    let foreign = "Origin: http://evil.example\r\n".to_owned();
    let null = "Origin: null\r\n".to_owned();
    let twice = format!("{home}{elsewhere}");
    let across = "Sec-Fetch-Site: cross-site\r\n".to_owned();
    let mut secrets = vec![thief];
    for (headers, kinds, expected) in [
        (as_another, &["poll", "post"][..], "identity_changed"),
        (elsewhere, &["poll", "post", "upgrade"], "origin_changed"),
        (both, &["poll", "post", "upgrade"], "origin_changed"),
        (
            foreign,
            &["poll", "post", "upgrade"],
            "origin_host_not_allowed",
        ),
        (null, &["poll", "post", "upgrade"], "origin_null"),
        (twice, &["poll", "post", "upgrade"], "origin_malformed"),
        (
            across,
            &["poll", "post", "upgrade"],
            "origin_cross_site_no_cors",
        ),
    ] {
        for kind in kinds {
            let stolen = private(&process).await;
            let counter = format!("bellgate_security_events_total{{code=\"{expected}\"}}");
            let before = process.metric(&counter).await;
            let answer = abuse(&process, &stolen.sid, kind, &headers).await;
            let answer = answer.expect("an answer");
            assert_eq!(answer.status, 403, "{kind} {headers}");
            assert_eq!(answer.json()["error"], expected, "{kind} {headers}");
            assert!(!answer.text().contains(PRIVATE), "{}", answer.text());
            let target = process.target;
            let sid = stolen.sid.clone();
            Polling { target, sid }.is_over().await;
            // The log has a line for each origin a minute; all are counted.
            until(SOON, async || {
                let told = process.metric(&counter).await;
                (told == before).then(|| format!("not counted: {kind} {headers}"))
            })
            .await;
            secrets.push(stolen.sid);
        }
    }
    process.must_not_tell(secrets.iter().map(String::as_str));
    process.must_run().await;
}

/// Row 21: behind one TLS name polls carry no Origin, and a browser sends a cookie on a WebSocket that it
/// did not send by polling: neither is a theft.
#[tokio::test]
async fn what_a_browser_leaves_out_or_adds_ends_no_session() {
    let mut process = Process::start(&SETTINGS).await;
    let before = process.told().len();
    for headers in [
        "",
        "Sec-Fetch-Site: same-origin\r\n",
        "Sec-Fetch-Site: none\r\n",
    ] {
        let own = private(&process).await;
        let answer = abuse(&process, &own.sid, "poll", headers).await;
        assert!(answer.expect("an answer").text().contains(PRIVATE));
        let cookie = format!("Origin: {PAGE}\r\nCookie: session={}\r\n", session("8"));
        let refused = abuse(&process, &own.sid, "upgrade", &cookie).await;
        assert!(refused.is_none(), "{refused:?}");
        let answer = abuse(&process, &own.sid, "post", headers).await;
        assert_eq!(answer.expect("an answer").text(), "ok");
    }
    assert_eq!(process.told().len(), before);
    process.must_run().await;
}

/// Row 23: CVE-2019-13611, CVE-2020-28481. A page of another site opens a connection with the cookies of
/// whoever looks at it.
#[tokio::test]
async fn a_foreign_page_gets_nowhere_with_the_cookie_of_its_victim() {
    let lab = Lab::built(&[("SECRET_KEY", SECRET)], whoami).await;
    let cookie = format!("Cookie: session={}\r\n", session("7"));
    for origin in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://localhost:5000\r\nOrigin: http://evil.example\r\n",
        "Origin: http://localhost:5000, http://evil.example\r\n",
        "Origin: http://localhost:5000.evil.example\r\n",
        "Origin: http://localhost:5000@evil.example\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
    ] {
        for browser in ["", "User-Agent: Mozilla/5.0\r\nSec-Fetch-Mode: cors\r\n"] {
            let headers = format!("{origin}{browser}{cookie}");
            let polled = fetch(lab.target, &get(OPEN, &headers)).await;
            assert!(!lab.opened(&polled).await, "{headers}");
            assert_eq!(polled.header("set-cookie"), None);
            let refused = polled.text();
            assert!(!refused.contains("session="), "{refused}");
            assert!(!refused.contains("\"7\""), "no cookie was read: {refused}");
            if let Ok(mut ws) = Ws::shake(lab.target, ws::OPEN, &headers).await {
                assert_eq!(ws.ended().await.code, Some(1008), "{headers}");
            }
            assert_eq!(lab.running.sessions(), 0, "{headers}");
        }
    }
    lab.must_end().await;
}

/// Row 23: without an Origin a session may be opened, by a program; a cookie makes no user of it then, and
/// a null origin, where it is admitted, neither.
#[tokio::test]
async fn a_cookie_is_nobodys_without_an_admitted_origin_on_its_session() {
    let settings = [
        ("SECRET_KEY", SECRET),
        ("SOCKETIO_ALLOW_NULL_ORIGIN", "true"),
    ];
    let lab = Lab::built(&settings, whoami).await;
    let cookie = format!("session={}", session("7"));
    let nobody = lab.reach().with_header("Cookie", &cookie);
    let of_null = nobody.clone().from_origin("null");
    for over in Over::BOTH {
        for reach in [&nobody, &of_null] {
            assert_eq!(tried(reach, over, &Value::Null).await, "auth_required");
        }
        let own = page(&lab.reach(), &session("7"));
        let mut client = Client::join(&own, over, &Value::Null).await;
        assert_eq!(user(&mut client).await.as_deref(), Some("7"));
        client.engine.close().await;
    }
    late_origin(&lab, &cookie).await;
    lab.must_end().await;
}

/// A cookie that came before the session had an origin counts once it has one: the POST of the CONNECT
/// brings it, behind one TLS name.
async fn late_origin(lab: &Lab, cookie: &str) {
    let answer = fetch(lab.target, &get(OPEN, &format!("Cookie: {cookie}\r\n"))).await;
    let path = format!("{OPEN}&sid={}", sid(&answer).expect("a session"));
    let from = |origin: &str| {
        let reach: Reach = lab.reach().from_origin(origin);
        reach.post(&path).body("40").send()
    };
    assert!(from(PAGE).await.is_ok());
    let joined = fetch(lab.target, &get(&path, "")).await.text();
    assert!(joined.starts_with("40{\"sid\":"), "{joined}");
    assert!(!from("http://evil.example").await.is_ok());
    let last = fetch(lab.target, &get(&path, "")).await;
    assert_eq!(last.engine_code(), (400, 1));
}
