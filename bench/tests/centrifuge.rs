//! The second dialect: what a crowd says to a server of Centrifugo's protocol and makes of its words.
//!
//! The server's words are those that centrifuge 0.40.1 was seen to say.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails the test that runs it"
)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use bellgate_bench::candidate::{Can, Candidate};
use bellgate_bench::crowd::Crowd;
use bellgate_bench::scenario::{NAMES, Sizes, choose};
use bellgate_bench::wire::{Dialect, parse_masked, shared};

const CONNECTED: &str =
    r#"{"id":1,"connect":{"client":"24ac5c01","subs":{"all":{}},"ping":25,"pong":true}}"#;
const EVENT: &str = r#"{"push":{"channel":"all","pub":{"data":"x"}}}"#;
const PUBLISHED: &str = r#"{"id":2,"publish":{}}"#;

#[test]
fn a_crowd_joins_publishes_and_hears_what_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut client = accept(&listener);
        let published = next(&mut client);
        // Several packets in a frame, as they come to one who publishes.
        say(&mut client, &format!("{EVENT}\n{PUBLISHED}\n{EVENT}"));
        say(&mut client, "{}");
        let pong = next(&mut client);
        // Open until the crowd has been asked what it heard.
        (published, pong, client)
    });
    let mut crowd = Crowd::speaking(Dialect::Centrifuge, addr, 1).unwrap();
    crowd.send(0, [Dialect::Centrifuge.to_all("x")]).unwrap();
    while !server.is_finished() {
        crowd
            .read_until(Instant::now() + Duration::from_millis(10))
            .unwrap();
    }
    let (published, pong, _open) = server.join().unwrap();
    assert_eq!(
        published,
        r#"{"id":2,"publish":{"channel":"all","data":"x"}}"#
    );
    assert_eq!(pong, "{}");
    assert_eq!((crowd.messages, crowd.acks), (2, 1));
}

#[test]
fn a_refused_connect_is_no_client() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut client = shake(&listener);
        next(&mut client);
        say(
            &mut client,
            r#"{"id":1,"error":{"code":100,"message":"internal server error"}}"#,
        );
    });
    let joined = Crowd::speaking(Dialect::Centrifuge, addr, 1);
    server.join().unwrap();
    let error = joined.err().unwrap().to_string();
    assert!(error.contains("internal server error"), "{error}");
}

#[test]
fn a_server_of_this_dialect_is_given_idle_websockets_and_fan_out_alone() {
    let server = Candidate {
        name: "centrifuge",
        program: "centrifuge".into(),
        before: Vec::new(),
        after: Vec::new(),
        compiles: false,
        dialect: Dialect::Centrifuge,
        // Even if it could do all: no other work is worded for it.
        can: &[Can::Many, Can::Rooms, Can::Poll, Can::Users, Can::Settings],
        version: None,
    };
    let all = NAMES
        .iter()
        .filter_map(|name| choose(name, Sizes::default()));
    let fit = all.flatten().filter(|scenario| scenario.fits(&server));
    let names: Vec<_> = fit.map(|scenario| scenario.about().name).collect();
    assert_eq!(
        names,
        [
            "idle WebSocket, joined as a visitor, 1000",
            "idle WebSocket, joined as a visitor, 8000",
            "fan-out, 1000 × 64 B, 1 outstanding",
            "fan-out, 1000 × 64 B, 4 outstanding",
            "fan-out, 1000 × 64 B, 16 outstanding",
            "fan-out, 1000 × 512 B, 4 outstanding",
            "fan-out, 1000 × 512 B, 16 outstanding",
            "fan-out, 8000 × 64 B, 4 outstanding",
        ]
    );
}

/// A client that has connected.
fn accept(listener: &TcpListener) -> TcpStream {
    let mut client = shake(listener);
    assert_eq!(next(&mut client), r#"{"id":1,"connect":{}}"#);
    say(&mut client, CONNECTED);
    client
}

/// A client whose WebSocket is open.
fn shake(listener: &TcpListener) -> TcpStream {
    let (mut client, _) = listener.accept().unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(
        head.starts_with("GET /connection/websocket HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nOrigin: http://localhost:5000\r\n"));
    client
        .write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
        .unwrap();
    client
}

fn say(client: &mut TcpStream, text: &str) {
    client.write_all(&shared(text.as_bytes())).unwrap();
}

/// The next text that a client sends.
fn next(client: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        if let Some((text, _)) = parse_masked(&read) {
            return String::from_utf8(text.to_vec()).unwrap();
        }
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        read.extend(byte);
    }
}
