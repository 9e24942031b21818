//! `/metrics`: well-formed, and true after abuse.

use std::collections::{BTreeMap, BTreeSet};

use bellgate_peer::{Client, Engine, Over, Polling, Reach, WebSocket, eventually};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::program::Program;

/// A page of samples by name and labels, checked against the grammar of OpenMetrics 1.0.
struct Page(BTreeMap<String, String>);

impl Page {
    async fn read(admin: &Reach) -> Self {
        let answer = admin.get("/metrics").send().await;
        assert_eq!(answer.status(), 200);
        let media = answer.header("content-type");
        assert!(media.starts_with("application/openmetrics-text"), "{media}");
        Self::parse(answer.text())
    }

    fn parse(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").unwrap();
        let (mut kinds, mut samples) = (BTreeMap::new(), BTreeMap::new());
        for line in body.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let words: Vec<&str> = comment.splitn(3, ' ').collect();
                let [keyword, family, rest] = words.as_slice() else {
                    panic!("{line}");
                };
                assert!(["HELP", "TYPE", "UNIT"].contains(keyword), "{line}");
                if *keyword == "TYPE" {
                    let earlier = kinds.insert((*family).to_owned(), (*rest).to_owned());
                    assert_eq!(earlier, None, "a family stands once: {line}");
                }
                continue;
            }
            let (name, value) = line.rsplit_once(' ').unwrap();
            let family = name.split('{').next().unwrap();
            let is_known = kinds.iter().any(|(known, kind)| match &**kind {
                "counter" => family.strip_suffix("_total") == Some(known),
                "gauge" => family == known,
                other => panic!("{known} is a {other}"),
            });
            assert!(is_known, "a sample without a type: {line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let earlier = samples.insert(name.to_owned(), value.to_owned());
            assert_eq!(earlier, None, "a sample stands once: {line}");
        }
        Self(samples)
    }

    /// The value of a sample; fails the test where there is none.
    fn of(&self, name: &str) -> &str {
        let value = self.0.get(name);
        value.unwrap_or_else(|| panic!("{name} in {:#?}", self.0.keys()))
    }

    /// A value that is a count.
    fn count(&self, name: &str) -> u64 {
        self.of(name).parse().unwrap()
    }
}

/// Waits until a sample has this value: what a page tells may lag behind what a client has seen.
async fn becomes(admin: &Reach, sample: &str, count: u64) {
    eventually(&format!("{sample} to be {count}"), async || {
        let page = Page::read(admin).await;
        page.0.get(sample) == Some(&count.to_string())
    })
    .await;
}

#[tokio::test]
async fn the_page_is_openmetrics_and_shows_resources() {
    let server = Program::start(&[]).await;
    let page = Page::read(&server.admin().await).await;
    for name in [
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_threads",
    ] {
        assert!(page.count(name) > 0, "{name}");
    }
    // A process that has just begun may have used no measurable time.
    page.of("process_cpu_seconds_total");
    page.of("bellgate_event_loop_lag_seconds");
}

#[tokio::test]
async fn gauges_and_counters_follow_what_happens() {
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    let mut clients = Vec::new();
    for n in 0..10 {
        let over = Over::BOTH[usize::from(n % 5 == 0)];
        clients.push(Client::join(&server.reach, over, &Value::Null).await);
    }
    clients[1].engine.upgrade().await;
    let evil = server.reach.clone().from_origin("http://evil.example");
    assert!(Engine::attempt(&evil, Over::Polling).await.is_err());
    for (sample, count) in [
        ("bellgate_connections{transport=\"polling\"}", 7),
        ("bellgate_connections{transport=\"websocket\"}", 3),
        ("bellgate_namespace_connections{namespace=\"/\"}", 10),
        ("bellgate_handshakes_total{transport=\"polling\"}", 8),
        ("bellgate_handshakes_total{transport=\"websocket\"}", 2),
        ("bellgate_upgrades_total{result=\"succeeded\"}", 1),
        (
            "bellgate_refusals_total{code=\"origin_host_not_allowed\"}",
            1,
        ),
    ] {
        becomes(&admin, sample, count).await;
    }
}

#[tokio::test]
async fn what_comes_too_fast_is_counted_by_its_code() {
    let slow = [
        ("SOCKETIO_RATE_LIMIT_MESSAGES", "1/hour"),
        ("SOCKETIO_RATE_LIMIT_CONNECTIONS", "2/hour"),
    ];
    let server = Program::start(&slow).await;
    let mut client = Client::join(&server.reach, Over::Websocket, &Value::Null).await;
    for _ in 0..11 {
        client.call(&serde_json::json!(["x"])).await;
    }
    client.closed().await;
    for over in Over::BOTH {
        assert!(Engine::attempt(&server.reach, over).await.is_err());
    }
    let admin = server.admin().await;
    // The event that led to a block, the end of its connection, and two handshakes.
    for (code, count) in [("rate_limited", 9), ("blocked", 4)] {
        let sample = format!("bellgate_refusals_total{{code=\"{code}\"}}");
        becomes(&admin, &sample, count).await;
    }
}

/// Ways to be there and then gone without a word.
async fn vanish(reach: &Reach, step: usize) {
    let reach = reach.clone().abruptly();
    match step % 6 {
        0 => drop(reach.connect().await.unwrap()),
        1 => {
            let mut stream = reach.connect().await.unwrap();
            stream.write_all(b"GET /socket.io/?EIO=4&tr").await.unwrap();
        }
        2 => drop(Engine::open(&reach, Over::Websocket).await),
        3 => drop(Client::join(&reach, Over::Websocket, &Value::Null).await),
        4 => {
            let session = Polling::open(&reach).await;
            let mut get = session.begin_get().await;
            // Whether there is something to be said by then is all one.
            let moment = std::time::Duration::from_millis(1);
            let _ = tokio::time::timeout(moment, get.read_u8()).await;
        }
        _ => {
            let session = Polling::open(&reach).await;
            let probe = WebSocket::open(&reach, &session.query("websocket")).await;
            probe.unwrap().text("2probe").await;
        }
    }
}

#[tokio::test]
async fn gauges_equal_reality_after_a_thousand_abrupt_disconnects() {
    // A polling session that says nothing more ends by its ping timeout.
    let quick = [
        ("SOCKETIO_PING_INTERVAL", "2s"),
        ("SOCKETIO_PING_TIMEOUT", "2s"),
        ("SOCKETIO_RATE_LIMITING", "false"),
    ];
    let server = Program::start(&quick).await;
    let admin = server.admin().await;
    for step in 0..12 {
        vanish(&server.reach, step).await;
    }
    let nothing_left = async |what: &str| {
        eventually(what, async || {
            let page = Page::read(&admin).await;
            let mut gauges = page.0.iter().filter(|(name, _)| {
                name.contains("_connections") || name.ends_with("_queued_bytes")
            });
            gauges.all(|(_, value)| value == "0")
        })
        .await;
    };
    nothing_left("the first sessions to be gone").await;
    let before = Page::read(&admin).await;
    let mut tasks = tokio::task::JoinSet::new();
    for step in 0..1000 {
        let reach = server.reach.clone();
        tasks.spawn(async move { vanish(&reach, step).await });
        if tasks.len() >= 32 {
            tasks.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    nothing_left("a thousand sessions to be gone").await;
    eventually("every file to be closed", async || {
        let now = Page::read(&admin).await;
        now.count("process_open_fds") <= before.count("process_open_fds")
    })
    .await;
    let ready = server.reach.get("/readyz").send().await;
    assert!(ready.is_ok(), "{ready:?}");
    let names: BTreeSet<String> = Page::read(&admin).await.0.into_keys().collect();
    let opened = "bellgate_handshakes_total{transport=\"websocket\"}";
    assert!(names.contains(opened));
}
