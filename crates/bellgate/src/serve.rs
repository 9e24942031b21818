//! `bellgate serve`: run until told to stop.

use std::io;
use std::process::ExitCode;

use bellgate::cli::Status;
use bellgate::config::Loaded;
use bellgate::{Connect, Refusal, Refused, Running, Server, Welcome};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs the server; the exit status.
pub(crate) async fn run(mut loaded: Loaded) -> io::Result<ExitCode> {
    // Taken in from before anything is bound: a signal that comes early must not leave a socket
    // file behind, or cut who has just connected.
    let signals = Signals::new()?;
    crate::development::add_key(&mut loaded)?;
    let server = Server::from_settings(loaded.settings.clone()).on_connect(
        "/admin",
        async |connect: Connect| {
            let namespace = connect.namespace.to_string();
            Err::<Welcome, _>(Refused::from(Refusal::AuthRequired { namespace }))
        },
    );
    let running = match server.start().await {
        Ok(running) => running,
        Err(error) => {
            tracing::error!("{error}");
            return Ok(Status::Unusable.into());
        }
    };
    for url in running.bound() {
        tracing::info!("listening on {url}");
    }
    if let Some(admin) = running.admin() {
        tracing::info!("metrics at http://{admin}/metrics");
    }
    crate::banner(&loaded, &running)?;
    signals.wait_and_drain(running).await;
    Ok(Status::Fine.into())
}

/// The signals that end a server.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on the signals are taken in here.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next SIGTERM or SIGINT.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// At the first signal sessions are closed within the drain window; at the second the process
    /// ends at once.
    pub(crate) async fn wait_and_drain(mut self, running: Running) {
        self.next().await;
        tracing::info!(
            sessions = running.sessions(),
            "going down: closing sessions; once more to stop at once"
        );
        running.drain();
        tokio::select! {
            () = running.wait() => tracing::info!("all sessions are closed"),
            () = self.next() => tracing::warn!("stopped at once"),
        }
    }
}
