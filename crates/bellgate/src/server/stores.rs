//! The Redises that settings name, each opened once.

use std::sync::{Arc, Weak};

use bellgate_redis::{Place, Redis};
use tokio::runtime::Handle;

use super::start::StartError;
use super::throttle::{Sharing, Throttle, share};
use crate::config::{Secret, Settings};

/// The Redises of one server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stores {
    /// In which counts are shared.
    limits: Option<Redis>,
    /// In which an application keeps its sessions.
    pub(super) sessions: Option<Redis>,
}

impl Stores {
    /// Opens what the settings name; the connections are made by the tokio runtime of the caller, who need
    /// not have one otherwise. A Redis that does not answer is told of in the log, and waited for.
    pub(super) fn open(settings: &Settings) -> Result<Self, StartError> {
        Ok(Self {
            limits: open(
                "BELLGATE_LIMITS_REDIS_URL",
                settings.shared_limits.redis.as_ref(),
            )?,
            sessions: open(
                "BELLGATE_SESSION_REDIS_URL",
                settings.identity.session_redis.as_ref(),
            )?,
        })
    }

    /// Shares the counts of the throttle, if that is wanted.
    pub(super) fn share_limits(&self, settings: &Settings, throttle: &Arc<Throttle>) {
        if let Some(redis) = &self.limits {
            let sharing = Sharing::new(redis.clone(), &settings.shared_limits);
            let throttle: Weak<Throttle> = Arc::downgrade(throttle);
            redis.spawn(share(throttle, sharing));
        }
    }

    /// All of them, each with its setting's name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Redis> {
        self.limits.iter().chain(&self.sessions)
    }
}

fn open(setting: &'static str, url: Option<&Secret>) -> Result<Option<Redis>, StartError> {
    let Some(url) = url else {
        return Ok(None);
    };
    let place = Place::parse(setting, url.expose());
    let place = place.map_err(|bad| StartError::Redis(bad.to_string()))?;
    let failed = |cause: String| StartError::Redis(format!("{setting}: {cause}"));
    let runtime = Handle::try_current().map_err(|error| failed(error.to_string()))?;
    let redis = Redis::open(place, &runtime).map_err(|fault| failed(fault.to_string()))?;
    Ok(Some(redis))
}
