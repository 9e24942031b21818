//! Asking a Redis, and knowing whether it answers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Cmd, FromRedisValue, Pipeline};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::fault::Fault;
use crate::feed::Feed;
use crate::place::Place;

/// How long an answer may take, connecting included. Who waits is a person's page.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// How long a Redis that nobody asks may be gone unnoticed: sockets of a host that has vanished look whole.
const LOOK: Duration = Duration::from_secs(3);

/// Pauses between two probes of one that is down; it is back for us within the longest.
const PROBES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// A Redis. Clones share the connection.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

/// What has been asked so far, and how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Whether it answers.
    pub is_up: bool,
    /// Questions that wait for an answer now.
    pub waiting: u64,
    /// Questions asked.
    pub asked: u64,
    /// Of these, without an answer, or not asked because it was known to be down.
    pub failed: u64,
}

struct Inner {
    place: Place,
    runtime: Handle,
    manager: ConnectionManager,
    is_up: AtomicBool,
    /// A question has failed: probe at once.
    look: Notify,
    waiting: AtomicU64,
    asked: AtomicU64,
    failed: AtomicU64,
}

impl Redis {
    /// A Redis at this place; the connection is made at once, in tasks of `runtime`. Until it is there,
    /// questions wait for it as for any answer.
    ///
    /// # Errors
    /// When the place cannot be used at all.
    pub fn open(place: Place, runtime: &Handle) -> Result<Self, Fault> {
        if place.is_secure() {
            // Done by whoever comes first; all say the same.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE))
            // The probe comes again, and knows when.
            .set_number_of_retries(0)
            .set_pipeline_buffer_size(1024);
        let manager = {
            let _within = runtime.enter();
            ConnectionManager::new_lazy_with_config(place.client().clone(), config)?
        };
        let inner = Arc::new(Inner {
            place,
            runtime: runtime.clone(),
            manager,
            is_up: AtomicBool::new(true),
            look: Notify::new(),
            waiting: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        });
        inner.look.notify_one();
        runtime.spawn(watch(Arc::downgrade(&inner)));
        Ok(Self(inner))
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// Whether it answers, as far as is known. What is asked of one that does not fails at once.
    pub fn is_up(&self) -> bool {
        self.0.is_up.load(Ordering::Relaxed)
    }

    /// How it stands, for gauges.
    pub fn stats(&self) -> Stats {
        let read = |of: &AtomicU64| of.load(Ordering::Relaxed);
        Stats {
            is_up: self.is_up(),
            waiting: read(&self.0.waiting),
            asked: read(&self.0.asked),
            failed: read(&self.0.failed),
        }
    }

    /// Asks, and waits no longer than [`DEADLINE`].
    pub async fn ask<T>(&self, question: impl Into<Question>) -> Result<T, Fault>
    where
        T: FromRedisValue + Send + 'static,
    {
        if !self.is_up() {
            self.0.asked.fetch_add(1, Ordering::Relaxed);
            self.0.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Fault::Down("it did not answer before".to_owned()));
        }
        let question = question.into();
        let inner = Arc::clone(&self.0);
        // The connection's own task must live on this runtime, whoever asks first.
        let asking = self.0.runtime.spawn(async move {
            let answer = inner.ask(&question).await;
            if answer.as_ref().is_err_and(Fault::is_down) {
                inner.look.notify_one();
            }
            answer
        });
        match asking.await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::Down("the server is going down".to_owned())),
        }
    }

    /// Runs a task beside its connection.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.runtime.spawn(task);
    }

    /// What is published in these channels, and in those that match these patterns.
    pub fn subscribe(&self, channels: Vec<String>, patterns: Vec<String>) -> Feed {
        Feed::open(&self.0.place, &self.0.runtime, channels, patterns)
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redis({}, is_up: {})", self.0.place, self.is_up())
    }
}

/// A command, or several that are sent together.
pub enum Question {
    /// One command.
    One(Cmd),
    /// Several, answered together.
    Several(Pipeline),
}

impl From<Cmd> for Question {
    fn from(one: Cmd) -> Self {
        Self::One(one)
    }
}

impl From<&mut Cmd> for Question {
    fn from(one: &mut Cmd) -> Self {
        Self::One(one.clone())
    }
}

impl From<Pipeline> for Question {
    fn from(several: Pipeline) -> Self {
        Self::Several(several)
    }
}

impl Inner {
    async fn ask<T: FromRedisValue>(&self, question: &Question) -> Result<T, Fault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let mut manager = self.manager.clone();
        let asking = async {
            match question {
                Question::One(command) => command.query_async(&mut manager).await,
                Question::Several(commands) => commands.query_async(&mut manager).await,
            }
        };
        let answer = match timeout(DEADLINE, asking).await {
            Ok(answer) => answer.map_err(Fault::from),
            Err(_) => Err(Fault::late()),
        };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        if answer.is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// Finds out whether it answers, and tells the log where that is news.
    async fn probe(&self) -> bool {
        let answer: Result<(), Fault> = self.ask(&redis::cmd("PING").into()).await;
        let cause = answer.err().filter(Fault::is_down);
        let was_up = self.is_up.swap(cause.is_none(), Ordering::Relaxed);
        match cause {
            Some(Fault::Down(cause)) if was_up => {
                tracing::error!("the Redis of {} does not answer: {cause}", self.place);
            }
            None if !was_up => tracing::info!("the Redis of {} answers again", self.place),
            _ => {}
        }
        self.is_up.load(Ordering::Relaxed)
    }
}

/// Probes for as long as somebody holds it.
async fn watch(redis: Weak<Inner>) {
    let (first, longest) = PROBES;
    let mut pause = first;
    loop {
        let Some(inner) = redis.upgrade() else {
            return;
        };
        // Somebody who has failed waits for no pause; one that is down is asked by this task alone.
        let is_up = inner.is_up.load(Ordering::Relaxed);
        let wait = if is_up { LOOK } else { jittered(pause) };
        let looked_for = timeout(wait, inner.look.notified());
        drop(looked_for.await);
        pause = if inner.probe().await {
            first
        } else {
            (pause * 2).min(longest)
        };
    }
}

/// Between half of it and the whole: who lost it together must not come back together.
pub(crate) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}
