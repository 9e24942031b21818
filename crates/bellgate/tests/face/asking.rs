//! Events that the server wants answers to.

use std::time::{Duration, Instant};

use bellgate::{Answers, Connect, Received, Welcome};
use bellgate_peer::{Client, Over};
use serde_json::{Value, json};

use crate::lab::{Lab, each_way};

/// Longer than any test waits: an ask that ends has ended for another reason.
const LONG: Duration = Duration::from_secs(3600);

async fn lab(shards: usize) -> Lab {
    Lab::start(shards, |server| {
        server
            .on_connect("/", async |_: Connect| Ok(Welcome::user("7")))
            .on("/", "ask-me", async |event: Received| {
                let answer = event.socket.ask("question", "how many?", LONG).await;
                answer.unwrap_or_else(|| json!("no answer").into())
            })
            .on("/", "ask-me-quickly", async |event: Received| {
                let within = Duration::from_millis(50);
                let answer = event.socket.ask("question", "how many?", within).await;
                answer.unwrap_or_else(|| json!("no answer").into())
            })
    })
    .await
}

/// Two clients on each shard.
async fn four(lab: &Lab) -> Vec<Client> {
    let mut clients = Vec::new();
    for shard in 0..2 {
        for over in Over::BOTH {
            clients.push(lab.join_on(shard, over, &Value::Null).await);
        }
    }
    clients
}

fn sorted(answers: &Answers) -> Vec<Value> {
    let mut values: Vec<i64> = answers
        .answers
        .iter()
        .map(|(_, args)| args.get(0).unwrap())
        .collect();
    values.sort_unstable();
    values.into_iter().map(Value::from).collect()
}

#[tokio::test]
async fn answers_are_collected_over_all_shards() {
    let lab = lab(2).await;
    let mut clients = four(&lab).await;
    let ask = lab
        .emitter()
        .to_user("7")
        .ask("question", "how many?", LONG);
    let answering = async {
        for (n, client) in clients.iter_mut().enumerate() {
            let question = client.event().await;
            assert_eq!(question.args, [json!("how many?")]);
            client.ack(&question, &json!([n])).await;
        }
    };
    let (answers, ()) = tokio::join!(ask, answering);
    assert_eq!(sorted(&answers), [json!(0), json!(1), json!(2), json!(3)]);
    assert_eq!(answers.missing, 0);
    let mut sids: Vec<_> = answers.answers.iter().map(|(sid, _)| sid.clone()).collect();
    sids.sort_unstable();
    sids.dedup();
    assert_eq!(sids.len(), 4, "each answer names who gave it");
}

#[tokio::test]
async fn an_ask_that_runs_out_of_time_tells_the_answers_it_has() {
    let lab = lab(2).await;
    let mut clients = four(&lab).await;
    // Time enough for those who answer.
    let within = Duration::from_secs(3);
    let ask = lab.emitter().to_all().ask("question", "?", within);
    let answering = async {
        for (n, client) in clients.iter_mut().enumerate() {
            let question = client.event().await;
            if n != 2 {
                client.ack(&question, &json!([n])).await;
            }
        }
    };
    let begun = Instant::now();
    let (answers, ()) = tokio::join!(ask, answering);
    assert!(begun.elapsed() >= within, "{:?}", begun.elapsed());
    assert_eq!(sorted(&answers), [json!(0), json!(1), json!(3)]);
    assert_eq!(answers.missing, 1);
}

#[tokio::test]
async fn an_ask_that_reaches_nobody_ends_at_once() {
    let lab = lab(2).await;
    let _clients = four(&lab).await;
    let answers = lab.emitter().to_user("nobody").ask("question", (), LONG);
    let answers = bellgate_peer::within("an ask of nobody", answers).await;
    assert_eq!((answers.answers.len(), answers.missing), (0, 0));
}

#[tokio::test]
async fn an_ask_does_not_wait_for_who_has_gone() {
    let lab = lab(2).await;
    let mut clients = four(&lab).await;
    let ask = lab.emitter().to_all().ask("question", "?", LONG);
    let leaving = async {
        let mut questions = Vec::new();
        for client in &mut clients {
            questions.push(client.event().await);
        }
        for (n, (client, question)) in clients.iter_mut().zip(questions).enumerate() {
            if n % 2 == 0 {
                client.ack(&question, &json!([n])).await;
            } else {
                client.engine.close().await;
            }
        }
    };
    let both = async { tokio::join!(ask, leaving) };
    let (answers, ()) = bellgate_peer::within("the ask to end", both).await;
    assert_eq!(sorted(&answers), [json!(0), json!(2)]);
    assert_eq!(answers.missing, 2);
}

#[tokio::test]
async fn a_handler_can_ask_the_client_that_it_serves() {
    each_way(async |way| {
        let lab = lab(way.shards).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        let id = client.ask("/", &json!(["ask-me"])).await;
        let question = client.event().await;
        client.ack(&question, &json!([{"three": 3}])).await;
        assert_eq!(client.answer(id).await.0, json!([{"three": 3}]));
        // One that says nothing is not waited for longer than asked.
        assert_eq!(
            client.call(&json!(["ask-me-quickly"])).await,
            json!(["no answer"])
        );
    })
    .await;
}

#[tokio::test]
async fn an_answer_counts_once_and_one_that_nobody_asked_for_not_at_all() {
    each_way(async |way| {
        let lab = lab(way.shards).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        let mut other = lab.join(way.over, &Value::Null).await;
        client.engine.send("3999[\"nobody asked\"]").await;
        let ask = lab.emitter().to_all().ask("question", "?", LONG);
        let answering = async {
            let question = client.event().await;
            client.ack(&question, &json!([1])).await;
            client.ack(&question, &json!([2])).await;
            let question = other.event().await;
            other.ack(&question, &json!([3])).await;
        };
        let (answers, ()) = tokio::join!(ask, answering);
        assert_eq!(sorted(&answers), [json!(1), json!(3)]);
        assert_eq!(
            client.call(&json!(["ask-me-quickly"])).await,
            json!(["no answer"])
        );
    })
    .await;
}

#[tokio::test]
async fn an_answer_may_carry_bytes() {
    each_way(async |way| {
        let lab = lab(way.shards).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        let ask = lab.emitter().to_all().ask("question", "?", LONG);
        let answering = async {
            let question = client.event().await;
            let args = json!(["here", {"_placeholder": true, "num": 0}]);
            client.ack_binary(&question, &args, &[1, 2, 3]).await;
        };
        let (answers, ()) = tokio::join!(ask, answering);
        let (_, args) = &answers.answers[0];
        assert_eq!(args.get::<String>(0).unwrap(), "here");
        assert_eq!(args.attachments()[0][..], [1, 2, 3]);
    })
    .await;
}

#[tokio::test]
async fn an_ask_of_a_server_that_has_ended_ends_too() {
    let lab = lab(2).await;
    let emitter = lab.emitter().clone();
    lab.stop().await;
    let soon = Duration::from_millis(10);
    let asked = emitter.to_all().ask("question", (), soon);
    let answers = bellgate_peer::within("the ask to end", asked).await;
    assert_eq!((answers.answers.len(), answers.missing), (0, 0));
    let counted = emitter.to_all().count();
    assert_eq!(bellgate_peer::within("the count to end", counted).await, 0);
}
