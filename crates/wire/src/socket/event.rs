//! The array of an event: a name, then its arguments.

use std::borrow::Cow;

use bellgate_codes::Refusal;

use crate::json::{Array, Elements, MAX_ARGUMENTS, malformed};
use crate::limits::Limits;

/// Names that mean something else in clients and servers (`socket.io-parser` 4.2, `RESERVED_EVENTS`).
pub const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// Whether clients and servers keep this name of an event for themselves.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Cuts `["name",1,{"a":2}]` into the name and the raw texts of the arguments, which become `args`.
///
/// A number is a name too, and is given as its text. Refused are a missing, reserved or too long
/// name, and whatever is no array.
pub(crate) fn split<'a>(
    data: &'a str,
    limits: &Limits,
    args: &mut Elements<'a>,
) -> Result<Cow<'a, str>, Refusal> {
    let mut array = Array::open(data, limits.json_depth)?;
    let Some(name) = array.next_element()? else {
        array.end()?;
        return Err(malformed("an event lacks its name"));
    };
    array.rest(MAX_ARGUMENTS, args)?;
    read_name(name, limits)
}

fn read_name<'a>(raw: &'a str, limits: &Limits) -> Result<Cow<'a, str>, Refusal> {
    let name = match raw.as_bytes().first() {
        Some(b'"') => unquote(raw)?,
        Some(b'-' | b'0'..=b'9') => Cow::Borrowed(raw),
        _ => return Err(malformed("an event's name is neither text nor number")),
    };
    if name.len() > limits.event_name_bytes {
        return Err(Refusal::PacketLimit {
            what: "bytes in an event's name".to_owned(),
            limit: limits.event_name_bytes.to_string(),
        });
    }
    if is_reserved(&name) {
        return Err(malformed("an event's name is reserved"));
    }
    Ok(name)
}

/// The text of a JSON string. A lone surrogate has none.
pub(crate) fn unquote(raw: &str) -> Result<Cow<'_, str>, Refusal> {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    match inner {
        Some(plain) if !plain.as_bytes().contains(&b'\\') => Ok(Cow::Borrowed(plain)),
        _ => serde_json::from_str(raw)
            .map(Cow::Owned)
            .map_err(|_| malformed("a name is not text")),
    }
}
