//! What clients are told about reconnecting.

use crate::config::table::{Group, Kind, LATER, Reload, Setting, Unit, ms};

/// Milliseconds, from `from` to ten minutes.
const fn pause(from: u64) -> Kind {
    Kind::Duration {
        unit: Unit::Millisecond,
        from: ms(from),
        to: ms(600_000),
    }
}

/// The rows.
pub const GROUP: Group = Group {
    title: "Clients",
    rows: &[
        Setting {
            name: "SOCKETIO_RECONNECTION",
            aliases: &["WEBSOCKET_RECONNECTION"],
            kind: Kind::Switch,
            default: "true",
            reload: Reload::Live,
            short: "clients reconnect by themselves",
            ..LATER
        },
        Setting {
            name: "SOCKETIO_RECONNECTION_ATTEMPTS",
            aliases: &["WEBSOCKET_RECONNECTION_ATTEMPTS"],
            kind: Kind::Integer {
                from: 0,
                to: 1_000_000,
            },
            default: "0",
            reload: Reload::Live,
            short: "attempts to reconnect before a client gives up; 0 is for ever",
            ..LATER
        },
        Setting {
            name: "SOCKETIO_RECONNECTION_DELAY",
            aliases: &["WEBSOCKET_RECONNECTION_DELAY"],
            kind: pause(10),
            default: "1000",
            reload: Reload::Live,
            short: "pause before the first attempt to reconnect",
            ..LATER
        },
        Setting {
            name: "SOCKETIO_RECONNECTION_DELAY_MAX",
            aliases: &["WEBSOCKET_RECONNECTION_DELAY_MAX"],
            kind: pause(10),
            default: "30000",
            reload: Reload::Live,
            short: "longest pause between two attempts to reconnect",
            ..LATER
        },
        Setting {
            name: "SOCKETIO_TIMEOUT",
            aliases: &["WEBSOCKET_TIMEOUT"],
            kind: pause(100),
            default: "20000",
            reload: Reload::Live,
            short: "how long a client waits for a connection before it tries again",
            ..LATER
        },
    ],
};
