//! From settings to what the other crates are made of. A new field of theirs is filled here.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use bellgate_engine::{EngineConfig, Transports};
use bellgate_gate::flask::SessionRules;
use bellgate_gate::identity::{CrossCookies, IdentitySettings, StoredRules, TokenSettings};
use bellgate_gate::jwt::{Algorithm, TokenPlaces, TokenRules};
use bellgate_gate::origin::{OriginPolicy, OriginSettings};
use bellgate_gate::{Notice, NoticeKind, TrustedProxies};
use bellgate_hub::HubConfig;
use bellgate_wire::Limits;
use http::HeaderName;

use super::Settings;
use super::secret::Secret;
use super::value::Address;

impl Settings {
    /// What the origin policy is made of. With port 0 Bellgate's own address is left out: whoever
    /// opens the listener writes the true port into `listen.public` first.
    pub fn origin_settings(&self) -> OriginSettings {
        OriginSettings {
            flask_host: self.app.flask_host.clone(),
            flask_port: self.app.flask_port,
            public_url: self.app.public_urls.clone(),
            cors_origins: self.origins.allowed.clone(),
            own: own(&self.listen.public),
            credentials: self.origins.credentials,
            credentials_set: self.origins.credentials_set,
            methods: self.origins.methods.clone(),
            headers: self.origins.headers.clone(),
            max_age: self.origins.max_age,
            allow_null: self.origins.allow_null,
            require_origin: self.origins.require_origin,
            require_https: self.is_https_required(),
            private_network: self.origins.private_network,
            mode: self.origins.mode,
            allow_report: self.origins.allow_report,
            allow_any_origin: self.origins.allow_any,
            production: self.app.environment.is_production(),
        }
    }

    /// The origin policy. Its notices are among the warnings of [`Loaded`](super::Loaded) already.
    pub fn origin_policy(&self) -> (OriginPolicy, Vec<Notice>) {
        OriginPolicy::build(&self.origin_settings())
    }

    /// Whose forwarded headers are believed. Notices as with [`Settings::origin_policy`].
    pub fn trusted_proxies(&self) -> (TrustedProxies, Vec<Notice>) {
        TrustedProxies::parse(&self.listen.trusted_proxies.join(","))
    }

    /// What sessions need.
    pub fn engine_config(&self) -> EngineConfig {
        EngineConfig {
            ping_interval: self.sessions.ping_interval,
            ping_timeout: self.sessions.ping_timeout,
            upgrade_timeout: self.sessions.upgrade_timeout,
            send_buffer: self.limits.send_buffer,
            max_payload: self.limits.message_bytes,
            transports: Transports {
                polling: self.sessions.polling,
                websocket: self.sessions.websocket,
            },
            allow_upgrades: self.sessions.allow_upgrades,
            deflate_threshold: self.sessions.compression,
        }
    }

    /// Whether a user is needed where no policy of a namespace says otherwise.
    pub fn is_login_required(&self) -> bool {
        let production = self.app.environment.is_production();
        self.identity.required.or(self.knows_users() || production)
    }

    /// Whether anything is set by which a user can be known.
    pub const fn knows_users(&self) -> bool {
        let identity = &self.identity;
        identity.secret_key.is_some()
            || identity.session_redis.is_some()
            || self.tokens.is_on()
            || self.webhooks.auth_url.is_some()
    }

    /// What is to be said where the web application is to be asked and cannot be.
    pub fn webhook_notice(&self) -> Option<Notice> {
        let webhooks = &self.webhooks;
        let is_unsigned = webhooks.auth_url.is_some() && webhooks.secret.is_none();
        is_unsigned.then(|| Notice {
            kind: NoticeKind::Dropped,
            setting: "BELLGATE_AUTH_URL",
            text: "it needs BELLGATE_WEBHOOK_SECRET, which signs what is asked; until that is set nobody is let \
                   in by it"
                .to_owned(),
        })
    }

    /// The algorithms that are pinned for tokens, where any are.
    pub fn token_algorithms(&self) -> Option<Vec<Algorithm>> {
        let names = self.tokens.algorithms.iter();
        let list: Vec<_> = names
            .filter_map(|name| Algorithm::from_name(name))
            .collect();
        Some(list).filter(|list| !list.is_empty())
    }

    /// Which tokens log in, where any do, and what is to be said of keys that cannot be used.
    pub fn token_settings(&self) -> (Option<TokenSettings>, Vec<Notice>) {
        let set = &self.tokens;
        if !set.is_on() {
            return (None, Vec::new());
        }
        let mut notices = Vec::new();
        let public_key = set.public_key.as_ref().map(|path| {
            // Without its text no token is believed by it.
            read_key(path).unwrap_or_else(|reason| {
                let text = format!("{} cannot be read: {reason}", path.display());
                let (kind, setting) = (NoticeKind::Dropped, "BELLGATE_JWT_PUBLIC_KEY");
                notices.push(Notice {
                    kind,
                    setting,
                    text,
                });
                String::new()
            })
        });
        let tokens = TokenSettings {
            rules: TokenRules {
                algorithms: self.token_algorithms(),
                issuers: set.issuer.iter().cloned().collect(),
                audiences: set.audience.iter().cloned().collect(),
                leeway: set.leeway.as_secs(),
                requires_exp: set.requires_exp.or(self.app.environment.is_production()),
                user_claim: set.user_claim.clone(),
                roles_claim: set.roles_claim.clone(),
                ..TokenRules::default()
            },
            places: TokenPlaces {
                cookie: set.cookie.clone(),
                ..TokenPlaces::default()
            },
            secret: set.secret.as_ref().map(text),
            public_key,
            has_key_set: set.key_set.is_some(),
        };
        if notices.is_empty() {
            notices = tokens.build().1;
        }
        (Some(tokens), notices)
    }

    /// How users are known.
    pub fn identity_settings(&self) -> IdentitySettings {
        let identity = &self.identity;
        let cross_cookies = match &self.origins.allowed {
            Some(origins) if origins.iter().any(|entry| entry == "*") => CrossCookies::NoneAtAll,
            _ if self.origins.credentials => CrossCookies::Read,
            _ => CrossCookies::Ignored,
        };
        IdentitySettings {
            tokens: self.token_settings().0,
            secret_key: identity.secret_key.as_ref().map(text),
            secret_key_fallbacks: identity.secret_key_fallbacks.iter().map(text).collect(),
            cookie_name: identity.cookie_name.clone(),
            session: SessionRules {
                digest: identity.digest,
                salt: identity.salt.clone(),
                lifetime: identity.lifetime.as_secs(),
                ..SessionRules::default()
            },
            stored: identity.session_redis.as_ref().map(|_| StoredRules {
                prefix: identity.session_prefix.clone(),
                is_signed: identity.session_signer,
            }),
            asks_application: self.webhooks.auth_url.is_some(),
            protection: identity.protection,
            remember_cookie: identity.remember_cookie.clone(),
            csrf_secret_key: identity.csrf_secret_key.as_ref().map(text),
            csrf_time_limit: identity.csrf_time_limit.map(|limit| limit.as_secs()),
            csrf_field: identity.csrf_field.clone(),
            csrf: identity.csrf,
            cross_cookies,
            roles_key: identity.roles_key.clone(),
            admin_role: self.api.admin_role.clone(),
            admin_users: identity.admin_users.clone(),
        }
    }

    /// The headers in which pages bring a CSRF token, where the application has others than Flask-WTF's
    /// usual ones; those are read always.
    pub fn csrf_headers(&self) -> Vec<HeaderName> {
        let names = self.identity.csrf_headers.iter();
        // What is no name of a header was dropped with a warning.
        let names = names.filter_map(|name| name.parse().ok());
        let is_usual = |name: &HeaderName| matches!(name.as_str(), "x-csrftoken" | "x-csrf-token");
        names.filter(|name| !is_usual(name)).collect()
    }

    /// What a message may cost: the protocol's constants, and the size that was set.
    pub fn wire_limits(&self) -> Limits {
        Limits {
            message_bytes: self.limits.message_bytes,
            ..Limits::default()
        }
    }

    /// What the hub needs.
    pub fn hub_config(&self) -> HubConfig {
        HubConfig::new(self.sessions.connect_timeout, self.wire_limits())
    }
}

fn text(secret: &Secret) -> String {
    secret.expose().to_owned()
}

/// The text of a file with a key.
fn read_key(path: &Path) -> Result<String, String> {
    /// More than any key has.
    const MOST: u64 = 64 * 1024;
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    let read = file.take(MOST).read_to_string(&mut text);
    read.map_err(|error| error.to_string())?;
    Ok(text)
}

fn own(public: &Address) -> Vec<(String, u16)> {
    match public {
        Address::Tcp { host, port } if *port != 0 => vec![(host.clone(), *port)],
        Address::Tcp { .. } | Address::Unix(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Sources;

    fn set(environment: &[(&str, &str)]) -> Settings {
        let sources = Sources::new().with_environment(environment.iter().copied());
        Settings::load(&sources).settings
    }

    #[test]
    fn the_intervals_of_the_official_suites_reach_the_engine() {
        let settings = set(&[
            ("SOCKETIO_PING_INTERVAL", "300ms"),
            ("SOCKETIO_PING_TIMEOUT", "200ms"),
            ("SOCKETIO_CONNECT_TIMEOUT", "1"),
            ("SOCKETIO_TRANSPORTS", "polling"),
            ("SOCKETIO_COMPRESSION", "1KiB"),
            ("SOCKETIO_MAX_HTTP_BUFFER_SIZE", "2048"),
        ]);
        let engine = settings.engine_config();
        assert_eq!(engine.ping_interval, Duration::from_millis(300));
        assert_eq!(engine.ping_timeout, Duration::from_millis(200));
        assert!(engine.transports.polling && !engine.transports.websocket);
        assert_eq!(engine.deflate_threshold, Some(1024));
        assert_eq!(engine.max_payload, 2048);
        let hub = settings.hub_config();
        assert_eq!(hub.connect_timeout, Duration::from_secs(1));
        assert_eq!(hub.limits.message_bytes, 2048);
    }

    #[test]
    fn the_defaults_agree_with_those_of_the_origin_policy() {
        let ours = Settings::default().origin_settings();
        assert_eq!(ours, OriginSettings::default());
    }

    #[test]
    fn credentials_that_somebody_asked_for_are_told_from_the_default() {
        assert!(!set(&[]).origin_settings().credentials_set);
        let asked = set(&[("SOCKETIO_CORS_CREDENTIALS", "true")]);
        assert!(asked.origin_settings().credentials_set);
        let invalid = set(&[("SOCKETIO_CORS_CREDENTIALS", "maybe")]);
        assert!(!invalid.origin_settings().credentials_set);
    }

    #[test]
    fn an_own_address_without_a_port_is_no_origin() {
        assert!(
            set(&[("SOCKETIO_PORT", "0")])
                .origin_settings()
                .own
                .is_empty()
        );
        let unix = set(&[("SOCKETIO_HOST", "unix:/run/b.sock")]);
        assert!(unix.origin_settings().own.is_empty());
    }
}
