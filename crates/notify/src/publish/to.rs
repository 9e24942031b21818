//! `to`: exactly one of `user`, `users`, `role`, `topic`, `all: true`.

use std::collections::HashSet;

use bellgate_codes::Refusal;
use serde_json::Value;

use crate::audience::Audience;
use crate::publish::fields::{Fields, refuse};
use crate::publish::limits;

const KNOWN: [&str; 5] = ["user", "users", "role", "topic", "all"];

/// Reads the audience at `/to`.
pub(crate) fn parse(body: &Fields<'_>) -> Result<Audience, Refusal> {
    let one_of = format!(
        "it must be an object with exactly one of {}",
        KNOWN.join(", ")
    );
    let value = body
        .value("to")
        .ok_or_else(|| body.refuse("to", one_of.as_str()))?;
    let to = Fields::open(value, body.pointer("to"), &KNOWN)?;
    let mut kinds = to.names();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return Err(body.refuse("to", one_of));
    };
    let Some(value) = to.value(kind) else {
        return Err(to.refuse(kind, "it is null"));
    };
    let named = |value| name(value).map_err(|detail| to.refuse(kind, detail));
    match kind {
        "user" => named(value).map(Audience::User),
        "users" => users(&to).map(Audience::Users),
        "role" => named(value).map(Audience::Role),
        "topic" => named(value).map(Audience::Topic),
        _ if value == &Value::Bool(true) => Ok(Audience::All),
        _ => Err(to.refuse(kind, "it must be true")),
    }
}

/// A list of users, each once.
fn users(to: &Fields<'_>) -> Result<Vec<String>, Refusal> {
    let list = to.list("users", limits::USERS)?;
    if list.is_empty() {
        return Err(to.refuse("users", "it is empty"));
    }
    let mut seen = HashSet::new();
    let mut users = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let user = name(value)
            .map_err(|detail| refuse(format!("{}/{index}", to.pointer("users")), detail))?;
        if seen.insert(user.clone()) {
            users.push(user);
        }
    }
    Ok(users)
}

/// A user id, role or topic. Applications' ids are numbers as often as texts: 7 is "7".
fn name(value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_u64() || number.is_i64() => number.to_string(),
        _ => return Err("it must be a text or a whole number".to_owned()),
    };
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() > limits::NAME_BYTES {
        return Err(format!("it is longer than {} bytes", limits::NAME_BYTES));
    }
    if text.chars().any(char::is_control) {
        return Err("it holds a control character".to_owned());
    }
    Ok(text)
}
