//! What a reload would change: two results of loading, side by side.

use super::load::{Effective, Loaded};
use super::table::Reload;
use super::value::render;

/// A setting whose value differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The name.
    pub name: String,
    /// The value before, as one would write it; a secret is hidden, unset is empty.
    pub from: String,
    /// The value after.
    pub to: String,
    /// What it takes for the new value to hold.
    pub reload: Reload,
}

/// The settings with an effect whose values differ, in the order of the table. Values, not texts,
/// are compared: a secret counts as changed though both print alike.
pub fn changes(before: &Loaded, after: &Loaded) -> Vec<Change> {
    let rows = before.effective.iter().zip(&after.effective);
    rows.filter(|(old, new)| old.setting.works && old.value != new.value)
        .map(|(old, new)| Change {
            name: old.setting.name.to_owned(),
            from: text(old),
            to: text(new),
            reload: old.setting.reload,
        })
        .collect()
}

fn text(row: &Effective) -> String {
    render(row.setting, &row.value)
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |text: &str| match text {
            "" => "unset".to_owned(),
            text => text.escape_debug().to_string(),
        };
        let Self { name, from, to, .. } = self;
        write!(f, "{name}: {} → {}", shown(from), shown(to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, Sources};

    fn loaded(environment: &[(&str, &str)]) -> Loaded {
        Settings::load(&Sources::new().with_environment(environment.iter().copied()))
    }

    #[test]
    fn what_differs_is_told_with_both_values_and_secrets_are_hidden() {
        let before = loaded(&[("BELLGATE_API_KEYS", "a:0ld"), ("SOCKETIO_PORT", "6001")]);
        let after = loaded(&[
            ("BELLGATE_API_KEYS", "a:n3w"),
            ("SOCKETIO_PORT", "6002"),
            ("SOCKETIO_CORS_ORIGINS", "http://a.example"),
            ("SOCKETIO_REQUIRE_AUTH", "true"),
        ]);
        let told: Vec<_> = changes(&before, &after)
            .iter()
            .map(Change::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "SOCKETIO_PORT: 6001 → 6002",
                "SOCKETIO_CORS_ORIGINS: unset → http://a.example",
                "BELLGATE_API_KEYS: •••• → ••••",
            ]
        );
        assert_eq!(changes(&before, &before), []);
    }

    #[test]
    fn the_same_value_in_other_words_is_no_change() {
        let before = loaded(&[("SOCKETIO_PING_TIMEOUT", "60")]);
        let after = loaded(&[("SOCKETIO_PING_TIMEOUT", "1m")]);
        assert_eq!(changes(&before, &after), []);
    }
}
