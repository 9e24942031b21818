//! JSON objects, in which no name may stand twice (hardening §3 rows 30, 38).

use serde_json::{Map, Value};

/// Reads one JSON object; none where it is not one. Nesting beyond 128 is refused by the parser.
pub(super) fn object(text: &[u8]) -> Option<Map<String, Value>> {
    match bellgate_json::parse(text) {
        Ok(Value::Object(map)) => Some(map),
        _ => None,
    }
}
