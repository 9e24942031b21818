//! Upgrades whose WebSocket lands on another shard than the session.

use bellgate_peer::{Engine, Frame, Heard, Over, Packet, Polling, WebSocket, shard_of};

use super::{SHARDS, echoing};
use crate::lab::Lab;

async fn hear(engine: &mut Engine, expected: impl Iterator<Item = usize>) {
    for n in expected {
        assert_eq!(engine.next().await, Heard::Text(n.to_string()));
    }
}

#[tokio::test]
async fn nothing_is_lost_doubled_or_reordered_when_packets_wait_during_an_upgrade() {
    for shards in SHARDS {
        let lab = echoing(shards).await;
        for _ in 0..12 {
            let mut engine = Engine::open(&lab.reach, Over::Polling).await;
            // More than one answer holds: some come by the last poll, some by the WebSocket.
            let first: Vec<Packet> = (0..40).map(|n| Packet::Text(format!("4{n}"))).collect();
            engine.send_all(&first).await;
            engine.upgrade().await;
            for n in 40..60 {
                engine.send(&n.to_string()).await;
            }
            hear(&mut engine, 0..60).await;
            engine.close().await;
        }
        lab.until_empty().await;
    }
}

#[tokio::test]
async fn upgrades_under_load_keep_the_order_of_what_the_server_sends() {
    let lab = Lab::start(4, |server| server).await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(lab.join(Over::Polling, &serde_json::Value::Null).await);
    }
    let emitter = lab.emitter().clone();
    let sending = tokio::spawn(async move {
        for n in 0..300 {
            emitter.to_all().emit("n", serde_json::json!(n));
            tokio::task::yield_now().await;
        }
    });
    let mut listening = Vec::new();
    for mut client in clients {
        listening.push(tokio::spawn(async move {
            for n in 0..300 {
                assert_eq!(client.heard().await.1, [serde_json::json!(n)]);
                if n == 20 {
                    client.engine.upgrade().await;
                }
            }
            assert_eq!(client.kept(), []);
            client.engine.close().await;
        }));
    }
    sending.await.unwrap();
    for client in listening {
        client.await.unwrap();
    }
    lab.until_empty().await;
}

#[tokio::test]
async fn a_second_websocket_for_an_upgraded_session_is_accepted_and_closed() {
    for shards in SHARDS {
        let lab = echoing(shards).await;
        for _ in 0..8 {
            let session = Polling::open(&lab.reach).await;
            let mut engine = Engine::polling(session.clone());
            engine.upgrade().await;
            let mut second = WebSocket::open(&lab.reach, &session.query("websocket"))
                .await
                .unwrap();
            let closed = second.next().await;
            assert!(matches!(closed, Frame::Close(..)), "{closed:?}");
            assert_eq!(session.get().await.status(), 400, "polling is over");
            engine.send("still here").await;
            assert_eq!(engine.next().await, Heard::Text("still here".into()));
            engine.close().await;
        }
        lab.until_empty().await;
    }
}

/// A session whose probe was answered and whose poll has ended: all that is left to say is `5`.
async fn probed(lab: &Lab) -> (Polling, WebSocket) {
    let session = Polling::open(&lab.reach).await;
    let mut probe = WebSocket::open(&lab.reach, &session.query("websocket"))
        .await
        .unwrap();
    probe.text("2probe").await;
    assert_eq!(probe.next().await, Frame::Text("3probe".into()));
    assert_eq!(session.get().await.text(), "6", "a poll ends while probing");
    (session, probe)
}

#[tokio::test]
async fn a_probe_that_is_given_up_leaves_the_session_on_polling() {
    for shards in SHARDS {
        let lab = echoing(shards).await;
        for _ in 0..8 {
            let (session, probe) = probed(&lab).await;
            drop(probe);
            let mut engine = Engine::polling(session);
            engine.send("on polling").await;
            assert_eq!(engine.next().await, Heard::Text("on polling".into()));
            engine.close().await;
        }
        lab.until_empty().await;
    }
}

/// A stock client whose probe fails when it has stopped polling does neither, until it misses a ping.
#[tokio::test]
async fn a_session_that_ends_amid_its_upgrade_says_so_on_the_websocket() {
    for shards in SHARDS {
        let lab = echoing(shards).await;
        let mut probes = Vec::new();
        for _ in 0..8 {
            probes.push(probed(&lab).await.1);
        }
        lab.running().drain();
        lab.until_empty().await;
        for mut probe in probes {
            probe.text("5").await;
            let end = probe.next().await;
            assert!(matches!(end, Frame::Close(1001, _)), "{end:?}");
        }
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_websocket_stays_with_the_shard_that_accepted_it() {
    let lab = echoing(4).await;
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..40 {
        let mut engine = Engine::open(&lab.reach, Over::Websocket).await;
        seen.insert(shard_of(&engine.sid));
        engine.send(&n.to_string()).await;
        assert_eq!(engine.next().await, Heard::Text(n.to_string()));
        engine.close().await;
    }
    assert!(seen.len() > 1, "the kernel spreads connections: {seen:?}");
    lab.until_empty().await;
}
