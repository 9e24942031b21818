//! `bellgate serve`: run until told to stop.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use bellgate::cli::Status;
use bellgate::config::Loaded;
use bellgate::{Refusal, Reloaded, Running, Server};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::reload::{Reloader, TLS_LOOK};

/// Runs the server; the exit status. `reloader` is made of the settings that it runs with.
pub(crate) async fn run(
    mut loaded: Loaded,
    reloader: impl FnOnce(Loaded) -> Reloader,
) -> io::Result<ExitCode> {
    // Taken in from before anything is bound: a signal that comes early must not leave a socket
    // file behind, or cut who has just connected.
    let mut signals = Signals::new()?;
    let hang_up = HangUp::new()?;
    crate::development::add_key(&mut loaded)?;
    let mut reloader = reloader(loaded.clone());
    let (ask, asks) = mpsc::channel(4);
    let server = server(&loaded, ask);
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
    if !loaded.settings.knows_users() {
        tell_of_visitors(&loaded);
    }
    crate::banner(&loaded, &running)?;
    serve(&mut signals, hang_up, asks, &mut reloader, &running).await;
    signals.drain(running).await;
    Ok(Status::Fine.into())
}

/// Nobody can log in: what that means for who connects.
fn tell_of_visitors(loaded: &Loaded) {
    if loaded.settings.is_login_required() {
        tracing::warn!(
            "no SECRET_KEY is set, no BELLGATE_JWT_... and no BELLGATE_AUTH_URL, so nobody can be known, \
             and only users may join: set one to the application's, or SOCKETIO_REQUIRE_AUTH=false to admit visitors"
        );
    } else {
        tracing::info!("no SECRET_KEY is set: visitors may join /, nobody may join /admin");
    }
}

fn server(loaded: &Loaded, ask: mpsc::Sender<Ask>) -> Server {
    Server::from_settings(loaded.settings.clone())
        .with_namespace("/admin")
        .on_reload(move || {
            let ask = ask.clone();
            async move {
                let (answer, answered) = oneshot::channel();
                // Whoever would read the settings is gone once the server goes down.
                let going = |()| Refusal::ServerDraining {};
                ask.send(answer).await.map_err(|_| going(()))?;
                answered.await.map_err(|_| going(()))?
            }
        })
}

/// Somebody who asked for a reload and waits for the answer.
type Ask = oneshot::Sender<Result<Reloaded, Refusal>>;

/// Takes in settings anew whenever that is asked for, until a signal ends the server.
async fn serve(
    signals: &mut Signals,
    mut hang_up: HangUp,
    mut asks: mpsc::Receiver<Ask>,
    reloader: &mut Reloader,
    running: &Running,
) {
    let mut look = tokio::time::interval(TLS_LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = signals.next() => return,
            is_end = hang_up.next() => {
                if is_end {
                    tracing::info!("the terminal is gone");
                    return;
                }
                if let Err(refusal) = reloader.reload(running).await {
                    tracing::error!(code = refusal.code().name(), "{}", refusal.cause());
                }
            }
            Some(answer) = asks.recv() => {
                // Whoever asked and left gets no answer; the log has it.
                let _ = answer.send(reloader.reload(running).await);
            }
            _ = look.tick() => reloader.look_at_tls(running),
        }
    }
}

/// SIGHUP: read the settings anew, or the end of a terminal.
struct HangUp {
    signal: Signal,
    on_terminal: bool,
}

impl HangUp {
    fn new() -> io::Result<Self> {
        Ok(Self {
            signal: signal(SignalKind::hangup())?,
            on_terminal: io::stdout().is_terminal(),
        })
    }

    /// The next one; whether it says that the terminal is gone. A server whose window was closed
    /// would hold its port, and nobody would see it.
    async fn next(&mut self) -> bool {
        self.signal.recv().await;
        self.on_terminal && !io::stdout().is_terminal()
    }
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

    /// Sessions are closed within the drain window; at the next signal the process ends at once.
    pub(crate) async fn drain(mut self, running: Running) {
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
