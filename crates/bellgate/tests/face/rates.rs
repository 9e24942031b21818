//! Rates of events and handshakes, and blocks for those who go on (contract §4, limits).

use bellgate::config::Settings;
use bellgate::{Connect, Received, Refused, Server, Welcome};
use bellgate_peer::{Client, Engine, Over};
use serde_json::{Value, json};

use crate::lab::{Lab, each_way, open_on, settings};

/// Settings with rates: events, handshakes.
fn rates(shards: usize, events: &str, handshakes: &str) -> Settings {
    let mut settings = settings(
        shards,
        &[
            ("SOCKETIO_RATE_LIMIT_MESSAGES", events),
            ("SOCKETIO_RATE_LIMIT_CONNECTIONS", handshakes),
        ],
    );
    settings.rates.is_on = true;
    settings
}

/// Whoever names a user is that user; `echo` answers.
fn echo(server: Server) -> Server {
    server
        .on_connect("/", async |connect: Connect| {
            let auth: Value = connect.auth().unwrap_or_default();
            let user = auth["user"].as_str().map(str::to_owned);
            Ok::<_, Refused>(user.map_or_else(Welcome::visitor, Welcome::user))
        })
        .on("/", "echo", async |event: Received| event.args)
}

async fn lab(settings: Settings) -> Lab {
    Lab::start_with(settings, echo).await
}

/// Sends an event and says whether it was answered, or what was said instead.
async fn call(client: &mut Client) -> Result<(), Value> {
    let answer = client.call(&json!(["echo", 1])).await;
    if answer == json!([1]) {
        Ok(())
    } else {
        Err(answer[0].clone())
    }
}

#[tokio::test]
async fn an_event_above_the_rate_is_refused_in_its_ack_and_by_an_event() {
    each_way(async |way| {
        let lab = lab(rates(way.shards, "2/hour", "600/minute")).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        assert_eq!(call(&mut client).await, Ok(()));
        assert_eq!(call(&mut client).await, Ok(()));
        let refused = call(&mut client).await.unwrap_err();
        assert_eq!(refused["error"], "rate_limited");
        let data = &refused["data"];
        assert_eq!(data["code"], "rate_limited");
        assert_eq!(
            (&data["category"], &data["retry"]),
            (&json!("rate_limit"), &json!("backoff"))
        );
        let after = data["retry_after"].as_u64().unwrap();
        assert!((3590..=3600).contains(&after), "{after}");
        assert!(data["retry_after_ms"].as_u64().unwrap() > 3_590_000);
        assert!(
            data["hint"]
                .as_str()
                .unwrap()
                .contains("SOCKETIO_RATE_LIMIT_MESSAGES")
        );
        let (name, args) = client.heard().await;
        assert_eq!((name.as_str(), &args[0]), ("bell:error", data));
        // Without an ack the event alone tells.
        client.emit(&json!(["echo", 1])).await;
        let (name, args) = client.heard().await;
        assert_eq!(
            (name.as_str(), &args[0]["code"]),
            ("bell:error", &json!("rate_limited"))
        );
        // Another visitor has a rate of its own.
        let mut other = lab.join(way.over, &Value::Null).await;
        assert_eq!(call(&mut other).await, Ok(()));
        lab.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_user_has_one_rate_over_all_connections_and_shards() {
    let lab = lab(rates(2, "3/hour", "600/minute")).await;
    let mut clients = Vec::new();
    for shard in [0, 1] {
        for over in Over::BOTH {
            clients.push(lab.join_on(shard, over, &json!({"user": "7"})).await);
        }
    }
    let mut outcomes = Vec::new();
    for client in &mut clients {
        outcomes.push(call(client).await.is_ok());
    }
    assert_eq!(outcomes, [true, true, true, false]);
    let mut other = lab.join(Over::Websocket, &json!({"user": "8"})).await;
    assert_eq!(call(&mut other).await, Ok(()));
    lab.stop().await;
}

#[tokio::test]
async fn a_visitor_that_goes_on_is_cut_and_its_address_blocked() {
    each_way(async |way| {
        let lab = lab(rates(way.shards, "1/hour", "600/minute")).await;
        let mut client = lab.join(way.over, &Value::Null).await;
        assert_eq!(call(&mut client).await, Ok(()));
        for _ in 0..9 {
            assert_eq!(
                call(&mut client).await.unwrap_err()["error"],
                "rate_limited"
            );
        }
        let last = call(&mut client).await.unwrap_err();
        assert_eq!(last["error"], "blocked");
        assert_eq!(last["data"]["retry_after"], 300);
        client.closed().await;
        for over in Over::BOTH {
            let refused = Engine::attempt(&lab.reach, over).await.err().unwrap();
            assert_eq!(
                (refused.status(), &refused.json()["error"]),
                (429, &json!("blocked"))
            );
            let after: u32 = refused.header("retry-after").parse().unwrap();
            assert!((290..=300).contains(&after), "{after}");
        }
        // With the rates blocks go too.
        let off = settings(way.shards, &[]);
        lab.running().reload(&off).unwrap();
        lab.join(way.over, &Value::Null).await;
        lab.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_user_that_goes_on_is_blocked_wherever_it_comes_from() {
    let lab = lab(rates(2, "1/hour", "600/minute")).await;
    let user = json!({"user": "7"});
    let mut clients = [
        lab.join_on(0, Over::Websocket, &user).await,
        lab.join_on(1, Over::Polling, &user).await,
    ];
    let mut said = Vec::new();
    for turn in 0..11 {
        said.push(call(&mut clients[turn % 2]).await.is_ok());
    }
    assert_eq!(said.iter().filter(|is_ok| **is_ok).count(), 1);
    // The tenth refused event was the first connection's; the second hears of it at its next one.
    clients[0].closed().await;
    assert_eq!(call(&mut clients[1]).await.unwrap_err()["error"], "blocked");
    clients[1].closed().await;
    let mut again = Client::open(&lab.reach, Over::Websocket).await;
    let refused = again.connect("/", &user).await.unwrap_err();
    assert_eq!(refused["data"]["code"], "blocked");
    assert!(refused["data"]["retry_after_ms"].as_u64().unwrap() > 290_000);
    // Neither the address nor another user is to blame.
    let mut other = lab.join(Over::Polling, &json!({"user": "8"})).await;
    assert_eq!(call(&mut other).await, Ok(()));
    lab.stop().await;
}

#[tokio::test]
async fn handshakes_above_the_rate_are_told_when_to_come_back() {
    let lab = lab(rates(2, "600/minute", "3/hour")).await;
    let mut open = Vec::new();
    for turn in 0..3 {
        open.push(Engine::open(&lab.reach, Over::BOTH[turn % 2]).await);
    }
    for over in Over::BOTH {
        let refused = Engine::attempt(&lab.reach, over).await.err().unwrap();
        assert_eq!(refused.status(), 429, "{over:?}");
        assert_eq!(refused.json()["error"], "rate_limited");
        assert!(refused.json()["retry_after_ms"].as_u64().unwrap() > 3_590_000);
        let after: u32 = refused.header("retry-after").parse().unwrap();
        assert!((3590..=3600).contains(&after), "{after}");
    }
    assert_eq!(lab.sessions(), 3, "a refused handshake takes no place");
    lab.stop().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_counts_and_a_block_of_ipv6_is_one() {
    let mut settings = rates(1, "600/minute", "1/hour");
    settings.listen.trusted_proxies = vec!["loopback".to_owned()];
    let lab = lab(settings).await;
    let from = |address: &str| lab.reach.clone().with_header("x-forwarded-for", address);
    for (address, is_admitted) in [
        ("192.0.2.1", true),
        ("192.0.2.2", true),
        ("192.0.2.1", false),
        ("2001:db8::1", true),
        ("2001:db8::ffff:1", false),
        ("2001:db8:0:1::1", true),
    ] {
        let outcome = Engine::attempt(&from(address), Over::Polling).await;
        assert_eq!(outcome.is_ok(), is_admitted, "{address}");
    }
    lab.stop().await;
}

#[tokio::test]
async fn clients_behind_a_proxy_that_is_not_believed_are_not_counted_by_its_address() {
    let lab = lab(rates(1, "1/hour", "1/hour")).await;
    let proxied = lab
        .reach
        .clone()
        .with_header("x-forwarded-for", "192.0.2.1");
    let mut client = Client::join(&proxied, Over::Websocket, &Value::Null).await;
    for _ in 0..11 {
        let _ = call(&mut client).await;
    }
    // This one is cut; the others behind the proxy are not.
    client.closed().await;
    for over in Over::BOTH {
        Client::join(&proxied, over, &Value::Null).await;
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_reload_changes_the_rates_of_open_connections() {
    let lab = lab(rates(2, "1/hour", "600/minute")).await;
    let mut client = Client::on(open_on(&lab.reach, 1, Over::Websocket).await);
    client.connect("/", &Value::Null).await.unwrap();
    assert_eq!(call(&mut client).await, Ok(()));
    assert!(call(&mut client).await.is_err());
    lab.running()
        .reload(&rates(2, "5/hour", "600/minute"))
        .unwrap();
    for _ in 0..5 {
        assert_eq!(call(&mut client).await, Ok(()));
    }
    assert!(call(&mut client).await.is_err());
    lab.stop().await;
}
