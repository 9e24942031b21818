//! Pages that may not come in: what a refusal costs, and what it gives away.

use std::time::{Duration, Instant};

use crate::support::http::{Http, fetch, get, once, post};
use crate::support::lab::Lab;
use crate::support::polling::{OPEN, Polling};
use crate::support::process::Process;
use crate::support::tenth;
use crate::support::ws::{self, Ws};

const MIB: u64 = 1024 * 1024;
const PAGE: &str = "User-Agent: Mozilla/5.0\r\nSec-Fetch-Mode: cors\r\n";

/// A handshake of a page.
fn handshake(origin: &str) -> Vec<u8> {
    get(OPEN, &format!("Origin: {origin}\r\n{PAGE}"))
}

/// Asks for so many handshakes on one connection, and checks how each is answered.
async fn ask(process: &Process, requests: impl Iterator<Item = Vec<u8>>, refused: bool) {
    let mut http = Http::connect(process.target).await;
    for request in requests {
        let answer = http.ask(&request).await.expect("an answer");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text().contains("44{"), refused, "{}", answer.text());
    }
}

/// A scanner every origin that it knows (contract §3: each distinct one in full once a
/// minute, then counted).
#[tokio::test]
async fn ten_thousand_refused_origins_neither_grow_memory_nor_fill_the_log() {
    let mut process = Process::start(&[]).await;
    let origins = |from: usize, count: usize| {
        (from..from + count).map(|n| handshake(&format!("http://{n}.evil.example")))
    };
    ask(&process, origins(0, 500), true).await;
    let (memory, log) = (process.resident(), process.log().len());
    ask(&process, origins(500, 10_000), true).await;
    let grown = process.resident().saturating_sub(memory);
    assert!(grown < 2 * MIB, "{grown} bytes");
    assert_eq!(
        process.log().len(),
        log,
        "what the log tells apart is used up"
    );
    let lines = process.log().matches("evil.example").count();
    // Each line names the origin a few times.
    assert!((1..2_000).contains(&lines), "{lines}");
    assert_eq!(process.sessions().await, 0);
    process.must_be_unharmed().await;
}

/// What a refusal costs the server's processor, beside a handshake that is accepted.
#[tokio::test]
async fn a_refusal_costs_no_more_than_an_accepted_handshake() {
    let home = "http://localhost:5000";
    let mut process = Process::start(&[("BELLGATE_SHARDS", "1")]).await;
    let count = 5_000;
    let (mut accepted, mut refused) = (Duration::ZERO, Duration::ZERO);
    // In turns, so that what else the machine does weighs on both. The sessions stay, so that
    // clearing them away is not counted.
    for round in 0..3 {
        let before = process.processor();
        ask(&process, (0..count).map(|_| handshake(home)), false).await;
        let between = process.processor();
        let origins = (0..count).map(|n| handshake(&format!("http://{n}.round{round}.example")));
        ask(&process, origins, true).await;
        accepted += between.saturating_sub(before);
        refused += process.processor().saturating_sub(between);
    }
    println!("accepted {accepted:?}, refused {refused:?}");
    assert!(
        refused < accepted * 5 / 4,
        "{refused:?} for refusals, {accepted:?} else"
    );
    process.must_be_unharmed().await;
}

/// Row 46: how near a refused origin comes to an entry of the list shows in no answer and no time.
#[tokio::test]
async fn refused_origins_near_and_far_get_the_same_answer_in_the_same_time() {
    let entry = format!("https://{}.example", "entry".repeat(10));
    let near = entry.replace(".example", ".exampla");
    let far = format!("https://{}.zzzzzzz", "zzzzz".repeat(10));
    let mut process =
        Process::start(&[("BELLGATE_SHARDS", "1"), ("SOCKETIO_CORS_ORIGINS", &entry)]).await;
    let mut http = Http::connect(process.target).await;
    let mut told = Vec::new();
    for origin in [&near, &far] {
        let answer = http.ask(&handshake(origin)).await.expect("an answer");
        told.push(without_ids(&answer.text()).replace(origin.as_str(), "ORIGIN"));
    }
    assert_eq!(told[0], told[1]);
    assert!(!told[0].contains(&entry), "{}", told[0]);
    // A leak is there in each round; what happens beside the test is not.
    let mut rounds = Vec::new();
    while !rounds.last().is_some_and(are_alike) {
        assert!(rounds.len() < 10, "near and far: {rounds:?}");
        rounds.push(quartiles(&mut http, [&near, &far]).await);
    }
    process.must_be_unharmed().await;
}

/// How long handshakes of two origins take, in turns: the lower quartile and the median of each.
async fn quartiles(http: &mut Http, origins: [&str; 2]) -> [[Duration; 2]; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..tenth(10_000) {
        for (origin, times) in origins.into_iter().zip(&mut times) {
            let request = handshake(origin);
            let begun = Instant::now();
            http.ask(&request).await.expect("an answer");
            times.push(begun.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort();
        [times[times.len() / 4], times[times.len() / 2]]
    })
}

/// Whether neither takes a quarter longer than the other.
fn are_alike([near, far]: &[[Duration; 2]; 2]) -> bool {
    let mut pairs = near.iter().zip(far);
    pairs.all(|(near, far)| *near.max(far) < *near.min(far) * 5 / 4)
}

/// Contract §3: no session exists behind a refusal, however it is told.
#[tokio::test]
async fn a_refused_origin_gets_no_session() {
    let lab = Lab::start().await;
    for headers in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://localhost:5000\r\nOrigin: http://localhost:5000\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: http://evil.example\r\nSec-Fetch-Mode: cors\r\nUser-Agent: Mozilla/5.0\r\n",
    ] {
        let answer = fetch(lab.target, &get(OPEN, headers)).await;
        assert!(!lab.opened(&answer).await, "{headers}");
        if let Ok(mut ws) = Ws::shake(lab.target, ws::OPEN, headers).await {
            // Told in-band, if at all: refused and closed, never joined.
            let ended = ws.ended().await;
            assert_eq!(ended.code, Some(1008), "{headers}");
        }
        assert_eq!(lab.running.sessions(), 0, "{headers}");
    }
    lab.must_be_unharmed().await;
}

/// Contract §3: a session belongs to the first origin that it sees, whoever learns its sid.
#[tokio::test]
async fn another_origin_on_a_session_ends_it() {
    let settings = [("SOCKETIO_CORS_ORIGINS", "http://a.example,http://b.example")];
    let lab = Lab::with(&settings).await;
    let from = |name: &str| format!("Origin: http://{name}.example\r\n");
    for request in ["poll", "post", "upgrade"] {
        let answer = fetch(lab.target, &get(OPEN, &from("a"))).await;
        let session = Polling::opened(lab.target, &answer);
        let path = session.path();
        let foreign = match request {
            "poll" => once(lab.target, &get(&path, &from("b"))).await,
            "post" => once(lab.target, &post(&path, &from("b"), b"40")).await,
            _ => {
                let path = path.replace("polling", "websocket");
                Ws::shake(lab.target, &path, &from("b")).await.err()
            }
        };
        let foreign = foreign.expect("an answer");
        assert_eq!(foreign.status, 403, "{request}");
        assert_eq!(foreign.json()["error"], "origin_changed");
        session.is_over().await;
    }
    lab.must_be_unharmed().await;
}

/// Row 25: CVE-2024-6844, -6839, -6866 of Flask-CORS. A path that is nearly ours is not ours, and its
/// answer is readable to an admitted page all the same.
#[tokio::test]
async fn paths_that_look_like_ours_are_not_ours() {
    let lab = Lab::start().await;
    let home = "Origin: http://localhost:5000\r\n";
    for path in [
        "//socket.io/",
        "/Socket.IO/",
        "/SOCKET.IO/",
        "/socket.io;x/",
        "/socket.io;x=1/",
        "/socket.io+/",
        "/socket%2eio/",
        "/socket.io%2f",
        "/socket.io/%2e%2e/api/v1/emit",
        "/socket.io/../api/v1/emit",
        "/socket.io/./",
        "/./socket.io/",
        "/socket.io//",
        "/socket.io/x",
        "/socket.io\\",
        "/%73ocket.io/",
        "/bellgate//healthz",
        "/bellgate/../bellgate/healthz",
        "/HEALTHZ",
        "/healthz;x",
    ] {
        let with_query = format!("{path}?EIO=4&transport=polling");
        let answer = fetch(lab.target, &get(&with_query, home)).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        let readable = answer.header("access-control-allow-origin");
        assert_eq!(readable, Some("http://localhost:5000"), "{path}");
        let foreign = "Origin: http://evil.example\r\n";
        let answer = fetch(lab.target, &get(&with_query, foreign)).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(lab.running.sessions(), 0, "{path}");
    }
    lab.must_be_unharmed().await;
}

/// Row 39: CVE-2024-1681 of Flask-CORS. What stands in a header or in a query is told on one line, cut
/// and escaped, and what may be a secret is not told.
#[tokio::test]
async fn text_of_the_network_forges_no_line_of_the_log() {
    let debugging = [("SOCKETIO_DEBUG", "true")];
    let mut process = Process::start(&debugging).await;
    let long = "x".repeat(12_000);
    for value in [
        "http://a\x1b[31m.example",
        "http://a\u{202e}gpj.example",
        "http://a\u{2028}{\"level\":\"ERROR\"}.example",
        "http://a\t.example",
        "\"}{\"forged\":\"line\"}",
        long.as_str(),
    ] {
        for name in [
            "Origin",
            "User-Agent",
            "X-Forwarded-For",
            "Forwarded",
            "Referer",
        ] {
            let origin = match name {
                "Origin" => "",
                _ => "Origin: http://evil.example\r\n",
            };
            let path = format!("{OPEN}&token=query-secret&t=%1b%0d%0a");
            let headers = format!("{origin}{name}: {value}\r\nCookie: session=cookie-secret\r\n");
            fetch(process.target, &get(&path, &headers)).await;
        }
    }
    process.must_be_unharmed().await;
    let told = process.log();
    for line in told.lines() {
        let object: serde_json::Value =
            serde_json::from_str(line).expect("each line is one object");
        assert!(object["forged"].is_null() && line.len() < 6_000, "{line}");
    }
    assert!(told.contains("origin_malformed"), "{told}");
    let hidden = [
        "\u{1b}",
        "\u{202e}",
        "\u{2028}",
        "query-secret",
        "cookie-secret",
    ];
    for text in hidden {
        assert!(!told.contains(text), "{text:?} in {told}");
    }
}

/// The answer without its sid and request ids.
fn without_ids(answer: &str) -> String {
    let mut rest = answer;
    let mut kept = String::new();
    for name in ["\"sid\":\"", "\"request_id\":\"", "\"request_id\":\""] {
        let Some((before, behind)) = rest.split_once(name) else {
            break;
        };
        kept.push_str(before);
        rest = behind.split_once('"').map_or("", |(_, rest)| rest);
    }
    kept + rest
}
