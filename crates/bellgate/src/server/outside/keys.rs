//! The key set of `BELLGATE_JWT_JWKS_URL`, fetched when [`KeySet`] says so.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bellgate_gate::identity::{Answer, Need};
use bellgate_gate::jwt::{Algorithm, FETCH_TIMEOUT, KeySet, SET_BYTES};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::Shared;
use http::header::ACCEPT;
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio::sync::oneshot;

use super::caller::{Caller, unmeant};
use super::{Asked, Provider};
use crate::config::value::masked;

const SETTING: &str = "BELLGATE_JWT_JWKS_URL";

/// What people read.
const NAME: &str = "the key set (BELLGATE_JWT_JWKS_URL)";

/// The keys that verify tokens, and where they come from.
pub(super) struct Keys {
    url: String,
    allowed: Option<Vec<Algorithm>>,
    caller: Arc<Caller>,
    held: Mutex<Held>,
}

struct Held {
    set: KeySet,
    /// The same for those who verify.
    shown: Arc<KeySet>,
    /// The fetch that is under way.
    fetch: Option<Shared<oneshot::Receiver<()>>>,
    has_failed: bool,
}

impl Keys {
    /// The keys of this URL; the first fetch begins now.
    pub(super) fn of(
        url: &str,
        allowed: Option<Vec<Algorithm>>,
        caller: &Arc<Caller>,
    ) -> Arc<Self> {
        let set = KeySet::new(allowed.clone(), Instant::now());
        let keys = Arc::new(Self {
            url: url.to_owned(),
            allowed,
            caller: Arc::clone(caller),
            held: Mutex::new(Held {
                shown: Arc::new(set.clone()),
                set,
                fetch: None,
                has_failed: false,
            }),
        });
        keys.fetch_due(&mut keys.held());
        keys
    }

    pub(super) fn are_of(&self, url: &str, allowed: Option<&[Algorithm]>) -> bool {
        self.url == url && self.allowed.as_deref() == allowed
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a fetch if one is due.
    fn fetch_due(self: &Arc<Self>, held: &mut Held) {
        if !held.set.poll_fetch(Instant::now()) {
            return;
        }
        let (done, is_done) = oneshot::channel();
        held.fetch = Some(is_done.shared());
        let keys = Arc::clone(self);
        self.caller.runtime.spawn(async move {
            let fetched = keys.fetch().await;
            keys.take_in(fetched);
            // Nobody may wait for it.
            let _ = done.send(());
        });
    }

    async fn fetch(&self) -> Result<Bytes, String> {
        let request = Request::get(&self.url)
            .header(ACCEPT, "application/json")
            .body(Full::default())
            .map_err(|error| error.to_string())?;
        let called = self.caller.call(request, FETCH_TIMEOUT, SET_BYTES).await;
        let answer = called.map_err(|fault| fault.to_string())?;
        match answer.status() {
            StatusCode::OK => Ok(answer.into_body()),
            status => Err(unmeant(status)),
        }
    }

    fn take_in(&self, fetched: Result<Bytes, String>) {
        let now = Instant::now();
        let mut held = self.held();
        let fault = match fetched {
            Ok(body) => match held.set.handle_fetched(&body, now) {
                Ok(keys) => {
                    tracing::debug!(keys, url = masked(&self.url), "the key set was fetched");
                    None
                }
                Err(fault) => Some(format!("the key set {fault}")),
            },
            Err(fault) => {
                held.set.handle_failed(now);
                Some(fault)
            }
        };
        held.shown = Arc::new(held.set.clone());
        held.fetch = None;
        held.has_failed = fault.is_some();
        let is_ready = held.set.is_ready();
        drop(held);
        if let Some(fault) = fault {
            let rest = if is_ready {
                "the keys that were fetched before hold"
            } else {
                "no token is accepted by it until it answers"
            };
            let url = masked(&self.url);
            tracing::warn!("BELLGATE_JWT_JWKS_URL {url} cannot be used: {fault}; {rest}");
        }
    }

    fn answer(&self) -> Answer {
        let held = self.held();
        if held.shown.is_ready() {
            Answer::Keys(Arc::clone(&held.shown))
        } else {
            Answer::Unavailable { what: NAME }
        }
    }
}

impl Provider for Keys {
    fn ask(self: Arc<Self>, need: &Need) -> Asked {
        let mut held = self.held();
        let waits = match need {
            Need::NewerKeys => held.set.handle_unknown_key(Instant::now()),
            // Keys that are old are good enough while newer ones come.
            Need::Keys => !held.set.is_ready(),
            // Somebody else's to answer.
            Need::Session(_) | Need::Application(_) => false,
        };
        self.fetch_due(&mut held);
        let fetch = held.fetch.clone().filter(|_| waits);
        drop(held);
        match fetch {
            Some(fetch) => Asked::Later(
                async move {
                    // Whether it went well is what is held then.
                    let _ = fetch.await;
                    self.answer()
                }
                .boxed(),
            ),
            None => Asked::Now(self.answer()),
        }
    }

    fn down_for(&self) -> Option<Duration> {
        let held = self.held();
        if held.shown.is_ready() || !held.has_failed {
            return None;
        }
        let due = held.set.poll_deadline()?;
        let left = due.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn setting(&self) -> &'static str {
        SETTING
    }
}
