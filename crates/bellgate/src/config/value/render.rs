//! From a value back to text, and a kind in words.

use super::{Value, duration, size, url, word};
use crate::config::table::{Item, Kind, Setting};

/// What stands for a secret that is set.
pub const HIDDEN: &str = "••••";

/// The value as one would write it in the environment; a secret is hidden, unset is empty.
pub fn render(setting: &Setting, value: &Value) -> String {
    match value {
        Value::Unset => String::new(),
        _ if setting.secret => HIDDEN.to_owned(),
        Value::Text(text) => text.clone(),
        Value::Bool(on) => on.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Duration(pause) => match unit(setting.kind) {
            Some(unit) => duration::bare(*pause, unit),
            None => duration::written(*pause),
        },
        Value::Size(bytes) => size::written(*bytes),
        Value::Word(word) => (*word).to_owned(),
        Value::List(entries) => entries.join(","),
        Value::Address(address) if matches!(setting.kind, Kind::Host) => address.host(),
        Value::Address(address) => address.to_string(),
        Value::File(path) => path.display().to_string(),
        Value::Url(url) => url::masked(url.expose()),
        Value::ApiKeys(_) | Value::Secret(_) | Value::Secrets(_) => HIDDEN.to_owned(),
    }
}

fn unit(kind: Kind) -> Option<crate::config::table::Unit> {
    match kind {
        Kind::Duration { unit, .. } => Some(unit),
        Kind::Or { other, .. } => unit(*other),
        _ => None,
    }
}

/// What stands for the value in `--help`.
pub fn placeholder(kind: Kind) -> String {
    match kind {
        Kind::Text { .. } => "TEXT".to_owned(),
        Kind::Switch => "true|false".to_owned(),
        Kind::Integer { .. } => "N".to_owned(),
        Kind::Duration { .. } => "DURATION".to_owned(),
        Kind::Size { .. } => "SIZE".to_owned(),
        Kind::Choice(choices) => word::names(choices).join("|"),
        Kind::List(_) => "LIST".to_owned(),
        Kind::Host => "HOST".to_owned(),
        Kind::Address => "ADDRESS".to_owned(),
        Kind::Path => "PATH".to_owned(),
        Kind::File => "FILE".to_owned(),
        Kind::Secret | Kind::Secrets => "SECRET".to_owned(),
        Kind::Rate => "RATE".to_owned(),
        Kind::Url { .. } => "URL".to_owned(),
        Kind::ApiKeys => "KEYS".to_owned(),
        Kind::Or { word, other } => format!("{word}|{}", placeholder(*other)),
    }
}

/// Type, unit and bounds in words, for the docs.
pub fn bounds(kind: Kind) -> String {
    match kind {
        Kind::Text { .. } => "text".to_owned(),
        Kind::Switch => "`true` or `false`".to_owned(),
        Kind::Integer { from, to } => format!("a whole number from {from} to {to}"),
        Kind::Duration { unit, from, to } => format!(
            "a duration from {} to {}; a bare number counts {}",
            duration::written(from),
            duration::written(to),
            unit.plural()
        ),
        Kind::Size { from, to } => format!(
            "a size from {} to {}; a bare number counts bytes",
            size::written(from),
            size::written(to)
        ),
        Kind::Choice(choices) => format!("one of {}", coded(&word::names(choices))),
        Kind::List(Item::OneOf(words)) => format!("a comma list of {}", coded(words)),
        Kind::List(_) | Kind::Secrets => "a comma list".to_owned(),
        Kind::Host => "a host or address, or `unix:/path`".to_owned(),
        Kind::Address => "`host:port`, or `unix:/path`".to_owned(),
        Kind::Path => "a path".to_owned(),
        Kind::File => "a file".to_owned(),
        Kind::Secret => "any text".to_owned(),
        Kind::Rate => "rates such as `100/10 seconds;600/minute`".to_owned(),
        Kind::Url { schemes, or_stop } => {
            let end = if or_stop {
                "; another scheme stops the start"
            } else {
                ""
            };
            format!("a URL with the scheme {}{end}", coded(schemes))
        }
        Kind::ApiKeys => "a comma list of `name:key[:scope+scope]`".to_owned(),
        Kind::Or { word, other } => format!("`{word}`, or {}", bounds(*other)),
    }
}

fn coded(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
