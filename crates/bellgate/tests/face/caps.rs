//! How many connections somebody may have, and handshakes of all together (contract §4, §10).

use bellgate::{Connect, Received, Refused, Server, Welcome};
use bellgate_peer::{Client, Engine, Over, Said, eventually};
use serde_json::{Value, json};

use crate::lab::{Lab, each_way, settings};

/// Whoever names a user is that user, in `/`, `/a` and `/b`.
fn named(server: Server) -> Server {
    ["/", "/a", "/b"].into_iter().fold(server, |server, name| {
        server
            .on_connect(name, async |connect: Connect| {
                let auth: Value = connect.auth().unwrap_or_default();
                let user = auth["user"].as_str().map(str::to_owned);
                Ok::<_, Refused>(user.map_or_else(Welcome::visitor, Welcome::user))
            })
            .on(name, "echo", async |event: Received| event.args)
    })
}

async fn lab(shards: usize, more: &[(&str, &str)]) -> Lab {
    Lab::start_with(settings(shards, more), named).await
}

fn user(id: &str) -> Value {
    json!({ "user": id })
}

/// What a CONNECT is refused with.
async fn refused(client: &mut Client, namespace: &str, auth: &Value) -> Value {
    let refused = client.connect(namespace, auth).await.unwrap_err();
    refused["data"].clone()
}

#[tokio::test]
async fn a_user_has_so_many_sessions_over_all_shards_however_many_namespaces() {
    let lab = lab(2, &[("SOCKETIO_MAX_CONNECTIONS_PER_USER", "3")]).await;
    let seven = user("7");
    let mut clients = Vec::new();
    for (shard, over) in [
        (0, Over::Websocket),
        (1, Over::Polling),
        (1, Over::Websocket),
    ] {
        let mut client = lab.join_on(shard, over, &seven).await;
        client.connect("/a", &seven).await.unwrap();
        clients.push(client);
    }
    for over in Over::BOTH {
        let mut client = Client::open(&lab.reach, over).await;
        let told = refused(&mut client, "/", &seven).await;
        assert_eq!(told["code"], "user_capped");
        let hint = told["hint"].as_str().unwrap();
        assert!(hint.contains("SOCKETIO_MAX_CONNECTIONS_PER_USER"), "{hint}");
        // Neither another user nor a visitor is meant.
        client.connect("/", &user("8")).await.unwrap();
        client.connect("/a", &Value::Null).await.unwrap();
    }
    // A further namespace of a session that counts already is free.
    clients[0].connect("/b", &seven).await.unwrap();
    // Leaving one namespace is no end of a session, leaving all of them is.
    clients[1].leave("/").await;
    let mut client = Client::open(&lab.reach, Over::Websocket).await;
    clients[1].call_to("/a", &json!(["echo", 1])).await;
    assert_eq!(
        refused(&mut client, "/", &seven).await["code"],
        "user_capped"
    );
    clients[1].leave("/a").await;
    eventually("a place to be free", async || {
        client.connect("/", &seven).await.is_ok()
    })
    .await;
    clients.remove(2).engine.close().await;
    let mut client = Client::open(&lab.reach, Over::Polling).await;
    eventually("a place to be free", async || {
        client.connect("/", &seven).await.is_ok()
    })
    .await;
    lab.stop().await;
}

#[tokio::test]
async fn of_many_that_come_at_once_so_many_get_in() {
    let lab = lab(2, &[("SOCKETIO_MAX_CONNECTIONS_PER_USER", "5")]).await;
    let mut joining = tokio::task::JoinSet::new();
    for turn in 0..40 {
        let reach = lab.reach.clone();
        joining.spawn(async move {
            let mut client = Client::open(&reach, Over::BOTH[turn % 2]).await;
            let is_in = client.connect("/", &user("7")).await.is_ok();
            (client, is_in)
        });
    }
    let joined = joining.join_all().await;
    assert_eq!(joined.iter().filter(|(_, is_in)| *is_in).count(), 5);
    lab.stop().await;
}

#[tokio::test]
async fn the_oldest_session_goes_where_the_policy_says_so_and_stays_away() {
    each_way(async |way| {
        let policy = [
            ("SOCKETIO_MAX_CONNECTIONS_PER_USER", "2"),
            ("BELLGATE_USER_CAP_POLICY", "evict-oldest"),
        ];
        let lab = lab(way.shards, &policy).await;
        let mut clients = Vec::new();
        for _ in 0..4 {
            clients.push(lab.join(way.over, &user("7")).await);
        }
        for client in &mut clients[..2] {
            client.closed().await;
            assert_eq!(client.kept(), [Said::Disconnected("/".into())]);
        }
        for client in &mut clients[2..] {
            assert_eq!(client.call(&json!(["echo", 1])).await, json!([1]));
        }
        lab.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_namespace_has_a_cap_and_a_rate_of_its_own() {
    let own = [
        ("BELLGATE_NAMESPACE_A_MAX_CONNECTIONS_PER_USER", "1"),
        ("BELLGATE_NAMESPACE_A_RATE", "2/hour"),
    ];
    let mut settings = settings(2, &own);
    settings.rates.is_on = true;
    let lab = Lab::start_with(settings, named).await;
    let seven = user("7");
    let mut first = lab.join_on(0, Over::Websocket, &seven).await;
    first.connect("/a", &seven).await.unwrap();
    let mut second = lab.join_on(1, Over::Polling, &seven).await;
    let told = refused(&mut second, "/a", &seven).await;
    assert_eq!(told["code"], "user_capped");
    let hint = told["hint"].as_str().unwrap();
    assert!(
        hint.contains("max_connections_per_user of [namespace.\"/a\"]"),
        "{hint}"
    );
    second.connect("/b", &seven).await.unwrap();
    for _ in 0..2 {
        let answer = first.call_to("/a", &json!(["echo", 1])).await;
        assert_eq!(answer, json!([1]));
    }
    let answer = first.call_to("/a", &json!(["echo", 1])).await;
    assert_eq!(answer[0]["error"], "rate_limited");
    let hint = answer[0]["data"]["hint"].as_str().unwrap();
    assert!(hint.contains("rate of [namespace.\"/a\"]"), "{hint}");
    // Elsewhere the rate of all holds, and visitors count each by themselves.
    for _ in 0..10 {
        assert_eq!(first.call(&json!(["echo", 1])).await, json!([1]));
    }
    let mut visitor = Client::open(&lab.reach, Over::Websocket).await;
    visitor.connect("/a", &Value::Null).await.unwrap();
    assert_eq!(visitor.call_to("/a", &json!(["echo", 1])).await, json!([1]));
    lab.stop().await;
}

#[tokio::test]
async fn an_address_has_so_many_sessions_and_ipv6_counts_by_its_block() {
    let mut settings = settings(2, &[("SOCKETIO_MAX_CONNECTIONS_PER_IP", "2")]);
    settings.listen.trusted_proxies = vec!["loopback".to_owned()];
    let lab = Lab::start_with(settings, named).await;
    let from = |address: &str| lab.reach.clone().with_header("x-forwarded-for", address);
    let mut open = Vec::new();
    for (address, over) in [
        ("2001:db8::1", Over::Polling),
        ("2001:db8::2", Over::Websocket),
    ] {
        open.push(Engine::open(&from(address), over).await);
    }
    for over in Over::BOTH {
        let refused = Engine::attempt(&from("2001:db8::3"), over)
            .await
            .err()
            .unwrap();
        assert_eq!(
            (refused.status(), &refused.json()["error"]),
            (429, &json!("address_capped"))
        );
        assert!(!refused.header("retry-after").is_empty());
        open.push(Engine::open(&from("192.0.2.1"), over).await);
    }
    assert_eq!(lab.sessions(), 4, "a refused handshake takes no place");
    open.remove(0).close().await;
    eventually("the place to be free", async || {
        Engine::attempt(&from("2001:db8::3"), Over::Polling)
            .await
            .is_ok()
    })
    .await;
    lab.stop().await;
}

#[tokio::test]
async fn of_many_handshakes_of_an_address_at_once_so_many_get_a_session() {
    let lab = lab(2, &[("SOCKETIO_MAX_CONNECTIONS_PER_IP", "4")]).await;
    let mut opening = tokio::task::JoinSet::new();
    for turn in 0..40 {
        let reach = lab.reach.clone();
        opening.spawn(async move { Engine::attempt(&reach, Over::BOTH[turn % 2]).await.ok() });
    }
    let opened = opening.join_all().await;
    assert_eq!(opened.iter().flatten().count(), 4);
    for mut engine in opened.into_iter().flatten() {
        engine.close().await;
    }
    lab.until_empty().await;
    for over in Over::BOTH {
        Engine::open(&lab.reach, over).await;
    }
    lab.stop().await;
}

#[tokio::test]
async fn handshakes_of_all_together_have_a_rate_and_are_told_to_come_back() {
    let lab = lab(2, &[("BELLGATE_HANDSHAKE_RATE", "3/hour")]).await;
    let mut open = Vec::new();
    for turn in 0..3 {
        open.push(Engine::open(&lab.reach, Over::BOTH[turn % 2]).await);
    }
    for over in Over::BOTH {
        let refused = Engine::attempt(&lab.reach, over).await.err().unwrap();
        assert_eq!(
            (refused.status(), &refused.json()["error"]),
            (503, &json!("overloaded"))
        );
        let after: u32 = refused.header("retry-after").parse().unwrap();
        assert!((1..=4).contains(&after), "{after}");
        let cause = refused.json()["cause"].as_str().unwrap().to_owned();
        assert!(cause.contains("BELLGATE_HANDSHAKE_RATE"), "{cause}");
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_reload_changes_caps_for_who_comes() {
    let lab = lab(1, &[("SOCKETIO_MAX_CONNECTIONS_PER_USER", "1")]).await;
    let _first = lab.join(Over::Websocket, &user("7")).await;
    let mut second = Client::open(&lab.reach, Over::Websocket).await;
    assert_eq!(
        refused(&mut second, "/", &user("7")).await["code"],
        "user_capped"
    );
    lab.reload(&settings(1, &[("SOCKETIO_MAX_CONNECTIONS_PER_USER", "0")]));
    for _ in 0..30 {
        // They go at once.
        lab.join(Over::Websocket, &user("7")).await;
    }
    second.connect("/", &user("7")).await.unwrap();
    lab.stop().await;
}
