//! The HTTP API and what is published through it.

use crate::config::groups::app::Environment;
use crate::config::secret::ApiKey;
use crate::config::table::{Group, Kind, PLAIN, Reload, Setting};
use crate::config::value::Values;

/// Who may publish, and under which names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// `BELLGATE_API_KEYS`.
    pub keys: Vec<ApiKey>,
    /// Nothing was set, in development: whoever starts the server makes a key and shows it.
    /// A list of which nothing could be used stays empty: it was meant to keep others out.
    pub wants_development_key: bool,
    /// `BELLGATE_ADMIN_ROLE`.
    pub admin_role: String,
    /// `BELLGATE_NOTIFICATION_EVENT`.
    pub notification_event: String,
}

impl Api {
    pub(in crate::config) fn take(values: &mut Values, environment: Environment) -> Self {
        let keys: Option<Vec<ApiKey>> = values.take("BELLGATE_API_KEYS");
        Self {
            wants_development_key: keys.is_none() && !environment.is_production(),
            keys: keys.unwrap_or_default(),
            admin_role: values.take("BELLGATE_ADMIN_ROLE"),
            notification_event: values.take("BELLGATE_NOTIFICATION_EVENT"),
        }
    }
}

/// The rows.
pub const GROUP: Group = Group {
    title: "Publishing",
    rows: &[
        Setting {
            name: "BELLGATE_API_KEYS",
            kind: Kind::ApiKeys,
            reload: Reload::Live,
            secret: true,
            short: "keys of the HTTP API: name:key[:scope+scope], comma list",
            long: "Scopes are publish, emit, read and manage; without one, publish. In \
                   development, where none is set, one is made and shown at the start.",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_ADMIN_ROLE",
            default: "admin",
            reload: Reload::Live,
            short: "role that makes a user an administrator",
            ..PLAIN
        },
        Setting {
            name: "BELLGATE_NOTIFICATION_EVENT",
            kind: Kind::Text {
                not: &bellgate_wire::socket::RESERVED,
            },
            default: "notification",
            reload: Reload::Live,
            short: "event name under which notifications reach clients",
            ..PLAIN
        },
    ],
};
