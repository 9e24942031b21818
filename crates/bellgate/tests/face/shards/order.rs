//! Order, under concurrent requests.

use bellgate_peer::{Polling, within};
use tokio::sync::mpsc;

use super::{SHARDS, echoing};

/// How many messages go each way.
const MESSAGES: usize = 200;

/// Sends numbered messages in payloads of a few, one POST after the other.
async fn send_all(session: &Polling) {
    let mut next = 0;
    for size in [1, 7, 3, 16, 2].into_iter().cycle() {
        let until = (next + size).min(MESSAGES);
        let payload: Vec<String> = (next..until).map(|n| format!("4{n}")).collect();
        let answer = session.post(payload.join("\u{1e}")).await;
        assert_eq!((answer.status(), answer.text()), (200, "ok"));
        next = until;
        if next == MESSAGES {
            return;
        }
    }
}

/// Polls until everything has come back.
async fn receive_all(session: &Polling) -> Vec<String> {
    let mut received = Vec::new();
    while received.len() < MESSAGES {
        let answer = session.get().await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        let packets = answer.text().split('\u{1e}');
        received.extend(packets.map(|packet| packet.strip_prefix('4').unwrap().to_owned()));
    }
    received
}

#[tokio::test]
async fn messages_of_many_polling_sessions_stay_in_order_without_affinity() {
    for shards in SHARDS {
        let lab = echoing(shards).await;
        let (sender, mut done) = mpsc::channel(16);
        for _ in 0..8 {
            let (reach, sender) = (lab.reach.clone(), sender.clone());
            tokio::spawn(async move {
                let session = Polling::open(&reach).await;
                let ((), received) = tokio::join!(send_all(&session), receive_all(&session));
                session.post("1").await;
                sender.send(received).await.unwrap();
            });
        }
        drop(sender);
        let expected: Vec<String> = (0..MESSAGES).map(|n| n.to_string()).collect();
        for _ in 0..8 {
            let received = within("a session to be through", done.recv()).await;
            assert_eq!(received.as_ref(), Some(&expected), "{shards} shards");
        }
        lab.until_empty().await;
    }
}

#[tokio::test]
async fn a_get_that_waits_is_answered_by_a_post_through_any_shard() {
    for shards in SHARDS {
        let lab = echoing(shards).await;
        let session = Polling::open(&lab.reach).await;
        for n in 0..60 {
            let get = session.get();
            let post = session.post(format!("4{n}"));
            let (got, posted) = tokio::join!(get, post);
            assert_eq!(posted.text(), "ok");
            assert_eq!(got.text(), format!("4{n}"), "{shards} shards");
        }
        session.post("1").await;
        lab.until_empty().await;
    }
}
