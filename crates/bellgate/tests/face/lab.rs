//! A server inside this process, and the ways to reach it.

use std::sync::Mutex;

use bellgate::config::{Settings, Sources};
use bellgate::{Emitter, Running, Server};
use bellgate_peer::{Client, Engine, Over, Reach, eventually, shard_of, within};
use serde_json::Value;

/// A way in: how many shards there are, and the transport that a client uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) shards: usize,
    pub(crate) over: Over,
}

/// Runs a test on one shard and on two, over both transports.
pub(crate) async fn each_way(test: impl AsyncFn(Way)) {
    for shards in [1, 2] {
        for over in Over::BOTH {
            let way = Way { shards, over };
            println!("{way:?}");
            test(way).await;
        }
    }
}

/// Settings for tests: any free port, no admin listener, no wait at the end.
pub(crate) fn settings(shards: usize, more: &[(&str, &str)]) -> Settings {
    let shards = shards.to_string();
    let base = [
        ("SOCKETIO_PORT", "0"),
        ("BELLGATE_ADMIN_ADDR", "off"),
        ("BELLGATE_DRAIN_WINDOW", "0s"),
        ("BELLGATE_SHARDS", &shards),
        // Tests are quicker than people are; those of the rates turn them on.
        ("SOCKETIO_RATE_LIMITING", "false"),
    ];
    let loaded = Settings::load(&Sources::new().with_environment(base.iter().chain(more).copied()));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    loaded.settings
}

/// A running server.
pub(crate) struct Lab {
    pub(crate) reach: Reach,
    running: Option<Running>,
}

impl Lab {
    /// Starts a server that `build` has given its handlers.
    pub(crate) async fn start(shards: usize, build: impl FnOnce(Server) -> Server) -> Self {
        Self::start_with(settings(shards, &[]), build).await
    }

    /// As [`Self::start`], with settings of the test's own.
    pub(crate) async fn start_with(
        settings: Settings,
        build: impl FnOnce(Server) -> Server,
    ) -> Self {
        let server = build(Server::from_settings(settings));
        let running = server.start().await.unwrap();
        Self {
            reach: Reach::url(&running.bound()[0]),
            running: Some(running),
        }
    }

    /// The server itself.
    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs until it is stopped")
    }

    /// Takes in other settings.
    pub(crate) fn reload(&self, settings: &Settings) {
        self.running().reload(settings).unwrap();
    }

    /// Sends from anywhere.
    pub(crate) fn emitter(&self) -> &Emitter {
        self.running().emitter()
    }

    /// A client that has joined `/` with this auth payload.
    pub(crate) async fn join(&self, over: Over, auth: &Value) -> Client {
        Client::join(&self.reach, over, auth).await
    }

    /// As [`Self::join`], with a session that lives on this shard.
    pub(crate) async fn join_on(&self, shard: u16, over: Over, auth: &Value) -> Client {
        let mut client = Client::on(open_on(&self.reach, shard, over).await);
        client.connect("/", auth).await.unwrap();
        client
    }

    /// The value of a sample on the operators' page, which the settings have to ask for.
    pub(crate) async fn sample(&self, name: &str) -> Option<u64> {
        let admin = Reach::tcp(self.running().admin().unwrap());
        let answer = admin.get("/metrics").send().await;
        let line = answer
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok())
    }

    /// Sessions open now.
    pub(crate) fn sessions(&self) -> usize {
        self.running().sessions()
    }

    /// Waits until no session is left.
    pub(crate) async fn until_empty(&self) {
        eventually("every session to end", async || self.sessions() == 0).await;
    }

    /// Ends the server and waits for its shards.
    pub(crate) async fn stop(mut self) {
        let running = self.running.take().expect("it runs until it is stopped");
        running.drain();
        within("the shards to end", running.wait()).await;
    }
}

/// Opens sessions until the kernel brings one to this shard.
pub(crate) async fn open_on(reach: &Reach, shard: u16, over: Over) -> Engine {
    for _ in 0..100 {
        let mut engine = Engine::open(reach, over).await;
        if shard_of(&engine.sid) == shard {
            return engine;
        }
        engine.close().await;
    }
    panic!("no session came to shard {shard}");
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The shards of a test that failed must not outlive it.
        if let Some(running) = &self.running {
            running.drain();
        }
    }
}

/// What handlers have noted, for the test to look at.
pub(crate) struct Notes<T>(Mutex<Vec<T>>);

impl<T> Notes<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn add(&self, note: T) {
        self.0.lock().unwrap().push(note);
    }

    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Waits until there are this many, and takes them.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<T> {
        eventually("a handler to note something", async || {
            self.0.lock().unwrap().len() >= count
        })
        .await;
        self.take()
    }
}
