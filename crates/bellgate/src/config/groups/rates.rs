//! How fast clients may talk, how many one user may have, when the server takes no more.

use bellgate_gate::limits::{Rates, Strategy};

use crate::config::secret::Secret;
use crate::config::table::{GIB, Group, Kind, LATER, MIB, PLAIN, Reload, Setting};
use crate::config::value::{FromValue, Value, Values};

/// How fast clients may talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimits {
    /// `SOCKETIO_RATE_LIMITING`: whether the rates hold and whoever breaks them is blocked.
    pub is_on: bool,
    /// `SOCKETIO_RATE_LIMIT_CONNECTIONS`: handshakes of one address, IPv6 by /64.
    pub connections: Rates,
    /// `SOCKETIO_RATE_LIMIT_MESSAGES`: events of one user, or of one connection without a user.
    pub messages: Rates,
    /// `SOCKETIO_RATE_LIMIT_STRATEGY`.
    pub strategy: Strategy,
    /// `BELLGATE_HANDSHAKE_RATE`: handshakes of all clients together; holds also where the others do not.
    pub handshakes: Rates,
}

/// How many connections somebody may have at a time; 0 is no cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// `SOCKETIO_MAX_CONNECTIONS_PER_USER`
    pub per_user: usize,
    /// `SOCKETIO_MAX_CONNECTIONS_PER_IP`, IPv6 by /64.
    pub per_address: usize,
    /// `BELLGATE_USER_CAP_POLICY`: the oldest connection of a user goes for one too many, not the new one.
    pub evicts_oldest: bool,
}

impl Caps {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        Self {
            per_user: values.take("SOCKETIO_MAX_CONNECTIONS_PER_USER"),
            per_address: values.take("SOCKETIO_MAX_CONNECTIONS_PER_IP"),
            evicts_oldest: values.take::<CapPolicy>("BELLGATE_USER_CAP_POLICY")
                == CapPolicy::EvictOldest,
        }
    }
}

#[derive(PartialEq)]
enum CapPolicy {
    Refuse,
    EvictOldest,
}

impl FromValue for CapPolicy {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word("refuse") => Some(Self::Refuse),
            Value::Word("evict-oldest") => Some(Self::EvictOldest),
            _ => None,
        }
    }
}

impl RateLimits {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        Self {
            is_on: values.take("SOCKETIO_RATE_LIMITING"),
            connections: values.take("SOCKETIO_RATE_LIMIT_CONNECTIONS"),
            messages: values.take("SOCKETIO_RATE_LIMIT_MESSAGES"),
            strategy: values.take("SOCKETIO_RATE_LIMIT_STRATEGY"),
            handshakes: values.take("BELLGATE_HANDSHAKE_RATE"),
        }
    }
}

/// Where counts are shared with other processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedLimits {
    /// `BELLGATE_LIMITS_REDIS_URL`.
    pub redis: Option<Secret>,
    /// `BELLGATE_LIMITS_PREFIX`.
    pub prefix: String,
    /// `BELLGATE_LIMITS_SCOPE`.
    pub scope: String,
}

impl SharedLimits {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        Self {
            redis: values.take("BELLGATE_LIMITS_REDIS_URL"),
            prefix: values.take("BELLGATE_LIMITS_PREFIX"),
            scope: values.take("BELLGATE_LIMITS_SCOPE"),
        }
    }
}

impl FromValue for Rates {
    /// The row's kind has read the text by the same grammar.
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl FromValue for Strategy {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Word(name) => Self::from_name(name),
            _ => None,
        }
    }
}

/// The rows.
pub const GROUP: Group = Group {
    title: "Rates and caps",
    rows: &[
        Setting {
            name: "SOCKETIO_RATE_LIMITING",
            kind: Kind::Switch,
            default: "true",
            reload: Reload::Live,
            short: "the rates below hold, and who breaks them is blocked for a while",
            long: "Ten refused events in a minute end in a block of the user, or of the address, for five minutes, \
                   twice as long each further time, up to a day.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_RATE_LIMIT_CONNECTIONS",
            kind: Kind::Rate,
            default: "600/minute",
            reload: Reload::Live,
            short: "handshakes of one address",
            long: "IPv6 counts by /64. Clients behind a loopback proxy that is missing in \
                   BELLGATE_TRUSTED_PROXIES are not counted.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_RATE_LIMIT_MESSAGES",
            aliases: &["SOCKETIO_RATE_LIMIT"],
            kind: Kind::Rate,
            default: "100/10 seconds;600/minute",
            reload: Reload::Live,
            short: "messages of one user, or of one connection without a user",
            long: "Counts events. A refused one answers its ack and emits bell:error with rate_limited.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_RATE_LIMIT_STRATEGY",
            kind: Kind::Choice(&[
                &["fixed-window"],
                &["moving-window"],
                &["sliding-window-counter"],
            ]),
            default: "fixed-window",
            reload: Reload::Live,
            short: "how rates are counted, as Flask-Limiter names it",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_LIMITS_REDIS_URL",
            kind: Kind::Url {
                schemes: &bellgate_redis::SCHEMES,
                or_stop: true,
            },
            short: "Redis in which counts are shared; unset: this process counts alone",
            long: "Counts are kept as Flask-Limiter keeps them. Events never wait for it: what others have counted \
                   is known here some milliseconds later.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_LIMITS_PREFIX",
            default: "LIMITER",
            short: "what the names of those counts begin with, after `LIMITS:`",
            long: "With RATELIMIT_KEY_PREFIX=app in the application it is LIMITER/app.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_LIMITS_SCOPE",
            default: "bellgate-events",
            short: "scope of the counts of events; that of a shared_limit of Flask-Limiter shares its budget",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_MAX_CONNECTIONS_PER_USER",
            kind: Kind::Integer {
                from: 0,
                to: 1_000_000,
            },
            default: "20",
            reload: Reload::Live,
            short: "most connections of one user; 0 is no cap",
            long: "Counts sessions, in however many namespaces, over all shards of the process; max_connections_per_user of a namespace counts those in it.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_MAX_CONNECTIONS_PER_IP",
            kind: Kind::Integer {
                from: 0,
                to: 1_000_000,
            },
            default: "0",
            reload: Reload::Live,
            short: "most connections of one address; 0 is no cap",
            long: "IPv6 counts by /64. Sessions that were open before it was set are not counted, nor are clients behind a loopback proxy that is missing in BELLGATE_TRUSTED_PROXIES.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_USER_CAP_POLICY",
            kind: Kind::Choice(&[&["refuse"], &["evict-oldest"]]),
            default: "refuse",
            reload: Reload::Live,
            short: "who goes when a user has too many connections: the new one or the oldest",
            long: "The oldest is disconnected as by the API, so that a stock client stays away and does not push out another one.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_MEMORY_LIMIT",
            kind: Kind::Or {
                word: "auto",
                other: &Kind::Size {
                    from: 16 * MIB,
                    to: 65_536 * GIB,
                },
            },
            default: "auto",
            short: "memory above which no one is admitted; auto is that of machine or cgroup",
            ..LATER
        },
        Setting {
            name: "BELLGATE_HANDSHAKE_RATE",
            kind: Kind::Rate,
            default: "2000/second",
            reload: Reload::Live,
            short: "handshakes of all clients together",
            long: "One more gets 503 with Retry-After and the code overloaded. Holds with SOCKETIO_RATE_LIMITING=false too.",
            ..PLAIN
        },
    ],
};
