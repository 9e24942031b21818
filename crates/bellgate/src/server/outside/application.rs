//! The web application, asked at `BELLGATE_AUTH_URL` who somebody is (contract §4, §6).
//!
//! Whoever asks the same while it is asked waits for the same answer; an answer that names a user is given again
//! for as long as it allows ([`Memory`]); while it fails nobody asks ([`Breaker`]). What the answer comes to is
//! the gate's to say.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bellgate_gate::identity::{Answer, Need, Said, Told};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};
use http::StatusCode;
use tokio::sync::{Semaphore, oneshot};

use super::breaker::{Breaker, Turn};
use super::caller::{CallFault, Caller, unmeant};
use super::memory::{Key, Memory, lasts};
use super::{Asked, Provider, signed};
use crate::config::Webhooks;
use crate::config::value::masked;
use crate::server::visit::Clocks;

const SETTING: &str = "BELLGATE_AUTH_URL";

/// What people read.
const NAME: &str = "the web application (BELLGATE_AUTH_URL)";

/// The longest answer that is read, in bytes.
const ANSWER_BYTES: usize = 64 * 1024;

/// How long handshakes are told to stay away while nothing can be asked because no secret is set.
const STAY_AWAY: Duration = Duration::from_secs(30);

/// The web application.
pub(super) struct Application {
    webhooks: Webhooks,
    caller: Arc<Caller>,
    /// A permit for each call that may run at a time.
    places: Semaphore,
    held: Mutex<Held>,
    counts: Counts,
}

#[derive(Default)]
struct Held {
    breaker: Breaker,
    memory: Memory,
    /// The questions that are being asked.
    calls: HashMap<Key, Call>,
    /// Tells calls apart that ask the same.
    begun: u64,
}

/// A question that is being asked; it ends by itself once nobody waits for its answer.
struct Call {
    number: u64,
    answer: WeakShared<oneshot::Receiver<Answer>>,
}

/// Waits for a call's answer.
type Waiting = Shared<oneshot::Receiver<Answer>>;

/// How many questions were answered, and how.
#[derive(Default)]
struct Counts {
    user: AtomicU64,
    visitor: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    shared: AtomicU64,
    kept: AtomicU64,
}

/// An answer that can be used, and how long it may be given again.
type Heard = (Said, Option<Duration>);

/// Why there is none.
struct Unheard {
    why: String,
    blame: Blame,
}

/// What a failure says of other questions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blame {
    /// Nothing: whoever asks can word a question that the application stumbles over, and must not keep
    /// others out by it.
    Question,
    /// They may fare no better.
    Application,
    /// They would fare no better: nobody listens.
    Nobody,
}

impl Application {
    /// Asks as these settings say.
    pub(super) fn open(webhooks: &Webhooks, caller: &Arc<Caller>) -> Arc<Self> {
        Arc::new(Self {
            webhooks: webhooks.clone(),
            caller: Arc::clone(caller),
            places: Semaphore::new(webhooks.at_once),
            held: Mutex::default(),
            counts: Counts::default(),
        })
    }

    pub(super) fn is_of(&self, webhooks: &Webhooks) -> bool {
        self.webhooks == *webhooks
    }

    /// What was said of a user is not said again, and what is being asked now is not waited for by anybody
    /// who asks later.
    pub(super) fn forget(&self, user: &str) {
        let mut held = self.held();
        held.memory.forget(user);
        held.calls.clear();
    }

    /// How many questions came to what.
    pub(super) fn answers(&self) -> Vec<(&'static str, u64)> {
        let counts = &self.counts;
        let all = [
            ("user", &counts.user),
            ("visitor", &counts.visitor),
            ("refused", &counts.refused),
            ("failed", &counts.failed),
            ("shared", &counts.shared),
            ("kept", &counts.kept),
        ];
        all.map(|(name, count)| (name, count.load(Ordering::Relaxed)))
            .into()
    }

    /// How many calls run now.
    pub(super) fn calls(&self) -> usize {
        let size = self.webhooks.at_once;
        size.saturating_sub(self.places.available_permits())
    }

    /// How many calls may run at a time.
    pub(super) fn size(&self) -> usize {
        self.webhooks.at_once
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to ask.
    fn begin(self: &Arc<Self>, held: &mut Held, key: Key, body: Bytes) -> Waiting {
        let (mut done, answer) = oneshot::channel();
        let answer = answer.shared();
        held.begun += 1;
        let number = held.begun;
        if let Some(answer) = answer.downgrade() {
            held.calls.insert(key, Call { number, answer });
        }
        let me = Arc::clone(self);
        self.caller.runtime.spawn(async move {
            let heard = tokio::select! {
                place = me.places.acquire() => {
                    // Held until the answer is there.
                    let _place = place;
                    me.call(body).await
                }
                // All have given up before its turn came.
                () = done.closed() => {
                    me.held().end(&key, number);
                    return;
                }
            };
            // Those who wait may have given up as well.
            let _ = done.send(me.take_in(key, number, heard));
        });
        answer
    }

    /// Asks, and waits for the answer.
    async fn call(&self, body: Bytes) -> Result<Heard, Unheard> {
        let (Some(url), Some(secret)) = (&self.webhooks.auth_url, &self.webhooks.secret) else {
            return Err(unheard("nothing is set that could be asked"));
        };
        let now = Clocks::now(Instant::now()).unix;
        let request = signed::post(url.expose(), body, secret.expose().as_bytes(), now);
        let request = request.map_err(|error| unheard(error.to_string()))?;
        let called = self
            .caller
            .call(request, self.webhooks.timeout, ANSWER_BYTES);
        let answer = called.await.map_err(|fault| Unheard {
            blame: match fault {
                CallFault::Connect(_) => Blame::Nobody,
                CallFault::Late | CallFault::Broken(_) => Blame::Application,
                CallFault::Long => Blame::Question,
            },
            why: fault.to_string(),
        })?;
        match answer.status() {
            StatusCode::OK => {
                let now = Clocks::now(Instant::now()).unix;
                let read = Said::read(answer.body(), now);
                let said = read.map_err(|fault| unheard(format!("its answer {fault}")))?;
                let lasts = lasts(answer.headers());
                let lasts = lasts.map(|lasts| within_its_time(lasts, &said, now));
                Ok((said, lasts))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Ok((Said::read_refusal(answer.body()), None))
            }
            // As servers and proxies say that there is nobody behind them now.
            status @ (StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT) => Err(Unheard {
                why: unmeant(status),
                blame: Blame::Application,
            }),
            status => Err(unheard(unmeant(status))),
        }
    }

    /// What a call has come to, for those who wait for it and those who ask next.
    fn take_in(&self, key: Key, number: u64, heard: Result<Heard, Unheard>) -> Answer {
        let now = Instant::now();
        let mut held = self.held();
        let is_own = held.end(&key, number);
        match heard {
            Ok((said, lasts)) => {
                if let (Said::User(told), Some(lasts), true) = (&said, lasts, is_own) {
                    held.memory.keep(key, told.clone(), lasts, now);
                }
                let turn = held.breaker.handle_success();
                drop(held);
                if turn == Turn::Closed {
                    tracing::info!("{NAME} answers again");
                }
                self.counts.add(&said);
                Answer::Said(said)
            }
            Err(Unheard { why, blame }) => {
                let turn = match blame {
                    Blame::Question => Turn::Same,
                    Blame::Application | Blame::Nobody => {
                        held.breaker.handle_failure(blame == Blame::Nobody, now)
                    }
                };
                drop(held);
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                self.tell(&why, &turn);
                Answer::Unavailable { what: NAME }
            }
        }
    }

    fn tell(&self, why: &str, turn: &Turn) {
        let url = self.webhooks.auth_url.as_ref();
        let url = url.map_or_else(String::new, |url| masked(url.expose()));
        tracing::warn!("{SETTING} {url} has let nobody in: {why}");
        if *turn == Turn::Opened {
            tracing::error!(
                "{NAME} cannot be asked: handshakes that could need it are turned away until it can"
            );
        }
    }
}

/// What is said of a user is not said again after its end.
fn within_its_time(lasts: Duration, said: &Said, now: u64) -> Duration {
    match said {
        Said::User(Told {
            expires_at: Some(end),
            ..
        }) => lasts.min(Duration::from_secs(end.saturating_sub(now))),
        _ => lasts,
    }
}

fn unheard(why: impl Into<String>) -> Unheard {
    Unheard {
        why: why.into(),
        blame: Blame::Question,
    }
}

impl Held {
    /// The call of this number is over. Whether those who ask the same were to wait for it until now.
    fn end(&mut self, key: &Key, number: u64) -> bool {
        let is_own = self
            .calls
            .get(key)
            .is_some_and(|call| call.number == number);
        if is_own {
            self.calls.remove(key);
        }
        is_own
    }
}

impl Counts {
    fn add(&self, said: &Said) {
        let count = match said {
            Said::User(_) => &self.user,
            Said::Visitor => &self.visitor,
            Said::Refused { .. } => &self.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Provider for Application {
    fn ask(self: Arc<Self>, need: &Need) -> Asked {
        let unavailable = Asked::Now(Answer::Unavailable { what: NAME });
        let Need::Application(question) = need else {
            return unavailable;
        };
        let body = Bytes::from(question.body());
        let (key, now) = (Key::of(&body), Instant::now());
        let mut held = self.held();
        if let Some(said) = held.memory.of(&key, now) {
            self.counts.kept.fetch_add(1, Ordering::Relaxed);
            return Asked::Now(Answer::Said(said));
        }
        if self.webhooks.secret.is_none() || held.breaker.down_for(now).is_some() {
            return unavailable;
        }
        let asked = held.calls.get(&key).and_then(|call| call.answer.upgrade());
        let answer = match asked {
            Some(answer) => {
                self.counts.shared.fetch_add(1, Ordering::Relaxed);
                answer
            }
            None => self.begin(&mut held, key, body),
        };
        let late = || Answer::Unavailable { what: NAME };
        Asked::Later(
            answer
                .map(move |answer| answer.unwrap_or_else(|_| late()))
                .boxed(),
        )
    }

    fn down_for(&self) -> Option<Duration> {
        if self.webhooks.secret.is_none() {
            return Some(STAY_AWAY);
        }
        self.held().breaker.down_for(Instant::now())
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn setting(&self) -> &'static str {
        SETTING
    }
}
