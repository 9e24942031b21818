//! Names that want to be somebody else's: ids of users, rooms that belong to others, texts for the log.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bellgate::{Received, Server};
use bellgate_peer::{Client, Over};
use serde_json::{Value, json};
use xtask::signing::SECRET;

use crate::support::http::{fetch, get};
use crate::support::lab::Lab;
use crate::support::logins::{PAGE, page, session, signed, whoami};
use crate::support::polling::OPEN;
use crate::support::process::Process;
use crate::support::tenth;
use crate::support::wait::{SOON, until};

/// Ids that a joined key could take for others, or for everybody.
const IDS: [&str; 16] = [
    "1",
    "1_2",
    "1:admin",
    "1:2",
    "user:1",
    "user_1",
    "role:admin",
    "a/b",
    "/",
    "/admin",
    "*",
    "?",
    "all",
    "null",
    "1\n2",
    "1,2",
];

/// `join` puts its sender into whatever room it names, as careless programs do.
fn careless(server: Server) -> Server {
    whoami(server).on("/", "join", async |event: Received| {
        let room: String = event.args.get(0).unwrap_or_default();
        event.socket.join(room);
        "joined"
    })
}

/// What a client has heard until a last event for everybody, which comes behind whatever was sent before.
async fn heard(client: &mut Client) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        match client.heard().await.0 {
            name if name == "last" => return names,
            name => names.push(name),
        }
    }
}

/// Tells everybody that no more comes.
fn end(lab: &Lab) {
    lab.emitter().to_all().emit("last", json!([]));
}

/// Row 32: CVE-2026-39972 of Mercure. What is for one user is for that one alone, however the id is written.
#[tokio::test]
async fn no_id_of_a_user_stands_for_another_users() {
    let lab = Lab::built(&[("SECRET_KEY", SECRET)], careless).await;
    let long = "1".repeat(1_000);
    let ids: Vec<&str> = IDS.into_iter().chain([long.as_str()]).collect();
    for over in Over::BOTH {
        let mut clients = Vec::new();
        for id in &ids {
            let own = page(&lab.reach(), &session(id));
            clients.push(Client::join(&own, over, &Value::Null).await);
        }
        for (turn, id) in ids.iter().enumerate() {
            lab.emitter()
                .to_user(*id)
                .emit(&format!("for-{turn}"), json!([]));
            let event = format!("api-{turn}");
            let body = json!({"event": event, "args": [], "to": {"user": id}});
            let request = lab
                .reach()
                .post("/api/v1/emit")
                .bearer("lab-key-of-the-attacks");
            let status = request.json(&body).send().await.status();
            let expected = if id.len() > 256 { 422 } else { 202 };
            assert_eq!(status, expected, "{id}");
        }
        end(&lab);
        for (turn, client) in clients.iter_mut().enumerate() {
            let mut expected = vec![format!("for-{turn}"), format!("api-{turn}")];
            if ids[turn].len() > 256 {
                expected.pop();
            }
            assert_eq!(heard(client).await, expected, "{:?}", ids[turn]);
            client.engine.close().await;
        }
        // An empty id would be everybody's: it is nobody's.
        let mut nobody = Client::open(&page(&lab.reach(), &session("")), over).await;
        let refused = nobody.connect("/", &Value::Null).await.unwrap_err();
        assert_eq!(refused["data"]["code"], "auth_required");
        nobody.engine.close().await;
    }
    lab.must_end().await;
}

/// Row 32: a room is a room, even where a program lets clients name it: nobody's own messages come by it,
/// nor a role's, nor a socket's.
#[tokio::test]
async fn no_room_is_another_users_role_or_socket() {
    let lab = Lab::built(&[("SECRET_KEY", SECRET)], careless).await;
    for over in Over::BOTH {
        let own = page(&lab.reach(), &session("1"));
        let mut victim = Client::open(&own, over).await;
        let sid = victim.connect("/", &Value::Null).await.unwrap();
        let mut thief = Client::join(&page(&lab.reach(), &session("2")), over, &Value::Null).await;
        let rooms = IDS.into_iter().chain([
            "user:1",
            "User(1)",
            "role",
            "admin",
            "",
            &sid,
            &victim.engine.sid,
        ]);
        for room in rooms {
            thief.call(&json!(["join", room])).await;
        }
        let emitter = lab.emitter();
        emitter.to_user("1").emit("to the user", json!([]));
        emitter
            .to(bellgate::Target::Role("admin".into()))
            .emit("to the role", json!([]));
        emitter
            .to(bellgate::Target::Topic("1".into()))
            .emit("to the topic", json!([]));
        emitter
            .to(bellgate::Target::Socket(sid.as_str().into()))
            .emit("to the socket", json!([]));
        emitter.to_room("1").emit("to the room", json!([]));
        end(&lab);
        assert_eq!(heard(&mut thief).await, ["to the room"], "{over:?}");
        assert_eq!(
            heard(&mut victim).await,
            ["to the user", "to the socket"],
            "{over:?}"
        );
        thief.engine.close().await;
        victim.engine.close().await;
    }
    lab.must_end().await;
}

/// Row 33: whoever asks for rooms by name learns of none whether it is there, and is in none.
#[tokio::test]
async fn rooms_can_be_neither_joined_nor_found_by_their_names() {
    let lab = Lab::built(&[("SECRET_KEY", SECRET)], careless_for_others).await;
    let mut member = Client::join(
        &page(&lab.reach(), &session("2")),
        Over::Websocket,
        &Value::Null,
    )
    .await;
    member.call(&json!(["enter"])).await;
    for over in Over::BOTH {
        let mut client = Client::join(&page(&lab.reach(), &session("7")), over, &Value::Null).await;
        let there = [
            "user_2",
            "2",
            "admin_notifications",
            "secret-room",
            "/admin",
        ];
        let count = if over == Over::Websocket {
            tenth(100_000)
        } else {
            500
        };
        let mut told = HashSet::new();
        // What could be told apart could be so in each round; what happens beside the test is not.
        let mut rounds = Vec::new();
        let is_alike =
            |[there, absent]: &[Duration; 2]| there.max(absent) < &(*there.min(absent) * 3 / 2);
        while !rounds.last().is_some_and(is_alike) {
            assert!(rounds.len() < 10, "what is there, and else: {rounds:?}");
            // The first round has them all.
            let count = if rounds.is_empty() { count } else { 500 };
            rounds.push(medians_of(&mut client, there, count, &mut told).await);
        }
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told.iter()
                .any(|answer| answer.contains("events_unavailable")),
            "{told:?}"
        );
        for room in there {
            lab.emitter().to_room(room).emit("overheard", json!([]));
        }
        lab.emitter().to_user("2").emit("overheard", json!([]));
        end(&lab);
        assert!(heard(&mut client).await.is_empty());
        client.engine.close().await;
    }
    member.engine.close().await;
    lab.must_end().await;
}

/// `enter` is a program's own rule: whoever may gets into the room.
fn careless_for_others(server: Server) -> Server {
    whoami(server).on("/", "enter", async |event: Received| {
        event.socket.join("secret-room");
        "joined"
    })
}

/// How long it takes to ask for these rooms and, in turns, for others, so often: the median of each. What
/// is told goes to `told`.
async fn medians_of(
    client: &mut Client,
    there: [&str; 5],
    count: usize,
    told: &mut HashSet<String>,
) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..count {
        let absent = format!("absent-{turn}");
        for (kind, room) in [there[turn % there.len()], &absent].into_iter().enumerate() {
            let begun = Instant::now();
            let answer = client.call(&json!(["join_room", room])).await;
            times[kind].push(begun.elapsed());
            told.insert(answer.to_string());
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    })
}

/// Row 33: whoever goes on is limited, then sent away.
#[tokio::test]
async fn whoever_tries_names_without_end_is_limited_and_sent_away() {
    let rates = [
        ("SECRET_KEY", SECRET),
        ("SOCKETIO_RATE_LIMITING", "true"),
        ("SOCKETIO_RATE_LIMIT_MESSAGES", "50/minute"),
    ];
    for over in Over::BOTH {
        let mut process = Process::start(&rates).await;
        let before = process.told().len();
        let own = page(&process.reach(), &session("7"));
        let mut client = Client::join(&own, over, &Value::Null).await;
        // As many as the rate allows, and so many more that are forgiven.
        for turn in 0..50 + 10 {
            client
                .emit(&json!(["join_room", format!("user_{turn}")]))
                .await;
        }
        client.closed().await;
        until(SOON, async || {
            let told = process.told();
            let is_told = told[before..].iter().any(|code| code == "rate_limited");
            (!is_told).then(|| format!("{told:?}"))
        })
        .await;
        let mut again = Client::open(&own, over).await;
        let refused = again.connect("/", &Value::Null).await.unwrap_err();
        assert_eq!(refused["data"]["code"], "blocked");
        process.must_run().await;
    }
}

/// Row 39: names that a client sends inside the protocol are told on one line, cut and escaped, on either
/// transport, before and after CONNECT.
#[tokio::test]
async fn names_that_clients_send_forge_no_line_of_the_log() {
    let settings = [("SECRET_KEY", SECRET), ("SOCKETIO_LOG_LEVEL", "TRACE")];
    let mut process = Process::start(&settings).await;
    let long = "x".repeat(200);
    let hostile = [
        "\r\n{\"level\":\"ERROR\",\"forged\":\"line\"}",
        "\u{1b}[2J\u{1b}[31m",
        "\u{202e}txt.exe",
        "\u{2028}\u{2029}\u{85}",
        "\"}{\"forged\":\"line\"}",
        "\u{0}\u{7f}\u{feff}",
        &long,
    ];
    for over in Over::BOTH {
        for text in hostile {
            let user = page(
                &process.reach(),
                &signed(&json!({"_user_id": format!("7{text}")})),
            );
            let mut client = Client::open(&user, over).await;
            let namespace = format!("/{}", text.replace(',', ""));
            let refused = client.connect(&namespace, &Value::Null).await;
            assert!(refused.is_err(), "{text:?}");
            client.connect("/", &Value::Null).await.unwrap();
            client.connect("/admin", &Value::Null).await.unwrap_err();
            client.ask("/", &json!([format!("e{text}"), text])).await;
            client.engine.close().await;
        }
    }
    let query = "&token=query-secret-of-row-39&EIO=4%0d%0a&x=%1b%5b31m";
    fetch(
        process.target,
        &get(&format!("{OPEN}{query}"), &format!("Origin: {PAGE}\r\n")),
    )
    .await;
    process.must_run().await;
    for line in process.log().lines() {
        let object: Value = serde_json::from_str(line).expect("each line is one object");
        assert!(object["forged"].is_null() && line.len() < 6_000, "{line}");
        let is_plain = |c: char| !c.is_control() && !"\u{202e}\u{2028}\u{2029}\u{feff}".contains(c);
        assert!(line.chars().all(is_plain), "{line:?}");
    }
    process.must_not_tell(["query-secret-of-row-39"]);
}
