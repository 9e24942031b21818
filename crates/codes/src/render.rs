//! The faces of a refusal: HTTP bodies, `CONNECT_ERROR` payloads, messages.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::table::{Code, Refusal};

impl Refusal {
    /// The cause with the code in brackets: what a developer who prints `err.message` reads.
    ///
    /// A namespace that does not exist keeps the exact text of the official test suite.
    pub fn message(&self) -> String {
        match self {
            Self::NamespaceUnknown { .. } => "Invalid namespace".to_owned(),
            _ => format!("{} [{}]", self.cause(), self.code().name()),
        }
    }

    /// JSON body of an HTTP refusal under the Engine.IO path:
    /// `{"code", "message", "error", "category", "retry", "cause", "hint", "doc", "request_id"}`.
    ///
    /// `code` and `message` are Engine.IO's own, so that existing clients keep working.
    pub fn http_body(&self, request_id: &str, retry_after: Option<Duration>) -> String {
        let row = self.code().row();
        let mut body = Map::new();
        body.insert("code".into(), json!(row.engine as u8));
        body.insert("message".into(), json!(row.engine.message()));
        body.insert("error".into(), json!(row.name));
        body.insert("cause".into(), json!(self.cause()));
        self.common_members(&mut body, request_id, retry_after);
        Value::Object(body).to_string()
    }

    /// JSON body of any other HTTP refusal, `application/problem+json` (RFC 9457), with the same members.
    ///
    /// `pointer` is the JSON pointer of the failing field (RFC 6901), where there is one.
    pub fn problem(&self, request_id: &str, retry_after: Option<Duration>) -> String {
        let row = self.code().row();
        let mut body = Map::new();
        body.insert("type".into(), json!(self.code().doc()));
        body.insert("title".into(), json!(row.about.trim()));
        body.insert("status".into(), json!(row.status));
        body.insert("detail".into(), json!(self.cause()));
        body.insert("error".into(), json!(row.name));
        if let Self::FieldInvalid { pointer, .. } = self {
            body.insert("pointer".into(), json!(pointer));
        }
        self.common_members(&mut body, request_id, retry_after);
        Value::Object(body).to_string()
    }

    /// JSON payload of a Socket.IO `CONNECT_ERROR`: `{"message", "data": {"code", …}}`.
    pub fn connect_error(&self, request_id: &str, retry_after: Option<Duration>) -> String {
        json!({"message": self.message(), "data": self.data(request_id, retry_after)}).to_string()
    }

    /// What an event's ack or `bell:error` carries: the `data` of a `CONNECT_ERROR`.
    pub fn data(&self, request_id: &str, retry_after: Option<Duration>) -> Value {
        let row = self.code().row();
        let mut data = Map::new();
        data.insert("code".into(), json!(row.name));
        data.insert("user_message".into(), json!(row.user_text));
        self.common_members(&mut data, request_id, retry_after);
        Value::Object(data)
    }

    fn common_members(
        &self,
        body: &mut Map<String, Value>,
        request_id: &str,
        retry_after: Option<Duration>,
    ) {
        let row = self.code().row();
        body.insert("category".into(), json!(row.category.name()));
        body.insert("retry".into(), json!(row.retry.name()));
        if let Some(after) = retry_after {
            body.insert(
                "retry_after_ms".into(),
                json!(u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
            );
        }
        let hint = self.fix();
        if !hint.is_empty() {
            body.insert("hint".into(), json!(hint));
        }
        body.insert("doc".into(), json!(self.code().doc()));
        body.insert("request_id".into(), json!(request_id));
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Refusal {}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::table::{Code, Refusal, SAMPLES};

    #[test]
    fn names_are_unique_and_the_snake_case_of_their_variant() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            let mut snake = String::new();
            for letter in format!("{code:?}").chars() {
                if letter.is_ascii_uppercase() && !snake.is_empty() {
                    snake.push('_');
                }
                snake.push(letter.to_ascii_lowercase());
            }
            assert_eq!(code.name(), snake);
            assert!(seen.insert(code.name()), "{} stands twice", code.name());
        }
    }

    #[test]
    fn a_field_for_the_log_alone_never_reaches_a_page() {
        for sample in SAMPLES {
            let (refusal, log_only) = sample();
            let faces = [
                refusal.http_body("r", None),
                refusal.problem("r", None),
                refusal.connect_error("r", None),
                refusal.data("r", None).to_string(),
                refusal.message(),
            ];
            for field in log_only {
                for face in &faces {
                    assert!(
                        !face.contains(field),
                        "{} tells a page {field}",
                        refusal.code()
                    );
                }
                assert!(
                    refusal.log_detail().contains(field),
                    "{} never logs {field}",
                    refusal.code()
                );
            }
        }
    }

    #[test]
    fn causes_are_fragments_without_capital_and_full_stop() {
        for sample in SAMPLES {
            let (refusal, _) = sample();
            let cause = refusal.cause();
            assert!(!cause.ends_with('.'), "{cause}");
            assert!(!cause.starts_with(|c: char| c.is_uppercase()), "{cause}");
        }
    }

    #[test]
    fn an_engine_body_keeps_the_numbers_that_existing_clients_know() {
        let body: Value =
            serde_json::from_str(&Refusal::SessionUnknown {}.http_body("r-9", None)).unwrap();
        assert_eq!(body["code"], 1);
        assert_eq!(body["message"], "Session ID unknown");
        assert_eq!(body["error"], "session_unknown");
        assert_eq!(body["doc"], "/bellgate/errors/session_unknown");
        assert_eq!(body["request_id"], "r-9");
    }

    #[test]
    fn an_unknown_namespace_says_what_the_official_suite_expects() {
        let refusal = Refusal::NamespaceUnknown {
            namespace: "/random".into(),
        };
        let error: Value = serde_json::from_str(&refusal.connect_error("r", None)).unwrap();
        assert_eq!(error["message"], "Invalid namespace");
        assert_eq!(error["data"]["code"], "namespace_unknown");
    }

    #[test]
    fn a_wait_is_told_in_milliseconds() {
        let refusal = Refusal::ServerFull { limit: "5".into() };
        let body: Value =
            serde_json::from_str(&refusal.http_body("r", Some(Duration::from_secs(3)))).unwrap();
        assert_eq!(body["retry_after_ms"], json!(3000));
    }
}
