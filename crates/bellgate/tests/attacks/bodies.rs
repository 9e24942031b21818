//! Bodies of POSTs: floods of delimiters, too many bytes, wrong types. What they cost is in `memory`.

use crate::support::http::{Http, fetch, get, post};
use crate::support::lab::{Lab, honest};
use crate::support::polling::{Polling, SEPARATOR};
use crate::support::tenth;

/// Row 4: CVE-2020-36049, Phoenix CVE-2026-32689.
#[tokio::test]
async fn bodies_of_nothing_but_delimiters_are_refused() {
    let lab = Lab::start().await;
    for unit in [
        "\u{1e}", "4\u{1e}", "\n", "3\u{1e}", "b\u{1e}", "2\u{1e}", "\u{0}",
    ] {
        let body = unit.repeat(1_000_000 / unit.len());
        for is_joined in [false, true] {
            let session = Polling::open(lab.target).await;
            if is_joined {
                session.join().await;
            }
            let answer = session.post(body.as_bytes()).await;
            // A message that has no place is a fault of Socket.IO, told by the session's end alone.
            let is_message = unit.starts_with(['4', 'b']);
            let is_known = matches!(answer.status, 400 | 429) || is_message;
            assert!(is_known, "{unit:?}: {}", answer.status);
            session.is_over().await;
        }
    }
    lab.must_be_unharmed().await;
}

/// Row 4: the limit of packets is exact, and nothing behind it is delivered.
#[tokio::test]
async fn a_body_may_hold_a_thousand_packets_and_no_more() {
    let lab = Lab::start().await;
    let session = Polling::joined(lab.target).await;
    let events = |count| vec!["42[\"echo\"]"; count].join(SEPARATOR);
    assert_eq!(session.post(events(1_000).as_bytes()).await.text(), "ok");
    assert_eq!(session.echo("\"on\"").await, "431[\"on\"]");
    let answer = session.post(events(1_001).as_bytes()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"], "packet_limit");
    session.is_over().await;
    lab.must_be_unharmed().await;
}

/// Row 5: CVE-2020-36048 of engine.io. The length alone is refused, before a byte of the body.
#[tokio::test]
async fn a_length_above_the_limit_is_refused_before_the_body_comes() {
    let lab = Lab::start().await;
    for length in ["1000001", "10000000000", "9223372036854775807"] {
        let session = Polling::joined(lab.target).await;
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:5000\r\n\
             Content-Length: {length}\r\n\r\n",
            session.path()
        );
        let answer = fetch(lab.target, head.as_bytes()).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.json()["error"], "payload_too_large");
        let admitted = answer.header("access-control-allow-origin");
        assert_eq!(admitted, Some("http://localhost:5000"));
        session.is_over().await;
    }
    lab.must_be_unharmed().await;
}

/// Row 5: a body that names no length is measured as it comes.
#[tokio::test]
async fn chunks_without_end_are_refused_at_the_limit() {
    let lab = Lab::start().await;
    let session = Polling::joined(lab.target).await;
    let mut http = Http::connect(lab.target).await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        session.path()
    );
    http.send(head.as_bytes()).await.expect("the head is taken");
    let chunk = [b"10000\r\n", vec![b'4'; 0x1_0000].as_slice(), b"\r\n"].concat();
    let mut taken = 0;
    // The server stops reading, so that at some point nothing more goes in.
    while taken < 64 && http.send(&chunk).await.is_ok() {
        taken += 1;
    }
    let answer = http.answer().await.expect("an answer before the end");
    assert_eq!(answer.status, 413);
    session.is_over().await;
    lab.must_be_unharmed().await;
}

/// Row 5: what a thousand bodies of a megabyte hold together is bounded, while small ones of honest
/// clients get through.
#[tokio::test]
async fn many_large_bodies_at_once_are_refused_beyond_a_budget() {
    let lab = Lab::with(&[("BELLGATE_SHARDS", "1")]).await;
    // All but the last byte: each body is held until then, or refused.
    let hold = async |size: usize| {
        let session = Polling::open(lab.target).await;
        let mut http = Http::connect(lab.target).await;
        let request = post(&session.path(), "", &vec![b'4'; size]);
        let _ = http.send(&request[..request.len() - 1]).await;
        (session, http)
    };
    let mut open = Vec::new();
    for _ in 0..tenth(1_000) {
        open.push(hold(1_000_000).await);
    }
    // What is left of the budget is filled too, by ever smaller ones.
    let mut filling = Vec::new();
    for size in [100_000, 10_000, 1_000, 100, 10] {
        for _ in 0..40 {
            filling.push(hold(size).await);
        }
        // By its answer the server has read what was sent before.
        fetch(lab.target, &get("/healthz", "")).await;
    }
    honest(lab.target).await;
    let (mut refused, mut taken) = (0, 0);
    for (session, mut http) in open {
        let answer = http.ask(b"4").await.expect("an answer");
        match answer.status {
            503 => {
                assert_eq!(answer.json()["error"], "overloaded");
                assert!(answer.header("retry-after").is_some());
                refused += 1;
            }
            _ => taken += 1,
        }
        session.is_over().await;
    }
    drop(filling);
    // The budget of a shard is 64 MiB: 67 bodies of a million bytes.
    assert!(taken <= 67, "{taken} bodies were held at once");
    assert!(
        refused >= 33 && taken > 0,
        "{refused} refused, {taken} taken"
    );
    lab.must_be_unharmed().await;
}

/// Row 9: CVE-2026-59725 of engine.io. The answer does not wait for the body.
#[tokio::test]
async fn bodies_of_another_type_are_refused_at_once() {
    let lab = Lab::start().await;
    for number in 0..tenth(10_000) {
        let kind = ["application/octet-stream", "Application/Octet-Stream; x=y"][number % 2];
        let session = Polling::open(lab.target).await;
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n\
             Content-Length: 100000\r\n\r\n",
            session.path()
        );
        let answer = fetch(lab.target, head.as_bytes()).await;
        assert_eq!(answer.engine_code(), (400, 3));
        assert_eq!(answer.json()["error"], "content_type");
        session.is_over().await;
    }
    lab.must_be_unharmed().await;
}

/// Row 15: a body is never inflated.
#[tokio::test]
async fn encoded_bodies_are_refused() {
    let lab = Lab::start().await;
    for headers in [
        "Content-Encoding: gzip\r\n",
        "Content-Encoding: gzip, gzip, gzip\r\n",
        "Content-Encoding: identity, gzip\r\n",
        "Content-Encoding: identity\r\nContent-Encoding: deflate\r\n",
        "Content-Encoding: br\r\n",
    ] {
        let session = Polling::joined(lab.target).await;
        let request = post(&session.path(), headers, b"42[\"echo\"]");
        let answer = fetch(lab.target, &request).await;
        assert_eq!(answer.status, 415, "{headers}");
        session.is_over().await;
    }
    lab.must_be_unharmed().await;
}

/// Hardening §1.2, 6: what was cut is never delivered in part.
#[tokio::test]
async fn a_body_that_is_cut_delivers_nothing_and_ends_the_session() {
    let lab = Lab::start().await;
    let session = Polling::joined(lab.target).await;
    let mut http = Http::connect(lab.target).await;
    let body = format!("42[\"back\",1]{SEPARATOR}42[\"back\",2]");
    let request = post(&session.path(), "", body.as_bytes());
    let whole = request.len();
    http.send(&request[..whole - 1]).await.expect("it is taken");
    drop(http);
    session.is_over().await;
    lab.must_be_unharmed().await;
}
