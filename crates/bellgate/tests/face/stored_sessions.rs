//! Logins whose sessions Flask-Session keeps in a Redis.

use bellgate::{Received, Server};
use bellgate_peer::{Client, Over, Reach, RedisServer, Said, eventually};
use redis::cmd;
use serde_json::{Value, json};

use crate::lab::{Lab, each_way, settings};

/// A page that may connect: the web application's own.
const PAGE: &str = "http://localhost:5000";

/// A server that knows the application's sessions, with `/` and `/admin`.
async fn lab(shards: usize, redis: &RedisServer, more: &[(&str, &str)]) -> Lab {
    let url = redis.url();
    let more = [&[("BELLGATE_SESSION_REDIS_URL", url.as_str())][..], more].concat();
    Lab::start_with(settings(shards, &more), whoami).await
}

/// `whoami` answers with the user and the roles.
fn whoami(server: Server) -> Server {
    ["/", "/admin"].into_iter().fold(server, |server, name| {
        server
            .with_namespace(name)
            .on(name, "whoami", async |event: Received| {
                let member = event.socket.member();
                let roles: Vec<&str> = member.roles.iter().map(|role| &**role).collect();
                json!([member.user.as_deref(), roles])
            })
    })
}

fn page(lab: &Lab, sid: &str) -> Reach {
    let reach = lab.reach.clone().from_origin(PAGE);
    reach.with_header("Cookie", &format!("other=1; session={sid}"))
}

/// As Flask-Session writes it.
fn keep(redis: &RedisServer, sid: &str, session: &Value) {
    let key = format!("session:{sid}");
    let value = session.to_string();
    let () = redis.ask(cmd("SET").arg(key).arg(value).arg("EX").arg(3600));
}

fn end(redis: &RedisServer, sid: &str) {
    let () = redis.ask(cmd("DEL").arg(format!("session:{sid}")));
}

/// A Redis that tells of keys.
async fn telling() -> RedisServer {
    RedisServer::start(&["--notify-keyspace-events", "K$gx"]).await
}

async fn code(client: &mut Client, namespace: &str) -> String {
    let refused = client.connect(namespace, &Value::Null).await.unwrap_err();
    refused["data"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_session_that_the_cookie_names_gives_the_socket_its_user_and_roles() {
    let redis = RedisServer::start(&[]).await;
    keep(
        &redis,
        "sid",
        &json!({"_user_id": "7", "roles": ["editor"]}),
    );
    each_way(async |way| {
        let lab = lab(way.shards, &redis, &[]).await;
        let mut client = Client::join(&page(&lab, "sid"), way.over, &Value::Null).await;
        let who = client.call(&json!(["whoami"])).await;
        assert_eq!(who, json!([["7", ["editor"]]]));
        assert_eq!(code(&mut client, "/admin").await, "forbidden_role");
    })
    .await;
}

#[tokio::test]
async fn what_is_sent_behind_a_connect_waits_for_it() {
    let redis = RedisServer::start(&[]).await;
    keep(&redis, "sid", &json!({"_user_id": "7"}));
    let lab = lab(2, &redis, &[]).await;
    let mut client = Client::open(&page(&lab, "sid"), Over::Websocket).await;
    client.engine.send("0").await;
    client.engine.send("0/admin,").await;
    let mut said = Vec::new();
    for _ in 0..2 {
        said.push(client.wait_for(|_| true).await);
    }
    assert!(
        matches!(&said[..], [Said::Connected(one, _), Said::Refused(two, _)] if one == "/" && two == "/admin"),
        "{said:?}"
    );
}

#[tokio::test]
async fn who_has_no_session_there_is_told_why() {
    let redis = RedisServer::start(&[]).await;
    keep(&redis, "visitor", &json!({"theme": "dark"}));
    let () = redis.ask(cmd("SET").arg("session:pickle").arg(b"\x80\x04}."));
    each_way(async |way| {
        let lab = lab(way.shards, &redis, &[]).await;
        for (sid, expected) in [
            ("visitor", "auth_required"),
            ("gone", "session_expired"),
            ("pickle", "session_invalid"),
            ("a*", "session_invalid"),
        ] {
            let mut client = Client::open(&page(&lab, sid), way.over).await;
            assert_eq!(code(&mut client, "/").await, expected, "{sid}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ends_ends_its_connections_and_nobody_elses() {
    for (how, events) in [
        ("deleted", "K$gx"),
        ("deleted", "EA"),
        ("expired", "K$gx"),
        ("logged out", "K$gx"),
        ("rechecked", ""),
    ] {
        let redis = RedisServer::start(&["--notify-keyspace-events", events]).await;
        for sid in ["one", "two"] {
            keep(&redis, sid, &json!({"_user_id": "7"}));
        }
        let interval = if how == "rechecked" { "1s" } else { "1h" };
        let lab = lab(2, &redis, &[("BELLGATE_RECHECK_INTERVAL", interval)]).await;
        let mut gone = Vec::new();
        for over in Over::BOTH {
            gone.push(Client::join(&page(&lab, "one"), over, &Value::Null).await);
        }
        let mut stays = Client::join(&page(&lab, "two"), Over::Websocket, &Value::Null).await;
        match how {
            "expired" => {
                let () = redis.ask(cmd("PEXPIRE").arg("session:one").arg(50));
            }
            "logged out" => keep(&redis, "one", &json!({"theme": "dark"})),
            _ => end(&redis, "one"),
        }
        for client in &mut gone {
            client.closed().await;
        }
        let who = stays.call(&json!(["whoami"])).await;
        assert_eq!(who, json!([["7", []]]), "{how}");
        // Whoever comes back is let in by what there is then.
        let mut back = Client::open(&page(&lab, "one"), Over::Websocket).await;
        assert!(back.connect("/", &Value::Null).await.is_err());
    }
}

#[tokio::test]
async fn a_request_with_the_id_of_another_users_session_ends_the_connection() {
    let redis = RedisServer::start(&[]).await;
    for (sid, user) in [("one", "7"), ("again", "7"), ("other", "8")] {
        keep(&redis, sid, &json!({"_user_id": user}));
    }
    for shards in [1, 2] {
        let lab = lab(shards, &redis, &[("BELLGATE_RECHECK_INTERVAL", "1h")]).await;
        let mut client = Client::join(&page(&lab, "one"), Over::Polling, &Value::Null).await;
        let path = format!(
            "/socket.io/?EIO=4&transport=polling&sid={}",
            client.engine.sid
        );
        let send = async |sid: &str| {
            let post = page(&lab, sid).post(&path).body(r#"42["nothing"]"#);
            post.send().await
        };
        // The same user's, one that is gone, and one that could be none.
        for sid in ["again", "gone", "a*"] {
            assert!(send(sid).await.is_ok(), "{sid}");
            let who = client.call(&json!(["whoami"])).await;
            assert_eq!(who, json!([["7", []]]), "{sid}");
        }
        send("other").await;
        client.closed().await;
        // A poll is a request like any other.
        let client = Client::join(&page(&lab, "one"), Over::Polling, &Value::Null).await;
        let path = format!(
            "/socket.io/?EIO=4&transport=polling&sid={}",
            client.engine.sid
        );
        page(&lab, "other").get(&path).send().await;
        lab.until_empty().await;
    }
}

#[tokio::test]
async fn roles_that_change_change_on_the_open_connection() {
    let redis = telling().await;
    let session = |user: &str, role: &str| json!({"_user_id": user, "roles": [role]});
    keep(&redis, "sid", &session("7", "admin"));
    let lab = lab(2, &redis, &[("BELLGATE_RECHECK_INTERVAL", "1h")]).await;
    let mut client = Client::join(&page(&lab, "sid"), Over::Websocket, &Value::Null).await;
    client.connect("/admin", &Value::Null).await.unwrap();
    // The same again, as at each request.
    keep(&redis, "sid", &session("7", "admin"));
    keep(&redis, "sid", &session("7", "editor"));
    client
        .wait_for(|said| matches!(said, Said::Disconnected(of) if of == "/admin"))
        .await;
    let who = client.call(&json!(["whoami"])).await;
    assert_eq!(who, json!([["7", ["editor"]]]));
    keep(&redis, "sid", &session("8", "editor"));
    client.closed().await;
}

#[tokio::test]
async fn a_refresh_looks_at_the_session_anew_and_who_is_the_same_user_stays() {
    let redis = RedisServer::start(&[]).await;
    let key = ("BELLGATE_API_KEYS", "app:secret:manage");
    let more = [key, ("BELLGATE_RECHECK_INTERVAL", "1h")];
    for shards in [1, 2] {
        keep(&redis, "sid", &json!({"_user_id": "7", "roles": ["admin"]}));
        let lab = lab(shards, &redis, &more).await;
        let refresh = async || {
            let request = lab.reach.post("/api/v1/users/7/refresh").bearer("secret");
            assert_eq!(request.send().await.json()["connections"], 1);
        };
        let mut client = Client::join(&page(&lab, "sid"), Over::Websocket, &Value::Null).await;
        client.connect("/admin", &Value::Null).await.unwrap();
        keep(
            &redis,
            "sid",
            &json!({"_user_id": "7", "roles": ["editor"]}),
        );
        refresh().await;
        client
            .wait_for(|said| matches!(said, Said::Disconnected(of) if of == "/admin"))
            .await;
        assert_eq!(client.event().await.name, "bell:session");
        let who = client.call(&json!(["whoami"])).await;
        assert_eq!(who, json!([["7", ["editor"]]]));
        end(&redis, "sid");
        refresh().await;
        client.closed().await;
    }
}

#[tokio::test]
async fn a_store_that_is_away_logs_nobody_out_and_lets_nobody_in() {
    let mut redis = telling().await;
    keep(&redis, "sid", &json!({"_user_id": "7"}));
    let lab = lab(2, &redis, &[("BELLGATE_RECHECK_INTERVAL", "1s")]).await;
    let reach = page(&lab, "sid");
    let mut client = Client::join(&reach, Over::Websocket, &Value::Null).await;
    redis.kill();
    let path = "/socket.io/?EIO=4&transport=polling";
    eventually("handshakes to be told to stay away", async || {
        let answer = reach.get(path).send().await;
        answer.status() == 503 && answer.headers().contains_key("retry-after")
    })
    .await;
    let who = client.call(&json!(["whoami"])).await;
    assert_eq!(who, json!([["7", []]]));
    redis.revive().await;
    keep(&redis, "sid", &json!({"_user_id": "7"}));
    eventually("it to be asked again", async || {
        reach.get(path).send().await.is_ok()
    })
    .await;
    Client::join(&reach, Over::Websocket, &Value::Null).await;
}

#[tokio::test]
async fn what_was_missed_while_the_store_was_away_is_seen_when_it_is_back() {
    let mut redis = telling().await;
    keep(&redis, "sid", &json!({"_user_id": "7"}));
    let lab = lab(1, &redis, &[("BELLGATE_RECHECK_INTERVAL", "1h")]).await;
    let mut client = Client::join(&page(&lab, "sid"), Over::Websocket, &Value::Null).await;
    // It comes back empty: all sessions are over.
    redis.kill();
    redis.revive().await;
    client.closed().await;
}

#[tokio::test]
async fn its_user_needs_no_more_rights_than_the_documentation_says() {
    let rights = include_str!("../../../../docs/access.md");
    let (_, rights) = rights.split_once("ACL SETUSER bellgate ").unwrap();
    let (rights, _) = rights.split_once("```").unwrap();
    let rights = rights.split_whitespace().filter(|word| *word != "\\");
    let mut options = vec!["--notify-keyspace-events", "K$gx", "--user", "bellgate"];
    options.extend(rights);
    let redis = RedisServer::start(&options).await;
    keep(&redis, "sid", &json!({"_user_id": "7"}));
    let url = format!("{}?user=bellgate&pass=secret", redis.url());
    let more = [
        ("BELLGATE_SESSION_REDIS_URL", url.as_str()),
        ("BELLGATE_RECHECK_INTERVAL", "1h"),
    ];
    let lab = Lab::start_with(settings(1, &more), whoami).await;
    let mut client = Client::join(&page(&lab, "sid"), Over::Websocket, &Value::Null).await;
    end(&redis, "sid");
    client.closed().await;
}
