//! Where Bellgate listens, and whom it believes about addresses.

use std::path::PathBuf;

use crate::config::table::{Group, Item, Kind, PLAIN, Reload, Setting};
use crate::config::value::{Address, Values};

/// The listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// `SOCKETIO_HOST` and `SOCKETIO_PORT`: the public listener. Port 0 is any free port.
    pub public: Address,
    /// `BELLGATE_ADMIN_ADDR`: the operator's listener; `None`: off.
    pub admin: Option<Address>,
    /// `SOCKETIO_TLS_CERT` and `SOCKETIO_TLS_KEY`; `None`: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// `BELLGATE_TRUSTED_PROXIES`, entries as written.
    pub trusted_proxies: Vec<String>,
    /// `BELLGATE_SHARDS`; `None`: one for each core.
    pub shards: Option<usize>,
}

/// A certificate chain and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the server's certificate first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Listen {
    pub(in crate::config) fn take(values: &mut Values) -> Self {
        let host: Address = values.take("SOCKETIO_HOST");
        let port: u16 = values.take("SOCKETIO_PORT");
        let cert: Option<PathBuf> = values.take("SOCKETIO_TLS_CERT");
        let key: Option<PathBuf> = values.take("SOCKETIO_TLS_KEY");
        Self {
            public: host.with_port(port),
            admin: values.take("BELLGATE_ADMIN_ADDR"),
            // One without the other stops the start (`Fatal::TlsIncomplete`).
            tls: cert.zip(key).map(|(cert, key)| TlsFiles { cert, key }),
            trusted_proxies: values.take("BELLGATE_TRUSTED_PROXIES"),
            shards: values.take("BELLGATE_SHARDS"),
        }
    }
}

/// The rows.
pub const GROUP: Group = Group {
    title: "Listeners",
    rows: &[
        Setting {
            name: "SOCKETIO_HOST",
            kind: Kind::Host,
            default: "127.0.0.1",
            short: "address that Bellgate listens on, or unix:/path",
            long: "0.0.0.0 or :: listen on every address of the machine.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_PORT",
            kind: Kind::Integer { from: 0, to: 65535 },
            default: "5001",
            short: "port that Bellgate listens on; 0 is any free port",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_ADMIN_ADDR",
            kind: Kind::Or {
                word: "off",
                other: &Kind::Address,
            },
            default: "127.0.0.1:5002",
            short: "the operator's listener: metrics, dashboard, admin API; or off",
            long: "Keep it on loopback or on a network that only operators reach.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_TLS_CERT",
            kind: Kind::File,
            reload: Reload::Live,
            short: "PEM file with the certificate chain; HTTPS in Bellgate itself",
            long: "Needs SOCKETIO_TLS_KEY. Not needed behind a proxy that speaks TLS.",
            ..PLAIN
        },
        Setting {
            name: "SOCKETIO_TLS_KEY",
            kind: Kind::File,
            reload: Reload::Live,
            short: "PEM file with the private key of SOCKETIO_TLS_CERT",
            long: "A key that cannot be read stops the start: going on would be plain HTTP.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_TRUSTED_PROXIES",
            kind: Kind::List(Item::Text),
            reload: Reload::Live,
            short: "networks (CIDR), loopback or unix whose forwarded headers are believed",
            long: "Only from these are X-Forwarded-For, -Proto, -Host and Forwarded read; the \
                   right-most hop that is not in the list is the client.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_SHARDS",
            kind: Kind::Or {
                word: "auto",
                other: &Kind::Integer { from: 1, to: 1024 },
            },
            default: "auto",
            short: "event loops that share the connections; auto is one for each core",
            ..PLAIN
        },
    ],
};
