//! Whoever is asked outside of this process before somebody is let in (contract §4).
//!
//! The gate says what it needs ([`Need`]), a shard asks here and waits beside its other work, and the
//! gate judges again with the [`Answer`]. A [`Provider`] answers one kind of need. It runs on the tokio
//! runtime of whoever started the server, never on a shard's, and an answer that is at hand costs no wait.

mod caller;
mod keys;

use std::sync::Arc;
use std::time::Duration;

use bellgate_gate::identity::{Answer, Need};
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use self::caller::Caller;
use self::keys::Keys;
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
}

impl Outside {
    /// What these settings name, asked by tasks of the runtime that this is called in.
    ///
    /// # Errors
    /// Where somebody is to be asked and there is no runtime; the text names the setting.
    pub(super) fn open(settings: &Settings) -> Result<Self, String> {
        let nobody = Self {
            runtime: Handle::try_current().ok(),
            ..Self::default()
        };
        nobody.renew(settings)
    }

    /// The same by other settings. What they leave as it was keeps what it knows.
    ///
    /// # Errors
    /// As [`Outside::open`].
    pub(super) fn renew(&self, settings: &Settings) -> Result<Self, String> {
        let Some(url) = &settings.tokens.key_set else {
            let runtime = self.runtime.clone();
            return Ok(Self {
                runtime,
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
        })
    }

    /// Asks for what the gate needs.
    pub(super) fn ask(&self, need: &Need) -> Asked {
        let provider = match need {
            Need::Keys | Need::NewerKeys => self.keys.clone(),
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
        keys.map(|keys| keys as Arc<dyn Provider>).into_iter()
    }
}
