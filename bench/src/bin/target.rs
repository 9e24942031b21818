//! Bellgate for any load generator: `target PORT [--shards N]`.
//!
//! On `/` the event `echo` is acknowledged with its argument, and `bcast` emits `msg` with the same
//! argument to everybody. Origins are checked and input is limited as ever; rate limits are off.

use std::process::ExitCode;

use bellgate::config::{Settings, Sources};
use bellgate::{Received, Server};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (port, shards) = match arguments.as_slice() {
        [port] => (port.as_str(), "1"),
        [port, flag, shards] if flag == "--shards" => (port.as_str(), shards.as_str()),
        _ => {
            eprintln!("usage: target PORT [--shards N]");
            return ExitCode::from(2);
        }
    };
    let settings = Settings::load(&Sources::new().with_environment([
        ("SOCKETIO_PORT", port),
        ("BELLGATE_SHARDS", shards),
        ("BELLGATE_ADMIN_ADDR", "off"),
        ("SOCKETIO_RATE_LIMITING", "false"),
    ]));
    match serve(settings.settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(settings: Settings) -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::from_settings(settings);
    let emitter = server.emitter();
    let server = server
        .on("/", "echo", async |event: Received| event.args)
        .on("/", "bcast", move |event: Received| {
            emitter.to_all().emit("msg", event.args);
            std::future::ready(())
        });
    // The control runtime; the shards have threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        server.start().await?.wait().await;
        Ok(())
    })
}
