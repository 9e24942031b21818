//! The HTTP API with users, roles, topics and rooms, which an embedding program decides.

use bellgate::{Args, Connect, Received, Welcome};
use bellgate_peer::{Answer, Client, Over, Said};
use serde_json::{Value, json};

use crate::lab::{Lab, settings};

const KEY: (&str, &str) = ("BELLGATE_API_KEYS", "shop:secret:publish+emit");

/// A server where clients say who they are; `/admin` is for admins.
async fn start() -> Lab {
    Lab::start_with(settings(2, &[KEY]), |server| {
        ["/", "/admin"].into_iter().fold(server, |server, name| {
            server
                .on_connect(name, async |connect: Connect| {
                    let auth: Value = connect.auth().unwrap();
                    let welcome = Welcome::user(auth["user"].as_str().unwrap());
                    let welcome = match auth["role"].as_str() {
                        Some(role) => welcome.with_role(role),
                        None => welcome,
                    };
                    Ok(welcome.with_topic("news").with_room("lobby"))
                })
                .on(name, "sid", async |event: Received| {
                    Args::from(event.socket.sid())
                })
        })
    })
    .await
}

async fn post(lab: &Lab, path: &str, body: &Value) -> Answer {
    let answer = lab
        .reach
        .post(path)
        .bearer("secret")
        .json(body)
        .send()
        .await;
    assert_eq!(answer.status(), 202, "{answer:?}");
    answer
}

async fn notify(lab: &Lab, body: &Value) -> Value {
    post(lab, "/api/v1/notifications", body).await.json()
}

/// Clients of two users on both shards and both transports: 7, an editor, and 8.
async fn crowd(lab: &Lab) -> Vec<Client> {
    let mut clients = Vec::new();
    for shard in 0..2 {
        for over in Over::BOTH {
            let seven = json!({"user": "7", "role": "editor"});
            clients.push(lab.join_on(shard, over, &seven).await);
            clients.push(lab.join_on(shard, over, &json!({"user": "8"})).await);
        }
    }
    clients
}

/// What each client has been sent; an answer behind it proves that there is no more.
async fn received(clients: &mut [Client]) -> Vec<Vec<(String, Value)>> {
    let mut received = Vec::new();
    for client in clients {
        client.call(&json!(["sid"])).await;
        let events = client.kept().into_iter().map(|said| match said {
            Said::Event(event) => (event.name, Value::Array(event.args)),
            other => panic!("{other:?}"),
        });
        received.push(events.collect());
    }
    received
}

#[tokio::test]
async fn an_emit_reaches_each_kind_of_receiver_and_counts_them() {
    let lab = start().await;
    let mut clients = crowd(&lab).await;
    let sid = clients[3].call(&json!(["sid"])).await[0].clone();
    // Clients 0, 2, 4, 6 are user 7; 1, 3, 5, 7 are user 8.
    let cases: [(Value, Value, &[usize]); 11] = [
        (json!({"user": "7"}), Value::Null, &[0, 2, 4, 6]),
        (
            json!({"users": ["7", "8", "9"]}),
            Value::Null,
            &[0, 1, 2, 3, 4, 5, 6, 7],
        ),
        (json!({"role": "editor"}), Value::Null, &[0, 2, 4, 6]),
        (
            json!({"topic": "news"}),
            Value::Null,
            &[0, 1, 2, 3, 4, 5, 6, 7],
        ),
        (
            json!({"room": "lobby"}),
            json!({"user": "7"}),
            &[1, 3, 5, 7],
        ),
        (
            json!({"rooms": ["lobby", "cellar"]}),
            json!({"role": "editor"}),
            &[1, 3, 5, 7],
        ),
        (json!({"sid": sid}), Value::Null, &[3]),
        (
            json!({"all": true}),
            json!({"sid": sid}),
            &[0, 1, 2, 4, 5, 6, 7],
        ),
        (json!({"all": true}), json!({"users": ["7", "8"]}), &[]),
        (json!({"user": "nobody"}), Value::Null, &[]),
        (json!({"room": "7"}), Value::Null, &[]),
    ];
    for (to, except, expected) in cases {
        let emit = json!({"event": "tick", "args": [{"n": 1}, "ü"], "to": to, "except": except});
        let answer = post(&lab, "/api/v1/emit", &emit).await.json();
        assert_eq!(answer, json!({"online": expected.len()}), "{emit}");
        for (index, got) in received(&mut clients).await.iter().enumerate() {
            let wanted = usize::from(expected.contains(&index));
            let tick = ("tick".to_owned(), json!([{"n": 1}, "ü"]));
            assert_eq!(*got, vec![tick; wanted], "client {index}, {emit}");
        }
    }
}

#[tokio::test]
async fn a_notification_is_an_envelope_of_version_1_and_the_same_on_each_device() {
    let lab = start().await;
    let mut clients = crowd(&lab).await;
    let answer = notify(
        &lab,
        &json!({
            "to": {"user": "7"}, "type": "success", "category": "export", "priority": "high",
            "title": "Export finished", "message": "3 files", "data": {"files": [1, 2, 3]},
            "icon": "download", "group": "exports", "tags": ["a", "b"], "key": "export-1",
            "actions": [{"id": "open", "text": "Open", "url": "/exports/1"}],
            "expires_in": "1h", "requires_ack": true
        }),
    )
    .await;
    assert_eq!(answer["online"], 4);
    assert_eq!(answer["seq"], json!({"user:7": 1}));
    let got = received(&mut clients).await;
    let envelope = &got[0][0].1[0];
    for (index, got) in got.iter().enumerate() {
        match index % 2 {
            0 => assert_eq!(*got, [("notification".to_owned(), json!([envelope]))]),
            _ => assert_eq!(*got, [], "user 8 has nothing to do with it"),
        }
    }
    let mut told = envelope.as_object().unwrap().clone();
    let id = told.remove("id").unwrap();
    assert_eq!(id, answer["id"]);
    let id: uuid::Uuid = id.as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    let mut time = |name| told.remove(name).unwrap().as_str().unwrap().to_owned();
    let (created, expires) = (time("created_at"), time("expires_at"));
    assert!(created < expires, "{created}, {expires}");
    assert_eq!(told["actions"][0]["id"], "open");
    told.remove("actions");
    assert_eq!(
        Value::Object(told),
        json!({
            "v": 1, "seq": 1, "revision": 1, "stream": "user:7", "type": "success",
            "category": "export", "priority": "high", "title": "Export finished",
            "message": "3 files", "data": {"files": [1, 2, 3]}, "icon": "download",
            "group": "exports", "tags": ["a", "b"], "key": "export-1", "requires_ack": true,
            "source": "shop"
        })
    );
}

#[tokio::test]
async fn each_stream_counts_without_a_gap_and_a_key_replaces_its_entry() {
    let lab = start().await;
    let mut clients = crowd(&lab).await;
    let progress = |n: u8| json!({"to": {"user": "8"}, "title": format!("{n} %"), "key": "job"});
    let first = notify(&lab, &progress(10)).await;
    let other = notify(&lab, &json!({"to": {"topic": "news"}, "title": "News"})).await;
    let second = notify(&lab, &progress(90)).await;
    let role = notify(&lab, &json!({"to": {"role": "editor"}, "title": "Editors"})).await;
    let seqs = [&first, &other, &second, &role].map(|answer| answer["seq"].clone());
    assert_eq!(
        seqs,
        [
            json!({"user:8": 1}),
            json!({"topic:news": 1}),
            json!({"user:8": 2}),
            json!({"role:editor": 1})
        ]
    );
    let online = [&first, &other, &second, &role].map(|answer| answer["online"].clone());
    assert_eq!(online, [json!(4), json!(8), json!(4), json!(4)]);
    assert_eq!(first["id"], second["id"], "the same entry");
    let got = received(&mut clients).await;
    let seen: Vec<_> = got[1]
        .iter()
        .map(|(_, args)| (args[0]["title"].clone(), args[0]["revision"].clone()))
        .collect();
    assert_eq!(
        seen,
        [
            (json!("10 %"), json!(1)),
            (json!("News"), json!(1)),
            (json!("90 %"), json!(2))
        ]
    );
}

#[tokio::test]
async fn several_users_and_a_list_get_a_result_each() {
    let lab = start().await;
    let mut clients = crowd(&lab).await;
    let answer = notify(&lab, &json!({"to": {"users": ["7", "9"]}, "title": "Both"})).await;
    let online: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| (result["seq"].clone(), result["online"].clone()))
        .collect();
    assert_eq!(
        online,
        [
            (json!({"user:7": 1}), json!(4)),
            (json!({"user:9": 1}), json!(0))
        ]
    );
    let list = json!([
        {"to": {"user": "8"}, "title": "first"},
        {"to": {"user": "8"}, "title": "second", "nonsense": 1},
        {"to": {"user": "8"}, "title": "third"},
    ]);
    let answer = post(&lab, "/api/v1/notifications", &list).await;
    let results = answer.json()["results"].clone();
    assert_eq!(results[0]["seq"], json!({"user:8": 1}));
    assert_eq!(results[1]["error"]["code"], "field_invalid");
    assert_eq!(
        results[2]["seq"],
        json!({"user:8": 2}),
        "a bad one takes no place"
    );
    let got = received(&mut clients).await;
    let titles: Vec<_> = got[1]
        .iter()
        .map(|(_, args)| args[0]["title"].clone())
        .collect();
    assert_eq!(titles, [json!("first"), json!("third")]);
    for bad in [json!([]), json!(vec![json!({}); 1001])] {
        let answer = lab.reach.post("/api/v1/notifications").bearer("secret");
        assert_eq!(answer.json(&bad).send().await.status(), 422);
    }
}

#[tokio::test]
async fn a_device_on_both_namespaces_gets_one_copy_and_admins_theirs_on_admin_alone() {
    let lab = start().await;
    let mut both = lab
        .join_on(0, Over::Websocket, &json!({"user": "1", "role": "admin"}))
        .await;
    both.connect("/admin", &json!({"user": "1", "role": "admin"}))
        .await
        .unwrap();
    let mut user = lab.join_on(1, Over::Polling, &json!({"user": "2"})).await;
    let all = notify(&lab, &json!({"to": {"all": true}, "title": "All"})).await;
    assert_eq!(all["online"], 2);
    let admins = json!({"to": {"role": "admin"}, "title": "Disk full", "category": "admin"});
    assert_eq!(notify(&lab, &admins).await["online"], 1);
    let first = both.event().await;
    assert_eq!(
        (&*first.namespace, &first.args[0]["title"]),
        ("/", &json!("All"))
    );
    let second = both.event().await;
    assert_eq!(
        (&*second.namespace, &second.args[0]["title"]),
        ("/admin", &json!("Disk full"))
    );
    let got = received(std::slice::from_mut(&mut user)).await;
    assert_eq!(got[0].len(), 1, "{got:?}");
    assert_eq!(received(std::slice::from_mut(&mut both)).await, [vec![]]);
}

#[tokio::test]
async fn the_event_name_is_the_settings() {
    let renamed = [KEY, ("BELLGATE_NOTIFICATION_EVENT", "bell")];
    let lab = Lab::start_with(settings(1, &renamed), |server| server).await;
    let mut client = lab.join(Over::Websocket, &Value::Null).await;
    notify(&lab, &json!({"to": {"all": true}, "title": "x"})).await;
    assert_eq!(client.heard().await.0, "bell");
}

#[tokio::test]
async fn concurrent_publishes_arrive_in_the_order_of_their_stream() {
    let lab = start().await;
    let mut clients = crowd(&lab).await;
    let mut posts = tokio::task::JoinSet::new();
    for n in 0..200 {
        let note = json!({"to": {"user": "7"}, "title": n.to_string()});
        let post = lab.reach.post("/api/v1/notifications").bearer("secret");
        let post = post.json(&note).send();
        posts.spawn(async { assert_eq!(post.await.status(), 202) });
    }
    posts.join_all().await;
    let got = received(&mut clients).await;
    for index in [0, 2, 4, 6] {
        let seqs = got[index].iter().map(|(_, args)| args[0]["seq"].clone());
        let expected = (1..=200).map(Value::from);
        assert!(seqs.eq(expected), "client {index}");
    }
}
