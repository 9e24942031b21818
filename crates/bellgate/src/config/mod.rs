//! Settings: one table, and everything that is made from it.
//!
//! Start at [`table`]: a row holds a setting's name, type, bounds, default and meaning, and is
//! the only place that does. [`groups`] has the rows and the typed fields that are made of them,
//! [`value`] the parsers, [`tables`] those of namespaces and categories. [`files`] reads the two
//! files, [`sources`] holds the texts of all sources, [`load`] makes [`Settings`] of them,
//! [`changes`] compares two results. [`report`] is what is said about values that cannot be used,
//! [`render`] the texts for people. Nothing else in Bellgate reads the environment, and nothing
//! here decides what a setting does.
//!
//! ```
//! use bellgate::config::{Settings, Sources};
//!
//! let sources = Sources::new()
//!     .with_flags([("SOCKETIO_PORT", "6001")])
//!     .with_environment([("SOCKETIO_PING_TIMEOUT", "60000")]);
//! let loaded = Settings::load(&sources);
//! assert_eq!(loaded.settings.sessions.ping_timeout.as_secs(), 60);
//! assert!(loaded.warnings[0].to_string().contains("was 60000ms meant?"));
//! ```

pub mod changes;
pub mod convert;
mod dotenv;
pub mod files;
pub mod groups;
pub mod load;
mod nearest;
pub mod render;
pub mod report;
pub mod secret;
pub mod sources;
pub mod table;
pub mod tables;
mod tls;
mod toml_file;
mod unknown;
pub mod value;

pub use self::changes::Change;
pub use self::files::Files;
pub use self::groups::api::Api;
pub use self::groups::app::{App, Environment};
pub use self::groups::clients::Clients;
pub use self::groups::identity::Identity;
pub use self::groups::limits::Limits;
pub use self::groups::listen::{Listen, TlsFiles};
pub use self::groups::logging::{LogFormat, LogLevel, Logging};
pub use self::groups::origins::Origins;
pub use self::groups::rates::{Caps, RateLimits, SharedLimits};
pub use self::groups::sessions::Sessions;
pub use self::groups::tokens::Tokens;
pub use self::groups::webhooks::Webhooks;
pub use self::load::{Effective, Loaded};
pub use self::report::{Fatal, Place, Source, Warning};
pub use self::secret::{ApiKey, Scope, Secret};
pub use self::sources::Sources;
pub use self::tables::{CategoryDefaults, NamespaceAuth, NamespacePolicy, Tables};
pub use self::value::{Address, Switch};

/// All settings, typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The web application that Bellgate stands beside.
    pub app: App,
    /// Where Bellgate listens, and whom it believes.
    pub listen: Listen,
    /// Which pages may connect.
    pub origins: Origins,
    /// How sessions are opened and kept.
    pub sessions: Sessions,
    /// What clients may cost.
    pub limits: Limits,
    /// How fast clients may talk.
    pub rates: RateLimits,
    /// Where counts are shared.
    pub shared_limits: SharedLimits,
    /// How many connections somebody may have.
    pub caps: Caps,
    /// What clients are told about reconnecting.
    pub clients: Clients,
    /// Who connects.
    pub identity: Identity,
    /// Which tokens log in.
    pub tokens: Tokens,
    /// How the web application is asked.
    pub webhooks: Webhooks,
    /// The HTTP API.
    pub api: Api,
    /// The log.
    pub logging: Logging,
    /// Policies of namespaces and defaults of categories.
    pub tables: Tables,
}

impl Settings {
    /// Reads the sources. Nothing in them stops it; what they lack is the table's default.
    pub fn load(sources: &Sources) -> Loaded {
        load::load(sources)
    }

    /// Reads the sources for a server that runs with `held`, and what differs from that. Rows that
    /// need a restart keep the values that they have.
    pub fn reload(sources: &Sources, held: &Loaded) -> (Loaded, Vec<Change>) {
        load::reload(sources, held)
    }

    /// Whether no plaintext origin is generated or admitted.
    pub fn is_https_required(&self) -> bool {
        let production = self.app.environment.is_production();
        self.origins.require_https.or(production)
    }

    fn take(values: &mut value::Values) -> Self {
        let app = App::take(values);
        Self {
            listen: Listen::take(values),
            origins: Origins::take(values),
            sessions: Sessions::take(values),
            limits: Limits::take(values),
            rates: RateLimits::take(values),
            shared_limits: SharedLimits::take(values),
            caps: Caps::take(values),
            clients: Clients::take(values),
            identity: Identity::take(values),
            tokens: Tokens::take(values),
            webhooks: Webhooks::take(values),
            api: Api::take(values, app.environment),
            logging: Logging::take(values),
            tables: Tables::default(),
            app,
        }
    }
}

impl Default for Settings {
    /// The table's defaults.
    fn default() -> Self {
        Self::load(&Sources::new()).settings
    }
}

/// The environment of this process, for [`Sources::with_environment`].
///
/// The one place that reads it. Text that is no UTF-8 gets replacement characters, which the
/// parsers refuse.
#[expect(
    clippy::disallowed_methods,
    reason = "the one reader of the environment"
)]
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests;
