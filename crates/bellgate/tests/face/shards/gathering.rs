//! How many writes it takes to tell everybody.

use std::time::Duration;

use bellgate::{Received, Server};
use bellgate_peer::Over;
use serde_json::{Value, json};

use crate::lab::{Lab, settings};

const SHARDS: usize = 2;
/// Clients of each shard: so few that broadcasts to them do not rest.
const EACH: usize = 4;
/// Broadcasts of one handler.
const BURST: usize = 4;
const ROUNDS: u64 = 50;
/// How long a handler works for each of them.
const WORK: Duration = Duration::from_millis(1);

#[tokio::test]
async fn what_a_handler_tells_everybody_at_once_is_one_write_for_each_client_of_every_shard() {
    let settings = settings(SHARDS, &[("BELLGATE_ADMIN_ADDR", "127.0.0.1:0")]);
    let lab = Lab::start_with(settings, |server: Server| {
        let emitter = server.emitter();
        server.on("/", "burst", move |_: Received| {
            for n in 0..BURST {
                // It has work to do in between: time enough for another shard to wake.
                std::thread::sleep(WORK);
                emitter.to_all().emit("told", json!(n));
            }
            std::future::ready(())
        })
    })
    .await;
    let mut clients = Vec::new();
    for shard in 0..SHARDS {
        for _ in 0..EACH {
            let shard = u16::try_from(shard).unwrap();
            clients.push(lab.join_on(shard, Over::Websocket, &Value::Null).await);
        }
    }
    let writes = async || {
        let count = lab.sample("bellgate_websocket_writes_total").await;
        count.unwrap()
    };
    let before = writes().await;
    for _ in 0..ROUNDS {
        clients[0].emit(&json!(["burst"])).await;
        for client in &mut clients {
            for n in 0..BURST {
                assert_eq!(client.heard().await, ("told".to_owned(), vec![json!(n)]));
            }
        }
    }
    let written = writes().await - before;
    let needed = ROUNDS * clients.len() as u64;
    // A shard that wakes for something else meanwhile finds a part of what is to be said.
    assert!(
        written <= needed + needed / 10,
        "{written} writes, where {needed} would do"
    );
}
