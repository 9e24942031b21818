//! Pages that may not come in: what a refusal costs, and what it gives away.

use std::time::{Duration, Instant};

use crate::support::http::{Http, get};
use crate::support::polling::OPEN;
use crate::support::process::Process;
use crate::support::tenth;

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
    let mut times = [Vec::new(), Vec::new()];
    let mut told = [String::new(), String::new()];
    for turn in 0..tenth(10_000) {
        for (index, origin) in [&near, &far].into_iter().enumerate() {
            let request = handshake(origin);
            let begun = Instant::now();
            let answer = http.ask(&request).await.expect("an answer");
            times[index].push(begun.elapsed());
            if turn == 0 {
                told[index] = without_ids(&answer.text()).replace(origin.as_str(), "ORIGIN");
            }
        }
    }
    assert_eq!(told[0], told[1]);
    assert!(!told[0].contains(&entry), "{}", told[0]);
    let [near, far] = times.map(|mut times| {
        times.sort();
        [times[times.len() / 4], times[times.len() / 2]]
    });
    println!("quartile and median: near {near:?}, far {far:?}");
    for (near, far) in near.into_iter().zip(far) {
        let (least, most) = (near.min(far), near.max(far));
        assert!(most < least * 5 / 4, "{near:?} near, {far:?} far");
    }
    process.must_be_unharmed().await;
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
