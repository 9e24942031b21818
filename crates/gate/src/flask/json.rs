//! JSON as Python's sessions write it, and the tags of Flask's `TaggedJSONSerializer`.
//!
//! `serde_json` checks the text and finds the borders of its values ([`RawValue`]); numbers are read
//! here, for a user's id may be an integer of any size and must not pass through a float. What Python
//! accepts and JSON does not (NaN, Infinity, lone surrogates) makes the whole text unreadable.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::value::{Map, Value};
use super::{DEPTH, Fault};

/// Digits of the largest integer that Python reads (`sys.int_info.default_max_str_digits`).
const DIGITS: usize = 4300;

/// Bytes that may be looked at in all: each level of nesting is looked at once more.
const WORK: usize = 8 * 1024 * 1024;

/// How one-key objects are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tags {
    /// As Flask's session cookies: a key that is a tag makes a typed value.
    Flask,
    /// As they are.
    None,
}

/// Reads one JSON value.
pub(super) fn read(text: &[u8], tags: Tags) -> Result<Value, Fault> {
    let text = std::str::from_utf8(text).map_err(|_| Fault::Content("it is not UTF-8"))?;
    let raw = parse::<&RawValue>(text)?;
    let mut reader = Reader { tags, work: WORK };
    reader.value(raw.get(), DEPTH)
}

struct Reader {
    tags: Tags,
    work: usize,
}

impl Reader {
    /// `text` is one value without blanks around it, its syntax checked but for what it holds.
    fn value(&mut self, text: &str, depth: usize) -> Result<Value, Fault> {
        let deeper = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        self.work = self.work.checked_sub(text.len()).ok_or(TOO_DEEP)?;
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                // A repeated key counts with its last value, as in Python.
                let raw = parse::<BTreeMap<String, &RawValue>>(text)?;
                let read =
                    |(key, raw): (String, &RawValue)| Ok((key, self.value(raw.get(), deeper)?));
                let map = raw.into_iter().map(read).collect::<Result<Map, Fault>>()?;
                if self.tags == Tags::Flask {
                    return untag(map);
                }
                Value::Map(map)
            }
            Some(b'[') => {
                let raw = parse::<Vec<&RawValue>>(text)?;
                let read = |raw: &RawValue| self.value(raw.get(), deeper);
                Value::List(raw.into_iter().map(read).collect::<Result<_, _>>()?)
            }
            Some(b'"') => Value::Text(parse(text)?),
            Some(b't' | b'f') => Value::Bool(parse(text)?),
            Some(b'n') => Value::Null,
            _ => number(text)?,
        })
    }
}

const TOO_DEEP: Fault = Fault::Content("its values lie too deep in each other");
const NOT_JSON: Fault = Fault::Content("it is not JSON");
const BAD_TAG: Fault = Fault::Content("a tagged value is not of its type");

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|_| NOT_JSON)
}

fn number(text: &str) -> Result<Value, Fault> {
    if text.contains(['.', 'e', 'E']) {
        return text.parse().map(Value::Float).map_err(|_| NOT_JSON);
    }
    if text.len() > DIGITS {
        return Err(Fault::Content("a number is too long"));
    }
    Ok(text
        .parse()
        .map_or_else(|_| Value::BigInt(text.to_owned()), Value::Int))
}

/// What is in the map has been untagged before: innermost first, as Flask does.
fn untag(map: Map) -> Result<Value, Fault> {
    let tag = match map.first_key_value() {
        Some((tag, _)) if map.len() == 1 && TAGS.contains(&tag.as_str()) => tag.clone(),
        _ => return Ok(Value::Map(map)),
    };
    let value = map.into_values().next().ok_or(BAD_TAG)?;
    match (tag.as_str(), value) {
        (" t", Value::List(items) | Value::Tuple(items)) => Ok(Value::Tuple(items)),
        (" b", Value::Text(text)) => {
            let bytes = STANDARD.decode(text).map_err(|_| BAD_TAG)?;
            Ok(Value::Bytes(bytes))
        }
        (" m", Value::Text(text)) => Ok(Value::Markup(text)),
        (" u", Value::Text(text)) => uuid(&text).map(Value::Uuid).ok_or(BAD_TAG),
        // Werkzeug's parse_date gives None for what is no date.
        (" d", Value::Text(text)) => {
            let date = OffsetDateTime::parse(&text, &Rfc2822);
            Ok(date.map_or(Value::Null, Value::Time))
        }
        (" di", Value::Map(inner)) => escaped(inner),
        _ => Err(BAD_TAG),
    }
}

const TAGS: [&str; 6] = [" t", " b", " m", " u", " d", " di"];

/// A plain object whose only key looks like a tag; two underscores were put behind it.
fn escaped(inner: Map) -> Result<Value, Fault> {
    let mut entries = inner.into_iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) => {
            let key = key.strip_suffix("__").ok_or(BAD_TAG)?.to_owned();
            Ok(Value::Map(Map::from([(key, value)])))
        }
        _ => Err(BAD_TAG),
    }
}

/// 32 hex digits, hyphens between them or not.
fn uuid(text: &str) -> Option<u128> {
    let digits = text.replace('-', "");
    let is_hex = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u128::from_str_radix(&digits, 16).ok().filter(|_| is_hex)
}
