//! Calls to the web application.

use std::time::Duration;

use super::tokens::NOWHERE;
use crate::config::secret::Secret;
use crate::config::table::{Group, Item, Kind, LATER, PLAIN, Reload, Setting, Unit, ms, s};
use crate::config::value::Values;

/// How the web application is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhooks {
    /// `BELLGATE_AUTH_URL`.
    pub auth_url: Option<Secret>,
    /// `BELLGATE_WEBHOOK_SECRET`; without one nothing is asked.
    pub secret: Option<Secret>,
    /// `BELLGATE_WEBHOOK_TIMEOUT`.
    pub timeout: Duration,
    /// `BELLGATE_POOL_SIZE`.
    pub at_once: usize,
}

impl Webhooks {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        Self {
            auth_url: values.take("BELLGATE_AUTH_URL"),
            secret: values.take("BELLGATE_WEBHOOK_SECRET"),
            timeout: values.take("BELLGATE_WEBHOOK_TIMEOUT"),
            at_once: values.take("BELLGATE_POOL_SIZE"),
        }
    }
}

/// A URL that is called.
pub(super) const HTTP: Kind = Kind::Url {
    schemes: &["http", "https"],
    or_stop: false,
};

/// The rows.
pub const GROUP: Group = Group {
    title: "Calls to the web application",
    rows: &[
        Setting {
            name: "BELLGATE_AUTH_URL",
            kind: HTTP,
            when_invalid: Some(NOWHERE),
            reload: Reload::Live,
            short: "URL of the application that is asked who a client is",
            long: "Signed with BELLGATE_WEBHOOK_SECRET, without which nobody is let in by it.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_EVENTS_URL",
            kind: HTTP,
            reload: Reload::Live,
            short: "URL that gets the events which clients send",
            ..LATER
        },
        Setting {
            name: "BELLGATE_EVENTS",
            kind: Kind::List(Item::Text),
            reload: Reload::Live,
            short: "events that are sent there: names, connect, disconnect, * for all",
            ..LATER
        },
        Setting {
            name: "BELLGATE_WEBHOOK_SECRET",
            kind: Kind::Secret,
            reload: Reload::Live,
            secret: true,
            short: "secret that signs the calls",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_WEBHOOK_TIMEOUT",
            kind: Kind::Duration {
                unit: Unit::Second,
                from: ms(100),
                to: s(120),
            },
            default: "5",
            reload: Reload::Live,
            short: "how long a call may take",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_POOL_SIZE",
            aliases: &["SOCKETIO_CONNECTION_POOL_SIZE"],
            kind: Kind::Integer {
                from: 1,
                to: 10_000,
            },
            default: "10",
            reload: Reload::Live,
            short: "calls to the application at a time",
            long: "Further calls wait for one of them to end.",
            ..PLAIN
        },
    ],
};
