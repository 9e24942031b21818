//! Who connects: logins of the web application, who is an administrator.

use std::time::Duration;

use bellgate_gate::flask::{Digest, Protection};
use bellgate_gate::identity::CsrfMode;

use crate::config::secret::Secret;
use crate::config::table::{Group, Item, Kind, PLAIN, Reload, Setting, Unit, s};
use crate::config::value::{FromValue, Switch, Value, Values};

/// How users are known, and what is asked of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `SOCKETIO_REQUIRE_AUTH`; `auto` is on with production's rules, and as soon as a login can be
    /// checked.
    pub required: Switch,
    /// `SOCKETIO_CSRF_PROTECTION`.
    pub csrf: CsrfMode,
    /// `WTF_CSRF_SECRET_KEY`.
    pub csrf_secret_key: Option<Secret>,
    /// `WTF_CSRF_TIME_LIMIT`.
    pub csrf_time_limit: Option<Duration>,
    /// `WTF_CSRF_FIELD_NAME`.
    pub csrf_field: String,
    /// `WTF_CSRF_HEADERS`, as written.
    pub csrf_headers: Vec<String>,
    /// `SECRET_KEY`; without one no cookie is read.
    pub secret_key: Option<Secret>,
    /// `SECRET_KEY_FALLBACKS`.
    pub secret_key_fallbacks: Vec<Secret>,
    /// `SESSION_COOKIE_NAME`.
    pub cookie_name: String,
    /// `PERMANENT_SESSION_LIFETIME`.
    pub lifetime: Duration,
    /// `SESSION_PROTECTION`.
    pub protection: Protection,
    /// `BELLGATE_SESSION_DIGEST`.
    pub digest: Digest,
    /// `BELLGATE_SESSION_SALT`.
    pub salt: String,
    /// `REMEMBER_COOKIE_NAME`, where `BELLGATE_REMEMBER_COOKIE` is on.
    pub remember_cookie: Option<String>,
    /// `BELLGATE_ADMIN_USERS`.
    pub admin_users: Vec<String>,
    /// `BELLGATE_SESSION_ROLES_KEY`.
    pub roles_key: String,
    /// `BELLGATE_SESSION_REDIS_URL`.
    pub session_redis: Option<Secret>,
    /// `SESSION_KEY_PREFIX`.
    pub session_prefix: String,
    /// `SESSION_USE_SIGNER`.
    pub session_signer: bool,
    /// `BELLGATE_RECHECK_INTERVAL`.
    pub recheck: Duration,
}

impl Identity {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        let protection: String = values.take("SESSION_PROTECTION");
        let remember_cookie: String = values.take("REMEMBER_COOKIE_NAME");
        let remembers: bool = values.take("BELLGATE_REMEMBER_COOKIE");
        Self {
            required: values.take("SOCKETIO_REQUIRE_AUTH"),
            csrf: values.take("SOCKETIO_CSRF_PROTECTION"),
            csrf_secret_key: values.take("WTF_CSRF_SECRET_KEY"),
            csrf_time_limit: values.take("WTF_CSRF_TIME_LIMIT"),
            csrf_field: values.take("WTF_CSRF_FIELD_NAME"),
            csrf_headers: values.take("WTF_CSRF_HEADERS"),
            secret_key: values.take("SECRET_KEY"),
            secret_key_fallbacks: values.take("SECRET_KEY_FALLBACKS"),
            cookie_name: values.take("SESSION_COOKIE_NAME"),
            lifetime: values.take("PERMANENT_SESSION_LIFETIME"),
            protection: Protection::parse(&protection),
            digest: values.take("BELLGATE_SESSION_DIGEST"),
            salt: values.take("BELLGATE_SESSION_SALT"),
            remember_cookie: remembers.then_some(remember_cookie),
            admin_users: values.take("BELLGATE_ADMIN_USERS"),
            roles_key: values.take("BELLGATE_SESSION_ROLES_KEY"),
            session_redis: values.take("BELLGATE_SESSION_REDIS_URL"),
            session_prefix: values.take("SESSION_KEY_PREFIX"),
            session_signer: values.take("SESSION_USE_SIGNER"),
            recheck: values.take("BELLGATE_RECHECK_INTERVAL"),
        }
    }
}

impl FromValue for CsrfMode {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word("auto") => Some(Self::Auto),
            Value::Word("always") => Some(Self::Always),
            Value::Word("report") => Some(Self::Report),
            Value::Word("off") => Some(Self::Off),
            _ => None,
        }
    }
}

impl FromValue for Digest {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word("sha1") => Some(Self::Sha1),
            Value::Word("sha256") => Some(Self::Sha256),
            Value::Word("sha512") => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// Seconds, from nothing to a day.
pub(super) const SECONDS: Kind = Kind::Duration {
    unit: Unit::Second,
    from: s(0),
    to: s(86_400),
};

/// The rows.
pub const GROUP: Group = Group {
    title: "Identity",
    rows: &[
        Setting {
            name: "SOCKETIO_REQUIRE_AUTH",
            aliases: &["WEBSOCKET_REQUIRE_AUTH"],
            kind: Kind::Or {
                word: "auto",
                other: &Kind::Switch,
            },
            default: "auto",
            when_invalid: Some("true"),
            reload: Reload::Live,
            short: "visitors may not connect; auto is on as soon as a login can be checked",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_CSRF_PROTECTION",
            kind: Kind::Choice(&[&["auto"], &["always"], &["report"], &["off"]]),
            default: "auto",
            when_invalid: Some("always"),
            reload: Reload::Live,
            short: "whether a login by cookie needs a CSRF token",
            ..PLAIN
        },
        Setting {
            name: "WTF_CSRF_SECRET_KEY",
            kind: Kind::Secret,
            reload: Reload::Live,
            secret: true,
            short: "key of Flask-WTF's CSRF tokens, where the application sets one beside SECRET_KEY",
            ..PLAIN
        },
        Setting {
            name: "WTF_CSRF_TIME_LIMIT",
            kind: Kind::Duration {
                unit: Unit::Second,
                from: s(1),
                to: s(366 * 86_400),
            },
            reload: Reload::Live,
            short: "age from which Flask-WTF's CSRF tokens are refused; unset: they live as long as the session",
            ..PLAIN
        },
        Setting {
            name: "WTF_CSRF_FIELD_NAME",
            default: "csrf_token",
            reload: Reload::Live,
            short: "the name under which Flask-WTF keeps a session's CSRF token, as in the application",
            long: "A page may send its token by this name in the auth payload, or as csrf_token.",
            ..PLAIN
        },
        Setting {
            name: "WTF_CSRF_HEADERS",
            kind: Kind::List(Item::Header),
            default: "X-CSRFToken,X-CSRF-Token",
            reload: Reload::Live,
            short: "headers in which pages send Flask-WTF's CSRF token, as in the application",
            long: "The usual two are read in any case. For pages of another origin SOCKETIO_CORS_HEADERS \
                   has to name it too.",
            ..PLAIN
        },
        Setting {
            name: "SECRET_KEY",
            kind: Kind::Secret,
            reload: Reload::Live,
            secret: true,
            short: "Flask's secret key, with which its cookies are signed",
            long: "With it the application's own login is known here: its session cookie gives a \
                   connection its user and roles.",
            ..PLAIN
        },
        Setting {
            name: "SECRET_KEY_FALLBACKS",
            kind: Kind::Secrets,
            reload: Reload::Live,
            secret: true,
            short: "older secret keys that still verify, comma list",
            ..PLAIN
        },
        Setting {
            name: "SESSION_COOKIE_NAME",
            default: "session",
            reload: Reload::Live,
            short: "name of Flask's session cookie",
            ..PLAIN
        },
        Setting {
            name: "PERMANENT_SESSION_LIFETIME",
            kind: Kind::Duration {
                unit: Unit::Second,
                from: s(1),
                to: s(315_360_000),
            },
            default: "2678400",
            reload: Reload::Live,
            short: "how long a session cookie of Flask is valid",
            ..PLAIN
        },
        Setting {
            name: "SESSION_PROTECTION",
            default: "basic",
            reload: Reload::Live,
            short: "Flask-Login's session protection",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_SESSION_DIGEST",
            kind: Kind::Choice(&[&["sha1"], &["sha256"], &["sha512"]]),
            default: "sha1",
            reload: Reload::Live,
            short: "digest of Flask's session signature",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_SESSION_SALT",
            default: "cookie-session",
            reload: Reload::Live,
            short: "salt of Flask's session signature",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_REMEMBER_COOKIE",
            kind: Kind::Switch,
            default: "false",
            reload: Reload::Live,
            short: "Flask-Login's remember cookie logs in",
            long: "It holds no time and no role: it is good until SECRET_KEY changes.",
            ..PLAIN
        },
        Setting {
            name: "REMEMBER_COOKIE_NAME",
            default: "remember_token",
            reload: Reload::Live,
            short: "name of Flask-Login's remember cookie",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_SESSION_REDIS_URL",
            kind: Kind::Url {
                schemes: &bellgate_redis::SCHEMES,
                or_stop: true,
            },
            short: "Redis in which Flask-Session keeps sessions",
            long: "A user that needs no more than +get on those keys will do; +config|get and the channels \
                   __keyspace@*__:* beside them have a logout seen at once.",
            ..PLAIN
        },
        Setting {
            name: "SESSION_KEY_PREFIX",
            default: "session:",
            short: "prefix of Flask-Session's keys",
            ..PLAIN
        },
        Setting {
            name: "SESSION_USE_SIGNER",
            kind: Kind::Switch,
            default: "false",
            short: "Flask-Session signs the ids in its cookies, with SECRET_KEY",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_ADMIN_USERS",
            kind: Kind::List(Item::Text),
            reload: Reload::Live,
            short: "users that are administrators whatever their roles",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_SESSION_ROLES_KEY",
            default: "roles",
            reload: Reload::Live,
            short: "key of Flask's session that holds the roles",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_RECHECK_INTERVAL",
            kind: SECONDS,
            default: "60",
            reload: Reload::Live,
            short: "how long a live identity is believed where no event tells of a change",
            ..PLAIN
        },
    ],
};
