//! Full houses.

use bellgate_peer::{Engine, Over, eventually};

use crate::program::Program;

#[tokio::test]
async fn a_session_above_the_limit_is_told_to_come_back_and_gets_in_once_another_left() {
    let server = Program::start(&[("SOCKETIO_MAX_CONNECTIONS", "5")]).await;
    let mut sessions = Vec::new();
    for n in 0..5 {
        sessions.push(Engine::open(&server.reach, Over::BOTH[n % 2]).await);
    }
    for over in Over::BOTH {
        let refused = Engine::attempt(&server.reach, over).await.err().unwrap();
        assert_eq!(refused.status(), 503, "{over:?}");
        assert_eq!(refused.json()["error"], "server_full");
        assert_eq!(refused.json()["retry"], "backoff");
        assert!(refused.json()["retry_after_ms"].as_u64().unwrap() > 0);
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    let ready = server.reach.get("/readyz").send().await;
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.json()["reasons"], serde_json::json!(["full"]));
    for mut leaving in sessions {
        let over = leaving.over();
        leaving.close().await;
        let mut came = None;
        eventually("a place to be free", async || {
            came = Engine::attempt(&server.reach, over).await.ok();
            came.is_some()
        })
        .await;
        came.unwrap().close().await;
    }
    eventually("the server to be ready", async || {
        server.reach.get("/readyz").send().await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn refused_handshakes_take_no_place() {
    let server = Program::start(&[("SOCKETIO_MAX_CONNECTIONS", "2")]).await;
    let evil = server.reach.clone().from_origin("http://evil.example");
    for _ in 0..20 {
        for over in Over::BOTH {
            let refused = Engine::attempt(&evil, over).await.err().unwrap();
            assert_eq!(refused.status(), 403);
        }
    }
    let _one = Engine::open(&server.reach, Over::Polling).await;
    let _two = Engine::open(&server.reach, Over::Websocket).await;
}
