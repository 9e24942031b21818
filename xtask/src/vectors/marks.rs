//! Python's values as the files write them: JSON, with `$tuple`, `$bytes_b64` and the like for the rest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bellgate_gate::flask::{Map, Value as Own};
use serde_json::{Map as Object, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Whether a session came out as the file has it.
pub(super) fn is_map(own: &Map, expected: &Value) -> bool {
    expected.as_object().is_some_and(|expected| {
        expected.len() == own.len()
            && own
                .iter()
                .all(|(key, value)| expected.get(key).is_some_and(|mark| is_same(value, mark)))
    })
}

fn is_same(own: &Own, expected: &Value) -> bool {
    match own {
        Own::Null => expected.is_null(),
        Own::Bool(value) => expected == value,
        Own::Int(value) => is_integer(&value.to_string(), expected),
        Own::BigInt(digits) => is_integer(digits, expected),
        Own::Float(value) => is_float(*value, expected),
        Own::Text(text) => expected.as_str() == Some(text),
        Own::List(items) => is_list(items, expected),
        Own::Tuple(items) => mark(expected, "$tuple").is_some_and(|list| is_list(items, list)),
        Own::Map(map) => is_map(map, expected),
        Own::Bytes(bytes) => is_text(expected, "$bytes_b64", &STANDARD.encode(bytes)),
        Own::Markup(text) => is_text(expected, "$markup", text),
        Own::Uuid(_) => own
            .to_id()
            .is_some_and(|id| is_text(expected, "$uuid", &id)),
        Own::Time(moment) => {
            let text = mark(expected, "$datetime").and_then(Value::as_str);
            let expected = text.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
            expected.as_ref() == Some(moment)
        }
    }
}

fn is_integer(digits: &str, expected: &Value) -> bool {
    match expected {
        Value::Number(number) => number.to_string() == digits,
        _ => is_text(expected, "$int", digits),
    }
}

fn is_float(value: f64, expected: &Value) -> bool {
    match expected {
        // The file's own floats are read with the last bit in doubt (serde_json without
        // `float_roundtrip`); the gate's are exact.
        Value::Number(number) => number
            .as_f64()
            .is_some_and(|expected| (expected - value).abs() <= value.abs() * f64::EPSILON),
        _ => is_text(expected, "$float", &value.to_string().to_lowercase()),
    }
}

fn is_list(own: &[Own], expected: &Value) -> bool {
    expected.as_array().is_some_and(|expected| {
        own.len() == expected.len()
            && own
                .iter()
                .zip(expected)
                .all(|(own, mark)| is_same(own, mark))
    })
}

fn is_text(expected: &Value, name: &str, text: &str) -> bool {
    mark(expected, name).and_then(Value::as_str) == Some(text)
}

/// What stands at a marker, of an object that holds nothing else.
fn mark<'a>(expected: &'a Value, name: &str) -> Option<&'a Value> {
    expected
        .as_object()
        .filter(|object| object.len() == 1)
        .and_then(|object: &Object<String, Value>| object.get(name))
}
