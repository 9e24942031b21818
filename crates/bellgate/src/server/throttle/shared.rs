//! Counts shared with other processes, Flask-Limiter's among them, in a Redis.
//!
//! Shards count and decide alone, as ever. A task beside them adds what they have counted to the shared
//! counts, many callers at a time, and has them learn what all have counted together. While the Redis is away
//! nothing is noted, and each process counts alone on what it knows.

use std::hash::Hash;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime};

use bellgate_gate::limits::{KeySpace, Question};
use bellgate_redis::{Fault, Redis, RedisError, RedisResult, cmd, pipe};
use tokio::time::{sleep, timeout};

use super::{Counted, Throttle, locked};
use crate::config::{RateLimits, SharedLimits};

/// Callers told of in one exchange.
const AT_A_TIME: usize = 256;

/// The least time between two exchanges. What comes meanwhile goes together.
const PAUSE: Duration = Duration::from_millis(5);

/// How often a Redis that is away is looked at; also when it is seen that the server has gone.
const LOOK: Duration = Duration::from_millis(250);

/// Scope of the counts of handshakes; no application counts those.
const HANDSHAKES: &str = "bellgate-handshakes";

/// Where counts are shared, and by which names.
pub(crate) struct Sharing {
    redis: Redis,
    keys: KeySpace,
    scope: String,
}

impl Sharing {
    pub(crate) fn new(redis: Redis, settings: &SharedLimits) -> Self {
        Self {
            redis,
            keys: KeySpace {
                namespace: settings.prefix.clone(),
                ..KeySpace::default()
            },
            scope: settings.scope.clone(),
        }
    }
}

/// Shares the counts of a throttle for as long as there is one.
pub(crate) async fn share(throttle: Weak<Throttle>, sharing: Sharing) {
    let mut sharer = Sharer {
        sharing,
        is_on: false,
        is_told: false,
    };
    loop {
        let Some(throttle) = throttle.upgrade() else {
            return;
        };
        sharer.turn(&throttle);
        // Somebody who has counted wakes us.
        let waiting = timeout(LOOK, throttle.untold.notified()).await;
        if sharer.is_on && waiting.is_ok() {
            sharer.exchange(&throttle).await;
            sleep(PAUSE).await;
        }
    }
}

struct Sharer {
    sharing: Sharing,
    is_on: bool,
    /// The log knows that a count is refused.
    is_told: bool,
}

impl Sharer {
    /// Goes on or off with the Redis.
    fn turn(&mut self, throttle: &Throttle) {
        let is_up = self.sharing.redis.is_up();
        if is_up == self.is_on {
            return;
        }
        self.is_on = is_up;
        throttle.set_shared(is_up);
        let place = self.sharing.redis.place();
        if is_up {
            tracing::info!("rates are counted together with others, in the Redis of {place}");
        } else {
            tracing::warn!(
                "rates are counted by this process alone until the Redis of {place} is back"
            );
        }
    }

    /// Tells the others what they do not know, and learns what all have counted.
    async fn exchange(&mut self, throttle: &Throttle) {
        let (sharing, scope) = (&self.sharing, self.sharing.scope.as_str());
        let mut questions = Vec::new();
        let addresses = locked(&throttle.addresses).handshakes.untold(
            sharing,
            (HANDSHAKES, ToString::to_string),
            &mut questions,
        );
        let users: Vec<Batch<Arc<str>>> = throttle
            .users
            .all()
            .map(|mut users| {
                let events = &mut users.events;
                events.untold(sharing, (scope, ToString::to_string), &mut questions)
            })
            .collect();
        if questions.is_empty() {
            return;
        }
        let Ok(answers) = self.ask(&questions).await else {
            // It is down, which is told where that is found out.
            return;
        };
        self.tell(answers.iter().find_map(|answer| answer.as_ref().err()));
        let mut answers = answers.into_iter().map(Result::ok);
        let now = Instant::now();
        let more = [addresses.learn(
            &mut locked(&throttle.addresses).handshakes,
            &mut answers,
            now,
        )];
        let users = users.into_iter().zip(throttle.users.all());
        let more = users.fold(more.contains(&true), |more, (batch, mut users)| {
            batch.learn(&mut users.events, &mut answers, now) || more
        });
        if more {
            throttle.untold.notify_one();
        }
    }

    /// The answers, in the questions' order.
    async fn ask(&self, questions: &[Question]) -> Result<Vec<RedisResult<Vec<i64>>>, Fault> {
        let mut pipeline = pipe();
        pipeline.ignore_errors();
        for question in questions {
            let mut eval = cmd("EVAL");
            eval.arg(question.script).arg(question.keys.len());
            eval.arg(&question.keys).arg(&question.args);
            pipeline.add_command(eval);
        }
        self.sharing.redis.ask(pipeline).await
    }

    /// Tells the log of a count that is refused, once until none is.
    fn tell(&mut self, refused: Option<&RedisError>) {
        if let Some(cause) = refused
            && !self.is_told
        {
            tracing::error!(
                "the Redis of {} does not count: {cause}. Such rates are counted by this process alone. An \
                 application that counts there must do so by the strategy of SOCKETIO_RATE_LIMIT_STRATEGY, and \
                 the user of the URL may need more rights (+eval)",
                self.sharing.redis.place()
            );
        }
        self.is_told = refused.is_some();
    }
}

/// Callers of one table that others are told of.
struct Batch<K> {
    rules: Arc<RateLimits>,
    /// With each, which of the rates there is a question for.
    callers: Vec<(K, Vec<bool>)>,
}

impl<K: Hash + Eq + Clone> Counted<K> {
    /// What others do not know of it; the questions come behind those that are there already.
    fn untold(
        &mut self,
        sharing: &Sharing,
        (scope, name): (&str, fn(&K) -> String),
        questions: &mut Vec<Question>,
    ) -> Batch<K> {
        let unix_now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let unix_now = unix_now.unwrap_or_default();
        let callers = self.limiter.take_untold(AT_A_TIME).into_iter();
        let callers = callers.map(|untold| {
            let name = name(&untold.caller);
            let asked =
                self.limiter
                    .questions(&sharing.keys, (&name, scope), &untold.hits, unix_now);
            let is_asked = asked.iter().map(Option::is_some).collect();
            questions.extend(asked.into_iter().flatten());
            (untold.caller, is_asked)
        });
        Batch {
            callers: callers.collect(),
            rules: Arc::clone(&self.rules),
        }
    }
}

impl<K: Hash + Eq + Clone> Batch<K> {
    /// Takes its answers, and has the table go by them unless a reload came between; whether more may wait.
    fn learn(
        self,
        counted: &mut Counted<K>,
        answers: &mut impl Iterator<Item = Option<Vec<i64>>>,
        now: Instant,
    ) -> bool {
        let is_full = self.callers.len() == AT_A_TIME;
        let is_valid = Arc::ptr_eq(&self.rules, &counted.rules);
        for (caller, asked) in self.callers {
            let answer = |is_asked| {
                if is_asked {
                    answers.next().flatten()
                } else {
                    None
                }
            };
            let answers: Vec<Option<Vec<i64>>> = asked.into_iter().map(answer).collect();
            if is_valid {
                counted.limiter.learn(&caller, &answers, now);
            }
        }
        is_full
    }
}

impl Throttle {
    /// Has the counts of a user asked for, before its first event.
    pub(in crate::server) fn expect(&self, user: &Arc<str>) {
        let mut users = self.users.of(user);
        if users.events.is_shared {
            users.events.limiter.want(user);
            self.untold.notify_one();
        }
    }

    fn set_shared(&self, is_shared: bool) {
        locked(&self.addresses).handshakes.set_shared(is_shared);
        for mut users in self.users.all() {
            users.events.set_shared(is_shared);
        }
    }
}

impl<K: Hash + Eq + Clone> Counted<K> {
    fn set_shared(&mut self, is_shared: bool) {
        self.is_shared = is_shared;
        self.limiter.share(is_shared);
    }
}
