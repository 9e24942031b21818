//! Who connects: logins of the web application, tokens, who is an administrator.

use crate::config::table::{Group, Item, Kind, LATER, Reload, Setting, Unit, s};

/// Seconds, from nothing to a day.
const SECONDS: Kind = Kind::Duration {
    unit: Unit::Second,
    from: s(0),
    to: s(86_400),
};

/// Redis and those that speak like it.
const REDIS: Kind = Kind::Url {
    schemes: &[
        "redis",
        "rediss",
        "valkey",
        "redis+sentinel",
        "redis+cluster",
    ],
    or_stop: true,
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
            ..LATER
        },
        Setting {
            name: "SOCKETIO_CSRF_PROTECTION",
            kind: Kind::Choice(&[&["auto"], &["always"], &["report"], &["off"]]),
            default: "auto",
            when_invalid: Some("always"),
            reload: Reload::Live,
            short: "whether a login by cookie needs a CSRF token",
            ..LATER
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
            ..LATER
        },
        Setting {
            name: "SECRET_KEY",
            kind: Kind::Secret,
            reload: Reload::Live,
            secret: true,
            short: "Flask's secret key, with which its cookies are signed",
            ..LATER
        },
        Setting {
            name: "SECRET_KEY_FALLBACKS",
            kind: Kind::Secrets,
            reload: Reload::Live,
            secret: true,
            short: "older secret keys that still verify, comma list",
            ..LATER
        },
        Setting {
            name: "SESSION_COOKIE_NAME",
            default: "session",
            reload: Reload::Live,
            short: "name of Flask's session cookie",
            ..LATER
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
            ..LATER
        },
        Setting {
            name: "SESSION_PROTECTION",
            default: "basic",
            reload: Reload::Live,
            short: "Flask-Login's session protection",
            ..LATER
        },
        Setting {
            name: "BELLGATE_SESSION_DIGEST",
            kind: Kind::Choice(&[&["sha1"], &["sha256"], &["sha512"]]),
            default: "sha1",
            reload: Reload::Live,
            short: "digest of Flask's session signature",
            ..LATER
        },
        Setting {
            name: "BELLGATE_SESSION_SALT",
            default: "cookie-session",
            reload: Reload::Live,
            short: "salt of Flask's session signature",
            ..LATER
        },
        Setting {
            name: "BELLGATE_REMEMBER_COOKIE",
            kind: Kind::Switch,
            default: "false",
            reload: Reload::Live,
            short: "Flask-Login's remember cookie logs in",
            ..LATER
        },
        Setting {
            name: "BELLGATE_SESSION_REDIS_URL",
            kind: REDIS,
            short: "Redis in which Flask-Session keeps sessions",
            ..LATER
        },
        Setting {
            name: "SESSION_KEY_PREFIX",
            default: "session:",
            short: "prefix of Flask-Session's keys",
            ..LATER
        },
        Setting {
            name: "BELLGATE_JWT_SECRET",
            kind: Kind::Secret,
            reload: Reload::Live,
            secret: true,
            short: "shared secret that signs tokens",
            ..LATER
        },
        Setting {
            name: "BELLGATE_JWT_PUBLIC_KEY",
            kind: Kind::File,
            reload: Reload::Live,
            short: "PEM file with the public key that verifies tokens",
            ..LATER
        },
        Setting {
            name: "BELLGATE_JWT_JWKS_URL",
            kind: Kind::Url {
                schemes: &["https", "http"],
                or_stop: false,
            },
            reload: Reload::Live,
            short: "URL of the key set that verifies tokens",
            ..LATER
        },
        Setting {
            name: "BELLGATE_JWT_ALGORITHMS",
            kind: Kind::List(Item::Text),
            reload: Reload::Live,
            short: "algorithms that tokens may be signed with",
            ..LATER
        },
        Setting {
            name: "BELLGATE_JWT_ISSUER",
            reload: Reload::Live,
            short: "issuer that a token must name",
            ..LATER
        },
        Setting {
            name: "BELLGATE_JWT_AUDIENCE",
            reload: Reload::Live,
            short: "audience that a token must name",
            ..LATER
        },
        Setting {
            name: "BELLGATE_JWT_LEEWAY",
            kind: SECONDS,
            default: "60",
            reload: Reload::Live,
            short: "how far clocks may differ when a token is judged",
            ..LATER
        },
        Setting {
            name: "BELLGATE_JWT_USER_CLAIM",
            default: "sub",
            reload: Reload::Live,
            short: "claim of a token that names the user",
            ..LATER
        },
        Setting {
            name: "BELLGATE_JWT_ROLES_CLAIM",
            default: "roles",
            reload: Reload::Live,
            short: "claim of a token that names the roles",
            ..LATER
        },
        Setting {
            name: "BELLGATE_JWT_REQUIRE_EXP",
            kind: Kind::Or {
                word: "auto",
                other: &Kind::Switch,
            },
            default: "auto",
            when_invalid: Some("true"),
            reload: Reload::Live,
            short: "tokens without an expiry are refused; auto is on in production",
            ..LATER
        },
        Setting {
            name: "JWT_TOKEN_LOCATION",
            kind: Kind::List(Item::OneOf(&["headers", "cookies", "query_string", "json"])),
            default: "headers",
            reload: Reload::Live,
            short: "Flask-JWT-Extended's places for a token; cookies is the one that matters here",
            ..LATER
        },
        Setting {
            name: "JWT_ACCESS_COOKIE_NAME",
            default: "access_token_cookie",
            reload: Reload::Live,
            short: "cookie that holds a token",
            ..LATER
        },
        Setting {
            name: "BELLGATE_ADMIN_USERS",
            kind: Kind::List(Item::Text),
            reload: Reload::Live,
            short: "users that are administrators whatever their roles",
            ..LATER
        },
        Setting {
            name: "BELLGATE_SESSION_ROLES_KEY",
            default: "roles",
            reload: Reload::Live,
            short: "key of Flask's session that holds the roles",
            ..LATER
        },
        Setting {
            name: "BELLGATE_RECHECK_INTERVAL",
            kind: SECONDS,
            default: "60",
            reload: Reload::Live,
            short: "how long a live identity is believed where no event tells of a change",
            ..LATER
        },
    ],
};
