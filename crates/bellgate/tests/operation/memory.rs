//! What an idle connection holds.

use bellgate_peer::{Engine, Over};

use crate::program::Program;

const CONNECTIONS: usize = 1000;
/// One page, with room for what a build without optimisation wastes: a buffer of a connection's own
/// would cost at least that.
const MOST: usize = 4096;

#[tokio::test]
async fn an_idle_websocket_owns_no_buffer() {
    let server = Program::start(&[("SOCKETIO_RATE_LIMITING", "false")]).await;
    let mut idle = Vec::new();
    for _ in 0..50 {
        idle.push(Engine::open(&server.reach, Over::Websocket).await);
    }
    let before = resident(server.id());
    for _ in 0..CONNECTIONS {
        idle.push(Engine::open(&server.reach, Over::Websocket).await);
    }
    let each = resident(server.id()).saturating_sub(before) / CONNECTIONS;
    println!("an idle WebSocket costs {each} bytes in this build");
    assert!(each < MOST, "{each} bytes for each connection");
}

/// Resident memory of a process, in bytes.
fn resident(id: u32) -> usize {
    let process = procfs::process::Process::new(id.try_into().unwrap()).unwrap();
    let pages = process.stat().unwrap().rss;
    usize::try_from(pages * procfs::page_size()).unwrap()
}
