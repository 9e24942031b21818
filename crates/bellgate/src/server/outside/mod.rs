//! Whoever is asked outside of this process before somebody is let in (contract §4).
//!
//! The gate says what it needs ([`Need`]), a shard asks here and waits beside its other work, and the
//! gate judges again with the [`Answer`]. A [`Provider`] answers one kind of need. It runs on the tokio
//! runtime of whoever started the server, never on a shard's, and an answer that is at hand costs no wait.

mod caller;
mod keys;
pub(crate) mod sessions;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use bellgate_gate::identity::{Answer, Need};
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

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
        let Some(url) = &settings.tokens.key_set else {
            let runtime = self.runtime.clone();
            return Ok(Self {
                runtime,
                sessions: self.sessions.clone(),
                ..Self::default()
            });
        };
        let runtime = self.runtime.clone();
        let runtime = runtime.ok_or("BELLGATE_JWT_JWKS_URL needs a tokio runtime to start in")?;
        let caller = match &self.caller {
            Some(caller) => Arc::clone(caller),
            None => Arc::new(Caller::new(&runtime)?),
        };
        let allowed = settings.token_algorithms();
        let held = self.keys.clone();
        let held = held.filter(|keys| keys.are_of(url.expose(), allowed.as_deref()));
        let keys = held.unwrap_or_else(|| Keys::of(url.expose(), allowed, &caller));
        Ok(Self {
            runtime: Some(runtime),
            caller: Some(caller),
            keys: Some(keys),
            sessions: self.sessions.clone(),
        })
    }

    /// Asks for what the gate needs.
    pub(super) fn ask(&self, need: &Need) -> Asked {
        let keys = || self.keys.clone().map(|keys| keys as Arc<dyn Provider>);
        let provider = match need {
            Need::Keys | Need::NewerKeys => keys(),
            Need::Session(_) => self.sessions.clone().map(|sessions| sessions as _),
        };
        match provider {
            Some(provider) => provider.ask(need),
            // A reload has taken it away meanwhile.
            None => Asked::Now(Answer::Unavailable {
                what: "what was set",
            }),
        }
    }

    /// Who is known not to answer, and for how long that is not worth trying.
    pub(super) fn down(&self) -> Option<(&'static str, Duration)> {
        let mut all = self.all();
        all.find_map(|provider| Some((provider.name(), provider.down_for()?)))
    }

    fn all(&self) -> impl Iterator<Item = Arc<dyn Provider>> {
        let keys = self.keys.clone();
        let keys = keys.map(|keys| keys as Arc<dyn Provider>);
        let sessions = self.sessions.clone();
        let sessions = sessions.map(|sessions| sessions as Arc<dyn Provider>);
        keys.into_iter().chain(sessions)
    }

    /// The sessions of the application, where a store keeps them.
    pub(super) fn sessions(&self) -> Option<&Sessions> {
        self.sessions.as_deref()
    }
}
