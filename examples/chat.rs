//! A chat: people with names, rooms that they enter, and what they say there.
//!
//! `cargo run -p bellgate --example chat`, then connect with `{auth: {name: "Ada"}}`.

use std::time::Duration;

use bellgate::config::{Sources, environment};
use bellgate::{Connect, Gone, Received, Refused, Reply, Server, Settings, Target, Welcome};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let loaded = Settings::load(&Sources::new().with_environment(environment()));
    for warning in &loaded.warnings {
        eprintln!("{warning}");
    }
    let server = Server::from_settings(loaded.settings)
        .on_connect("/", who_is_it)
        .on("/", "enter", enter)
        .on("/", "say", say)
        .on("/", "who-is-here", who_is_here)
        .on_disconnect("/", async |gone: Gone| {
            let name = gone.member.user.unwrap_or_default();
            println!("{name} left: {}", gone.reason);
        });
    let running = server.start().await?;
    println!("listening on {}", running.bound().join(", "));
    tokio::signal::ctrl_c().await?;
    // Everybody is closed within BELLGATE_DRAIN_WINDOW, and finds the next server by itself.
    running.drain();
    running.wait().await;
    Ok(())
}

/// Lets in whoever has a name. A real program believes only what the client can prove: a signed
/// token, a session.
async fn who_is_it(connect: Connect) -> Result<Welcome, Refused> {
    let auth: serde_json::Value = connect
        .auth()
        .map_err(|error| Refused::new(error.to_string()))?;
    match auth.get("name").and_then(|name| name.as_str()) {
        Some(name) if !name.is_empty() => {
            Ok(Welcome::user(name).with_event("welcome", format!("hello {name}").as_str()))
        }
        _ => Err(Refused::new("a name is needed").with_data(json!({"field": "name"}))),
    }
}

fn name_of(event: &Received) -> String {
    let user = event.socket.member().user.as_deref();
    user.unwrap_or_default().to_owned()
}

/// `enter(room)`: the ack says how many were there before.
async fn enter(event: Received) -> Reply {
    let Ok(room) = event.args.get::<String>(0) else {
        return json!({"error": "the name of a room is expected"}).into();
    };
    let others = event.socket.emitter().to_room(room.as_str());
    let there = others.clone().count().await;
    others.emit("entered", json!({"who": name_of(&event)}));
    event.socket.join(room);
    json!(there).into()
}

/// `say(room, text)`: everybody else in the room hears it.
async fn say(event: Received) -> Reply {
    let (Ok(room), Ok(text)) = (event.args.get::<String>(0), event.args.get::<String>(1)) else {
        return json!({"error": "a room and a text are expected"}).into();
    };
    event
        .socket
        .emitter()
        .to_room(room)
        .except(Target::Socket(event.socket.sid().into()))
        .emit("said", json!({"by": name_of(&event), "text": text}));
    json!(true).into()
}

/// `who-is-here(room)`: asks everybody in the room, and tells who answered within a second.
async fn who_is_here(event: Received) -> Reply {
    let room: String = event.args.get(0).unwrap_or_default();
    let everybody = event.socket.emitter().to_room(room);
    let answers = everybody.ask("your-name", (), Duration::from_secs(1)).await;
    let names = answers.answers.iter();
    let names: Vec<String> = names.filter_map(|(_, args)| args.get(0).ok()).collect();
    json!({"names": names, "silent": answers.missing}).into()
}
