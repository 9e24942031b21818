//! Whoever is asked outside of this process before somebody is let in (contract §4).
//!
//! The gate says what it needs ([`Need`]), a shard asks here and waits beside its other work, and the
//! gate judges again with the [`Answer`]. A [`Provider`] answers one kind of need. It runs on the tokio
//! runtime of whoever started the server, never on a shard's, and an answer that is at hand costs no wait.

mod application;
mod breaker;
mod caller;
mod keys;
mod memory;
pub(crate) mod sessions;
mod signed;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use bellgate_gate::identity::{Answer, Need};
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use self::application::Application;
use self::caller::Caller;
use self::keys::Keys;
use self::sessions::Sessions;
use super::stores::Stores;
use crate::config::Settings;

/// Answers one kind of need.
pub(crate) trait Provider: Send + Sync {
    /// What it knows of `need`, or is going to. Whoever waits gives up by itself.
    fn ask(self: Arc<Self>, need: &Need) -> Asked;

    /// How long it is not worth asking, where it has failed: until then handshakes that could need it are
    /// refused before a session opens.
    fn down_for(&self) -> Option<Duration>;

    /// What it is, for people: "the key set".
    fn name(&self) -> &'static str;

    /// The setting that names it.
    fn setting(&self) -> &'static str;
}

/// How a provider stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    /// The setting that names it.
    pub(crate) setting: &'static str,
    /// What it is, for people.
    pub(crate) name: &'static str,
    /// Whether it answers, as far as is known.
    pub(crate) is_up: bool,
}

/// What a question comes to.
pub(crate) enum Asked {
    /// It was at hand.
    Now(Answer),
    /// It comes.
    Later(BoxFuture<'static, Answer>),
}

/// All that are asked.
#[derive(Clone, Default)]
pub(crate) struct Outside {
    runtime: Option<Handle>,
    caller: Option<Arc<Caller>>,
    keys: Option<Arc<Keys>>,
    sessions: Option<Arc<Sessions>>,
    application: Option<Arc<Application>>,
}

impl Outside {
    /// What these settings name, asked by tasks of the runtime that this is called in.
    ///
    /// # Errors
    /// Where somebody is to be asked and there is no runtime; the text names the setting.
    pub(super) fn open(settings: &Settings, stores: &Stores) -> Result<Self, String> {
        let redis = stores.sessions.as_ref();
        let nobody = Self {
            runtime: Handle::try_current().ok(),
            sessions: redis.map(|redis| Sessions::open(redis, settings)),
            ..Self::default()
        };
        nobody.renew(settings)
    }

    /// The same by other settings. What they leave as it was keeps what it knows.
    ///
    /// # Errors
    /// As [`Outside::open`].
    pub(super) fn renew(&self, settings: &Settings) -> Result<Self, String> {
        if let Some(sessions) = &self.sessions {
            sessions.renew(settings);
        }
        let mut next = Self {
            keys: None,
            application: None,
            ..self.clone()
        };
        if let Some(url) = &settings.tokens.key_set {
            let caller = next.caller("BELLGATE_JWT_JWKS_URL")?;
            let allowed = settings.token_algorithms();
            let held = self.keys.clone();
            let held = held.filter(|keys| keys.are_of(url.expose(), allowed.as_deref()));
            next.keys = Some(held.unwrap_or_else(|| Keys::of(url.expose(), allowed, &caller)));
        }
        if settings.webhooks.auth_url.is_some() {
            let caller = next.caller("BELLGATE_AUTH_URL")?;
            let held = self.application.clone();
            let held = held.filter(|application| application.is_of(&settings.webhooks));
            let opened = || Application::open(&settings.webhooks, &caller);
            next.application = Some(held.unwrap_or_else(opened));
        }
        Ok(next)
    }

    /// The one client, for this setting.
    fn caller(&mut self, setting: &str) -> Result<Arc<Caller>, String> {
        if let Some(caller) = &self.caller {
            return Ok(Arc::clone(caller));
        }
        let runtime = self.runtime.as_ref();
        let runtime =
            runtime.ok_or_else(|| format!("{setting} needs a tokio runtime to start in"))?;
        let caller = Arc::new(Caller::new(runtime)?);
        self.caller = Some(Arc::clone(&caller));
        Ok(caller)
    }

    /// Asks for what the gate needs.
    pub(super) fn ask(&self, need: &Need) -> Asked {
        let provider = match need {
            Need::Keys | Need::NewerKeys => self.keys.clone().map(provider),
            Need::Session(_) => self.sessions.clone().map(provider),
            Need::Application(_) => self.application.clone().map(provider),
        };
        match provider {
            Some(provider) => provider.ask(need),
            // A reload has taken it away meanwhile.
            None => Asked::Now(Answer::Unavailable {
                what: "what was set",
            }),
        }
    }

    /// The application has changed what it says of a user: what it said before is not said again.
    pub(super) fn forget(&self, user: &str) {
        if let Some(application) = &self.application {
            application.forget(user);
        }
    }

    /// How questions to the application were answered, where it is asked.
    pub(super) fn answers(&self) -> Option<Vec<(&'static str, u64)>> {
        let application = self.application.as_ref();
        application.map(|application| application.answers())
    }

    /// How many calls to the application run, and how many may, where it is asked.
    pub(super) fn calls(&self) -> Option<(usize, usize)> {
        let application = self.application.as_ref();
        application.map(|application| (application.calls(), application.size()))
    }

    /// Who is known not to answer, and for how long that is not worth trying.
    pub(super) fn down(&self) -> Option<(&'static str, Duration)> {
        let mut all = self.all();
        all.find_map(|provider| Some((provider.name(), provider.down_for()?)))
    }

    /// How all of them stand.
    pub(super) fn states(&self) -> Vec<State> {
        let state = |provider: Arc<dyn Provider>| State {
            setting: provider.setting(),
            name: provider.name(),
            is_up: provider.down_for().is_none(),
        };
        self.all().map(state).collect()
    }

    fn all(&self) -> impl Iterator<Item = Arc<dyn Provider>> {
        let keys = self.keys.clone().map(provider);
        let sessions = self.sessions.clone().map(provider);
        let application = self.application.clone().map(provider);
        keys.into_iter().chain(sessions).chain(application)
    }

    /// The sessions of the application, where a store keeps them.
    pub(super) fn sessions(&self) -> Option<&Sessions> {
        self.sessions.as_deref()
    }
}

fn provider(one: Arc<impl Provider + 'static>) -> Arc<dyn Provider> {
    one
}
