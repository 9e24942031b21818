//! JSON bodies, in which no member may stand twice (hardening §3 row 38).

use bellgate_codes::Refusal;
use serde_json::Value;

/// Reads one JSON value; a member that stands twice is an error, at any depth.
///
/// Nesting deeper than 128 is refused by the parser itself.
pub fn parse_strict(body: &[u8]) -> Result<Value, Refusal> {
    bellgate_json::parse(body).map_err(|error| Refusal::BodyNotJson {
        detail: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::parse_strict;

    #[test]
    fn a_member_that_stands_twice_is_refused_at_any_depth() {
        for body in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":[{"b":1,"\u0062":2}]}"#,
            r#"[{"a":{"b":1,"b":2}}]"#,
        ] {
            let refusal = parse_strict(body.as_bytes()).unwrap_err();
            assert_eq!(refusal.code().name(), "body_not_json", "{body}");
            assert!(refusal.cause().contains("twice"));
        }
    }
}
