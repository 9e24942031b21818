//! Clients that begin something and take their time: heads, bodies, messages, and answers that are
//! not read. Each is cut when its time is over, and nobody else notices.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::interval;

use crate::support::Target;
use crate::support::http::{Answer, Http, fetch, get, post};
use crate::support::lab::{Lab, honest};
use crate::support::polling::{OPEN, Polling};
use crate::support::process::{KEY, Process};
use crate::support::tenth;
use crate::support::wait::{SOON, soon, until, within};
use crate::support::ws::{PING, TEXT, Ws, announce, fragment, frame, raw_frame};

/// Time for the head of a request.
const HEAD: Duration = Duration::from_secs(5);
/// Time for a body, for a message, and for a write.
const WHOLE: Duration = Duration::from_secs(10);

/// Writes `bytes` one at a time, `pause` apart, until they or the server have come to an end.
async fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) {
    let mut pace = interval(pause);
    for byte in bytes {
        pace.tick().await;
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
    }
}

/// Sends slowly for ever, and says after which time the server ended the connection.
///
/// The server counts from when it took the connection: some time after `begun`.
async fn dripping(begun: Instant, stream: TcpStream, byte: u8, pause: Duration) -> Duration {
    let (mut reading, mut writing) = stream.into_split();
    let writing = async move {
        let mut pace = interval(pause);
        while writing.write_all(&[byte]).await.is_ok() {
            pace.tick().await;
        }
        // The end is seen by reading.
        std::future::pending::<()>().await;
    };
    let reading = async move {
        let mut ignored = [0; 64];
        while matches!(reading.read(&mut ignored).await, Ok(1..)) {}
    };
    tokio::select! {
        () = writing => {}
        () = within(WHOLE + SOON, "the end of a slow connection", reading) => {}
    }
    begun.elapsed()
}

/// A limit was kept: not cut long before, nor long after.
fn is_about(limit: Duration, found: Duration) {
    let (least, most) = (limit.mul_f64(0.8), limit * 3);
    assert!(least < found && found < most, "{found:?} of {limit:?}");
}

/// Row 13: slowloris. Honest clients are served as long as it lasts.
#[tokio::test]
async fn heads_that_never_end_are_cut_while_others_are_served() {
    let lab = Lab::start().await;
    let attackers = (0..tenth(5_000)).map(|number| {
        let target = lab.target;
        tokio::spawn(async move {
            let begun = Instant::now();
            let mut http = Http::connect(target).await;
            let start: &[u8] = match number % 3 {
                0 => b"",
                1 => b"GET /socket.io/?EIO=4&tran",
                _ => b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nX-Slow: ",
            };
            let _ = http.send(start).await;
            let pause = Duration::from_secs(1 + number as u64 % 5);
            dripping(begun, http.into_parts().0, b'a', pause).await
        })
    });
    let attackers: Vec<_> = attackers.collect();
    let mut served = 0;
    loop {
        soon("an honest client during the attack", honest(lab.target)).await;
        if attackers.iter().all(tokio::task::JoinHandle::is_finished) {
            break;
        }
        served += 1;
    }
    assert!(served > 1, "honest clients wait until the attack is over");
    for took in join_all(attackers).await {
        is_about(HEAD, took.expect("no panic"));
    }
    lab.must_be_unharmed().await;
}

/// A POST whose body comes a byte a second: its answer, and when it came.
async fn slow_body(target: Target, path: &str, headers: &str) -> (Answer, Duration) {
    let begun = Instant::now();
    let mut http = Http::connect(target).await;
    let request = post(path, headers, &[b'4'; 100]);
    let head = request.len() - 100;
    http.send(&request[..head])
        .await
        .expect("the head is taken");
    let (mut stream, _) = http.into_parts();
    let (mut answer, mut pace) = (Vec::new(), interval(Duration::from_secs(1)));
    // The server answers before the body is whole, and closes.
    loop {
        tokio::select! {
            read = stream.read_buf(&mut answer) => match read {
                Ok(1..) => {}
                _ => break,
            },
            _ = pace.tick() => {
                let _ = stream.write_all(b"4").await;
            }
        }
        assert!(begun.elapsed() < WHOLE + SOON, "a slow body is not cut");
    }
    let took = begun.elapsed();
    let answer = crate::support::http::parse(&answer).expect("an answer").0;
    (answer, took)
}

/// Row 13: a byte a second, on polling and on the API.
async fn slow_bodies(target: Target) {
    let session = Polling::joined(target).await;
    let path = session.path();
    let json = "Authorization: Bearer lab-key-of-the-attacks\r\nContent-Type: application/json\r\n";
    let ((polling, first), (api, second)) = tokio::join!(
        slow_body(target, &path, ""),
        slow_body(target, "/api/v1/emit", json),
    );
    for (answer, took) in [(polling, first), (api, second)] {
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.json()["error"], "body_incomplete");
        is_about(WHOLE, took);
    }
    session.is_over().await;
}

/// Reads a WebSocket to its end, which must be that its message took too long.
async fn given_up(mut ws: Ws, begun: Instant) {
    let ended = within(WHOLE + SOON, "the end of a message", ws.read_to_end()).await;
    assert_eq!(ended.code, Some(1008), "{ended:?}");
    is_about(WHOLE, begun.elapsed());
}

/// Row 12: one byte a segment, and the same with pings in between.
async fn dripping_message(target: Target) {
    let mut ws = Ws::joined(target).await;
    let begun = Instant::now();
    let bytes = frame(
        TEXT,
        format!("42[\"echo\",\"{}\"]", "x".repeat(300)).as_bytes(),
    );
    ws.send(&bytes[..1]).await.expect("open");
    // Half a minute for all of them.
    drip(&mut ws.stream, &bytes[1..], Duration::from_millis(100)).await;
    given_up(ws, begun).await;
}

async fn dripping_fragments(target: Target) {
    let mut ws = Ws::joined(target).await;
    let begun = Instant::now();
    ws.send(&fragment(TEXT, b"4")).await.expect("open");
    let mut pace = interval(Duration::from_secs(1));
    for _ in 0..30 {
        pace.tick().await;
        let more = [frame(PING, b"alive"), fragment(0, b"2")].concat();
        if ws.send(&more).await.is_err() {
            break;
        }
    }
    given_up(ws, begun).await;
}

/// Row 1: a header whose attachments do not come, on either transport.
async fn missing_attachment(target: Target) {
    let header = "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]";
    let mut ws = Ws::joined(target).await;
    let session = Polling::joined(target).await;
    let begun = Instant::now();
    ws.text(header).await;
    session.post(header.as_bytes()).await;
    let mut http = Http::connect(target).await;
    http.send(&get(&session.path(), "")).await.expect("open");
    let polling = async {
        let answer = within(WHOLE + SOON, "the end of a poll", http.read()).await;
        let text = answer.expect("an answer").text();
        assert!(text.ends_with('1'), "{text}");
        is_about(WHOLE, begun.elapsed());
    };
    tokio::join!(given_up(ws, begun), polling);
    session.is_over().await;
}

/// A probe that never finishes its frame is cut alone.
async fn unfinished_probe(target: Target) {
    let session = Polling::joined(target).await;
    let mut probe = Ws::probe(target, &session.sid).await;
    let begun = Instant::now();
    probe.send(&announce(TEXT, 100_000)).await.expect("open");
    given_up(probe, begun).await;
    assert_eq!(session.echo("\"on\"").await, "431[\"on\"]");
    session.leave().await;
}

/// Rows 1, 12 and 13.
#[tokio::test]
async fn messages_and_bodies_that_do_not_become_whole_are_given_up() {
    let lab = Lab::with(&[("SOCKETIO_UPGRADE_TIMEOUT", "60")]).await;
    tokio::join!(
        dripping_message(lab.target),
        dripping_fragments(lab.target),
        missing_attachment(lab.target),
        unfinished_probe(lab.target),
        slow_bodies(lab.target),
    );
    lab.must_be_unharmed().await;
}

/// Row 12 from the other side: who always has a message under way, but finishes each, is no attacker;
/// and a probe that was cut in the middle of a frame leaves no deadline behind for its session.
#[tokio::test]
async fn whoever_finishes_each_message_in_time_is_not_cut() {
    let lab = Lab::with(&[("SOCKETIO_UPGRADE_TIMEOUT", "60")]).await;
    let session = Polling::joined(lab.target).await;
    let mut probe = Ws::probe(lab.target, &session.sid).await;
    probe.send(&announce(TEXT, 100_000)).await.expect("open");
    drop(probe);
    let mut ws = Ws::joined(lab.target).await;
    let message = frame(TEXT, b"42[\"nobody listens\"]");
    let (start, end) = message.split_at(9);
    ws.send(start).await.expect("open");
    let (begun, mut pace) = (Instant::now(), interval(Duration::from_millis(100)));
    while begun.elapsed() < WHOLE + Duration::from_secs(2) {
        pace.tick().await;
        // The rest of one message and the start of the next, in one segment.
        ws.send(&[end, start].concat()).await.expect("it goes on");
    }
    ws.send(end).await.expect("it goes on");
    assert_eq!(ws.echo("\"still\"").await, "431[\"still\"]");
    assert_eq!(session.echo("\"still\"").await, "431[\"still\"]");
    session.leave().await;
    drop(ws);
    lab.must_be_unharmed().await;
}

/// A connection that takes hardly anything before it is read from.
async fn narrow(target: Target) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    soon("a connection", socket.connect(target))
        .await
        .expect("the server listens")
}

/// Whether the server holds its side of a connection, by the system's table (`proc_net_tcp`): what it
/// has closed is not established any more, although the client cannot know.
fn is_held(server: Target, client: &TcpStream) -> bool {
    let client = client.local_addr().expect("it is connected").port();
    let ends = format!(":{:04X} 0100007F:{client:04X} 01 ", server.port());
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    table.contains(&ends)
}

/// Row 13: an answer that is not taken holds its connection no longer than the limit.
#[tokio::test]
async fn polls_whose_answer_is_not_read_are_cut() {
    let mut process = Process::start(&[("SOCKETIO_SEND_BUFFER", "32MiB")]).await;
    let session = Polling::joined(process.target).await;
    process.must_be_unharmed().await;
    let big = "x".repeat(900_000);
    let body = serde_json::json!({"event": "big", "args": [big], "to": {"all": true}});
    let json = format!("Authorization: Bearer {KEY}\r\nContent-Type: application/json\r\n");
    let emit = post("/api/v1/emit", &json, body.to_string().as_bytes());
    for _ in 0..15 {
        assert_eq!(fetch(process.target, &emit).await.status, 202);
    }
    let mut stream = narrow(process.target).await;
    let request = get(&session.path(), "");
    let begun = Instant::now();
    stream.write_all(&request).await.expect("it is taken");
    assert!(is_held(process.target, &stream));
    until(WHOLE + SOON, async || {
        is_held(process.target, &stream).then(|| "the connection is open".to_owned())
    })
    .await;
    is_about(WHOLE, begun.elapsed());
    process.must_be_unharmed().await;
}

/// Row 13: a queue that nobody reads from is bounded, and its client is closed.
#[tokio::test]
async fn websockets_that_are_not_read_are_closed() {
    let lab = Lab::start().await;
    let big = "x".repeat(900_000);
    let mut ws = Ws::from_stream(narrow(lab.target).await).await;
    ws.join().await;
    until(SOON, async || {
        lab.emitter().to_all().emit("big", big.as_str());
        let open = lab.running.sessions();
        (open > 0).then(|| format!("{open} sessions are open"))
    })
    .await;
    drop(ws);
    lab.must_be_unharmed().await;
}

/// Row 13 at its end: bytes of a frame that never come hold a descriptor no longer than the limit,
/// and one that was answered is closed although the client keeps it open.
#[tokio::test]
async fn a_client_that_never_closes_is_closed() {
    let lab = Lab::start().await;
    let mut ws = Ws::joined(lab.target).await;
    ws.send(&raw_frame(0xff, b"")).await.expect("open");
    // A client that does not answer the close frame, and does not close.
    let mut seen = Vec::new();
    let reading = async { while matches!(ws.stream.read_buf(&mut seen).await, Ok(1..)) {} };
    soon("the server's end of the connection", reading).await;
    let mut http = Http::connect(lab.target).await;
    let refused = http
        .ask(&get(&format!("{OPEN}&EIO=4"), "Connection: close\r\n"))
        .await;
    assert_eq!(refused.expect("an answer").status, 400);
    assert!(http.answer().await.is_none());
    lab.must_be_unharmed().await;
}
