//! `/lab`: a namespace with one event for each thing that a server can do, for tests to drive.

use std::time::Duration;

use bellgate::{Address, Args, Connect, Received, Refused, Reply, Server, Target, Welcome};
use serde::Deserialize;
use serde_json::{Value, json};

const LAB: &str = "/lab";

/// Adds the namespace and its events.
pub(crate) fn add(server: Server) -> Server {
    server
        .on_connect(LAB, connect)
        .on(LAB, "join", async |event: Received| {
            event.socket.join(room(&event));
            Value::from(event.socket.rooms().await.len())
        })
        .on(LAB, "leave", async |event: Received| {
            event.socket.leave(room(&event));
            Value::from(event.socket.rooms().await.len())
        })
        .on(LAB, "to", to)
        .on(LAB, "ask", ask)
        .on(LAB, "ask-all", ask_all)
        .on(LAB, "kick", kick)
        .on(LAB, "slow", slow)
        .on(LAB, "whoami", whoami)
        .on(LAB, "echo", async |event: Received| event.args)
        .on(LAB, "back", async |event: Received| {
            event.socket.emit("back", event.args);
            Reply::none()
        })
        .on(LAB, "panic", async |_: Received| -> Value { panics() })
        .on_disconnect(LAB, async |gone| {
            println!("gone {} {}", gone.sid, gone.reason);
        })
}

/// A handler that breaks.
#[expect(clippy::panic, reason = "tests look at what becomes of it")]
fn panics() -> Value {
    panic!("a handler of the tests panics")
}

/// The `auth` payload of a test's client. Only this program believes it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Claim {
    user: Option<String>,
    roles: Vec<String>,
    topics: Vec<String>,
    refuse: Option<Refusal>,
    delay_ms: u64,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
    data: Option<Value>,
}

async fn connect(connect: Connect) -> Result<Welcome, Refused> {
    let claim: Claim = connect
        .auth()
        .map_err(|error| Refused::new(error.to_string()))?;
    if claim.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(claim.delay_ms)).await;
    }
    if let Some(refuse) = claim.refuse {
        let refused = Refused::new(refuse.message);
        return Err(match refuse.data {
            Some(data) => refused.with_data(data),
            None => refused,
        });
    }
    let welcome = claim.user.map_or_else(Welcome::visitor, Welcome::user);
    let welcome = claim.roles.into_iter().fold(welcome, Welcome::with_role);
    Ok(claim.topics.into_iter().fold(welcome, Welcome::with_topic))
}

fn room(event: &Received) -> String {
    event.args.get::<String>(0).unwrap_or_default()
}

/// Receivers as a test names them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Audience {
    room: Option<String>,
    rooms: Vec<String>,
    user: Option<String>,
    role: Option<String>,
    topic: Option<String>,
    sid: Option<String>,
    all: bool,
    except: Vec<String>,
    except_sids: Vec<String>,
    volatile: bool,
    timeout_ms: u64,
    event: String,
    args: Vec<Value>,
}

impl Audience {
    fn address(&self, event: &Received) -> Option<Address> {
        let rooms = self
            .room
            .iter()
            .chain(&self.rooms)
            .map(|name| Target::Room(name.as_str().into()));
        let user = self
            .user
            .iter()
            .map(|name| Target::User(name.as_str().into()));
        let role = self
            .role
            .iter()
            .map(|name| Target::Role(name.as_str().into()));
        let topic = self
            .topic
            .iter()
            .map(|name| Target::Topic(name.as_str().into()));
        let sid = self
            .sid
            .iter()
            .map(|name| Target::Socket(name.as_str().into()));
        let all = self.all.then_some(Target::All);
        let mut targets = rooms
            .chain(user)
            .chain(role)
            .chain(topic)
            .chain(sid)
            .chain(all);
        let address = event.socket.emitter().to(targets.next()?).namespace(LAB);
        let address = targets.fold(address, Address::and);
        let except = self
            .except
            .iter()
            .map(|name| Target::Room(name.as_str().into()));
        let sids = self
            .except_sids
            .iter()
            .map(|sid| Target::Socket(sid.as_str().into()));
        let address = except.chain(sids).fold(address, Address::except);
        Some(if self.volatile {
            address.volatile()
        } else {
            address
        })
    }

    fn args(&self) -> Args {
        self.args.iter().fold(Args::new(), Args::json)
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

async fn to(event: Received) -> Value {
    let audience: Audience = event.args.get(0).unwrap_or_default();
    let Some(address) = audience.address(&event) else {
        return json!({"error": "nobody is named"});
    };
    let count = address.clone().count().await;
    let attachments = event.args.attachments().iter().cloned();
    address.emit(
        &audience.event,
        attachments.fold(audience.args(), Args::binary),
    );
    Value::from(count)
}

async fn ask(event: Received) -> Args {
    let audience: Audience = event.args.get(0).unwrap_or_default();
    let answer = event
        .socket
        .ask("question", audience.args(), audience.timeout())
        .await;
    answer.unwrap_or_else(|| json!({"timeout": true}).into())
}

async fn ask_all(event: Received) -> Value {
    let audience: Audience = event.args.get(0).unwrap_or_default();
    let Some(address) = audience.address(&event) else {
        return json!({"error": "nobody is named"});
    };
    let got = address
        .ask("question", audience.args(), audience.timeout())
        .await;
    let answers: Vec<Value> = got
        .answers
        .iter()
        .map(|(_, args)| args.get(0).unwrap_or_default())
        .collect();
    json!({"answers": answers, "missing": got.missing})
}

/// What `kick` is told.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Kick {
    close: bool,
}

async fn kick(event: Received) -> Reply {
    let kick: Kick = event.args.get(0).unwrap_or_default();
    event.socket.disconnect(kick.close);
    Reply::none()
}

/// What `slow` is told.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Slow {
    ms: u64,
    value: Value,
}

async fn slow(event: Received) -> Value {
    let slow: Slow = event.args.get(0).unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(slow.ms)).await;
    slow.value
}

async fn whoami(event: Received) -> Value {
    let rooms: Vec<Value> = event.socket.rooms().await.iter().map(name).collect();
    let member = event.socket.member();
    json!({
        "sid": event.socket.sid(), "user": member.user.as_deref(), "rooms": rooms,
        "roles": member.roles.iter().map(|role| &**role).collect::<Vec<_>>(),
        "topics": member.topics.iter().map(|topic| &**topic).collect::<Vec<_>>(),
    })
}

fn name(target: &Target) -> Value {
    match target {
        Target::All => json!("all"),
        Target::User(name) => json!({"user": &**name}),
        Target::Role(name) => json!({"role": &**name}),
        Target::Topic(name) => json!({"topic": &**name}),
        Target::Room(name) => json!({"room": &**name}),
        Target::Socket(sid) => json!({"sid": &**sid}),
    }
}
