//! The web application that Bellgate stands beside.

use crate::config::table::{Group, Item, Kind, PLAIN, Reload, Setting};
use crate::config::value::{FromValue, Value, Values};

/// Where users find the application, and how strict the environment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// `FLASK_HOST`, as written: the origin policy repairs what is plainly meant.
    pub flask_host: String,
    /// `FLASK_PORT`.
    pub flask_port: u16,
    /// `BELLGATE_PUBLIC_URL`, entries as written.
    pub public_urls: Vec<String>,
    /// `BELLGATE_ENV`, then `FLASK_ENV`.
    pub environment: Environment,
}

/// What kind of installation this is. Production only ever tightens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine or a test.
    Development,
    /// Production's rules, before production.
    Staging,
    /// The real thing; an unknown word counts as this.
    Production,
}

impl Environment {
    /// Whether production's rules hold: also in staging.
    pub fn is_production(self) -> bool {
        self != Self::Development
    }
}

impl FromValue for Environment {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word("development") => Some(Self::Development),
            Value::Word("staging") => Some(Self::Staging),
            Value::Word("production") => Some(Self::Production),
            _ => None,
        }
    }
}

impl App {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        Self {
            flask_host: values.take("FLASK_HOST"),
            flask_port: values.take("FLASK_PORT"),
            public_urls: values.take("BELLGATE_PUBLIC_URL"),
            environment: values.take("BELLGATE_ENV"),
        }
    }
}

/// The rows.
pub const GROUP: Group = Group {
    title: "The web application",
    rows: &[
        Setting {
            name: "FLASK_HOST",
            default: "localhost",
            reload: Reload::Live,
            short: "host under which users find the web application; origins are made from it",
            long: "A loopback name stands for localhost, 127.0.0.1 and [::1]. A bind-all address \
                   (0.0.0.0, ::) never becomes an origin: set BELLGATE_PUBLIC_URL then.",
            ..PLAIN
        },
        Setting {
            name: "FLASK_PORT",
            kind: Kind::Integer { from: 1, to: 65535 },
            default: "5000",
            reload: Reload::Live,
            short: "port under which users find the web application",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_PUBLIC_URL",
            kind: Kind::List(Item::Text),
            reload: Reload::Live,
            short: "public URLs of the page, where they are not FLASK_HOST:FLASK_PORT",
            long: "Needed behind a proxy and with bind-all hosts: https://app.example.com, as the \
                   address bar of the browser shows it.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_ENV",
            also: &["FLASK_ENV"],
            kind: Kind::Choice(&[
                &["development", "dev", "testing"],
                &["staging"],
                &["production", "prod"],
            ]),
            default: "development",
            when_invalid: Some("production"),
            short: "development, staging or production; production only ever tightens",
            long: "Staging has production's rules. An unknown word counts as production.",
            ..PLAIN
        },
    ],
};
