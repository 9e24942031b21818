//! What one client and all clients together may cost.

use std::time::Duration;

use crate::config::table::{GIB, Group, KIB, Kind, MIB, PLAIN, Reload, Setting, Unit, s};
use crate::config::value::Values;

/// Bounds that keep memory and time finite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `SOCKETIO_MAX_HTTP_BUFFER_SIZE`, bytes.
    pub message_bytes: usize,
    /// `SOCKETIO_MAX_CONNECTIONS`, of this process.
    pub connections: usize,
    /// `SOCKETIO_SEND_BUFFER`, bytes.
    pub send_buffer: usize,
    /// `BELLGATE_DRAIN_WINDOW`.
    pub drain_window: Duration,
}

impl Limits {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        Self {
            message_bytes: values.take("SOCKETIO_MAX_HTTP_BUFFER_SIZE"),
            connections: values.take("SOCKETIO_MAX_CONNECTIONS"),
            send_buffer: values.take("SOCKETIO_SEND_BUFFER"),
            drain_window: values.take("BELLGATE_DRAIN_WINDOW"),
        }
    }
}

/// The rows.
pub const GROUP: Group = Group {
    title: "Limits",
    rows: &[
        Setting {
            name: "SOCKETIO_MAX_HTTP_BUFFER_SIZE",
            kind: Kind::Size {
                from: 128,
                to: 256 * MIB,
            },
            default: "1000000",
            reload: Reload::NewSessions,
            short: "largest message that a client may send, in bytes",
            long: "Counted over all attachments; a longer one closes the session.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_MAX_CONNECTIONS",
            aliases: &["WEBSOCKET_MAX_CONNECTIONS"],
            kind: Kind::Integer {
                from: 1,
                to: 10_000_000,
            },
            default: "100000",
            reload: Reload::Live,
            short: "most connections at a time",
            long: "Also held below the number of open files that the system allows.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_SEND_BUFFER",
            kind: Kind::Size { from: KIB, to: GIB },
            default: "1MiB",
            reload: Reload::NewSessions,
            short: "most bytes that may wait for one slow client",
            long: "Above it the client is closed with slow_consumer, and reconnects.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_DRAIN_WINDOW",
            kind: Kind::Duration {
                unit: Unit::Second,
                from: s(0),
                to: s(3600),
            },
            default: "20",
            reload: Reload::Live,
            short: "time over which clients are sent away before an orderly exit",
            long: "Spreads the reconnects. With nothing connected the exit is at once.",
            ..PLAIN
        },
    ],
};
