//! The server that the official protocol suites expect, as a program on the library face.
//!
//! On localhost:3000, IPv4 and IPv6: `/engine.io/` echoes every message, `/socket.io/` has the
//! namespaces `/` and `/custom`. Intervals are 300 and 200 ms, the time to join a namespace is
//! 1 s. `--port N` chooses another port; `--lab` adds the namespace `/lab` ([`lab`]) for this
//! project's own tests. Settings from the environment hold where they are set.

mod lab;

use std::process::ExitCode;

use bellgate::config::{Settings, Sources, environment};
use bellgate::{Connect, Received, Refused, Server, Welcome};

/// What the suites expect (socket.io, `docs/*-protocol/*-test-suite`).
const DEFAULTS: [(&str, &str); 8] = [
    ("SOCKETIO_HOST", "localhost"),
    ("SOCKETIO_PING_INTERVAL", "300ms"),
    ("SOCKETIO_PING_TIMEOUT", "200ms"),
    ("SOCKETIO_CONNECT_TIMEOUT", "1s"),
    ("SOCKETIO_MAX_HTTP_BUFFER_SIZE", "1000000"),
    (
        "SOCKETIO_CORS_ORIGINS",
        "http://localhost:3000,http://localhost:8080",
    ),
    ("BELLGATE_ADMIN_ADDR", "off"),
    ("SOCKETIO_RATE_LIMITING", "false"),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut port, mut with_lab) = ("3000".to_owned(), false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--lab" => with_lab = true,
            "--port" => port = arguments.next().unwrap_or_default(),
            _ => {
                eprintln!("usage: bellgate-conformance-server [--port N] [--lab]");
                return ExitCode::from(2);
            }
        }
    }
    let given = environment();
    let missing = DEFAULTS
        .into_iter()
        .chain([("SOCKETIO_PORT", port.as_str())]);
    let missing = missing.filter(|(name, _)| !given.iter().any(|(given, _)| given == name));
    let missing: Vec<_> = missing
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let sources = Sources::new().with_environment(given.into_iter().chain(missing));
    match run(Settings::load(&sources).settings, with_lab) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(settings: Settings, with_lab: bool) -> Result<(), Box<dyn std::error::Error>> {
    let mut server = Server::from_settings(settings)
        .with_plain_refusals()
        .on_engine("/engine.io/", bellgate::EnginePeer::send);
    for namespace in ["/", "/custom"] {
        server = server.on_connect(namespace, welcome);
    }
    server = server
        .on("/", "message", async |event: Received| {
            event.socket.emit("message-back", event.args);
            bellgate::Reply::none()
        })
        .on("/", "message-with-ack", async |event: Received| event.args);
    if with_lab {
        server = lab::add(server);
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let running = server.start().await?;
            for url in running.bound() {
                println!("listening on {url}");
            }
            let mut terminate =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            running.drain();
            running.wait().await;
            Ok(())
        })
}

/// Lets everybody in and sends back what they came with.
async fn welcome(connect: Connect) -> Result<Welcome, Refused> {
    let auth: serde_json::Value = connect.auth().unwrap_or_default();
    Ok(Welcome::visitor().with_event("auth", auth))
}
