//! How sessions end through a shard that is not theirs.

use std::time::Duration;

use bellgate_peer::{Over, Polling, Said, shard_of};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use super::{SHARDS, echoing};
use crate::lab::Lab;

/// How often a test is repeated, so that the kernel brings its requests to each shard.
const ROUNDS: usize = 20;

#[tokio::test]
async fn a_second_get_through_any_shard_is_refused_and_ends_the_session() {
    for shards in SHARDS {
        let lab = echoing(shards).await;
        for _ in 0..ROUNDS {
            let session = Polling::open(&lab.reach).await;
            let (first, second) = tokio::join!(session.get(), session.get());
            let mut answers = [
                (first.status(), first.text().to_owned()),
                (second.status(), second.text().to_owned()),
            ];
            answers.sort();
            let [(ended, told), (refused, why)] = answers;
            // Whichever came first hears that the session is over.
            assert_eq!((ended, &*told), (200, "1"));
            assert_eq!(refused, 400);
            assert!(why.contains("poll_overlap"), "{why}");
            let after = session.get().await;
            assert_eq!(after.status(), 400, "{after:?}");
            assert_eq!(after.json()["error"], "session_unknown");
        }
        lab.until_empty().await;
    }
}

#[tokio::test]
async fn a_client_that_says_goodbye_ends_its_waiting_get() {
    for shards in SHARDS {
        let lab = echoing(shards).await;
        for _ in 0..ROUNDS {
            let session = Polling::open(&lab.reach).await;
            // Whichever comes first: a GET that is late by a moment hears of the end too.
            let (get, goodbye) = tokio::join!(session.get(), session.post("1"));
            assert_eq!(goodbye.text(), "ok");
            assert_eq!(get.text(), "6");
            assert_eq!(session.get().await.status(), 400);
        }
        lab.until_empty().await;
    }
}

#[tokio::test]
async fn a_client_that_cuts_its_waiting_get_ends_its_session() {
    for shards in SHARDS {
        let lab = echoing(shards).await;
        for _ in 0..ROUNDS {
            let session = Polling::open(&lab.reach).await;
            let mut get = session.begin_get().await;
            let answer = tokio::time::timeout(Duration::from_millis(20), get.read_u8()).await;
            assert!(answer.is_err(), "nothing was to be said: {answer:?}");
        }
        lab.until_empty().await;
    }
}

#[tokio::test]
async fn a_server_that_ends_a_session_tells_it_through_any_shard() {
    for shards in SHARDS {
        let lab = Lab::start(shards, |server| server).await;
        let mut clients = Vec::new();
        for _ in 0..ROUNDS {
            clients.push(lab.join(Over::Polling, &Value::Null).await);
        }
        let seen: std::collections::BTreeSet<u16> = clients
            .iter()
            .map(|client| shard_of(&client.engine.sid))
            .collect();
        assert!(seen.len() > 1, "the kernel spreads sessions: {seen:?}");
        lab.emitter().to_all().emit("last", json!([1]));
        lab.emitter().to_all().disconnect(true);
        // Their places are free before anybody has asked; what is kept for them takes none.
        lab.until_empty().await;
        for client in &mut clients {
            assert_eq!(client.event().await.name, "last");
            let told = client.closed().await;
            assert_eq!(told, "close packet");
            let doubled = client.kept();
            assert!(!doubled.iter().any(|said| matches!(said, Said::Event(_))));
        }
        lab.until_empty().await;
    }
}
