//! What operators do with people: look, send away, keep out (contract §4, §7).

use bellgate::{Connect, EnginePeer, Received, Refused, Server, Welcome};
use bellgate_peer::{Answer, Client, Engine, Heard, Over, Said, eventually};
use serde_json::{Value, json};

use crate::lab::{Lab, each_way, settings};

const KEYS: (&str, &str) = (
    "BELLGATE_API_KEYS",
    "looker:look:read,keeper:keep:read+manage,shop:sell:publish",
);

/// Whoever names a user is that user, in `/` and in `/admin`.
fn named(server: Server) -> Server {
    ["/", "/admin"].into_iter().fold(server, |server, name| {
        server
            .on_connect(name, async |connect: Connect| {
                let auth: Value = connect.auth().unwrap_or_default();
                let welcome = match auth["user"].as_str() {
                    Some(user) => Welcome::user(user).with_role("editor").with_topic("news"),
                    None => Welcome::visitor(),
                };
                Ok::<_, Refused>(welcome.with_room("lobby"))
            })
            .on(name, "echo", async |event: Received| event.args)
    })
}

async fn lab(shards: usize, more: &[(&str, &str)]) -> Lab {
    let more = [&[KEYS][..], more].concat();
    Lab::start_with(settings(shards, &more), named).await
}

async fn asked(lab: &Lab, method: &str, path: &str, key: &str) -> Answer {
    let request = lab.reach.request(method, &format!("/api/v1{path}"));
    request.bearer(key).send().await
}

async fn get(lab: &Lab, path: &str) -> Value {
    let answer = asked(lab, "GET", path, "look").await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json()
}

async fn done(lab: &Lab, method: &str, path: &str) -> Value {
    let answer = asked(lab, method, path, "keep").await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json()
}

async fn block(lab: &Lab, body: &Value) -> Value {
    let request = lab.reach.post("/bellgate/api/v1/blocks").bearer("keep");
    let answer = request.json(body).send().await;
    assert_eq!(answer.status(), 201, "{answer:?}");
    answer.json()
}

fn user(id: &str) -> Value {
    json!({ "user": id })
}

#[tokio::test]
async fn a_user_is_described_over_all_shards_and_transports() {
    let lab = lab(2, &[]).await;
    let mut clients = Vec::new();
    for shard in [0, 1] {
        for over in Over::BOTH {
            clients.push(lab.join_on(shard, over, &user("7")).await);
        }
    }
    clients[0].connect("/admin", &user("7")).await.unwrap();
    let _other = lab.join(Over::Websocket, &user("8")).await;
    assert_eq!(
        get(&lab, "/users/7").await,
        json!({"user": "7", "online": true, "connections": 4, "roles": ["editor"], "blocked": null})
    );
    let told = get(&lab, "/users/7/connections").await;
    let told = told["connections"].as_array().unwrap();
    assert_eq!(told.len(), 4);
    for one in told {
        assert_eq!(one["address"], "127.0.0.1");
        assert!(
            one["connected_at"].as_str().unwrap().ends_with('Z'),
            "{one}"
        );
        assert!(!one["session"].as_str().unwrap().is_empty());
    }
    let over = |name: &str| told.iter().filter(|one| one["transport"] == name).count();
    assert_eq!((over("polling"), over("websocket")), (2, 2));
    let both: Vec<&Value> = told
        .iter()
        .filter(|one| one["namespaces"].as_array().unwrap().len() == 2)
        .collect();
    assert_eq!(both.len(), 1);
    let joined = &both[0]["namespaces"][1];
    assert_eq!(joined["namespace"], "/admin");
    assert_eq!(joined["sid"].as_str().unwrap().len(), 22);
    assert_eq!(
        (&joined["roles"], &joined["topics"], &joined["rooms"]),
        (&json!(["editor"]), &json!(["news"]), &json!(["lobby"]))
    );
    let rooms = get(&lab, "/users/7/rooms").await;
    let rooms = rooms["rooms"].as_array().unwrap();
    let lobby = json!({"namespace": "/", "to": {"room": "lobby"}, "connections": 4});
    assert!(rooms.contains(&lobby), "{rooms:?}");
    assert_eq!(rooms.len(), 6, "three rooms of each kind in two namespaces");
    assert_eq!(
        get(&lab, "/users/a%2Fb").await,
        json!({"user": "a/b", "online": false, "connections": 0, "roles": [], "blocked": null})
    );
    lab.stop().await;
}

#[tokio::test]
async fn a_disconnect_tells_each_namespace_and_then_ends_the_connection() {
    each_way(async |way| {
        let lab = lab(way.shards, &[]).await;
        let mut seven = lab.join(way.over, &user("7")).await;
        seven.connect("/admin", &user("7")).await.unwrap();
        let mut eight = lab.join(way.over, &user("8")).await;
        assert_eq!(
            done(&lab, "POST", "/users/7/disconnect").await,
            json!({"user": "7", "connections": 1})
        );
        seven.closed().await;
        let said = seven.kept();
        let away = |name: &str| Said::Disconnected(name.to_owned());
        assert_eq!(said, [away("/"), away("/admin")]);
        assert_eq!(eight.call(&json!(["echo", 1])).await, json!([1]));
        // It is no block.
        lab.join(way.over, &user("7")).await;
        lab.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_blocked_user_goes_and_cannot_come_back_until_the_block_is_lifted() {
    each_way(async |way| {
        // SOCKETIO_RATE_LIMITING is off here: blocks by hand hold all the same.
        let lab = lab(way.shards, &[]).await;
        let mut seven = lab.join(way.over, &user("7")).await;
        let answer = block(
            &lab,
            &json!({"user": "7", "expires_in": "1h", "reason": "spam"}),
        )
        .await;
        assert_eq!(
            (&answer["user"], &answer["connections"]),
            (&json!("7"), &json!(1))
        );
        assert!(answer["expires_at"].is_string(), "{answer}");
        seven.closed().await;
        assert_eq!(seven.kept(), [Said::Disconnected("/".into())]);
        let mut again = Client::open(&lab.reach, way.over).await;
        let refused = again.connect("/", &user("7")).await.unwrap_err();
        assert_eq!(refused["data"]["code"], "blocked");
        let wait = refused["data"]["retry_after_ms"].as_u64().unwrap();
        assert!((3_590_000..=3_600_000).contains(&wait), "{wait}");
        again.connect("/", &user("8")).await.unwrap();
        let kept = &get(&lab, "/users/7").await["blocked"];
        assert_eq!(
            (&kept["by"], &kept["reason"]),
            (&json!("operator"), &json!("spam"))
        );
        assert_eq!(
            done(&lab, "GET", "/blocks").await,
            json!({"blocks": [kept]})
        );
        let lifted = done(&lab, "DELETE", "/blocks?user=7").await;
        assert_eq!(lifted, json!({"user": "7", "lifted": true}));
        assert_eq!(done(&lab, "GET", "/blocks").await, json!({"blocks": []}));
        lab.join(way.over, &user("7")).await;
        let lifted = done(&lab, "DELETE", "/blocks?user=7").await;
        assert_eq!(lifted["lifted"], false);
        lab.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_blocked_address_goes_and_gets_no_session() {
    let mut settings = settings(2, &[KEYS]);
    settings.listen.trusted_proxies = vec!["loopback".to_owned()];
    let lab = Lab::start_with(settings, named).await;
    let from = |address: &str| lab.reach.clone().with_header("x-forwarded-for", address);
    let mut near = Client::join(&from("2001:db8::1"), Over::Websocket, &user("7")).await;
    let mut visitor = Client::join(&from("2001:db8::2"), Over::Polling, &Value::Null).await;
    let mut far = Client::join(&from("2001:db8:0:1::1"), Over::Websocket, &user("7")).await;
    let answer = block(&lab, &json!({"address": "2001:db8::9"})).await;
    assert_eq!(
        answer,
        json!({"address": "2001:db8::/64", "expires_at": null, "reason": null, "connections": 2})
    );
    near.closed().await;
    visitor.closed().await;
    assert_eq!(far.call(&json!(["echo", 1])).await, json!([1]));
    for over in Over::BOTH {
        let refused = Engine::attempt(&from("2001:db8::3"), over)
            .await
            .err()
            .unwrap();
        assert_eq!(
            (refused.status(), &refused.json()["error"]),
            (429, &json!("blocked"))
        );
        assert_eq!(refused.header("retry-after"), "86400");
    }
    done(&lab, "DELETE", "/blocks?address=2001:db8::ffff").await;
    Client::join(&from("2001:db8::1"), Over::Websocket, &user("7")).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_block_by_address_ends_sessions_without_a_namespace_and_plain_ones() {
    each_way(async |way| {
        let lab = Lab::start_with(settings(way.shards, &[KEYS]), |server| {
            named(server).on_engine("/plain/", |peer: &EnginePeer, frame| peer.send(frame))
        })
        .await;
        let plain = lab.reach.clone().at("/plain/");
        let open = [
            Engine::open(&lab.reach, way.over).await,
            Engine::open(&plain, way.over).await,
        ];
        let answer = block(&lab, &json!({"address": "127.0.0.1"})).await;
        assert_eq!(answer["connections"], 2);
        for mut engine in open {
            assert!(matches!(engine.next().await, Heard::Closed(_)));
        }
        let refused = Engine::attempt(&plain, way.over).await.err().unwrap();
        assert_eq!(refused.status(), 429);
        lab.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_block_by_address_leaves_clients_of_a_proxy_that_is_not_believed() {
    let lab = lab(1, &[]).await;
    let proxied = lab
        .reach
        .clone()
        .with_header("x-forwarded-for", "192.0.2.1");
    let mut behind = Client::join(&proxied, Over::Websocket, &user("7")).await;
    let mut direct = lab.join(Over::Websocket, &user("7")).await;
    let answer = block(&lab, &json!({"address": "127.0.0.1"})).await;
    assert_eq!(answer["connections"], 1);
    direct.closed().await;
    assert_eq!(behind.call(&json!(["echo", 1])).await, json!([1]));
    Client::join(&proxied, Over::Polling, &user("7")).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_block_that_follows_from_broken_rates_is_listed_and_can_be_lifted() {
    let mut settings = settings(2, &[KEYS, ("SOCKETIO_RATE_LIMIT_MESSAGES", "1/hour")]);
    settings.rates.is_on = true;
    let lab = Lab::start_with(settings, named).await;
    let mut seven = lab.join(Over::Websocket, &user("7")).await;
    for _ in 0..11 {
        seven.emit(&json!(["echo", 1])).await;
    }
    seven.closed().await;
    let blocks = done(&lab, "GET", "/blocks").await;
    let kept = &blocks["blocks"][0];
    assert_eq!((&kept["user"], &kept["by"]), (&json!("7"), &json!("rate")));
    let lifted = done(&lab, "DELETE", "/blocks?user=7").await;
    assert_eq!(lifted["lifted"], true);
    lab.join(Over::Websocket, &user("7")).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_short_block_ends_by_itself() {
    let lab = lab(1, &[]).await;
    block(&lab, &json!({"user": "7", "expires_in": "200ms"})).await;
    let mut client = Client::open(&lab.reach, Over::Websocket).await;
    assert!(client.connect("/", &user("7")).await.is_err());
    let mut client = Client::open(&lab.reach, Over::Websocket).await;
    eventually("the end of the block", async || {
        client.connect("/", &user("7")).await.is_ok()
    })
    .await;
    lab.stop().await;
}

#[tokio::test]
async fn only_keys_with_the_scope_may_look_or_act() {
    let lab = lab(1, &[]).await;
    for (method, path, key, status) in [
        ("GET", "/users/7", "sell", 403),
        ("GET", "/users/7", "wrong", 401),
        ("GET", "/users/7/connections", "sell", 403),
        ("GET", "/users/7/rooms", "sell", 403),
        ("POST", "/users/7/disconnect", "look", 403),
        ("GET", "/blocks", "look", 403),
        ("DELETE", "/blocks?user=7", "look", 403),
        ("POST", "/blocks", "look", 403),
        ("POST", "/users/7", "keep", 405),
        ("GET", "/users/7/disconnect", "keep", 405),
        ("GET", "/users/7/nothing", "keep", 404),
        ("POST", "/blocks", "keep", 415),
        ("DELETE", "/blocks", "keep", 422),
        ("DELETE", "/blocks?user=7&address=::1", "keep", 422),
        ("DELETE", "/blocks?address=7", "keep", 422),
        ("DELETE", "/blocks?user=", "keep", 422),
    ] {
        let answer = asked(&lab, method, path, key).await;
        assert_eq!(answer.status(), status, "{method} {path} {answer:?}");
    }
    for (body, pointer) in [
        (json!([]), ""),
        (json!({}), ""),
        (json!({"user": 7}), "/user"),
        (json!({"user": "7", "until": 1}), "/until"),
        (json!({"user": "7", "expires_in": "soon"}), "/expires_in"),
        (json!({"user": "7", "expires_in": 0}), "/expires_in"),
        (json!({"user": "7", "reason": "x".repeat(201)}), "/reason"),
        (json!({"address": "example.com"}), "/address"),
    ] {
        let request = lab.reach.post("/api/v1/blocks").bearer("keep");
        let answer = request.json(&body).send().await;
        assert_eq!(answer.status(), 422, "{body} {answer:?}");
        assert_eq!(answer.json()["pointer"], pointer, "{body}");
    }
    lab.stop().await;
}

#[tokio::test]
async fn ids_are_compared_as_they_are_and_never_as_rooms() {
    let lab = lab(2, &[]).await;
    let ids = ["1_2", "1:admin", "a/b", "*", "lobby", " ", "é"];
    let mut clients = Vec::new();
    for id in ids {
        clients.push(lab.join(Over::Websocket, &user(id)).await);
    }
    for id in ["1", "2", "admin", "a", "%2A%2A", "_", "All"] {
        let told = done(&lab, "POST", &format!("/users/{id}/disconnect")).await;
        assert_eq!(told["connections"], 0, "{id}");
    }
    for (id, written) in ids
        .iter()
        .zip(["1_2", "1:admin", "a%2Fb", "*", "lobby", "%20", "%C3%A9"])
    {
        let told = done(&lab, "POST", &format!("/users/{written}/disconnect")).await;
        assert_eq!(told, json!({"user": id, "connections": 1}));
    }
    for client in &mut clients {
        client.closed().await;
    }
    let long = "x".repeat(257);
    let answer = asked(&lab, "GET", &format!("/users/{long}"), "look").await;
    assert_eq!(answer.status(), 422);
    lab.stop().await;
}
