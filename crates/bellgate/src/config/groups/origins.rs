//! Which pages may connect: origins, credentials, preflights.

use std::time::Duration;

use bellgate_gate::origin::{CorsMode, Telling};

use crate::config::table::{Group, Item, Kind, PLAIN, Reload, Setting, Unit, s};
use crate::config::value::{FromValue, Switch, Value, Values};

/// The policy for origins, before the generated ones are added.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the table"
)]
pub struct Origins {
    /// `SOCKETIO_CORS_ORIGINS`, entries as written; `None`: the generated list.
    pub allowed: Option<Vec<String>>,
    /// `SOCKETIO_CORS_CREDENTIALS`.
    pub credentials: bool,
    /// Whether that was set by somebody, or is the default.
    pub credentials_set: bool,
    /// `SOCKETIO_CORS_METHODS`, upper case.
    pub methods: Vec<String>,
    /// `SOCKETIO_CORS_HEADERS`, as written.
    pub headers: Vec<String>,
    /// `SOCKETIO_CORS_MAX_AGE`.
    pub max_age: Duration,
    /// `SOCKETIO_ALLOW_NULL_ORIGIN`.
    pub allow_null: bool,
    /// `SOCKETIO_REQUIRE_ORIGIN`.
    pub require_origin: bool,
    /// `SOCKETIO_REQUIRE_HTTPS`; `auto` is on with production's rules.
    pub require_https: Switch,
    /// `SOCKETIO_CORS_MODE`.
    pub mode: CorsMode,
    /// `BELLGATE_ALLOW_REPORT`: the mode may be `report` in production.
    pub allow_report: bool,
    /// `BELLGATE_ALLOW_ANY_ORIGIN`: `*` does not stop a start in production.
    pub allow_any: bool,
    /// `SOCKETIO_PRIVATE_NETWORK`.
    pub private_network: bool,
    /// `SOCKETIO_REFUSALS`.
    pub refusals: Telling,
}

impl FromValue for Telling {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word("auto") => Some(Self::Auto),
            Value::Word("http") => Some(Self::Http),
            Value::Word("inband") => Some(Self::InBand),
            _ => None,
        }
    }
}

impl FromValue for CorsMode {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word("enforce") => Some(Self::Enforce),
            Value::Word("report") => Some(Self::Report),
            Value::Word("off") => Some(Self::Off),
            _ => None,
        }
    }
}

impl Origins {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        Self {
            allowed: values.take("SOCKETIO_CORS_ORIGINS"),
            credentials: values.take("SOCKETIO_CORS_CREDENTIALS"),
            credentials_set: values.is_written("SOCKETIO_CORS_CREDENTIALS"),
            methods: values.take("SOCKETIO_CORS_METHODS"),
            headers: values.take("SOCKETIO_CORS_HEADERS"),
            max_age: values.take("SOCKETIO_CORS_MAX_AGE"),
            allow_null: values.take("SOCKETIO_ALLOW_NULL_ORIGIN"),
            require_origin: values.take("SOCKETIO_REQUIRE_ORIGIN"),
            require_https: values.take("SOCKETIO_REQUIRE_HTTPS"),
            mode: values.take("SOCKETIO_CORS_MODE"),
            allow_report: values.take("BELLGATE_ALLOW_REPORT"),
            allow_any: values.take("BELLGATE_ALLOW_ANY_ORIGIN"),
            private_network: values.take("SOCKETIO_PRIVATE_NETWORK"),
            refusals: values.take("SOCKETIO_REFUSALS"),
        }
    }
}

/// The rows.
pub const GROUP: Group = Group {
    title: "Origins",
    rows: &[
        Setting {
            name: "SOCKETIO_CORS_ORIGINS",
            aliases: &["WEBSOCKET_CORS_ORIGINS"],
            kind: Kind::List(Item::Text),
            reload: Reload::Live,
            short: "origins of pages that may connect; replaces the generated ones",
            long: "Unset: http and https of FLASK_HOST:FLASK_PORT (all three loopback hosts when \
                   it is one) and BELLGATE_PUBLIC_URL. https://*.example.com admits every host \
                   below example.com; * admits every page and turns credentials off.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_CORS_CREDENTIALS",
            kind: Kind::Switch,
            default: "true",
            reload: Reload::Live,
            short: "cookies of cross-origin pages are read",
            long: "Off: pages log in by token only.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_CORS_METHODS",
            kind: Kind::List(Item::Method),
            default: "GET,POST",
            reload: Reload::Live,
            short: "methods that a preflight admits",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_CORS_HEADERS",
            kind: Kind::List(Item::Header),
            default: "Content-Type,Authorization,X-CSRFToken,X-CSRF-Token",
            reload: Reload::Live,
            short: "request headers that a preflight admits",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_CORS_MAX_AGE",
            kind: Kind::Duration {
                unit: Unit::Second,
                from: s(0),
                to: s(86_400),
            },
            default: "600",
            reload: Reload::Live,
            short: "how long a browser may keep the answer to a preflight",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_ALLOW_NULL_ORIGIN",
            kind: Kind::Switch,
            default: "false",
            reload: Reload::Live,
            short: "pages with the origin null (files, sandboxed frames) may connect, by token only",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_REQUIRE_ORIGIN",
            kind: Kind::Switch,
            default: "false",
            when_invalid: Some("true"),
            reload: Reload::Live,
            short: "requests without an Origin header are refused",
            long: "Programs send none: on, only pages of browsers may connect.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_REQUIRE_HTTPS",
            kind: Kind::Or {
                word: "auto",
                other: &Kind::Switch,
            },
            default: "auto",
            when_invalid: Some("true"),
            reload: Reload::Live,
            short: "no http origin is generated or admitted; auto is on in production",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_ALLOW_ANY_ORIGIN",
            kind: Kind::Switch,
            default: "false",
            reload: Reload::Live,
            short: "a * in SOCKETIO_CORS_ORIGINS does not stop the start in production",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_PRIVATE_NETWORK",
            kind: Kind::Switch,
            default: "false",
            reload: Reload::Live,
            short: "preflights of pages on public networks to this private one are admitted",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_CORS_MODE",
            kind: Kind::Choice(&[&["enforce"], &["report"], &["off"]]),
            default: "enforce",
            reload: Reload::Live,
            short: "enforce; report: let in and log; off: a proxy writes the CORS headers",
            long: "report lets every page in with its cookies and logs who would be refused: to \
                   try a list out, not for production. With off origins are judged all the same.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_ALLOW_REPORT",
            kind: Kind::Switch,
            default: "false",
            reload: Reload::Live,
            short: "SOCKETIO_CORS_MODE may be report in production",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_REFUSALS",
            kind: Kind::Choice(&[&["auto"], &["http"], &["inband"]]),
            default: "auto",
            reload: Reload::Live,
            short: "how a page is told why it was refused: by status, in the protocol, or as it can read",
            ..PLAIN
        },
    ],
};
