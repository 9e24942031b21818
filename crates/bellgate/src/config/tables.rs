//! The two tables of `bellgate.toml`: the policy of each namespace and the defaults of each
//! category of notifications.
//!
//! Their members are rows like those of the settings, with the same parsers. A namespace's may
//! also come from the environment: `BELLGATE_NAMESPACE_ADMIN_ROLES` is `roles` of `/admin`, and
//! `BELLGATE_NAMESPACE_AUTH` is `auth` of `/`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::nearest::nearest;
use super::report::{Place, Source, Warning};
use super::sources::{Entry, Layer, Misfit, Sources};
use super::table::{Item, Kind};
use super::toml_file::key_text;
use super::value::{Parsed, Value, bounds, parse};

/// The policy of one namespace, where it was set; the rest is built in (contract §4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespacePolicy {
    /// Whether a user is needed.
    pub auth: Option<NamespaceAuth>,
    /// The roles of which a user needs one; an empty list admits nobody.
    pub roles: Option<Vec<String>>,
    /// How many sessions a user may have in it.
    pub max_connections_per_user: Option<u64>,
    /// The rate of a user's messages, in Flask-Limiter's grammar.
    pub rate: Option<String>,
}

/// Whether a namespace asks who joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceAuth {
    /// Users only.
    Required,
    /// Users and visitors.
    Optional,
    /// Nobody is asked.
    None,
}

/// What holds for a category of notifications until a user chooses (contract §9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategoryDefaults {
    /// Its name for people.
    pub label: Option<String>,
    /// It cannot be switched off.
    pub required: Option<bool>,
    /// It is kept in the inbox.
    pub inbox: Option<bool>,
    /// It pops up.
    pub toast: Option<bool>,
    /// It may go by Web Push.
    pub webpush: Option<bool>,
    /// It may go by mail.
    pub email: Option<bool>,
}

/// Policies and defaults by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables {
    /// By namespace, `/` first.
    pub namespaces: BTreeMap<String, NamespacePolicy>,
    /// By category.
    pub categories: BTreeMap<String, CategoryDefaults>,
}

/// One of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// `[namespace."/x"]`
    Namespace,
    /// `[category.x]`
    Category,
}

/// A member of a table's row.
#[derive(Debug)]
pub(super) struct MemberRow {
    /// The key.
    pub(super) name: &'static str,
    /// Type and bounds.
    pub(super) kind: Kind,
    /// Used instead of an invalid text; empty: it stays unset.
    pub(super) when_invalid: &'static str,
    /// The one-line meaning.
    pub(super) short: &'static str,
}

/// A text for a member.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) table: Table,
    /// The namespace or category.
    pub(super) of: String,
    pub(super) row: &'static MemberRow,
    /// The name under which it was written.
    pub(super) written: String,
    pub(super) text: Result<String, Misfit>,
    pub(super) source: Source,
    pub(super) place: Option<Place>,
}

/// The value of a member, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveMember {
    /// `namespace."/admin".roles`: the path in `bellgate.toml`.
    pub path: String,
    /// The value as one would write it in the environment.
    pub value: String,
    /// Where it was found.
    pub source: Source,
    /// Where in a file.
    pub place: Option<Place>,
}

const AUTH: &[&[&str]] = &[&["required"], &["optional"], &["none"]];

const fn switch(name: &'static str, short: &'static str) -> MemberRow {
    MemberRow {
        name,
        kind: Kind::Switch,
        when_invalid: "",
        short,
    }
}

const NAMESPACE: &[MemberRow] = &[
    MemberRow {
        name: "auth",
        kind: Kind::Choice(AUTH),
        when_invalid: "required",
        short: "required: users only; optional: visitors too; none: nobody is asked",
    },
    MemberRow {
        name: "roles",
        kind: Kind::List(Item::Text),
        when_invalid: "",
        short: "roles of which a user needs one; a list that cannot be used admits nobody",
    },
    MemberRow {
        name: "max_connections_per_user",
        kind: Kind::Integer {
            from: 0,
            to: 1_000_000,
        },
        when_invalid: "",
        short: "sessions that a user may have in it; 0 is no limit",
    },
    MemberRow {
        name: "rate",
        kind: Kind::Rate,
        when_invalid: "",
        short: "a user's messages, as SOCKETIO_RATE_LIMIT_MESSAGES",
    },
];

const CATEGORY: &[MemberRow] = &[
    MemberRow {
        name: "label",
        kind: Kind::Text { not: &[] },
        when_invalid: "",
        short: "its name for people",
    },
    switch("required", "users cannot switch it off"),
    switch("inbox", "kept in the inbox"),
    switch("toast", "pops up"),
    switch("webpush", "may go by Web Push"),
    switch("email", "may go by mail"),
];

const ENVIRONMENT: &str = "BELLGATE_NAMESPACE_";

impl Table {
    pub(super) const ALL: [Self; 2] = [Self::Namespace, Self::Category];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Category => "category",
        }
    }

    pub(super) const fn members(self) -> &'static [MemberRow] {
        match self {
            Self::Namespace => NAMESPACE,
            Self::Category => CATEGORY,
        }
    }

    pub(super) fn member(self, name: &str) -> Option<&'static MemberRow> {
        self.members().iter().find(|row| row.name == name)
    }

    /// `namespace."/admin"`
    pub(super) fn path(self, of: &str) -> String {
        format!("{}.{}", self.key(), key_text(of))
    }

    /// Whether a row may have this name; the error is the path that was likely meant.
    pub(super) fn check(self, of: &str) -> Result<(), Option<String>> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.len() <= 128
                && !name.chars().any(|c| c.is_control() || c == ',')
        };
        match self {
            Self::Namespace if of.starts_with('/') && is_name(of) => Ok(()),
            Self::Namespace => {
                let meant = format!("/{of}");
                Err(is_name(&meant).then(|| self.path(&meant)))
            }
            Self::Category if is_name(of) => Ok(()),
            Self::Category => Err(None),
        }
    }
}

/// The member that a name of the environment means: its namespace and row.
fn of_environment(name: &str) -> Option<(String, &'static MemberRow)> {
    // With its underscore, so that the name before may be empty.
    let rest = name
        .strip_prefix(ENVIRONMENT.trim_end_matches('_'))
        .filter(|rest| rest.starts_with('_'))?;
    NAMESPACE.iter().find_map(|row| {
        let member = row.name.to_ascii_uppercase();
        let of = rest.strip_suffix(&member)?.strip_suffix('_')?;
        let of = of.strip_prefix('_').unwrap_or(of);
        Some((format!("/{}", of.to_ascii_lowercase()), row))
    })
}

/// Whether a name of the environment is a member of a namespace.
pub(super) fn is_of_a_namespace(name: &str) -> bool {
    of_environment(name).is_some()
}

/// The name that a slip below `BELLGATE_NAMESPACE_` was likely meant to be.
pub(super) fn likely(name: &str) -> Option<String> {
    let rest = name.strip_prefix(ENVIRONMENT)?;
    let cuts = rest.match_indices('_').map(|(at, _)| at);
    let known: Vec<String> = cuts
        .filter_map(|at| rest.get(..at))
        .flat_map(|of| {
            let members = NAMESPACE.iter().map(|row| row.name.to_ascii_uppercase());
            members.map(move |member| format!("{ENVIRONMENT}{of}_{member}"))
        })
        .collect();
    nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
}

/// The members that the sources name, strongest first.
fn members(sources: &Sources, layers: &[Layer]) -> Vec<Member> {
    let mut members = Vec::new();
    for layer in layers {
        for Entry { name, text, place } in layer.entries.iter().rev() {
            if text.as_ref().is_ok_and(String::is_empty) {
                continue;
            }
            if let Some((of, row)) = of_environment(name) {
                members.push(Member {
                    table: Table::Namespace,
                    of,
                    row,
                    written: name.clone(),
                    text: text.clone(),
                    source: layer.source,
                    place: place.clone(),
                });
            }
        }
    }
    let written = |member: &&Member| !member.text.as_ref().is_ok_and(String::is_empty);
    members.extend(sources.members.iter().filter(written).cloned());
    members
}

/// What the sources say about namespaces and categories.
pub(super) fn load(
    sources: &Sources,
    layers: &[Layer],
    warnings: &mut Vec<Warning>,
) -> (Tables, Vec<EffectiveMember>) {
    let mut tables = Tables::default();
    let mut effective: Vec<EffectiveMember> = Vec::new();
    for member in members(sources, layers) {
        let path = format!("{}.{}", member.table.path(&member.of), member.row.name);
        if effective.iter().any(|known| known.path == path) {
            continue;
        }
        let value = judge(&member, warnings);
        effective.push(EffectiveMember {
            path,
            value: text(&value),
            source: member.source,
            place: member.place.clone(),
        });
        let no_effect = Warning::NoEffect {
            name: member.written.clone(),
        };
        warnings.push(no_effect.at(member.place.as_ref()));
        tables.set(&member, value);
    }
    effective.sort_by(|left, right| left.path.cmp(&right.path));
    (tables, effective)
}

fn judge(member: &Member, warnings: &mut Vec<Warning>) -> Value {
    let row = member.row;
    let parsed = match &member.text {
        Ok(text) => parse(row.kind, text).map_err(|(reason, _)| (text.clone(), reason)),
        Err(misfit) => Err((misfit.shown.clone(), misfit.reason.clone())),
    };
    match parsed {
        Ok(Parsed { value, .. }) => value,
        Err((shown, reason)) => {
            let shown: String = shown
                .chars()
                .flat_map(char::escape_debug)
                .take(80)
                .collect();
            let warning = Warning::Invalid {
                name: member.written.clone(),
                value: shown,
                reason,
                used: row.when_invalid,
            };
            warnings.push(warning.at(member.place.as_ref()));
            match row.kind {
                // Unset would admit everybody.
                Kind::List(_) => Value::List(Vec::new()),
                kind => parse(kind, row.when_invalid).map_or(Value::Unset, |parsed| parsed.value),
            }
        }
    }
}

/// The members as two tables of the reference page.
pub(super) fn docs(out: &mut String) {
    for table in Table::ALL {
        let of = match table {
            Table::Namespace => "\"/x\"",
            Table::Category => "x",
        };
        let _ = write!(
            out,
            "\n| `[{}.{of}]` | value | meaning |\n|---|---|---|\n",
            table.key()
        );
        for row in table.members() {
            let _ = writeln!(
                out,
                "| `{}` | {} | {} |",
                row.name,
                bounds(row.kind),
                row.short
            );
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bool(is_on) => is_on.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Word(word) => (*word).to_owned(),
        Value::List(entries) => entries.join(","),
        _ => String::new(),
    }
}

impl Tables {
    fn set(&mut self, member: &Member, value: Value) {
        let of = member.of.clone();
        match member.table {
            Table::Namespace => self
                .namespaces
                .entry(of)
                .or_default()
                .set(member.row, value),
            Table::Category => self
                .categories
                .entry(of)
                .or_default()
                .set(member.row, value),
        }
    }
}

impl NamespacePolicy {
    fn set(&mut self, row: &MemberRow, value: Value) {
        match (row.name, value) {
            ("auth", Value::Word("required")) => self.auth = Some(NamespaceAuth::Required),
            ("auth", Value::Word("optional")) => self.auth = Some(NamespaceAuth::Optional),
            ("auth", Value::Word("none")) => self.auth = Some(NamespaceAuth::None),
            ("roles", Value::List(roles)) => self.roles = Some(roles),
            ("max_connections_per_user", Value::Integer(number)) => {
                self.max_connections_per_user = Some(number);
            }
            ("rate", Value::Text(rate)) => self.rate = Some(rate),
            _ => {}
        }
    }
}

impl CategoryDefaults {
    fn set(&mut self, row: &MemberRow, value: Value) {
        match (row.name, value) {
            ("label", Value::Text(label)) => self.label = Some(label),
            ("required", Value::Bool(is_on)) => self.required = Some(is_on),
            ("inbox", Value::Bool(is_on)) => self.inbox = Some(is_on),
            ("toast", Value::Bool(is_on)) => self.toast = Some(is_on),
            ("webpush", Value::Bool(is_on)) => self.webpush = Some(is_on),
            ("email", Value::Bool(is_on)) => self.email = Some(is_on),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Loaded, Settings, render};

    fn told(loaded: &Loaded) -> Vec<String> {
        loaded.warnings.iter().map(Warning::to_string).collect()
    }

    fn toml(text: &str) -> Loaded {
        Settings::load(&Sources::new().with_toml("b.toml", text))
    }

    const ADMIN: &str = "[namespace.\"/admin\"]\nauth = 'required'\nroles = ['admin', 'owner']\n\
                         max_connections_per_user = 3\nrate = '10/second'\n";

    #[test]
    fn a_namespace_gets_its_policy_from_the_file() {
        let loaded = toml(ADMIN);
        let policy = &loaded.settings.tables.namespaces["/admin"];
        assert_eq!(policy.auth, Some(NamespaceAuth::Required));
        assert_eq!(
            policy.roles.as_deref(),
            Some(&["admin".to_owned(), "owner".to_owned()][..])
        );
        assert_eq!(policy.max_connections_per_user, Some(3));
        assert_eq!(policy.rate.as_deref(), Some("10/second"));
        assert_eq!(
            told(&loaded).len(),
            4,
            "each says that it has no effect yet"
        );
        let shown = render::text(&loaded);
        let line = "namespace.\"/admin\".roles=admin,owner  # b.toml:3; has no effect yet\n";
        assert!(shown.contains(line), "{shown}");
        let json = render::json(&loaded);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let member = &json["namespace.\"/admin\".auth"];
        assert_eq!(
            (&member["value"], &member["line"]),
            (&"required".into(), &2.into())
        );
    }

    #[test]
    fn the_environment_is_stronger_member_by_member() {
        let sources = Sources::new().with_toml("b.toml", ADMIN).with_environment([
            ("BELLGATE_NAMESPACE_ADMIN_ROLES", "root"),
            ("BELLGATE_NAMESPACE_AUTH", "optional"),
            (
                "BELLGATE_NAMESPACE_BACK_OFFICE_MAX_CONNECTIONS_PER_USER",
                "1",
            ),
            ("BELLGATE_NAMESPACE_ADMIN_RATE", ""),
        ]);
        let tables = Settings::load(&sources).settings.tables;
        let admin = &tables.namespaces["/admin"];
        assert_eq!(admin.roles.as_deref(), Some(&["root".to_owned()][..]));
        assert_eq!(admin.rate.as_deref(), Some("10/second"));
        assert_eq!(tables.namespaces["/"].auth, Some(NamespaceAuth::Optional));
        let office = &tables.namespaces["/back_office"];
        assert_eq!(office.max_connections_per_user, Some(1));
    }

    #[test]
    fn a_category_gets_its_defaults_from_the_file() {
        let loaded =
            toml("[category.billing]\nlabel = 'Invoices'\nrequired = true\nemail = false\n");
        let billing = &loaded.settings.tables.categories["billing"];
        assert_eq!(billing.label.as_deref(), Some("Invoices"));
        assert_eq!(
            (billing.required, billing.email, billing.toast),
            (Some(true), Some(false), None)
        );
    }

    #[test]
    fn what_cannot_be_used_is_told_and_never_opens_a_namespace() {
        let loaded = toml("[namespace.'/x']\nauth = 'never'\nroles = []\nrate = 5\n");
        let policy = &loaded.settings.tables.namespaces["/x"];
        assert_eq!(policy.auth, Some(NamespaceAuth::Required));
        assert_eq!(
            policy.roles.as_deref(),
            Some(&[][..]),
            "nobody has a role of these"
        );
        let told = told(&loaded).join("\n");
        assert!(
            told.contains("namespace.\"/x\".auth=never is none of required, optional, none; required is used instead (b.toml:2)"),
            "{told}"
        );
        assert!(
            told.contains("(b.toml:3)") && told.contains("is no rate"),
            "{told}"
        );
    }

    #[test]
    fn unknown_members_and_names_are_told_with_the_nearest() {
        for (text, warning) in [
            (
                "[namespace.'/x']\nrole = 'a'\n",
                "namespace.\"/x\".role is no setting; was roles meant? (b.toml:2)",
            ),
            (
                "[namespace.admin]\nroles = 'a'\n",
                "namespace.admin is no setting; was namespace.\"/admin\" meant? (b.toml:1)",
            ),
            (
                "[category.x]\ntoasts = true\n",
                "category.x.toasts is no setting; was toast meant? (b.toml:2)",
            ),
            (
                "[category]\nx = 1\n",
                "category.x=… is no table; it stays unset (b.toml:2)",
            ),
        ] {
            assert_eq!(told(&toml(text)), [warning]);
        }
        let slip = [("BELLGATE_NAMESPACE_ADMIN_ROLE", "a")];
        let loaded = Settings::load(&Sources::new().with_environment(slip));
        assert_eq!(
            told(&loaded),
            [
                "BELLGATE_NAMESPACE_ADMIN_ROLE is no setting; was BELLGATE_NAMESPACE_ADMIN_ROLES meant?"
            ]
        );
    }
}
