//! Our own servers speak what the load generator expects.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails the test that runs it"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use bellgate_bench::candidate::{Can, Candidate};
use bellgate_bench::crowd::Crowd;
use bellgate_bench::process::Server;
use bellgate_bench::wire::polling::{Polling, packets};
use bellgate_bench::wire::session::{VISITOR, ask, join, upgrade, user};
use bellgate_bench::wire::{Dialect, frame, parse};

#[test]
fn an_event_for_everybody_reaches_everybody() {
    for candidate in servers() {
        let server = Server::start(&candidate).unwrap();
        let mut crowd = Crowd::join(server.addr, 3).unwrap();
        let packet = r#"42["bcast","x"]"#.to_owned();
        crowd.send(0, [packet.clone(), packet]).unwrap();
        while crowd.messages < 6 {
            crowd.read().unwrap();
        }
        assert_eq!(crowd.messages, 6, "{}", candidate.name);
    }
}

#[test]
fn an_event_is_complete_when_enough_have_it_and_not_when_as_many_have_come() {
    let server = Server::start(&limit()).unwrap();
    let mut crowd = Crowd::join(server.addr, 3).unwrap();
    let room = ["420[\"enter\",\"r\"]", "42[\"tell\",[\"r\",\"x\"]]"];
    crowd.send(1, room.map(str::to_owned)).unwrap();
    crowd.send(1, [room[1].to_owned()]).unwrap();
    while crowd.messages < 2 {
        crowd.read().unwrap();
    }
    assert_eq!(crowd.completed(2), 0);
    crowd.send(0, [r#"42["bcast","x"]"#.to_owned()]).unwrap();
    while crowd.messages < 5 {
        crowd.read().unwrap();
    }
    // The first of the three that one has got, for the others have one each; it is told of once.
    assert_eq!(crowd.completed(3), 1);
    assert_eq!(crowd.completed(3), 0);
}

#[test]
fn an_event_for_a_room_reaches_those_in_it_alone() {
    for candidate in servers() {
        let server = Server::start(&candidate).unwrap();
        let mut inside = join(server.addr).unwrap();
        let mut outside = join(server.addr).unwrap();
        ask(&mut inside, r#"420["enter","r"]"#).unwrap();
        say(&mut outside, r#"42["tell",["r",{"x":[1]}]]"#);
        assert_eq!(event(&mut inside), r#"42["msg",{"x":[1]}]"#);
        // What went to the one outside too would come before this.
        say(&mut inside, r#"42["bcast","end"]"#);
        assert_eq!(event(&mut outside), r#"42["msg","end"]"#);
    }
}

#[test]
fn a_user_of_bellgate_is_the_one_in_its_connect() {
    let server = Server::start(&target()).unwrap();
    let mut crowd = Crowd::join_as(server.addr, 3, user).unwrap();
    crowd
        .send(0, [r#"42["notify",["u2","x"]]"#.to_owned()])
        .unwrap();
    while crowd.messages < 1 {
        crowd.read().unwrap();
    }
    assert_eq!(crowd.messages, 1);
}

#[test]
fn a_session_that_polls_is_answered_and_upgrades() {
    let server = Server::start(&target()).unwrap();
    let mut polling = Polling::join(server.addr, VISITOR).unwrap();
    polling.post(r#"427["echo","x"]"#).unwrap();
    let body = polling.poll().unwrap();
    assert!(
        packets(&body).any(|packet| packet == r#"437["x"]"#),
        "{body}"
    );
    polling.redial().unwrap();
    upgrade(&polling).unwrap();
}

fn say(client: &mut TcpStream, packet: &str) {
    client.write_all(&frame(packet.as_bytes())).unwrap();
}

/// The next event that a client gets.
fn event(client: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        read.extend(byte);
        if let Some((text, _)) = parse(&read) {
            if text.starts_with(b"42") {
                return String::from_utf8(text.to_vec()).unwrap();
            }
            read.clear();
        }
    }
}

fn servers() -> [Candidate; 2] {
    [limit(), target()]
}

fn limit() -> Candidate {
    Candidate {
        name: "limit",
        program: env!("CARGO_BIN_EXE_limit").into(),
        before: Vec::new(),
        after: vec!["--hold".to_owned()],
        compiles: false,
        dialect: Dialect::SocketIo,
        can: &[Can::Rooms],
        version: None,
    }
}

fn target() -> Candidate {
    Candidate {
        name: "target",
        program: env!("CARGO_BIN_EXE_target").into(),
        after: Vec::new(),
        ..limit()
    }
}
