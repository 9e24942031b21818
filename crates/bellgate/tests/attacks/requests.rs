//! HTTP requests that are odd, too large or of two minds.

use std::time::Instant;

use bellgate::{Connect, Refused, Welcome};

use crate::support::Target;
use crate::support::http::{Answer, Http, fetch, get, post};
use crate::support::lab::Lab;
use crate::support::polling::{OPEN, Polling, SEPARATOR};
use crate::support::ws::{self, UPGRADE, Ws};

/// Row 8: CVE-2023-31125 of engine.io.
#[tokio::test]
async fn odd_queries_are_refused_with_the_numbers_of_engine_io() {
    let lab = Lab::start().await;
    for (query, code) in [
        ("EIO=4", 0),
        ("EIO=4&transport=constructor", 0),
        ("EIO=4&transport=__proto__", 0),
        ("EIO=4&transport=toString", 0),
        ("EIO=4&transport=Polling", 0),
        ("EIO=4&transport=polling%00", 0),
        ("EIO=4&transport=polling&sid=__proto__", 1),
        ("EIO=4&transport=polling&sid=constructor", 1),
        ("EIO=4&transport=polling&sid=%00", 1),
        ("EIO=4&transport=polling&sid=", 1),
        (
            "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            1,
        ),
        (
            "EIO=4&transport=polling&sid=________________________________",
            1,
        ),
        ("EIO=4&transport=polling&sid[]=x", 3),
        ("EIO=4&transport=polling&sid=a&sid=b", 3),
        ("EIO=4&EIO=3&transport=polling", 3),
        ("EIO=4&transport=polling&transport=websocket", 3),
        ("EIO=4&transport=polling&j=0", 3),
        ("EIO=3&transport=polling", 5),
        ("EIO=4%00&transport=polling", 5),
        ("EIO=&transport=polling", 5),
        ("transport=polling", 5),
    ] {
        let path = format!("/socket.io/?{query}");
        let plain = fetch(lab.target, &get(&path, "")).await;
        assert_eq!(plain.engine_code(), (400, code), "{query}");
        let path = path.replace("polling", "websocket");
        let Err(upgrade) = Ws::shake(lab.target, &path, "").await else {
            panic!("{path} opened a WebSocket");
        };
        assert_eq!(upgrade.engine_code(), (400, code), "{path}");
    }
    assert_eq!(lab.running.sessions(), 0);
    lab.must_be_unharmed().await;
}

/// Row 8: what is too long to be looked at.
#[tokio::test]
async fn endless_queries_are_refused_unread() {
    let lab = Lab::start().await;
    let kilobytes = |count: usize| format!("{OPEN}&x={}", "a".repeat(count * 1000));
    let short = fetch(lab.target, &get(&kilobytes(10), "")).await;
    assert_eq!(short.engine_code(), (400, 3));
    for count in [20, 100] {
        // What is no head of a request is refused without a body (contract §3).
        let answer = fetch(lab.target, &get(&kilobytes(count), "")).await;
        assert!(matches!(answer.status, 414 | 431), "{}", answer.status);
        assert_eq!(answer.text(), "");
    }
    assert_eq!(lab.running.sessions(), 0);
    lab.must_be_unharmed().await;
}

/// Row 10: CVE-2024-37890 of ws.
#[tokio::test]
async fn more_headers_than_any_client_sends_are_refused() {
    let lab = Lab::start().await;
    let lines = |count: usize| "X-Filler: x\r\n".repeat(count);
    let with = |headers: &str| get(OPEN, headers);
    for headers in [
        lines(2_000),
        // `Host` is the first of the hundred.
        lines(100),
        format!("X-Filler: {}\r\n", "x".repeat(64_000)),
        format!("X-Filler: {}\r\n", "x".repeat(16_384)),
        format!("{}: x\r\n", "X".repeat(64_000)),
    ] {
        let answer = fetch(lab.target, &with(&headers)).await;
        assert_eq!(answer.status, 431);
        let request = get(ws::OPEN, &format!("{UPGRADE}{headers}"));
        assert_eq!(fetch(lab.target, &request).await.status, 431);
    }
    assert_eq!(lab.running.sessions(), 0);
    for headers in [lines(99), format!("X-Filler: {}\r\n", "x".repeat(15_000))] {
        let answer = fetch(lab.target, &with(&headers)).await;
        Polling::opened(lab.target, &answer).leave().await;
    }
    lab.must_be_unharmed().await;
}

/// Row 11: CVE-2021-32640 of ws, and the panic of Granian.
#[tokio::test]
async fn headers_of_a_websocket_handshake_must_be_what_they_say() {
    let lab = Lab::with(&[("SOCKETIO_COMPRESSION", "1KiB")]).await;
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let version = "Sec-WebSocket-Version: 13\r\n";
    let high: Vec<u8> = (0x80..=0xff).collect();
    let commas = vec![b','; 1_000];
    let spaces = [b"a", &[b' '; 12_000][..], b"b"].concat();
    for value in [&high, &commas, &spaces] {
        for name in ["Protocol", "Extensions", "Key", "Version"] {
            let mut request = get(ws::OPEN, UPGRADE);
            request.truncate(request.len() - 2);
            request.extend_from_slice(format!("Sec-WebSocket-{name}: ").as_bytes());
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n\r\n");
            let begun = Instant::now();
            let answer = fetch(lab.target, &request).await;
            // A list of one item with blanks in it is ours to pass over.
            let is_item = value == &spaces && matches!(name, "Protocol" | "Extensions");
            let expected = if is_item { 101 } else { 400 };
            assert_eq!(answer.status, expected, "{name}");
            assert!(begun.elapsed().as_secs() < 5, "{name} took its time");
        }
    }
    let without = |line: &str| get(ws::OPEN, &UPGRADE.replace(line, ""));
    for request in [
        without(key),
        without(version),
        without("Upgrade: websocket\r\n"),
        get(ws::OPEN, &UPGRADE.replace("13", "8")),
        get(ws::OPEN, &UPGRADE.replace("jZQ", "j")),
        get(ws::OPEN, &UPGRADE.replace("dGhl", "d*hl")),
        get(ws::OPEN, &format!("{UPGRADE}{key}")),
        get(ws::OPEN, &format!("{UPGRADE}{version}")),
        post(ws::OPEN, UPGRADE, b""),
    ] {
        let answer = fetch(lab.target, &request).await;
        assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(&request));
    }
    lab.must_be_unharmed().await;
}

/// Row 11: an origin that is none is said to be none; a cookie like that is nobody's business yet.
#[tokio::test]
async fn bytes_that_are_no_text_in_origin_and_cookie_do_no_harm() {
    let lab = Lab::start().await;
    let high: Vec<u8> = (0x80..=0xff).collect();
    let with = |name: &str, value: &[u8]| {
        let mut request = get(OPEN, "");
        request.truncate(request.len() - 2);
        request.extend_from_slice(format!("{name}: ").as_bytes());
        request.extend_from_slice(value);
        request.extend_from_slice(b"\r\n\r\n");
        request
    };
    let origins: [&[u8]; 4] = [
        &high,
        &[b','; 1_000],
        b"http://localhost:5000 http://localhost:5000",
        b"http://localhost:5000\x80",
    ];
    for origin in origins {
        let answer = fetch(lab.target, &with("Origin", origin)).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.json()["error"], "origin_malformed");
    }
    assert_eq!(lab.running.sessions(), 0);
    for cookie in [&high[..], &[b','; 1_000], &[b' '; 12_000], &[b';'; 12_000]] {
        let answer = fetch(lab.target, &with("Cookie", cookie)).await;
        Polling::opened(lab.target, &answer).leave().await;
    }
    lab.must_be_unharmed().await;
}

/// A request, with `{open}` for the path of a handshake, behind which a second one is hidden. What
/// answers come must not be those of the second.
async fn is_no_second_request(target: Target, request: &str) -> Vec<Answer> {
    let hidden = "GET /healthz?hidden HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let request = request.replace("{hidden}", hidden).replace("{open}", OPEN);
    let mut http = Http::connect(target).await;
    let _ = http.send(request.as_bytes()).await;
    let mut answers = Vec::new();
    while let Some(answer) = http.answer().await {
        let is_health = answer.text() == "{\"status\":\"ok\"}";
        assert!(!is_health, "the hidden request was served: {request}");
        answers.push(answer);
    }
    answers
}

/// Row 36: CVE-2025-55315 of Kestrel, CVE-2021-32714 of hyper.
#[tokio::test]
async fn requests_whose_length_has_two_readings_end_their_connection() {
    let lab = Lab::start().await;
    let lines = [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 6",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 0x5",
        "Content-Length: 5 5",
        "Content-Length: 99999999999999999999",
        "Content-Length : 5",
        "Content-Length: 5\r\n Content-Length: 6",
        "X: y\r\n\tz",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding:\r\n chunked",
        "X\0: y",
        "X: y\0",
        "X: y\rContent-Length: 5",
        ": nameless",
        "no colon",
    ];
    for line in lines {
        let request =
            format!("POST {{open}} HTTP/1.1\r\nHost: localhost\r\n{line}\r\n\r\n{{hidden}}");
        let answers = is_no_second_request(lab.target, &request).await;
        let seen: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(seen, [400], "{line}");
    }
    assert_eq!(lab.running.sessions(), 0);
    lab.must_be_unharmed().await;
}

/// Row 36: hyper takes `Transfer-Encoding` where `Content-Length` stands beside it, as RFC 9112 §6.3
/// allows, and closes the connection behind it, so that nothing is left to be read in another way.
#[tokio::test]
async fn nothing_behind_a_body_of_two_lengths_is_served() {
    let lab = Lab::start().await;
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
    ] {
        let session = Polling::joined(lab.target).await;
        let path = session.path();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n\
             10\r\n421[\"echo\",\"te\"]\r\n0\r\n\r\n{{hidden}}"
        );
        let answers = is_no_second_request(lab.target, &request).await;
        let seen: Vec<String> = answers.iter().map(Answer::text).collect();
        assert_eq!(seen, ["ok"], "{lines}");
        assert_eq!(session.poll().await.text(), "431[\"te\"]");
        session.leave().await;
    }
    lab.must_be_unharmed().await;
}

/// Row 36: chunks that other servers read in another way.
#[tokio::test]
async fn chunks_that_can_be_read_in_two_ways_close_session_and_connection() {
    let lab = Lab::start().await;
    for chunks in [
        "1;x=\n\r\n1\r\n0\r\n\r\n{hidden}",
        "1\n1\r\n0\r\n\r\n{hidden}",
        "1\r1\r\n0\r\n\r\n{hidden}",
        "+1\r\n1\r\n0\r\n\r\n{hidden}",
        "0x1\r\n1\r\n0\r\n\r\n{hidden}",
        "-1\r\n1\r\n0\r\n\r\n{hidden}",
        "1\r\n12\r\n0\r\n\r\n{hidden}",
        "fffffffffffffffff\r\n1\r\n0\r\n\r\n{hidden}",
        "\r\n1\r\n1\r\n0\r\n\r\n{hidden}",
    ] {
        let session = Polling::joined(lab.target).await;
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}",
            session.path()
        );
        let answers = is_no_second_request(lab.target, &request).await;
        assert!(
            answers.iter().all(|answer| answer.status == 400),
            "{chunks:?}"
        );
        session.is_over().await;
    }
    lab.must_be_unharmed().await;
}

/// Row 36: a proxy that believes the stream switched would pass on what it never judged.
#[tokio::test]
async fn nothing_behind_a_refused_upgrade_is_served() {
    let lab = Lab::start().await;
    for (path, headers) in [
        (ws::OPEN, UPGRADE.replace("13", "7")),
        (ws::OPEN, UPGRADE.replace("dGhl", "")),
        (
            "/socket.io/?EIO=4&transport=websocket&sid=gone",
            UPGRADE.to_owned(),
        ),
        (OPEN, UPGRADE.to_owned()),
        ("/elsewhere", UPGRADE.to_owned()),
        (
            "/healthz/",
            "Connection: Upgrade\r\nUpgrade: h2c\r\n".to_owned(),
        ),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{{hidden}}");
        let answers = is_no_second_request(lab.target, &request).await;
        assert_eq!(answers.len(), 1, "{path}");
        assert!(matches!(answers[0].status, 400 | 404), "{path}");
    }
    lab.must_be_unharmed().await;
}

/// Tells each client the address that it is taken to come from.
fn telling(server: bellgate::Server) -> bellgate::Server {
    server.on_connect("/", async |connect: Connect| {
        let address = connect.handshake.address.map(|address| address.to_string());
        let told = serde_json::json!(address);
        Ok::<_, Refused>(Welcome::visitor().with_event("from", told))
    })
}

/// The address that a handshake with these headers is told to come from.
async fn told(target: Target, headers: &str) -> String {
    let session = Polling::opened(target, &fetch(target, &get(OPEN, headers)).await);
    session.post(b"40").await;
    let welcome = session.poll().await.text();
    session.leave().await;
    let mut packets = welcome.split(SEPARATOR);
    let event = packets.find_map(|packet| packet.strip_prefix("42"));
    let event: serde_json::Value = serde_json::from_str(event.expect("the event")).expect("JSON");
    let on_ws = {
        let mut ws = Ws::open_with(target, headers).await;
        ws.join().await;
        ws.next_text().await.expect("the event")
    };
    assert_eq!(on_ws, format!("42{event}"));
    event[1].as_str().unwrap_or("nobody").to_owned()
}

/// Row 37: Flask-SocketIO believes `X-Forwarded-For` of everybody.
#[tokio::test]
async fn forwarded_headers_of_strangers_are_ignored() {
    let lab = Lab::built(&[], telling).await;
    let hops = vec!["203.0.113.9"; 50].join(", ");
    for headers in [
        "X-Forwarded-For: 203.0.113.9\r\n".to_owned(),
        format!("X-Forwarded-For: {hops}\r\n"),
        "Forwarded: for=203.0.113.9;host=evil.example;proto=https\r\n".to_owned(),
        "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\n".to_owned(),
        "X-Real-IP: 203.0.113.9\r\nTrue-Client-IP: 203.0.113.9\r\n".to_owned(),
    ] {
        assert_eq!(told(lab.target, &headers).await, "127.0.0.1", "{headers}");
    }
    // Neither header makes a foreign page one of ours.
    let headers = "Origin: https://evil.example\r\nX-Forwarded-Host: evil.example\r\n\
                   X-Forwarded-Proto: https\r\nHost: evil.example\r\n";
    let answer = fetch(lab.target, &get(OPEN, headers)).await;
    assert!(!lab.opened(&answer).await, "{}", answer.text());
    lab.must_be_unharmed().await;
}

/// Row 37: of a trusted proxy, what stands left of the first stranger is that stranger's invention.
#[tokio::test]
async fn the_right_most_stranger_of_a_trusted_proxy_is_the_client() {
    let settings = [("BELLGATE_TRUSTED_PROXIES", "loopback,10.0.0.0/8")];
    let lab = Lab::built(&settings, telling).await;
    let invented = vec!["203.0.113.66"; 50].join(", ");
    for (headers, client) in [
        (
            "X-Forwarded-For: 198.51.100.7\r\n".to_owned(),
            "198.51.100.7",
        ),
        (
            "X-Forwarded-For: 203.0.113.66, 198.51.100.7, 10.0.0.3\r\n".to_owned(),
            "198.51.100.7",
        ),
        (
            format!("X-Forwarded-For: {invented}, 198.51.100.7, 10.0.0.3, 10.0.0.4\r\n"),
            "198.51.100.7",
        ),
        (
            "X-Forwarded-For: 203.0.113.66\r\nX-Forwarded-For: 198.51.100.7\r\n".to_owned(),
            "198.51.100.7",
        ),
        (
            "Forwarded: for=203.0.113.66, for=198.51.100.7\r\n".to_owned(),
            "198.51.100.7",
        ),
        (
            "X-Forwarded-For: 198.51.100.7\r\nForwarded: for=203.0.113.66\r\n".to_owned(),
            "198.51.100.7",
        ),
    ] {
        assert_eq!(told(lab.target, &headers).await, client, "{headers}");
    }
    lab.must_be_unharmed().await;
}
