//! The two tables of `bellgate.toml`: the policy of each namespace and the defaults of each
//! category of notifications.
//!
//! Their members are rows like those of the settings, with the same parsers. A namespace's may
//! also come from the environment: `BELLGATE_NAMESPACE_ADMIN_ROLES` is `roles` of `/admin`, and
//! `BELLGATE_NAMESPACE_AUTH` is `auth` of `/`.

mod rows;

use std::collections::BTreeMap;

use super::nearest::nearest;
use super::report::{Place, Source, Warning};
use super::sources::{Entry, Layer, Misfit, Sources};
use super::table::Kind;
use super::value::{Parsed, Value, parse};
pub(super) use rows::{MemberRow, Table, docs};

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
    /// Whether it has an effect.
    pub works: bool,
}

const ENVIRONMENT: &str = "BELLGATE_NAMESPACE_";

/// The member that a name of the environment means: its namespace and row.
fn of_environment(name: &str) -> Option<(String, &'static MemberRow)> {
    // With its underscore, so that the name before may be empty.
    let rest = name
        .strip_prefix(ENVIRONMENT.trim_end_matches('_'))
        .filter(|rest| rest.starts_with('_'))?;
    Table::Namespace.members().iter().find_map(|row| {
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
            let members = Table::Namespace
                .members()
                .iter()
                .map(|row| row.name.to_ascii_uppercase());
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
            works: member.row.works,
        });
        if !member.row.works {
            let no_effect = Warning::NoEffect {
                name: member.written.clone(),
            };
            warnings.push(no_effect.at(member.place.as_ref()));
        }
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
mod tests;
