//! Sessions that Flask-Session keeps in a Redis: looked up at CONNECT, and again when they change.
//!
//! [`super::watch`] finds out about changes; here is who has to hear of them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bellgate_engine::{ConnId, take};
use bellgate_gate::flask::StoredSessions;
use bellgate_gate::identity::{Answer, Need, StoredKey, Written};
use bellgate_redis::{Fault, Pipeline, Redis, cmd};
use bellgate_transport::Remote;
use futures_util::FutureExt as _;
use tokio::sync::Notify;

use super::{Asked, Provider, watch};
use crate::config::Settings;
use crate::server::command::{Anew, Command};

/// What people read.
const NAME: &str = "the store of sessions (BELLGATE_SESSION_REDIS_URL)";

/// How long handshakes are told to stay away while it does not answer; by then a probe knows more.
const STAY_AWAY: Duration = Duration::from_secs(2);

/// Keys that are looked up at a time.
const AT_A_TIME: usize = 100;

/// The sessions of an application, and the connections that they admitted.
pub(crate) struct Sessions {
    redis: Redis,
    prefix: String,
    recheck_ms: AtomicU64,
    held: Mutex<HashMap<StoredKey, Holders>>,
    /// The recheck interval is another, or a session is to be looked at soon.
    changed: Notify,
    soon: Mutex<Vec<StoredKey>>,
    /// Values that were pickles, from before Flask-Session 0.7; the log is told of the first.
    pickles: AtomicU64,
}

/// Connections that one session admitted.
struct Holders {
    /// Tells values apart that were written; Flask-Session writes the same one at each request.
    seen: u64,
    conns: Vec<(Remote<Command>, ConnId)>,
}

impl Sessions {
    /// Looks sessions up in this Redis, and watches those that have admitted somebody.
    pub(super) fn open(redis: &Redis, settings: &Settings) -> Arc<Self> {
        let sessions = Arc::new(Self {
            redis: redis.clone(),
            prefix: settings.identity.session_prefix.clone(),
            recheck_ms: AtomicU64::new(0),
            held: Mutex::default(),
            changed: Notify::new(),
            soon: Mutex::default(),
            pickles: AtomicU64::new(0),
        });
        if settings.identity.session_signer && settings.identity.secret_key.is_none() {
            tracing::error!(
                "SESSION_USE_SIGNER needs SECRET_KEY, the application's: until it is set no session is \
                 accepted"
            );
        }
        sessions.renew(settings);
        let watched: Weak<Self> = Arc::downgrade(&sessions);
        redis.spawn(watch::run(watched, redis.clone()));
        sessions
    }

    /// By other settings.
    pub(super) fn renew(&self, settings: &Settings) {
        let interval = settings.identity.recheck.as_millis();
        let interval = u64::try_from(interval).unwrap_or(u64::MAX);
        self.recheck_ms.store(interval, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// What the keys begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How long a session is believed where no event tells of a change.
    pub(super) fn recheck(&self) -> Duration {
        Duration::from_millis(self.recheck_ms.load(Ordering::Relaxed))
    }

    /// A session has admitted a connection, with this value. It is looked at once more soon: it may have
    /// gone while the connection was being admitted.
    pub(in crate::server) fn hold(
        &self,
        key: &StoredKey,
        value: &[u8],
        shard: Remote<Command>,
        conn: ConnId,
    ) {
        let mut held = self.held();
        let holders = held.entry(key.clone()).or_insert_with(|| Holders {
            seen: hash(value),
            conns: Vec::new(),
        });
        holders.conns.push((shard, conn));
        drop(held);
        locked(&self.soon).push(key.clone());
        self.changed.notify_one();
    }

    /// A connection has ended.
    pub(in crate::server) fn release(&self, key: &StoredKey, conn: ConnId) {
        let mut held = self.held();
        if let Some(holders) = held.get_mut(key) {
            holders.conns.retain(|(_, other)| *other != conn);
            if holders.conns.is_empty() {
                take(&mut held, key);
            }
        }
    }

    /// Those that are to be looked at soon; waits until there are any, or the settings have changed.
    pub(super) async fn wanted_soon(&self) -> Vec<StoredKey> {
        self.changed.notified().await;
        std::mem::take(&mut *locked(&self.soon))
    }

    /// The key, if its session has admitted somebody.
    pub(super) fn held_at(&self, key: &str) -> Option<StoredKey> {
        let key = StoredKey::from(key);
        self.held().contains_key(&key).then_some(key)
    }

    /// All keys whose sessions have admitted somebody.
    pub(super) fn all(&self) -> Vec<StoredKey> {
        self.held().keys().cloned().collect()
    }

    /// Looks at these sessions; whoever was admitted by one that is another now hears of it.
    ///
    /// # Errors
    /// When the Redis does not answer: then nothing is known, and nobody hears anything.
    pub(super) async fn look(&self, keys: &[StoredKey]) -> Result<(), Fault> {
        for keys in keys.chunks(AT_A_TIME) {
            let mut pipeline = Pipeline::new();
            for key in keys {
                pipeline.add_command(get(key));
            }
            let values: Vec<Option<Vec<u8>>> = self.redis.ask(pipeline).await?;
            for (key, value) in keys.iter().zip(values) {
                self.tell(key, value.unwrap_or_default());
            }
        }
        Ok(())
    }

    fn tell(&self, key: &StoredKey, value: Vec<u8>) {
        let mut held = self.held();
        let Some(holders) = held.get_mut(key) else {
            return;
        };
        let seen = hash(&value);
        if std::mem::replace(&mut holders.seen, seen) == seen {
            return;
        }
        self.count_pickle(&value);
        let answer = Answer::Session(Written(value.into()));
        for (shard, conn) in &holders.conns {
            let anew = Anew {
                need: Need::Session(key.clone()),
                answer: answer.clone(),
                is_ordered: false,
            };
            shard.command(Command::Anew(*conn, Box::new(anew)));
        }
    }

    /// How many sessions were pickles, and so refused.
    pub(in crate::server) fn pickles(&self) -> u64 {
        self.pickles.load(Ordering::Relaxed)
    }

    fn count_pickle(&self, value: &[u8]) {
        if StoredSessions::is_pickle(value) && self.pickles.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                "a session in the Redis of {} is a pickle, which is never decoded: upgrade Flask-Session to \
                 0.7 or later and let sessions roll over",
                self.redis.place()
            );
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<StoredKey, Holders>> {
        locked(&self.held)
    }
}

impl Provider for Sessions {
    fn ask(self: Arc<Self>, need: &Need) -> Asked {
        let Need::Session(key) = need else {
            return Asked::Now(Answer::Unavailable { what: NAME });
        };
        if !self.redis.is_up() {
            return Asked::Now(Answer::Unavailable { what: NAME });
        }
        let question = get(key);
        let answer = async move {
            let answer: Result<Option<Vec<u8>>, Fault> = self.redis.ask(question).await;
            match answer {
                Ok(value) => {
                    let value = value.unwrap_or_default();
                    self.count_pickle(&value);
                    Answer::Session(Written(value.into()))
                }
                Err(fault) => {
                    // One that is down is told of once, elsewhere.
                    if !fault.is_down() {
                        let place = self.redis.place();
                        tracing::error!(
                            "a session cannot be read from the Redis of {place}: {fault}"
                        );
                    }
                    Answer::Unavailable { what: NAME }
                }
            }
        };
        Asked::Later(answer.boxed())
    }

    fn down_for(&self) -> Option<Duration> {
        (!self.redis.is_up()).then_some(STAY_AWAY)
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn setting(&self) -> &'static str {
        self.redis.place().setting()
    }
}

fn get(key: &StoredKey) -> bellgate_redis::Cmd {
    let mut get = cmd("GET");
    get.arg(key.expose());
    get
}

fn hash(value: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What is held stays whole after a panic elsewhere.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
