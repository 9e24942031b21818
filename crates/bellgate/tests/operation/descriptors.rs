//! Open files: as many as the system allows, and no more connections than that.

use std::time::{Duration, Instant};

use bellgate_peer::{Engine, Over, eventually};

use crate::program::Program;

#[tokio::test]
async fn the_limit_of_open_files_is_raised_as_far_as_allowed() {
    let server = Program::start(&[]).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    let [.., soft, hard, "files"] = words.as_slice() else {
        panic!("{words:?}");
    };
    assert_eq!(soft, hard);
}

#[tokio::test]
async fn connections_are_held_below_the_number_of_open_files_and_the_log_says_so() {
    let server = Program::start_limited(100, &[]).await;
    let line = server.told("connections are held to ").await;
    let (held, rest) = line.split_once(':').unwrap();
    let held: usize = held.parse().unwrap();
    assert!(held < 100 && held > 20, "{line}");
    assert!(rest.contains("100 open files"), "{line}");
    let mut sessions = Vec::new();
    for _ in 0..held {
        sessions.push(Engine::open(&server.reach, Over::Websocket).await);
    }
    let refused = Engine::attempt(&server.reach, Over::Websocket).await;
    let refused = refused.err().unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.json()["error"], "server_full");
}

#[tokio::test]
async fn with_no_file_left_old_connections_live_and_new_ones_wait_without_spinning() {
    let server = Program::start_limited(100, &[("SOCKETIO_PING_INTERVAL", "200ms")]).await;
    let mut old = Engine::open(&server.reach, Over::Websocket).await;
    let mut idle = Vec::new();
    server_is_out_of_files(&server, &mut idle).await;
    let (cpu, begun) = (cpu_time(server.id()), Instant::now());
    // Three heartbeats of the old connection are answered meanwhile.
    let socket = old.socket().unwrap();
    for _ in 0..3 {
        assert_eq!(socket.next().await, bellgate_peer::Frame::Text("2".into()));
        socket.text("3").await;
    }
    let used = cpu_time(server.id()).saturating_sub(cpu);
    let share = used.as_secs_f64() / begun.elapsed().as_secs_f64();
    assert!(share < 0.2, "{share} of a core while no file is left");
    idle.clear();
    eventually("the server to accept again", async || {
        server.reach.get("/healthz").attempt().await.is_ok()
    })
    .await;
}

/// Opens connections that say nothing until the server has no file for another one.
async fn server_is_out_of_files(server: &Program, idle: &mut Vec<bellgate_peer::Stream>) {
    for _ in 0..200 {
        idle.push(server.reach.connect().await.unwrap());
    }
    server.told("no connection can be accepted").await;
}

/// CPU time that a process has used.
fn cpu_time(id: u32) -> Duration {
    let process = procfs::process::Process::new(id.try_into().unwrap()).unwrap();
    let stat = process.stat().unwrap();
    Duration::from_millis((stat.utime + stat.stime) * 1000 / procfs::ticks_per_second())
}
