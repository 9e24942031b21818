//! What members say and hear, and how a membership ends.

use bellgate::{Args, Target};
use bellgate_peer::{Answer, Client, Event, Over, PATIENCE, Packet, Said};
use bytes::Bytes;
use serde_json::{Value, json};
use xtask::signing;

use super::{ADMIN, FOR_EDITORS, LOBBY, Place, ROOT, program, token, with_logins};
use crate::lab::Lab;
use crate::logins::{PAGE, now, page, refused};

in_each_namespace! {
    an_event_is_answered_before_and_after_an_upgrade
    attachments_go_both_ways
    members_answer_what_the_server_asks
    what_is_sent_in_the_namespace_stays_there
    an_event_above_the_rate_is_refused_in_its_ack_and_by_an_event
    an_event_to_a_namespace_that_was_not_joined_ends_the_connection
    an_event_that_crosses_a_disconnect_is_dropped
    who_leaves_may_join_again
    roles_that_are_taken_end_the_membership_and_roles_that_are_given_let_in
    a_disconnect_by_the_program_ends_the_membership_alone
    a_disconnect_by_an_operator_ends_the_connection
    a_membership_ends_with_its_login
}

async fn an_event_is_answered_before_and_after_an_upgrade(at: Place) {
    let lab = at.lab(&[]).await;
    let mut client = at.join(&page(&lab, &at.session("7"))).await;
    for _ in 0..2 {
        let answer = at.call(&mut client, json!(["echo", 1, {"ü": []}])).await;
        assert_eq!(answer, json!([1, {"ü": []}]));
        let user = lab.emitter().to_user("7").namespace(at.namespace);
        user.emit("news", ());
        let event = client.event().await;
        assert_eq!((&*event.namespace, &*event.name), (at.namespace, "news"));
        client.engine.upgrade().await;
    }
}

/// Calls `echo` with attachments.
async fn echo_binary(at: Place, client: &mut Client, parts: [&'static [u8]; 2]) -> Vec<Bytes> {
    // No other call has this id.
    let id = 1_000_000;
    let hole = |num: u8| json!({"_placeholder": true, "num": num});
    let args = json!([hole(0), hole(1)]);
    let array = json!(["echo", hole(0), hole(1)]);
    let header = Packet::Text(format!("452-{}{id}{array}", at.prefix()));
    let [first, second] = parts.map(|part| Packet::Binary(Bytes::from_static(part)));
    client.engine.send_all(&[header, first, second]).await;
    let (answer, attachments) = client.answer(id).await;
    assert_eq!(answer, args);
    attachments
}

async fn attachments_go_both_ways(at: Place) {
    let lab = at.lab(&[]).await;
    let mut client = at.join(&page(&lab, &at.session("7"))).await;
    let parts: [&[u8]; 2] = [b"one", &[0xfe; 10_000]];
    assert_eq!(echo_binary(at, &mut client, parts).await, parts);
    let args = Args::new().json(&1).binary(parts[0]).binary(parts[1]);
    let all = lab.emitter().to_all().namespace(at.namespace);
    all.emit("picture", args);
    let event = client.event().await;
    assert_eq!(
        (&*event.namespace, &event.args[0]),
        (at.namespace, &json!(1))
    );
    assert_eq!(event.attachments, parts);
}

async fn members_answer_what_the_server_asks(at: Place) {
    let lab = at.lab(&[]).await;
    let mut client = at.join(&page(&lab, &at.session("7"))).await;
    let user = lab.emitter().to_user("7").namespace(at.namespace);
    let answering = async {
        let event = client.event().await;
        client.ack(&event, &json!(["yes"])).await;
    };
    let (answers, ()) = tokio::join!(user.ask("sure?", (), PATIENCE), answering);
    assert_eq!((answers.answers.len(), answers.missing), (1, 0));
    assert_eq!(answers.answers[0].1.get::<String>(0).unwrap(), "yes");
}

/// A client that has joined both namespaces and the lobby, and entered a room in these.
async fn in_all(at: Place, lab: &Lab, user: &str, rooms_in: &[&str]) -> Client {
    let reach = page(lab, &json!({"_user_id": user, "roles": ["admin"]}));
    let mut client = Client::open(&reach, at.way.over).await;
    for name in [ROOT.namespace, ADMIN.namespace, LOBBY] {
        client.connect(name, &Value::Null).await.unwrap();
    }
    for name in rooms_in {
        client.call_to(name, &json!(["enter", "blue"])).await;
    }
    client
}

async fn what_is_sent_in_the_namespace_stays_there(at: Place) {
    let lab = at.lab(&[]).await;
    let other = at.other();
    let mut seven = in_all(at, &lab, "7", &[at.namespace, other, LOBBY]).await;
    let mut eight = in_all(at, &lab, "8", &[other, LOBBY]).await;
    for (target, label) in [
        (Target::Room("blue".into()), "room"),
        (Target::User("7".into()), "user"),
        (Target::All, "all"),
    ] {
        let to = lab.emitter().to(target).namespace(at.namespace);
        to.emit("news", json!(label));
    }
    // Behind this answer the events have been sent.
    assert_eq!(at.count(&lab).await, 2);
    for (client, labels) in [
        (&mut seven, &["room", "user", "all"][..]),
        (&mut eight, &["all"]),
    ] {
        for name in [ROOT.namespace, ADMIN.namespace, LOBBY] {
            client.call_to(name, &json!(["echo"])).await;
        }
        let heard = labels.iter().map(|label| {
            Said::Event(Event {
                namespace: at.namespace.to_owned(),
                name: "news".to_owned(),
                args: vec![json!(label)],
                attachments: Vec::new(),
                ack: None,
            })
        });
        assert_eq!(client.kept(), heard.collect::<Vec<_>>());
    }
}

async fn an_event_above_the_rate_is_refused_in_its_ack_and_by_an_event(at: Place) {
    let of_all = [("SOCKETIO_RATE_LIMIT_MESSAGES", "2/hour")];
    let of_rows = [
        ("BELLGATE_NAMESPACE_RATE", "2/hour"),
        ("BELLGATE_NAMESPACE_ADMIN_RATE", "2/hour"),
    ];
    for rates in [&of_all[..], &of_rows] {
        let mut settings = with_logins(at.way.shards, rates);
        settings.rates.is_on = true;
        let lab = Lab::start_with(settings, program).await;
        let mut client = at.join(&page(&lab, &at.session("7"))).await;
        for _ in 0..2 {
            let answer = at.call(&mut client, json!(["echo", 1])).await;
            assert_eq!(answer, json!([1]));
        }
        let answer = at.call(&mut client, json!(["echo", 1])).await;
        assert_eq!(answer[0]["error"], "rate_limited");
        let data = &answer[0]["data"];
        assert_eq!(data["code"], "rate_limited");
        assert!(data["retry_after_ms"].as_u64().unwrap() > 3_590_000);
        let event = client.event().await;
        assert_eq!(
            (&*event.namespace, &*event.name),
            (at.namespace, "bell:error")
        );
        assert_eq!(&event.args[0], data);
    }
}

async fn an_event_to_a_namespace_that_was_not_joined_ends_the_connection(at: Place) {
    let lab = at.lab(&[]).await;
    for (reach, auth) in at.logins(&lab) {
        let mut client = Client::open(&reach, at.way.over).await;
        client.connect(LOBBY, &auth).await.unwrap();
        client.ask(at.namespace, &json!(["echo", 1])).await;
        let end = match at.way.over {
            Over::Polling => "close packet",
            Over::Websocket => "1002 packet_out_of_place",
        };
        assert_eq!(client.closed().await, end);
        assert_eq!(client.kept(), []);
    }
    lab.until_empty().await;
}

async fn an_event_that_crosses_a_disconnect_is_dropped(at: Place) {
    let lab = at.lab(&[]).await;
    let mut client = at.join(&page(&lab, &at.session("7"))).await;
    client.connect(LOBBY, &Value::Null).await.unwrap();
    client.emit_to(at.namespace, &json!(["kick"])).await;
    until_out(at, &mut client).await;
    client.ask(at.namespace, &json!(["echo", 1])).await;
    let answer = client.call_to(LOBBY, &json!(["echo", 2])).await;
    assert_eq!(answer, json!([2]));
    assert_eq!(client.kept(), []);
}

/// Waits until the server has taken the client out of the namespace.
async fn until_out(at: Place, client: &mut Client) {
    let said = client
        .wait_for(|said| matches!(said, Said::Disconnected(_)))
        .await;
    assert_eq!(said, Said::Disconnected(at.namespace.to_owned()));
}

async fn who_leaves_may_join_again(at: Place) {
    let lab = at.lab(&[]).await;
    let mut client = Client::open(&page(&lab, &at.session("7")), at.way.over).await;
    let first = client.connect(at.namespace, &Value::Null).await.unwrap();
    at.call(&mut client, json!(["enter", "blue"])).await;
    client.leave(at.namespace).await;
    at.is_deaf(&lab, &mut client).await;
    let second = client.connect(at.namespace, &Value::Null).await.unwrap();
    assert_ne!(first, second);
    let who = at.call(&mut client, json!(["whoami"])).await;
    assert_eq!(who, json!([["7", at.roles]]));
    // Its rooms of before are none of the new one's.
    let room = lab.emitter().to_room("blue").namespace(at.namespace);
    assert_eq!(room.count().await, 0);
    assert_eq!(at.count(&lab).await, 1);
}

/// What an operator asks for user 7.
async fn ask(lab: &Lab, what: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/users/7/{what}");
    let answer = lab
        .reach
        .post(&path)
        .bearer("secret")
        .json(body)
        .send()
        .await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer
}

async fn roles_that_are_taken_end_the_membership_and_roles_that_are_given_let_in(at: Place) {
    let lab = at.lab(&FOR_EDITORS).await;
    let session = json!({"_user_id": "7", "roles": ["editor"]});
    let mut client = at.join(&page(&lab, &session)).await;
    client.connect(LOBBY, &Value::Null).await.unwrap();
    ask(&lab, "refresh", &json!({"roles": ["writer"]})).await;
    until_out(at, &mut client).await;
    let event = client.event().await;
    assert_eq!((&*event.namespace, &*event.name), (LOBBY, "bell:session"));
    assert_eq!(event.args[0]["roles"], json!(["writer"]));
    assert_eq!(at.count(&lab).await, 0);
    let code = refused(&mut client, at.namespace, &Value::Null).await;
    assert_eq!(code, "forbidden_role");
    ask(&lab, "refresh", &json!({"roles": ["editor"]})).await;
    assert_eq!(client.event().await.name, "bell:session");
    client.connect(at.namespace, &Value::Null).await.unwrap();
    let who = at.call(&mut client, json!(["whoami"])).await;
    assert_eq!(who, json!([["7", ["editor"]]]));
}

async fn a_disconnect_by_the_program_ends_the_membership_alone(at: Place) {
    let lab = at.lab(&[]).await;
    let mut seven = at.join(&page(&lab, &at.session("7"))).await;
    seven.connect(LOBBY, &Value::Null).await.unwrap();
    let mut eight = at.join(&page(&lab, &at.session("8"))).await;
    let user = || lab.emitter().to_user("7").namespace(at.namespace);
    user().disconnect(false);
    until_out(at, &mut seven).await;
    assert_eq!(seven.call_to(LOBBY, &json!(["echo", 1])).await, json!([1]));
    seven.connect(at.namespace, &Value::Null).await.unwrap();
    // Or the connection with it, where the program says so.
    user().disconnect(true);
    seven.closed().await;
    assert_eq!(at.call(&mut eight, json!(["echo", 1])).await, json!([1]));
}

async fn a_disconnect_by_an_operator_ends_the_connection(at: Place) {
    let lab = at.lab(&[]).await;
    let mut seven = at.join(&page(&lab, &at.session("7"))).await;
    let mut eight = at.join(&page(&lab, &at.session("8"))).await;
    let answer = ask(&lab, "disconnect", &json!({})).await;
    assert_eq!(answer.json(), json!({"user": "7", "connections": 1}));
    seven.closed().await;
    let out = Said::Disconnected(at.namespace.to_owned());
    assert_eq!(seven.kept(), [out]);
    assert_eq!(at.call(&mut eight, json!(["echo", 1])).await, json!([1]));
    // It is no block.
    at.join(&page(&lab, &at.session("7"))).await;
}

async fn a_membership_ends_with_its_login(at: Place) {
    let lab = at.lab(&[("PERMANENT_SESSION_LIFETIME", "100")]).await;
    // Time enough to join twice.
    let end = now() + 5;
    let signed = signing::session_at(&at.session("7").to_string(), end - 100);
    let own_page = lab.reach.clone().from_origin(PAGE);
    let by_cookie = own_page.with_header("Cookie", &format!("session={signed}"));
    let mut clients = [
        at.join(&by_cookie).await,
        at.join_with(&lab.reach, &token(at.roles, end)).await,
    ];
    for client in &mut clients {
        let event = client.event().await;
        assert_eq!(
            (&*event.namespace, &*event.name),
            (at.namespace, "bell:expiring")
        );
        client.closed().await;
        assert_eq!(
            client.kept(),
            [],
            "never by 41: a stock client would stay away"
        );
    }
    assert!(now() >= end);
    lab.until_empty().await;
}
