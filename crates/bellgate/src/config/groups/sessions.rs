//! Engine.IO sessions: path, transports, heartbeat.

use std::time::Duration;

use crate::config::table::{Group, Item, Kind, MIB, PLAIN, Reload, Setting, Unit, ms, s};
use crate::config::value::Values;

/// How sessions are opened and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// `SOCKETIO_PATH`, with a slash at both ends.
    pub path: String,
    /// `SOCKETIO_TRANSPORTS` names `polling`.
    pub polling: bool,
    /// `SOCKETIO_TRANSPORTS` names `websocket`.
    pub websocket: bool,
    /// `SOCKETIO_ALLOW_UPGRADES`.
    pub allow_upgrades: bool,
    /// `SOCKETIO_PING_INTERVAL`.
    pub ping_interval: Duration,
    /// `SOCKETIO_PING_TIMEOUT`.
    pub ping_timeout: Duration,
    /// `SOCKETIO_CONNECT_TIMEOUT`.
    pub connect_timeout: Duration,
    /// `SOCKETIO_UPGRADE_TIMEOUT`.
    pub upgrade_timeout: Duration,
    /// `SOCKETIO_COMPRESSION`: messages of at least so many bytes are deflated; `None`: off.
    pub compression: Option<usize>,
}

impl Sessions {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        let transports: Vec<String> = values.take("SOCKETIO_TRANSPORTS");
        let named = |name: &str| transports.iter().any(|transport| transport == name);
        Self {
            path: values.take("SOCKETIO_PATH"),
            polling: named("polling"),
            websocket: named("websocket"),
            allow_upgrades: values.take("SOCKETIO_ALLOW_UPGRADES"),
            ping_interval: values.take("SOCKETIO_PING_INTERVAL"),
            ping_timeout: values.take("SOCKETIO_PING_TIMEOUT"),
            connect_timeout: values.take("SOCKETIO_CONNECT_TIMEOUT"),
            upgrade_timeout: values.take("SOCKETIO_UPGRADE_TIMEOUT"),
            compression: values.take("SOCKETIO_COMPRESSION"),
        }
    }
}

/// A pause in seconds, from a tenth of one (test programs) up to `to`.
const fn seconds(to: u64) -> Kind {
    Kind::Duration {
        unit: Unit::Second,
        from: ms(100),
        to: s(to),
    }
}

/// The rows.
pub const GROUP: Group = Group {
    title: "Sessions",
    rows: &[
        Setting {
            name: "SOCKETIO_PATH",
            kind: Kind::Path,
            default: "/socket.io/",
            short: "path of the Engine.IO endpoint",
            long: "Clients set the same one as their path option.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_TRANSPORTS",
            aliases: &["WEBSOCKET_TRANSPORTS"],
            kind: Kind::List(Item::OneOf(&["websocket", "polling"])),
            default: "websocket,polling",
            reload: Reload::NewSessions,
            short: "transports that clients may use",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_ALLOW_UPGRADES",
            kind: Kind::Switch,
            default: "true",
            reload: Reload::NewSessions,
            short: "a session on polling may move to WebSocket",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_PING_INTERVAL",
            aliases: &["WEBSOCKET_PING_INTERVAL"],
            kind: seconds(300),
            default: "25",
            reload: Reload::NewSessions,
            short: "pause between two pings on a quiet session",
            long: "Shorter finds dead clients sooner and costs one frame per session each time. \
                   Keep it below the idle limit of the proxy in front.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_PING_TIMEOUT",
            aliases: &["WEBSOCKET_PING_TIMEOUT"],
            kind: seconds(600),
            default: "60",
            reload: Reload::NewSessions,
            short: "how long the answer to a ping may take before the session is closed",
            long: "May be longer or shorter than the interval.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_CONNECT_TIMEOUT",
            kind: seconds(600),
            default: "45",
            reload: Reload::NewSessions,
            short: "how long a session may stay without joining a namespace",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_UPGRADE_TIMEOUT",
            kind: seconds(300),
            default: "10",
            reload: Reload::NewSessions,
            short: "how long an upgrade to WebSocket may take before it is given up",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_COMPRESSION",
            kind: Kind::Or {
                word: "off",
                other: &Kind::Size {
                    from: 0,
                    to: 64 * MIB,
                },
            },
            default: "off",
            reload: Reload::NewSessions,
            short: "messages of at least so many bytes are compressed; or off",
            long: "Saves bandwidth, costs processor time for each client. 1KiB is a fair start.",
            ..PLAIN
        },
    ],
};
