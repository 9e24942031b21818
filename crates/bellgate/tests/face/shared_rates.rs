//! Rates that several processes count together in a Redis, an application with Flask-Limiter among them.

use bellgate::config::Settings;
use bellgate::{Connect, Received, Refused, Server, Welcome};
use bellgate_peer::{Client, Over, RedisServer, eventually};
use redis::{Cmd, cmd};
use serde_json::{Value, json};

use crate::lab::{Lab, settings};

/// Where the events of user 7 are counted below.
const KEY: &str = "LIMITS:LIMITER/7/notify/3/1/hour";

fn shared(server: &RedisServer, strategy: &str, more: &[(&str, &str)]) -> Settings {
    let url = server.url();
    let base = [
        ("BELLGATE_LIMITS_REDIS_URL", url.as_str()),
        ("BELLGATE_LIMITS_SCOPE", "notify"),
        ("SOCKETIO_RATE_LIMIT_MESSAGES", "3/hour"),
        ("SOCKETIO_RATE_LIMIT_STRATEGY", strategy),
    ];
    let mut settings = settings(2, &[&base[..], more].concat());
    settings.rates.is_on = true;
    settings
}

async fn lab(settings: Settings) -> Lab {
    let echo = |server: Server| {
        server
            .on_connect("/", async |connect: Connect| {
                let auth: Value = connect.auth().unwrap_or_default();
                let user = auth["user"].as_str().map(str::to_owned);
                Ok::<_, Refused>(user.map_or_else(Welcome::visitor, Welcome::user))
            })
            .on("/", "echo", async |event: Received| event.args)
    };
    Lab::start_with(settings, echo).await
}

/// Sends an event; whether it was let in.
async fn call(client: &mut Client) -> bool {
    client.call(&json!(["echo", 1])).await == json!([1])
}

async fn user_7(lab: &Lab) -> Client {
    lab.join(Over::Websocket, &json!({"user": "7"})).await
}

/// Waits until the server tells others what it counts: of users who are nobody's below.
async fn until_shared(lab: &Lab, server: &RedisServer) {
    let before: u64 = server.ask(&cmd("DBSIZE"));
    let mut users = 100..;
    eventually("the counts to be shared", async || {
        let user = users.next().map(|user| user.to_string());
        let mut client = lab.join(Over::Websocket, &json!({"user": user})).await;
        call(&mut client).await;
        server.ask::<u64>(&cmd("DBSIZE")) > before
    })
    .await;
}

/// Waits until this many have been told, which they are after their answer.
async fn until_told(server: &RedisServer, kept: &Cmd, count: u64) {
    eventually("what was let in to be told", async || {
        server.ask::<Option<u64>>(kept) >= Some(count)
    })
    .await;
}

fn count(server: &RedisServer) -> u64 {
    let count: Option<u64> = server.ask(cmd("GET").arg(KEY));
    count.unwrap_or_default()
}

#[tokio::test]
async fn what_an_application_has_counted_counts_here() {
    let server = RedisServer::start(&[]).await;
    let lab = lab(shared(&server, "fixed-window", &[])).await;
    until_shared(&lab, &server).await;
    // As the script of `limits` leaves it after three requests.
    let () = server.ask(cmd("SET").arg(KEY).arg(3).arg("EX").arg(3600));
    eventually(
        "a user that joins to be known as one that has used up the rate",
        async || {
            let mut client = user_7(&lab).await;
            // Read at the join, by a task that the event may overtake once.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            !call(&mut client).await
        },
    )
    .await;
    // Told after the answer, by the same task.
    eventually("a refused event to count in a fixed window", async || {
        count(&server) > 3
    })
    .await;
}

#[tokio::test]
async fn two_servers_have_one_budget() {
    for strategy in ["fixed-window", "sliding-window-counter", "moving-window"] {
        let server = RedisServer::start(&[]).await;
        let labs = [
            lab(shared(&server, strategy, &[])).await,
            lab(shared(&server, strategy, &[])).await,
        ];
        for lab in &labs {
            until_shared(lab, &server).await;
        }
        let mut clients = Vec::new();
        for lab in &labs {
            clients.push(user_7(lab).await);
        }
        let kept = match strategy {
            "fixed-window" => cmd("GET").arg(KEY).clone(),
            "moving-window" => cmd("LLEN").arg(KEY).clone(),
            _ => cmd("GET").arg("LIMITS:{LIMITER/7/notify/3/1/hour}").clone(),
        };
        // Three fit; what comes after may overtake the exchange by one.
        let mut let_in = 0;
        eventually("both to refuse", async || {
            let mut refused = 0;
            for client in &mut clients {
                if call(client).await {
                    let_in += 1;
                    // What is above the rate is not told by each strategy.
                    until_told(&server, &kept, let_in.min(3)).await;
                } else {
                    refused += 1;
                }
            }
            refused == 2
        })
        .await;
        assert!((3..=5).contains(&let_in), "{strategy}: {let_in}");
    }
}

#[tokio::test]
async fn every_event_of_a_user_is_counted_where_flask_limiter_counts() {
    let server = RedisServer::start(&[]).await;
    let more = [("SOCKETIO_RATE_LIMIT_MESSAGES", "1000/hour")];
    let lab = lab(shared(&server, "fixed-window", &more)).await;
    until_shared(&lab, &server).await;
    let mut client = user_7(&lab).await;
    for _ in 0..100 {
        assert!(call(&mut client).await);
    }
    let key = "LIMITS:LIMITER/7/notify/1000/1/hour";
    eventually("all to be told", async || {
        server.ask::<Option<u64>>(cmd("GET").arg(key)) == Some(100)
    })
    .await;
    let left: i64 = server.ask(cmd("TTL").arg(key));
    assert!((3000..=3600).contains(&left), "{left}");
}

#[tokio::test]
async fn handshakes_of_one_address_are_counted_together_too() {
    let server = RedisServer::start(&[]).await;
    let more = [
        ("SOCKETIO_RATE_LIMIT_CONNECTIONS", "5/hour"),
        ("BELLGATE_TRUSTED_PROXIES", "loopback"),
    ];
    let labs = [
        lab(shared(&server, "fixed-window", &more)).await,
        lab(shared(&server, "fixed-window", &more)).await,
    ];
    let open = async |lab: &Lab, address: &str| {
        let opened = lab.reach.get("/socket.io/?EIO=4&transport=polling");
        let opened = opened.header("X-Forwarded-For", address);
        opened.send().await.is_ok()
    };
    for lab in &labs {
        let before: u64 = server.ask(&cmd("DBSIZE"));
        let mut hosts = 0_u16..;
        eventually("the counts to be shared", async || {
            let [net, host] = hosts.next().unwrap_or_default().to_be_bytes();
            open(lab, &format!("198.18.{net}.{host}")).await;
            server.ask::<u64>(&cmd("DBSIZE")) > before
        })
        .await;
    }
    let kept = "LIMITS:LIMITER/192.0.2.1/bellgate-handshakes/5/1/hour";
    let kept = cmd("GET").arg(kept).clone();
    let mut let_in = 0;
    eventually("both to refuse", async || {
        let mut refused = 0;
        for lab in &labs {
            if open(lab, "192.0.2.1").await {
                let_in += 1;
                until_told(&server, &kept, let_in).await;
            } else {
                refused += 1;
            }
        }
        refused == 2
    })
    .await;
    assert!((5..=8).contains(&let_in), "{let_in}");
}

#[tokio::test]
async fn a_redis_that_is_away_leaves_each_to_count_alone_and_is_used_again() {
    let mut server = RedisServer::absent(&[]);
    let lab = lab(shared(&server, "fixed-window", &[])).await;
    let mut client = user_7(&lab).await;
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(call(&mut client).await);
    }
    assert_eq!(outcomes, [true, true, true, false]);
    server.revive().await;
    until_shared(&lab, &server).await;
}
