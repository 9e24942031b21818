//! Who is let in, as whom, and what a client is told that is not.

use std::sync::Arc;

use bellgate::{Connect, Received, Refusal, Refused, Welcome};
use bellgate_peer::{Client, Over};
use serde_json::{Value, json};

use crate::lab::{Lab, Notes, each_way, settings};

#[tokio::test]
async fn the_connect_handler_reads_the_auth_payload_and_says_who_the_client_is() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            server
                .on_connect("/", async |connect: Connect| {
                    let auth: Value = connect.auth().unwrap();
                    let user = auth["user"].as_str().unwrap().to_owned();
                    Ok(Welcome::user(user)
                        .with_role("editor")
                        .with_topic("news")
                        .with_event("hello", json!({"you": auth["user"]})))
                })
                .on("/", "whoami", async |event: Received| {
                    let member = event.socket.member();
                    json!([
                        member.user.as_deref(),
                        &*member.roles[0],
                        &*member.topics[0]
                    ])
                })
        })
        .await;
        let mut client = lab.join(way.over, &json!({"user": "7"})).await;
        assert_eq!(
            client.heard().await,
            ("hello".into(), vec![json!({"you": "7"})])
        );
        assert_eq!(
            client.call(&json!(["whoami"])).await,
            json!([["7", "editor", "news"]])
        );
    })
    .await;
}

#[tokio::test]
async fn socket_io_is_answered_at_each_path_that_it_is_given() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            server.with_path("/people/7/socket.io/")
        })
        .await;
        let other = lab.reach.clone().at("/people/7/socket.io/");
        for reach in [&lab.reach, &other] {
            let mut client = Client::join(reach, way.over, &Value::Null).await;
            lab.emitter().to_all().emit("news", "for all");
            assert_eq!(client.heard().await.0, "news");
            client.engine.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_client_gets_the_message_and_the_data_and_may_try_again() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            server.on_connect("/", async |connect: Connect| {
                let auth: Value = connect.auth().unwrap();
                if auth["ticket"] == "good" {
                    return Ok(Welcome::visitor());
                }
                let refused = Refused::new("a ticket is needed");
                Err(match auth["ticket"].as_str() {
                    Some(_) => refused.with_data(json!({"shop": "/tickets"})),
                    None => refused,
                })
            })
        })
        .await;
        let mut client = Client::open(&lab.reach, way.over).await;
        let data = json!({"shop": "/tickets"});
        let told = json!({"message": "a ticket is needed", "data": data});
        let refused = client.connect("/", &json!({"ticket": "bad"})).await;
        assert_eq!(refused, Err(told));
        // Without data of its own it tells its code, as every refusal does.
        let refused = client.connect("/", &Value::Null).await.unwrap_err();
        assert_eq!(refused["message"], "a ticket is needed");
        assert_eq!(refused["data"]["code"], "connect_refused");
        assert_eq!(refused["data"]["category"], "authorization");
        assert!(!refused["data"]["request_id"].as_str().unwrap().is_empty());
        assert!(
            client
                .connect("/", &json!({"ticket": "good"}))
                .await
                .is_ok()
        );
    })
    .await;
}

#[tokio::test]
async fn a_refusal_of_the_catalogue_tells_its_code_and_the_id_of_the_handshake() {
    for over in Over::BOTH {
        let notes: Arc<Notes<String>> = Arc::new(Notes::new());
        let noting = Arc::clone(&notes);
        let lab = Lab::start(2, |server| {
            server.on_connect("/", move |connect: Connect| {
                noting.add(connect.handshake.request_id.to_string());
                let namespace = connect.namespace.to_string();
                async { Err::<Welcome, _>(Refusal::AuthRequired { namespace }.into()) }
            })
        })
        .await;
        let mut client = Client::open(&lab.reach, over).await;
        let refused = client.connect("/", &Value::Null).await.unwrap_err();
        assert_eq!(refused["data"]["code"], "auth_required");
        assert!(
            refused["message"]
                .as_str()
                .unwrap()
                .ends_with("[auth_required]"),
            "{refused}"
        );
        assert_eq!(refused["data"]["request_id"], notes.take()[0].as_str());
    }
}

#[tokio::test]
async fn a_namespace_that_nobody_defined_is_invalid() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| server).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        let refused = client.connect("/nowhere", &Value::Null).await.unwrap_err();
        assert_eq!(refused["message"], "Invalid namespace");
        assert_eq!(refused["data"]["code"], "namespace_unknown");
    })
    .await;
}

#[tokio::test]
async fn each_namespace_has_handlers_of_its_own_on_one_connection() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            let server = server.on("/", "where", async |_: Received| "root");
            ["/a", "/b"].into_iter().fold(server, |server, name| {
                server
                    .on_connect(name, async |connect: Connect| {
                        Ok(Welcome::user(connect.namespace.to_string()))
                    })
                    .on(name, "where", async |event: Received| {
                        json!([
                            event.socket.namespace(),
                            event.socket.member().user.as_deref()
                        ])
                    })
            })
        })
        .await;
        let mut client = lab.join(way.over, &Value::Null).await;
        let a = client.connect("/a", &Value::Null).await.unwrap();
        let b = client.connect("/b", &Value::Null).await.unwrap();
        assert_ne!(a, b, "each namespace has a sid of its own");
        let where_is = json!(["where"]);
        assert_eq!(client.call_to("/a", &where_is).await, json!([["/a", "/a"]]));
        assert_eq!(client.call_to("/b", &where_is).await, json!([["/b", "/b"]]));
        assert_eq!(client.call(&where_is).await, json!(["root"]));
    })
    .await;
}

#[tokio::test]
async fn a_connect_handler_that_panics_refuses_and_the_shard_lives() {
    each_way(async |way| {
        let lab = Lab::start(way.shards, |server| {
            server
                .on_connect("/now", async |_: Connect| -> Result<Welcome, Refused> {
                    panic!("a handler of this test panics")
                })
                .on_connect("/later", async |_: Connect| -> Result<Welcome, Refused> {
                    tokio::task::yield_now().await;
                    panic!("a handler of this test panics")
                })
                .on("/", "alive", async |_: Received| "alive")
        })
        .await;
        let mut client = lab.join(way.over, &Value::Null).await;
        for namespace in ["/now", "/later"] {
            let refused = client.connect(namespace, &Value::Null).await.unwrap_err();
            assert_eq!(refused["data"]["code"], "internal", "{namespace}");
        }
        assert_eq!(client.call(&json!(["alive"])).await, json!(["alive"]));
    })
    .await;
}

/// The address and the origin that the handshake tells.
async fn handshake_of(proxies: &[(&str, &str)], headers: &[(&str, &str)], over: Over) -> Value {
    let lab = Lab::start_with(settings(2, proxies), |server| {
        server.on_connect("/", async |connect: Connect| {
            let address = connect.handshake.address.map(|address| address.to_string());
            let origin = connect.handshake.origin.clone();
            Ok(Welcome::visitor().with_event("seen", json!([address, origin])))
        })
    })
    .await;
    let reach = headers
        .iter()
        .fold(lab.reach.clone(), |reach, (name, value)| {
            reach.with_header(name, value)
        });
    let mut client = Client::join(&reach, over, &Value::Null).await;
    client.heard().await.1.remove(0)
}

#[tokio::test]
async fn forwarded_addresses_are_believed_of_trusted_proxies_only() {
    let forwarded = [
        ("X-Forwarded-For", "203.0.113.9, 198.51.100.7"),
        ("Origin", "http://LOCALHOST:5000"),
    ];
    for over in Over::BOTH {
        assert_eq!(
            handshake_of(&[], &forwarded, over).await,
            json!(["127.0.0.1", "http://localhost:5000"])
        );
        let trusted = [("BELLGATE_TRUSTED_PROXIES", "loopback")];
        assert_eq!(
            handshake_of(&trusted, &forwarded, over).await[0],
            "198.51.100.7",
            "the right-most hop that is not trusted is the client"
        );
        let trusted = [("BELLGATE_TRUSTED_PROXIES", "loopback,198.51.100.0/24")];
        assert_eq!(
            handshake_of(&trusted, &forwarded, over).await[0],
            "203.0.113.9"
        );
    }
}
