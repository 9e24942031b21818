//! Bellgate for any load generator: `target PORT [--shards N] [NAME=VALUE…]`.
//!
//! On `/` the event `echo` is acknowledged with its argument, `bcast` emits `msg` with the same
//! argument to everybody, `enter` joins a room, `tell` emits to one, `notify` to a user, whom the
//! payload of CONNECT names. Origins are checked and input is limited as ever; rate limits are off.
//! `NAME=VALUE` sets what the environment would.

use std::process::ExitCode;

use bellgate::config::{Settings, Sources};
use bellgate::{Args, Connect, Received, Refused, Server, Welcome};
use clap::Parser;
use serde::Deserialize;
use serde_json::value::RawValue;

/// As the `bellgate` binary has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Parser)]
struct Options {
    /// Port on loopback
    port: String,
    /// Event loops
    #[arg(long, default_value = "1")]
    shards: String,
    /// Settings by the names of the environment
    #[arg(value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
}

fn setting(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("a setting is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut environment = vec![
        ("SOCKETIO_PORT".to_owned(), options.port),
        ("BELLGATE_SHARDS".to_owned(), options.shards),
        ("BELLGATE_ADMIN_ADDR".to_owned(), "off".to_owned()),
        ("SOCKETIO_RATE_LIMITING".to_owned(), "false".to_owned()),
        (
            "BELLGATE_HANDSHAKE_RATE".to_owned(),
            "1000000/second".to_owned(),
        ),
    ];
    for (name, value) in options.settings {
        environment.retain(|(known, _)| *known != name);
        environment.push((name, value));
    }
    let settings = Settings::load(&Sources::new().with_environment(environment));
    match serve(settings.settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(settings: Settings) -> Result<(), Box<dyn std::error::Error>> {
    let server = with_handlers(Server::from_settings(settings));
    // The control runtime; the shards have threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        server.start().await?.wait().await;
        Ok(())
    })
}

fn with_handlers(server: Server) -> Server {
    let emitter = server.emitter();
    let (to_all, to_room, to_user) = (emitter.clone(), emitter.clone(), emitter);
    server
        .on_connect("/", async |connect: Connect| {
            Ok::<_, Refused>(match connect.auth::<Auth>() {
                Ok(Auth { user: Some(user) }) => Welcome::user(user),
                _ => Welcome::visitor(),
            })
        })
        .on("/", "echo", async |event: Received| event.args)
        .on("/", "bcast", move |event: Received| {
            to_all.to_all().emit("msg", event.args);
            std::future::ready(())
        })
        .on("/", "enter", async |event: Received| {
            if let Ok(room) = event.args.get::<String>(0) {
                event.socket.join(room);
            }
        })
        .on("/", "tell", move |event: Received| {
            send(&event.args, |room| to_room.to_room(room));
            std::future::ready(())
        })
        .on("/", "notify", move |event: Received| {
            send(&event.args, |user| to_user.to_user(user));
            std::future::ready(())
        })
}

/// What a client says of itself when it joins.
#[derive(Deserialize)]
struct Auth {
    user: Option<String>,
}

/// Emits `msg` with the second of a pair to whom the first one names.
fn send(args: &Args, address: impl FnOnce(String) -> bellgate::Address) {
    if let Ok((name, value)) = args.get::<(String, Box<RawValue>)>(0)
        && let Some(value) = Args::new().raw(value.get())
    {
        address(name).emit("msg", value);
    }
}
