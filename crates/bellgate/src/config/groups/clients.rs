//! What clients are told about reconnecting, by `/client/config.json`.

use std::time::Duration;

use crate::config::table::{Group, Kind, PLAIN, Reload, Setting, Unit, ms};
use crate::config::value::Values;

/// How clients that ask for their options reconnect (contract §8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clients {
    /// `SOCKETIO_RECONNECTION`.
    pub reconnection: bool,
    /// `SOCKETIO_RECONNECTION_ATTEMPTS`; 0: for ever.
    pub reconnection_attempts: usize,
    /// `SOCKETIO_RECONNECTION_DELAY`.
    pub reconnection_delay: Duration,
    /// `SOCKETIO_RECONNECTION_DELAY_MAX`.
    pub reconnection_delay_max: Duration,
    /// `SOCKETIO_TIMEOUT`.
    pub timeout: Duration,
}

impl Clients {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        Self {
            reconnection: values.take("SOCKETIO_RECONNECTION"),
            reconnection_attempts: values.take("SOCKETIO_RECONNECTION_ATTEMPTS"),
            reconnection_delay: values.take("SOCKETIO_RECONNECTION_DELAY"),
            reconnection_delay_max: values.take("SOCKETIO_RECONNECTION_DELAY_MAX"),
            timeout: values.take("SOCKETIO_TIMEOUT"),
        }
    }
}

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
            ..PLAIN
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
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_RECONNECTION_DELAY",
            aliases: &["WEBSOCKET_RECONNECTION_DELAY"],
            kind: pause(10),
            default: "1000",
            reload: Reload::Live,
            short: "pause before the first attempt to reconnect",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_RECONNECTION_DELAY_MAX",
            aliases: &["WEBSOCKET_RECONNECTION_DELAY_MAX"],
            kind: pause(10),
            default: "30000",
            reload: Reload::Live,
            short: "longest pause between two attempts to reconnect",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_TIMEOUT",
            aliases: &["WEBSOCKET_TIMEOUT"],
            kind: pause(100),
            default: "20000",
            reload: Reload::Live,
            short: "how long a client waits for a connection before it tries again",
            ..PLAIN
        },
    ],
};
