//! What a program says of settings that it has taken in anew.

use bellgate_codes::Refusal;
use serde_json::{Value, json};

use super::handlers::Pending;
use crate::config::Change;
use crate::config::table::Reload;

/// Has the settings read anew.
pub(crate) type OnReload = Box<dyn Fn() -> Pending<Result<Reloaded, Refusal>> + Send + Sync>;

/// A reload that went well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// What differs from the settings before.
    pub changes: Vec<Change>,
    /// What was said about the new ones.
    pub warnings: Vec<String>,
}

impl Reloaded {
    /// `{changed: [{setting, from, to, holds}], warnings}`; `holds` is `now`, `new_sessions` or
    /// `restart`, values are as in the environment, secrets hidden.
    pub(crate) fn to_json(&self) -> Value {
        let changed = self.changes.iter().map(|change| {
            json!({
                "setting": change.name,
                "from": change.from,
                "to": change.to,
                "holds": match change.reload {
                    Reload::Live => "now",
                    Reload::NewSessions => "new_sessions",
                    Reload::Restart => "restart",
                },
            })
        });
        json!({"changed": changed.collect::<Vec<_>>(), "warnings": self.warnings})
    }
}
