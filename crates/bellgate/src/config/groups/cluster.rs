//! What is kept, and what nodes tell each other.

use crate::config::table::{GIB, Group, Kind, LATER, Reload, Setting, Unit, s};

/// The rows.
pub const GROUP: Group = Group {
    title: "Store and cluster",
    rows: &[
        Setting {
            name: "BELLGATE_STORE_URL",
            kind: Kind::Url {
                schemes: &["sqlite", "postgres", "postgresql", "memory"],
                or_stop: true,
            },
            default: "sqlite://bellgate.db",
            short: "where notifications are kept",
            ..LATER
        },
        Setting {
            name: "BELLGATE_BROKER_URL",
            kind: Kind::Url {
                schemes: &[
                    "memory",
                    "redis",
                    "rediss",
                    "valkey",
                    "redis+sentinel",
                    "redis+cluster",
                ],
                or_stop: true,
            },
            default: "memory:",
            short: "what nodes speak over",
            ..LATER
        },
        Setting {
            name: "SOCKETIO_MESSAGE_QUEUE",
            kind: Kind::Url {
                schemes: &[
                    "redis",
                    "rediss",
                    "valkey",
                    "redis+sentinel",
                    "redis+cluster",
                ],
                or_stop: true,
            },
            short: "queue of Flask-SocketIO's emits; unset: the broker, where it is Redis",
            ..LATER
        },
        Setting {
            name: "SOCKETIO_CHANNEL",
            default: "flask-socketio",
            short: "channel of that queue",
            ..LATER
        },
        Setting {
            name: "BELLGATE_QUEUE_BROADCASTS",
            kind: Kind::Switch,
            default: "false",
            reload: Reload::Live,
            short: "emits to an empty room that come over that queue reach everybody",
            ..LATER
        },
        Setting {
            name: "BELLGATE_RECOVERY_WINDOW",
            kind: Kind::Duration {
                unit: Unit::Second,
                from: s(0),
                to: s(86_400),
            },
            default: "120",
            reload: Reload::Live,
            short: "how long what a client missed can be sent again; 0 is off",
            ..LATER
        },
        Setting {
            name: "BELLGATE_RECOVERY_MAX_BYTES",
            kind: Kind::Size {
                from: 0,
                to: 64 * GIB,
            },
            default: "64MiB",
            reload: Reload::Live,
            short: "memory for what clients may have missed",
            ..LATER
        },
        Setting {
            name: "BELLGATE_RECOVERY_CLIENTS",
            kind: Kind::Choice(&[&["browsers"], &["all"], &["none"]]),
            default: "browsers",
            reload: Reload::Live,
            short: "clients that get the extra argument which recovery needs",
            ..LATER
        },
    ],
};
