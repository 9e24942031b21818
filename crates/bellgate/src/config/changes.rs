//! What a reload changes: two results of loading, side by side.

use std::collections::BTreeSet;

use super::load::Effective;
use super::table::Reload;
use super::tables::EffectiveMember;
use super::value::render;

/// A setting whose value differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The name; of a row of a table its path in `bellgate.toml`.
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
pub(super) fn changes(before: &[Effective], after: &[Effective]) -> Vec<Change> {
    let rows = before.iter().zip(after);
    rows.filter(|(old, new)| old.setting.works && old.value != new.value)
        .map(|(old, new)| Change {
            name: old.setting.name.to_owned(),
            from: text(old),
            to: text(new),
            reload: old.setting.reload,
        })
        .collect()
}

/// The rows of namespaces and categories that have an effect and differ, by path. One that is gone, or was
/// not there, is unset; all of them hold at once.
pub(super) fn member_changes(before: &[EffectiveMember], after: &[EffectiveMember]) -> Vec<Change> {
    let working = before.iter().chain(after).filter(|member| member.works);
    let paths: BTreeSet<&str> = working.map(|member| member.path.as_str()).collect();
    let text = |members: &[EffectiveMember], path: &str| {
        let member = members.iter().find(|member| member.path == path);
        member.map_or_else(String::new, member_text)
    };
    let changes = paths.into_iter().map(|path| Change {
        name: path.to_owned(),
        from: text(before, path),
        to: text(after, path),
        reload: Reload::Live,
    });
    changes.filter(|change| change.from != change.to).collect()
}

/// An empty list, which admits nobody, is told from one that is not there.
fn member_text(member: &EffectiveMember) -> String {
    match member.value.as_str() {
        "" => "[]".to_owned(),
        text => text.to_owned(),
    }
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
    use crate::config::{Loaded, Settings, Sources};

    fn sources(environment: &[(&str, &str)]) -> Sources {
        Sources::new().with_environment(environment.iter().copied())
    }

    fn reload(before: &[(&str, &str)], after: &[(&str, &str)]) -> (Loaded, Vec<Change>) {
        let held = Settings::load(&sources(before));
        Settings::reload(&sources(after), &held)
    }

    #[test]
    fn what_differs_is_told_with_both_values_and_secrets_are_hidden() {
        let (_, changes) = reload(
            &[("BELLGATE_API_KEYS", "a:0ld"), ("SOCKETIO_PORT", "6001")],
            &[
                ("BELLGATE_API_KEYS", "a:n3w"),
                ("SOCKETIO_PORT", "6002"),
                ("SOCKETIO_CORS_ORIGINS", "http://a.example"),
                ("BELLGATE_MEMORY_LIMIT", "1GiB"),
            ],
        );
        let told: Vec<_> = changes.iter().map(Change::to_string).collect();
        assert_eq!(
            told,
            [
                "SOCKETIO_PORT: 6001 → 6002",
                "SOCKETIO_CORS_ORIGINS: unset → http://a.example",
                "BELLGATE_API_KEYS: •••• → ••••",
            ]
        );
        let port = changes.first().unwrap();
        assert_eq!(port.reload, Reload::Restart);
    }

    #[test]
    fn the_same_value_in_other_words_is_no_change() {
        let (_, changes) = reload(
            &[("SOCKETIO_PING_TIMEOUT", "60")],
            &[("SOCKETIO_PING_TIMEOUT", "1m")],
        );
        assert_eq!(changes, []);
    }

    #[test]
    fn what_needs_a_restart_keeps_its_value_and_is_told_again() {
        let (loaded, changes) = reload(&[], &[("SOCKETIO_PORT", "6002"), ("FLASK_PORT", "7000")]);
        assert_eq!(changes.len(), 2);
        assert_eq!(loaded.settings.listen.public.to_string(), "127.0.0.1:5001");
        assert_eq!(loaded.settings.app.flask_port, 7000);
        let after = [("SOCKETIO_PORT", "6002"), ("FLASK_PORT", "7000")];
        let (_, changes) = Settings::reload(&sources(&after), &loaded);
        assert_eq!(changes.len(), 1);
    }

    /// The environment stays what it was, so its rules hold for what is new.
    #[test]
    fn what_is_unsafe_beside_a_value_that_stays_is_a_fault() {
        let production = ("BELLGATE_ENV", "production");
        let (loaded, _) = reload(
            &[production],
            &[("BELLGATE_ENV", "dev"), ("SOCKETIO_CORS_ORIGINS", "*")],
        );
        assert!(loaded.must_stop(false));
        assert!(loaded.settings.is_https_required());
    }

    #[test]
    fn rows_of_namespaces_that_differ_are_told_by_their_paths() {
        let (_, changes) = reload(
            &[
                ("BELLGATE_NAMESPACE_ADMIN_ROLES", "admin"),
                ("BELLGATE_NAMESPACE_ADMIN_RATE", "1/second"),
                ("BELLGATE_NAMESPACE_CHAT_AUTH", "none"),
            ],
            &[
                ("BELLGATE_NAMESPACE_ADMIN_ROLES", "admin,owner"),
                ("BELLGATE_NAMESPACE_ADMIN_RATE", "1/second"),
                ("BELLGATE_NAMESPACE_NEWS_ROLES", ","),
            ],
        );
        let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                r#"namespace."/admin".roles: admin → admin,owner"#,
                r#"namespace."/chat".auth: none → unset"#,
                r#"namespace."/news".roles: unset → []"#,
            ]
        );
    }
}
