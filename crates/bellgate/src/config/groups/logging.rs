//! What is logged, and how it looks.

use crate::config::table::{Group, Kind, PLAIN, Reload, Setting};
use crate::config::value::{FromValue, Value, Values};

/// The log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logging {
    /// `SOCKETIO_DEBUG`: each handshake, transport, upgrade, join, event name and close reason.
    pub debug: bool,
    /// `SOCKETIO_LOG_LEVEL`.
    pub level: LogLevel,
    /// `BELLGATE_LOG_FORMAT`.
    pub format: LogFormat,
}

/// The least severe line that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// Steps of each session.
    Debug,
    /// The life of the server.
    Info,
    /// What somebody has to change.
    Warning,
    /// What does not work.
    Error,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// For programs: one object a line.
    Json,
}

impl FromValue for LogLevel {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word("TRACE") => Some(Self::Trace),
            Value::Word("DEBUG") => Some(Self::Debug),
            Value::Word("INFO") => Some(Self::Info),
            Value::Word("WARNING") => Some(Self::Warning),
            Value::Word("ERROR") => Some(Self::Error),
            _ => None,
        }
    }
}

impl FromValue for LogFormat {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word("auto") => Some(Self::Auto),
            Value::Word("text") => Some(Self::Text),
            Value::Word("json") => Some(Self::Json),
            _ => None,
        }
    }
}

impl Logging {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        Self {
            debug: values.take("SOCKETIO_DEBUG"),
            level: values.take("SOCKETIO_LOG_LEVEL"),
            format: values.take("BELLGATE_LOG_FORMAT"),
        }
    }
}

/// The rows.
pub const GROUP: Group = Group {
    title: "Log",
    rows: &[
        Setting {
            name: "SOCKETIO_DEBUG",
            aliases: &["SOCKETIO_LOG_CONNECTIONS", "SOCKETIO_ENGINEIO_LOGGER"],
            kind: Kind::Switch,
            default: "false",
            reload: Reload::Live,
            short: "log each handshake, transport, upgrade, join, event name and close reason",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_LOG_LEVEL",
            aliases: &["WEBSOCKET_LOG_LEVEL"],
            // Python's names, since the application's settings use them.
            kind: Kind::Choice(&[
                &["TRACE", "NOTSET"],
                &["DEBUG"],
                &["INFO"],
                &["WARNING", "WARN"],
                &["ERROR", "CRITICAL", "FATAL"],
            ]),
            default: "INFO",
            reload: Reload::Live,
            short: "least severe line that is logged: TRACE, DEBUG, INFO, WARNING, ERROR",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_LOG_FORMAT",
            kind: Kind::Choice(&[&["auto"], &["text"], &["json"]]),
            default: "auto",
            short: "text, json, or auto: text on a terminal, JSON otherwise",
            ..PLAIN
        },
    ],
};
