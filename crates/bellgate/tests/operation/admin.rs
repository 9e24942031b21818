//! The operator's listener: for its own address alone.

use std::time::Duration;

use bellgate::Server;
use bellgate::config::{Settings, Sources};
use bellgate_peer::{Reach, Stream, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::program::Program;

async fn status(admin: &Reach, headers: &[(&str, &str)]) -> (u16, String) {
    let request = admin.get("/metrics");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    let answer = request.send().await;
    let code = match answer.status() {
        200 => String::new(),
        _ => answer.json()["error"].as_str().unwrap().to_owned(),
    };
    (answer.status(), code)
}

#[tokio::test]
async fn it_answers_only_hosts_of_its_own_address() {
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    let port = admin.addr().port();
    for host in ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"] {
        let host = format!("{host}:{port}");
        assert_eq!(
            status(&admin, &[("Host", &host)]).await,
            (200, String::new()),
            "{host}"
        );
    }
    let elsewhere = format!("evil.example:{port}");
    let dot = format!("localhost.:{port}");
    let forged = format!("localhost:{port}@evil.example");
    for host in ["localhost", "localhost:1", "", &elsewhere, &dot, &forged] {
        let refused = status(&admin, &[("Host", host)]).await;
        assert_eq!(refused, (421, "host_misdirected".into()), "{host}");
    }
}

#[tokio::test]
async fn it_refuses_pages_of_other_origins() {
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    let own = format!("http://{}", admin.addr());
    assert_eq!(status(&admin, &[("Origin", &own)]).await.0, 200);
    for site in ["same-origin", "none"] {
        assert_eq!(
            status(&admin, &[("Sec-Fetch-Site", site)]).await.0,
            200,
            "{site}"
        );
    }
    let other_name = format!("http://localhost:{}", admin.addr().port());
    let refused = [
        ("Origin", "http://localhost:5000"),
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", &other_name),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ];
    for header in refused {
        let answered = status(&admin, &[header]).await;
        assert_eq!(answered, (403, "admin_cross_site".into()), "{header:?}");
    }
}

#[tokio::test]
async fn it_asks_for_a_key_in_production() {
    let settings = [
        ("BELLGATE_ENV", "production"),
        ("BELLGATE_API_KEYS", "ops:reader:read,app:publisher:publish"),
    ];
    let server = Program::start(&settings).await;
    let admin = server.admin().await;
    assert_eq!(status(&admin, &[]).await, (401, "api_key_invalid".into()));
    let publisher = ("Authorization", "Bearer publisher");
    assert_eq!(
        status(&admin, &[publisher]).await,
        (403, "api_key_scope".into())
    );
    assert_eq!(
        status(&admin, &[("Authorization", "Bearer reader")])
            .await
            .0,
        200
    );
    assert!(
        admin.get("/healthz").send().await.is_ok(),
        "probes need no key"
    );
}

#[tokio::test]
async fn each_listener_has_its_own_paths() {
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    assert_eq!(server.reach.get("/metrics").send().await.status(), 404);
    let nothing = admin
        .get("/socket.io/?EIO=4&transport=polling")
        .send()
        .await;
    assert_eq!(nothing.status(), 404);
    assert_eq!(nothing.header("content-type"), "application/problem+json");
    assert!(admin.get("/readyz").send().await.is_ok());
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let server = Program::start(&[("BELLGATE_ADMIN_ADDR", "off")]).await;
    assert!(server.reach.get("/healthz").send().await.is_ok());
    let told = server.log();
    let is_told = |line: &serde_json::Value| line["message"].to_string().contains("metrics at");
    assert!(!told.iter().any(is_told), "{told:?}");
}

/// Sends these bytes on a connection of their own.
async fn begun(admin: &Reach, bytes: &str) -> Stream {
    let mut stream = admin.connect().await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// What comes until the listener closes the connection.
async fn rest(mut stream: Stream) -> String {
    let mut answer = Vec::new();
    // A reset is an end as well.
    let _ = within("the end of a connection", stream.read_to_end(&mut answer)).await;
    String::from_utf8(answer).unwrap()
}

/// A request that is whole.
fn scrape(admin: &Reach) -> String {
    format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", admin.addr())
}

#[tokio::test]
async fn a_head_that_does_not_come_whole_is_cut_and_nobody_else_waits_for_it() {
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    let mut slow = Vec::new();
    for bytes in [
        "",
        "GET /metrics HTTP/1.1\r\nHost:",
        "GET /metrics HTTP/1.1\r\nX: ",
    ] {
        slow.push(begun(&admin, bytes).await);
    }
    assert_eq!(status(&admin, &[]).await.0, 200);
    for stream in slow {
        assert_eq!(rest(stream).await, "");
    }
    assert_eq!(status(&admin, &[]).await.0, 200);
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_cut_too() {
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    let stream = begun(&admin, "GET /metrics HTTP/1.1\r\nX-Long: ").await;
    let (reading, mut writing) = tokio::io::split(stream);
    let dripping = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut reading = reading;
    let mut answer = Vec::new();
    let _ = within("the end of the drip", reading.read_to_end(&mut answer)).await;
    assert_eq!(String::from_utf8(answer).unwrap(), "");
    within("the drip to notice", dripping).await.unwrap();
}

#[tokio::test]
async fn a_connection_carries_one_request_and_the_answer_says_so() {
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    let twice = scrape(&admin).repeat(2);
    let answer = rest(begun(&admin, &twice).await).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 1);
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    assert!(answer.ends_with("# EOF\n"), "the answer is whole");
}

#[tokio::test]
async fn a_crowd_of_silent_connections_is_held_back_and_a_scrape_gets_its_turn() {
    const CROWD: usize = 150;
    const TAKEN: usize = 64;
    let server = Program::start(&[]).await;
    let admin = server.admin().await;
    let files = || {
        let listed = std::fs::read_dir(format!("/proc/{}/fd", server.id()));
        listed.unwrap().count()
    };
    let before = files();
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(begun(&admin, "GET ").await);
    }
    // Until the first of them is cut all that are let in are there.
    let first = tokio::spawn(rest(crowd.remove(0)));
    let mut most = 0;
    bellgate_peer::eventually("the first one to be cut", async || {
        most = most.max(files());
        first.is_finished()
    })
    .await;
    // One that was cut makes room for the next a moment before its file is closed.
    let taken = most - before;
    assert!((TAKEN..TAKEN + 16).contains(&taken), "{taken} at once");
    drop(crowd);
    assert_eq!(status(&admin, &[]).await.0, 200);
}

#[tokio::test]
async fn it_goes_on_and_ends_with_a_server_inside_a_process() {
    let settings = [
        ("SOCKETIO_PORT", "0"),
        ("BELLGATE_ADMIN_ADDR", "127.0.0.1:0"),
        ("BELLGATE_DRAIN_WINDOW", "0s"),
    ];
    let loaded = Settings::load(&Sources::new().with_environment(settings));
    let start = async || {
        let server = Server::from_settings(loaded.settings.clone());
        let running = server.start().await.unwrap();
        (Reach::tcp(running.admin().unwrap()), running)
    };
    let (admin, running) = start().await;
    assert_eq!(status(&admin, &[]).await.0, 200);
    running.drain();
    within("the end of the server", running.wait()).await;
    assert!(admin.connect().await.is_err(), "free once it has ended");
    let (admin, running) = start().await;
    drop(running);
    assert_eq!(status(&admin, &[]).await.0, 200, "the server goes on too");
}
