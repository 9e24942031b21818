//! Events of clients and their answers.

use std::sync::Arc;

use bellgate::{Args, Received, Reply};
use bellgate_peer::{Over, Packet, Said, eventually};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::lab::{Lab, Notes, Way, each_way, settings};

#[tokio::test]
async fn an_event_is_answered_with_what_its_handler_returns() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            server
                .on("/", "add", async |event: Received| {
                    let sum = event.args.get::<i64>(0).unwrap() + event.args.get::<i64>(1).unwrap();
                    json!({"sum": sum})
                })
                .on("/", "two", async |_: Received| {
                    Args::new().json(&1).json("ü")
                })
                .on("/", "nothing", async |_: Received| ())
        })
        .await;
        let mut client = lab.join(way.over, &Value::Null).await;
        assert_eq!(
            client.call(&json!(["add", 2, 3])).await,
            json!([{"sum": 5}])
        );
        assert_eq!(client.call(&json!(["two"])).await, json!([1, "ü"]));
        assert_eq!(client.call(&json!(["nothing"])).await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn attachments_come_in_and_go_out_as_they_were_sent() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            server.on("/", "swap", async |event: Received| {
                assert!(event.wants_ack);
                let parts = event.args.attachments();
                Args::new()
                    .binary(parts[1].clone())
                    .json(&event.args.get::<Value>(1).unwrap())
                    .binary(parts[0].clone())
            })
        })
        .await;
        let mut client = lab.join(way.over, &Value::Null).await;
        let hole = |num: u8| json!({"_placeholder": true, "num": num});
        let big = vec![0xfe; 70_000];
        let event = json!(["swap", hole(0), {"n": 1}, hole(1)]);
        let id = client.ask_binary(&event, &[b"one", &big]).await;
        let (args, attachments) = client.answer(id).await;
        assert_eq!(args, json!([hole(0), {"n": 1}, hole(1)]));
        assert_eq!(attachments, [big, b"one".to_vec()]);
    })
    .await;
}

#[tokio::test]
async fn an_event_without_a_handler_is_answered_events_unavailable() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            server.on("/", "known", async |_: Received| "here")
        })
        .await;
        let mut client = lab.join(way.over, &Value::Null).await;
        // One that wants no answer is dropped without a word.
        client.emit(&json!(["unknown", 0])).await;
        let answer = client.call(&json!(["unknown", 1])).await;
        assert_eq!(answer[0]["error"], "events_unavailable");
        assert_eq!(client.call(&json!(["known"])).await, json!(["here"]));
        assert_eq!(client.kept(), []);
    })
    .await;
}

#[tokio::test]
async fn a_handler_for_any_event_gets_those_without_one_of_their_own() {
    let lab = Lab::start(2, |server| {
        server
            .on("/", "own", async |_: Received| "own")
            .on_any("/", async |event: Received| {
                json!([event.name, event.args.len()])
            })
    })
    .await;
    let mut client = lab.join(Over::Websocket, &Value::Null).await;
    assert_eq!(client.call(&json!(["own"])).await, json!(["own"]));
    assert_eq!(
        client.call(&json!(["other", 1, 2])).await,
        json!([["other", 2]])
    );
}

#[tokio::test]
async fn reply_none_leaves_the_client_without_an_ack() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            server
                .on("/", "silent", async |_: Received| Reply::none())
                .on("/", "after", async |_: Received| "after")
        })
        .await;
        let mut client = lab.join(way.over, &Value::Null).await;
        client.ask("/", &json!(["silent"])).await;
        assert_eq!(client.call(&json!(["after"])).await, json!(["after"]));
        assert_eq!(client.kept(), [], "no ack came before the later one");
    })
    .await;
}

/// A server whose event `gate` waits until the test opens the gate; `note` notes its argument.
async fn gated(shards: usize, gate: Arc<Semaphore>, notes: Arc<Notes<Value>>) -> Lab {
    let later = Arc::clone(&notes);
    let settings = settings(shards, &[("SOCKETIO_MAX_HTTP_BUFFER_SIZE", "10KiB")]);
    Lab::start_with(settings, move |server| {
        server
            .on("/", "gate", move |event: Received| {
                let (gate, notes) = (Arc::clone(&gate), Arc::clone(&later));
                async move {
                    gate.acquire().await.unwrap().forget();
                    notes.add(event.args.get(0).unwrap());
                    "opened"
                }
            })
            .on("/", "note", move |event: Received| {
                let notes = Arc::clone(&notes);
                async move {
                    notes.add(event.args.get(0).unwrap());
                    "noted"
                }
            })
    })
    .await
}

#[tokio::test]
async fn a_handler_that_waits_keeps_its_connections_order_while_others_go_on() {
    each_way(async |way| {
        let (gate, notes) = (Arc::new(Semaphore::new(0)), Arc::new(Notes::new()));
        let lab = gated(way.shards, Arc::clone(&gate), Arc::clone(&notes)).await;
        let mut waiting = lab.join(way.over, &Value::Null).await;
        let mut ids = vec![waiting.ask("/", &json!(["gate", 0])).await];
        for n in 1..=20 {
            ids.push(waiting.ask("/", &json!(["note", n])).await);
        }
        // On each shard another connection is served meanwhile.
        for _ in 0..4 {
            let mut other = lab.join(way.over, &Value::Null).await;
            assert_eq!(
                other.call(&json!(["note", "other"])).await,
                json!(["noted"])
            );
        }
        assert_eq!(notes.take(), vec![json!("other"); 4]);
        gate.add_permits(1);
        for id in ids {
            waiting.answer(id).await;
        }
        assert_eq!(notes.take(), (0..=20).map(Value::from).collect::<Vec<_>>());
    })
    .await;
}

/// What becomes of a client that sends `count` events with a text of this size behind a handler that waits.
async fn flood(way: Way, count: usize, size: usize) {
    let (gate, notes) = (Arc::new(Semaphore::new(0)), Arc::new(Notes::new()));
    let lab = gated(way.shards, Arc::clone(&gate), Arc::clone(&notes)).await;
    let mut flood = lab.join(way.over, &Value::Null).await;
    let mut other = lab.join(way.over, &Value::Null).await;
    flood.emit(&json!(["gate", 0])).await;
    let event = Packet::Text(format!("42{}", json!(["note", "x".repeat(size)])));
    let at_once = (9_000 / size).min(500);
    for _ in 0..count / at_once {
        let events = vec![event.clone(); at_once];
        flood.engine.send_all(&events).await;
    }
    flood.closed().await;
    assert_eq!(
        other.call(&json!(["note", "other"])).await,
        json!(["noted"])
    );
    gate.add_permits(1);
    eventually("the flood to be gone", async || lab.sessions() == 1).await;
    let seen = notes.wait_for(2).await;
    assert_eq!(
        seen,
        [json!("other"), json!(0)],
        "what stood in line is dropped"
    );
}

#[tokio::test]
async fn a_client_that_floods_a_handler_that_waits_is_closed_and_nobody_else() {
    each_way(async |way| flood(way, 1_500, 1).await).await;
}

#[tokio::test]
async fn a_client_whose_waiting_events_are_large_is_closed_and_nobody_else() {
    each_way(async |way| flood(way, 5, 9_000).await).await;
}

#[tokio::test]
async fn events_of_four_largest_messages_may_wait() {
    each_way(async |way| {
        let (gate, notes) = (Arc::new(Semaphore::new(0)), Arc::new(Notes::new()));
        let lab = gated(way.shards, Arc::clone(&gate), Arc::clone(&notes)).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        client.emit(&json!(["gate", 0])).await;
        let text = "x".repeat(9_000);
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(client.ask("/", &json!(["note", text])).await);
        }
        gate.add_permits(1);
        for id in ids {
            client.answer(id).await;
        }
        assert_eq!(notes.take().len(), 5);
    })
    .await;
}

#[tokio::test]
async fn answers_of_a_connection_come_in_the_order_of_its_events() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            server.on("/", "maybe-wait", async |event: Received| {
                let n: u32 = event.args.get(0).unwrap();
                if n.is_multiple_of(3) {
                    tokio::task::yield_now().await;
                }
                Value::from(n)
            })
        })
        .await;
        let mut client = lab.join(way.over, &Value::Null).await;
        for n in 0..100 {
            client.ask("/", &json!(["maybe-wait", n])).await;
        }
        for n in 0..100 {
            let said = client.wait_for(|said| matches!(said, Said::Ack(..))).await;
            let Said::Ack(_, args, _) = said else {
                panic!("{said:?}")
            };
            assert_eq!(args, json!([n]));
        }
    })
    .await;
}

#[tokio::test]
async fn a_panicking_handler_answers_with_an_error_and_the_shard_lives() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            server
                .on("/", "now", async |_: Received| -> Value {
                    panic!("a handler of this test panics")
                })
                .on("/", "later", async |_: Received| -> Value {
                    tokio::task::yield_now().await;
                    panic!("a handler of this test panics")
                })
                .on("/", "before", |_: Received| -> std::future::Ready<Value> {
                    panic!("a handler of this test panics")
                })
                .on("/", "alive", async |_: Received| "alive")
        })
        .await;
        let mut client = lab.join(way.over, &Value::Null).await;
        let mut other = lab.join(way.over, &Value::Null).await;
        for event in ["now", "later", "before"] {
            let answer = client.call(&json!([event])).await;
            assert_eq!(answer[0]["error"], "internal", "{event}: {answer}");
            assert_eq!(answer[0]["data"]["code"], "internal", "{event}: {answer}");
        }
        assert_eq!(client.call(&json!(["alive"])).await, json!(["alive"]));
        assert_eq!(other.call(&json!(["alive"])).await, json!(["alive"]));
    })
    .await;
}
