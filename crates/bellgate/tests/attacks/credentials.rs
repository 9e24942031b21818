//! Credentials that are guessed: what one caller may try, however it spreads its tries.

use serde_json::json;
use xtask::signing::{self, SECRET};

use crate::support::http::{fetch, get};
use crate::support::lab::Lab;
use crate::support::polling::{OPEN, Polling};
use crate::support::tenth;
use crate::support::ws::Ws;

/// A CONNECT with a token that nobody has signed.
const BAD: &str = r#"40{"token":"e30.e30.x"}"#;
/// So many are noted before a caller is blocked.
const TRIES: usize = 30;
/// The page of the application.
const PAGE: &str = "Origin: http://localhost:5000\r\n";

/// A server that reads tokens and cookies; the proxy that it believes stands for everywhere.
async fn lab() -> Lab {
    Lab::with(&[
        ("SOCKETIO_RATE_LIMITING", "true"),
        // What has to hold without it.
        ("SOCKETIO_RATE_LIMIT_CONNECTIONS", "1000000/minute"),
        ("SOCKETIO_REQUIRE_AUTH", "false"),
        ("BELLGATE_TRUSTED_PROXIES", "loopback"),
        ("BELLGATE_JWT_SECRET", SECRET),
        ("SECRET_KEY", SECRET),
    ])
    .await
}

fn from(address: &str) -> String {
    format!("X-Forwarded-For: {address}\r\n")
}

/// A session with these headers in its handshake; none: its address is blocked.
async fn open(lab: &Lab, headers: &str) -> Option<Polling> {
    let answer = fetch(lab.target, &get(OPEN, headers)).await;
    if answer.status == 200 {
        return Some(Polling::opened(lab.target, &answer));
    }
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (429, &json!("blocked"))
    );
    assert!(answer.header("retry-after").is_some());
    None
}

/// What a CONNECT on a session of its own is answered; then the session goes.
async fn connect(session: Polling, packet: &str) -> String {
    assert_eq!(session.post(packet.as_bytes()).await.text(), "ok");
    let answer = session.poll().await.text();
    // It may have been closed with its answer.
    let _ = session.try_post(b"1").await;
    answer
}

/// How many of 10,000 tries are judged, each on a session of its own from an address of its own.
async fn judged(lab: &Lab, address: impl Fn(usize) -> String) -> usize {
    let mut judged = 0;
    for number in 0..tenth(10_000) {
        let Some(session) = open(lab, &from(&address(number))).await else {
            continue;
        };
        let answer = connect(session, BAD).await;
        assert!(answer.contains("token_invalid"), "{answer}");
        judged += 1;
    }
    judged
}

/// Row 43: CVE-2026-24696 and its like. One engine session.
#[tokio::test]
async fn ten_thousand_bad_tokens_on_one_session_are_a_few_tries_and_its_end() {
    let lab = lab().await;
    let mut ws = Ws::open_with(lab.target, &from("192.0.2.1")).await;
    for _ in 0..tenth(10_000) {
        ws.text(BAD).await;
    }
    let ended = ws.ended().await;
    let judged = ended
        .texts
        .iter()
        .filter(|text| text.contains("token_invalid"));
    assert_eq!((judged.count(), ended.code), (TRIES, Some(1008)));
    assert!(
        open(&lab, &from("192.0.2.1")).await.is_none(),
        "it is back at once"
    );
    lab.must_be_unharmed().await;
}

/// Row 43: many sessions.
#[tokio::test]
async fn bad_tokens_on_many_sessions_of_an_address_count_together() {
    let lab = lab().await;
    assert_eq!(judged(&lab, |_| "192.0.2.1".to_owned()).await, TRIES);
    lab.must_be_unharmed().await;
}

/// Row 43: all addresses of a subscriber.
#[tokio::test]
async fn bad_tokens_from_all_over_a_network_count_together_and_those_of_the_next_do_not() {
    let lab = lab().await;
    let swept = judged(&lab, |number| {
        format!("2001:db8::{:x}:{number:x}", number / 7)
    })
    .await;
    assert_eq!(swept, TRIES);
    let next = open(&lab, &from("2001:db8:0:1::1")).await;
    let answer = connect(next.expect("another network"), "40").await;
    assert!(answer.starts_with("40"), "{answer}");
    lab.must_be_unharmed().await;
}

/// Row 43: a user's session in wrong hands, from a network of its own each time.
#[tokio::test]
async fn forged_csrf_tokens_of_a_user_count_together_from_wherever_they_come() {
    let lab = lab().await;
    let kept = "0413b96cb7e41edda423f46be15c220d49afdabf";
    let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs();
    let page = |user: &str, network: usize| {
        let session = json!({"_user_id": user, "csrf_token": kept}).to_string();
        let cookie = signing::session_at(&session, now - 1);
        let address = from(&format!("2001:db8:0:{network:x}::1"));
        format!("{PAGE}{address}Cookie: session={cookie}\r\n")
    };
    let forged = json!({"csrf_token": signing::csrf("another", now)});
    let proven = format!("40{}", json!({"csrf_token": signing::csrf(kept, now)}));
    for network in 0..TRIES {
        let session = open(&lab, &page("7", network))
            .await
            .expect("a fresh network");
        let answer = connect(session, &format!("40{forged}")).await;
        assert!(answer.contains("csrf_invalid"), "{answer}");
    }
    for (user, outcome) in [("7", "blocked"), ("8", "\"sid\"")] {
        let session = open(&lab, &page(user, TRIES))
            .await
            .expect("a fresh network");
        let answer = connect(session, &proven).await;
        assert!(answer.contains(outcome), "{user}: {answer}");
    }
    lab.must_be_unharmed().await;
}
