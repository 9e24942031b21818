//! Calls to the web application.

use crate::config::table::{Group, Item, Kind, LATER, Reload, Setting, Unit, ms, s};

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
            reload: Reload::Live,
            short: "URL that is asked who a client is",
            ..LATER
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
            ..LATER
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
            ..LATER
        },
        Setting {
            name: "BELLGATE_POOL_SIZE",
            aliases: &["SOCKETIO_CONNECTION_POOL_SIZE"],
            kind: Kind::Integer {
                from: 1,
                to: 10_000,
            },
            default: "10",
            short: "connections to the database, to Redis and to the application, each",
            ..LATER
        },
    ],
};
