//! Sending from anywhere: who gets what, over all shards.

use bellgate::{Address, Connect, Emitter, Received, Target, Welcome};
use bellgate_peer::{Client, Over, Said};
use serde_json::{Value, json};

use crate::lab::Lab;

/// A server where clients say who they are.
async fn trusting(shards: usize) -> Lab {
    Lab::start(shards, |server| {
        ["/", "/side"].into_iter().fold(server, |server, name| {
            server
                .on_connect(name, async |connect: Connect| {
                    let auth: Value = connect.auth().unwrap();
                    let texts = |name: &str| {
                        let list = auth[name].as_array().cloned().unwrap_or_default();
                        list.into_iter()
                            .map(|text| text.as_str().unwrap().to_owned())
                    };
                    let welcome = match auth["user"].as_str() {
                        Some(user) => Welcome::user(user),
                        None => Welcome::visitor(),
                    };
                    let welcome = texts("roles").fold(welcome, Welcome::with_role);
                    let welcome = texts("topics").fold(welcome, Welcome::with_topic);
                    Ok(texts("rooms").fold(welcome, Welcome::with_room))
                })
                .on(name, "sync", async |event: Received| {
                    bellgate::Args::from(event.socket.sid())
                })
        })
    })
    .await
}

/// Clients with names, on both shards and both transports.
struct Crowd {
    clients: Vec<(&'static str, Client, String)>,
}

impl Crowd {
    async fn gather(lab: &Lab) -> Self {
        let ann = json!({"user": "7", "roles": ["editor"], "topics": ["news"]});
        let bob = json!({"user": "8", "roles": ["editor", "admin"], "rooms": ["blue"]});
        let cy = json!({"topics": ["news", "sport"], "rooms": ["blue", "red"]});
        let people = [
            ("ann0", 0, Over::Websocket, &ann),
            ("ann1", 1, Over::Polling, &ann),
            ("bob", 0, Over::Polling, &bob),
            ("cy", 1, Over::Websocket, &cy),
            ("dee", 0, Over::Websocket, &Value::Null),
        ];
        let mut clients = Vec::new();
        for (name, shard, over, auth) in people {
            let mut client = lab.join_on(shard, over, auth).await;
            let sid = client.call(&json!(["sync"])).await[0].clone();
            clients.push((name, client, sid.as_str().unwrap().to_owned()));
        }
        Self { clients }
    }

    fn sid(&self, name: &str) -> Target {
        let client = self.clients.iter().find(|(of, ..)| *of == name);
        Target::Socket(client.unwrap().2.as_str().into())
    }

    /// Emits, and says who got it, how often, in the order of the crowd.
    async fn reached_by(&mut self, address: Address) -> Vec<&'static str> {
        let counted = address.clone();
        address.emit("news", json!({"n": 1}));
        // The count stands behind the event on every shard.
        let count = counted.count().await;
        let mut reached = Vec::new();
        for (name, client, _) in &mut self.clients {
            client.call(&json!(["sync"])).await;
            for said in client.kept() {
                let Said::Event(event) = said else {
                    panic!("{name}: {said:?}")
                };
                assert_eq!(
                    (&*event.name, &event.args),
                    ("news", &vec![json!({"n": 1})])
                );
                reached.push(*name);
            }
        }
        assert_eq!(count, reached.len(), "what is counted is what is reached");
        reached
    }
}

fn user(id: &str) -> Target {
    Target::User(id.into())
}

fn role(name: &str) -> Target {
    Target::Role(name.into())
}

fn topic(name: &str) -> Target {
    Target::Topic(name.into())
}

fn room(name: &str) -> Target {
    Target::Room(name.into())
}

#[tokio::test]
async fn an_event_reaches_whom_it_is_for_on_every_shard_once() {
    let lab = trusting(2).await;
    let to: &Emitter = lab.emitter();
    let mut crowd = Crowd::gather(&lab).await;
    let dee = crowd.sid("dee");
    let ann1 = crowd.sid("ann1");
    let cases: Vec<(Address, &[&str])> = vec![
        (to.to_user("7"), &["ann0", "ann1"]),
        (to.to_user("nobody"), &[]),
        (to.to(role("editor")), &["ann0", "ann1", "bob"]),
        (to.to(topic("news")), &["ann0", "ann1", "cy"]),
        (to.to_room("blue"), &["bob", "cy"]),
        (to.to(dee.clone()), &["dee"]),
        (to.to_all(), &["ann0", "ann1", "bob", "cy", "dee"]),
        // A union reaches each once; a user is no room of that name.
        (
            to.to(role("editor")).and(room("blue")).and(user("8")),
            &["ann0", "ann1", "bob", "cy"],
        ),
        (to.to_room("7").and(topic("editor")).and(role("news")), &[]),
        (to.to_all().except(role("editor")), &["cy", "dee"]),
        (
            to.to_all().except(user("8")).except(room("red")),
            &["ann0", "ann1", "dee"],
        ),
        (to.to_user("7").except(ann1.clone()), &["ann0"]),
        (
            to.to(topic("news")).except(topic("sport")),
            &["ann0", "ann1"],
        ),
        (to.to_all().except(Target::All), &[]),
    ];
    for (index, (address, expected)) in cases.into_iter().enumerate() {
        assert_eq!(crowd.reached_by(address).await, expected, "case {index}");
    }
}

#[tokio::test]
async fn an_event_stays_in_its_namespace() {
    let lab = trusting(2).await;
    let mut both = lab.join_on(0, Over::Websocket, &Value::Null).await;
    both.connect("/side", &json!({"user": "7"})).await.unwrap();
    let mut root = lab.join_on(1, Over::Polling, &json!({"user": "7"})).await;
    let side = lab.emitter().to_user("7").namespace("/side");
    assert_eq!(side.clone().count().await, 1);
    side.emit("hello", "side");
    let event = both.event().await;
    assert_eq!((&*event.namespace, &*event.name), ("/side", "hello"));
    root.call(&json!(["sync"])).await;
    assert_eq!(root.kept(), []);
}

#[tokio::test]
async fn bytes_reach_every_receiver_behind_their_header() {
    let lab = trusting(2).await;
    let mut clients = Vec::new();
    for shard in 0..2 {
        for over in Over::BOTH {
            clients.push(lab.join_on(shard, over, &Value::Null).await);
        }
    }
    let picture = vec![0x1e; 5000];
    let args = bellgate::Args::new().json("a").binary(picture.clone());
    lab.emitter().to_all().emit("picture", args);
    for client in &mut clients {
        let event = client.event().await;
        assert_eq!(
            event.args,
            [json!("a"), json!({"_placeholder": true, "num": 0})]
        );
        assert_eq!(event.attachments, std::slice::from_ref(&picture));
    }
}

#[tokio::test]
async fn events_of_one_sender_come_in_their_order() {
    let lab = trusting(2).await;
    let mut clients = Vec::new();
    for over in Over::BOTH {
        clients.push(lab.join_on(0, over, &Value::Null).await);
        clients.push(lab.join_on(1, over, &Value::Null).await);
    }
    for n in 0..500 {
        lab.emitter().to_all().emit("n", Value::from(n));
    }
    for (which, client) in clients.iter_mut().enumerate() {
        for n in 0..500 {
            assert_eq!(
                client.heard().await,
                ("n".into(), vec![json!(n)]),
                "client {which}"
            );
        }
    }
}

#[tokio::test]
async fn an_emitter_works_before_the_start_and_from_any_thread() {
    let mut emitter = None;
    let lab = Lab::start(2, |server| {
        emitter = Some(server.emitter());
        server
    })
    .await;
    let mut client = lab.join(Over::Websocket, &Value::Null).await;
    std::thread::spawn(move || emitter.unwrap().to_all().emit("from", "a thread"))
        .join()
        .unwrap();
    assert_eq!(
        client.heard().await,
        ("from".into(), vec![json!("a thread")])
    );
}

#[tokio::test]
async fn a_volatile_event_is_dropped_where_no_get_waits_and_takes_no_place() {
    let lab = trusting(2).await;
    let mut polling = lab.join(Over::Polling, &Value::Null).await;
    let mut websocket = lab.join(Over::Websocket, &Value::Null).await;
    lab.emitter().to_all().volatile().emit("maybe", ());
    assert_eq!(websocket.heard().await.0, "maybe");
    polling.call(&json!(["sync"])).await;
    assert_eq!(polling.kept(), []);
}

#[tokio::test]
async fn receivers_can_be_disconnected_wherever_they_are() {
    let lab = trusting(2).await;
    let mut gone = Vec::new();
    let mut staying = Vec::new();
    for shard in 0..2 {
        for over in Over::BOTH {
            gone.push(lab.join_on(shard, over, &json!({"user": "7"})).await);
            staying.push(lab.join_on(shard, over, &json!({"user": "8"})).await);
        }
    }
    lab.emitter().to_user("7").disconnect(false);
    for client in &mut gone {
        let said = client
            .wait_for(|said| matches!(said, Said::Disconnected(_)))
            .await;
        assert_eq!(said, Said::Disconnected("/".into()));
    }
    lab.emitter().to_user("8").disconnect(true);
    for client in &mut staying {
        client.closed().await;
    }
    assert_eq!(lab.emitter().to_all().count().await, 0);
}
