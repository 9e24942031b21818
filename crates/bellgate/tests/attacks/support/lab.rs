//! A server in this process, with handlers, and what must hold of it after every attack.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

use bellgate::config::{Settings, Sources};
use bellgate::{Emitter, Received, Reply, Running, Server};
use bellgate_peer::Reach;

use super::Target;
use super::http::Answer;
use super::polling::{Polling, sid};
use super::wait::{SOON, soon, until};
use super::ws::Ws;

/// The settings of every lab; two shards stand for two nodes.
const SETTINGS: [(&str, &str); 8] = [
    ("SOCKETIO_HOST", "127.0.0.1"),
    ("SOCKETIO_PORT", "0"),
    ("BELLGATE_ADMIN_ADDR", "off"),
    ("BELLGATE_SHARDS", "2"),
    ("BELLGATE_DRAIN_WINDOW", "0"),
    // What has to hold without them; the rates have tests of their own.
    ("SOCKETIO_RATE_LIMITING", "false"),
    // Attackers here are quicker than thousands of browsers.
    ("BELLGATE_HANDSHAKE_RATE", "1000000/second"),
    (
        "BELLGATE_API_KEYS",
        "lab:lab-key-of-the-attacks:publish+emit",
    ),
];

/// A running server.
pub(crate) struct Lab {
    pub(crate) running: Running,
    pub(crate) target: Target,
    /// Sockets that have left `/`.
    pub(crate) gone: Arc<AtomicUsize>,
}

impl Lab {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these settings besides.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::built(settings, |server| server).await
    }

    /// With more handlers besides.
    pub(crate) async fn built(
        settings: &[(&str, &str)],
        build: impl FnOnce(Server) -> Server,
    ) -> Self {
        watch_for_panics();
        let gone = Arc::new(AtomicUsize::new(0));
        let server = build(handlers(
            Server::from_settings(self::settings(settings)),
            Arc::clone(&gone),
        ));
        let running = server.start().await.expect("a free port");
        let target = address(&running.bound()[0]);
        Self {
            running,
            target,
            gone,
        }
    }

    /// The way to it for a client that keeps the rules.
    pub(crate) fn reach(&self) -> Reach {
        Reach::tcp(self.target)
    }

    pub(crate) fn emitter(&self) -> &Emitter {
        self.running.emitter()
    }

    /// Whether an answer to a handshake opened a session: one that its sid finds.
    pub(crate) async fn opened(&self, answer: &Answer) -> bool {
        assert_eq!(self.running.sessions(), 0, "{}", answer.text());
        let Some(sid) = sid(answer) else {
            return false;
        };
        let target = self.target;
        let session = Polling { target, sid };
        session.poll().await.engine_code() != (400, 1)
    }

    /// How many sockets have left `/`.
    pub(crate) fn gone(&self) -> usize {
        self.gone.load(Ordering::Acquire)
    }

    /// Waits until no more than `count` sessions are open.
    pub(crate) async fn sessions_fall_to(&self, count: usize) {
        until(SOON, async || {
            let open = self.running.sessions();
            (open > count).then(|| format!("{open} sessions are open, {count} were before"))
        })
        .await;
    }

    /// What every attack must leave: honest clients are served on both transports, no session is
    /// left, no shard has panicked, and the server can be taken down in order.
    pub(crate) async fn must_be_unharmed(self) {
        honest(self.target).await;
        self.must_end().await;
    }

    /// The same where nobody is served who is not logged in: the test has its own honest users.
    pub(crate) async fn must_end(self) {
        self.sessions_fall_to(0).await;
        self.running.drain();
        soon("the end of all shards", self.running.wait()).await;
        let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(panics.is_empty(), "a shard panicked: {panics:?}");
    }
}

/// An honest client on each transport, and one that upgrades: joins, sends, gets its ack, leaves.
pub(crate) async fn honest(target: Target) {
    let session = Polling::joined(target).await;
    let answer = session.echo("\"honest\"").await;
    assert!(answer.starts_with("431["), "{answer}");
    let mut probe = Ws::probed(target, &session.sid).await;
    assert_eq!(session.poll().await.text(), "6");
    probe.text("5").await;
    assert!(probe.echo("\"upgraded\"").await.starts_with("431["));
    probe.text("1").await;
    probe.ended().await;
    let mut ws = Ws::joined(target).await;
    assert!(ws.echo("\"honest\"").await.starts_with("431["));
    ws.text("1").await;
    ws.ended().await;
}

/// The settings of a lab with these besides.
pub(crate) fn settings(more: &[(&str, &str)]) -> Settings {
    let own = more.iter().map(|(name, _)| *name);
    let own: Vec<&str> = own.collect();
    let given = SETTINGS.iter().filter(|(name, _)| !own.contains(name));
    let given = given
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(&Sources::new().with_environment(given)).settings
}

fn handlers(server: Server, gone: Arc<AtomicUsize>) -> Server {
    server
        .on("/", "echo", async |event: Received| event.args)
        .on("/", "back", async |event: Received| {
            event.socket.emit("back", event.args);
            Reply::none()
        })
        .on_disconnect("/", move |_| {
            gone.fetch_add(1, Ordering::AcqRel);
            async {}
        })
}

/// The address in `http://127.0.0.1:4000`.
pub(crate) fn address(url: &str) -> Target {
    let address = url.trim_start_matches("http://");
    address.parse().expect("an address of the server")
}

/// What shards have panicked with, in all labs of this process.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A task that panics takes only its connection along, so the shard would hide it.
fn watch_for_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let thread = std::thread::current();
            if thread.name().is_some_and(|name| name.starts_with("shard-")) {
                let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
                panics.push(info.to_string());
            }
            before(info);
        }));
    });
}
