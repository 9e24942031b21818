//! The faces of a refusal: HTTP bodies, `CONNECT_ERROR` payloads, messages.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

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
    /// `{"code", "message", "error", "cause", "category", "retry", "hint", "doc", "request_id"}`.
    ///
    /// `code` and `message` are Engine.IO's own, so that existing clients keep working.
    pub fn http_body(&self, request_id: &str, retry_after: Option<Duration>) -> String {
        let row = self.code().row();
        written(&HttpBody {
            code: row.engine as u8,
            message: row.engine.message(),
            error: row.name,
            cause: self.cause(),
            common: self.common(request_id, retry_after),
        })
    }

    /// JSON body of any other HTTP refusal, `application/problem+json` (RFC 9457), with the same members.
    ///
    /// `pointer` is the JSON pointer of the failing field (RFC 6901), where there is one.
    pub fn problem(&self, request_id: &str, retry_after: Option<Duration>) -> String {
        let row = self.code().row();
        written(&Problem {
            kind: self.code().doc(),
            title: row.about.trim(),
            status: row.status,
            detail: self.cause(),
            error: row.name,
            pointer: match self {
                Self::FieldInvalid { pointer, .. } => Some(pointer),
                _ => None,
            },
            common: self.common(request_id, retry_after),
        })
    }

    /// JSON payload of a Socket.IO `CONNECT_ERROR`: `{"message", "data": {"code", …}}`.
    pub fn connect_error(&self, request_id: &str, retry_after: Option<Duration>) -> String {
        written(&ConnectError {
            message: self.message(),
            data: self.members(request_id, retry_after),
        })
    }

    /// What an event's ack or `bell:error` carries: the `data` of a `CONNECT_ERROR`.
    pub fn data(&self, request_id: &str, retry_after: Option<Duration>) -> Value {
        serde_json::to_value(self.members(request_id, retry_after)).unwrap_or_default()
    }

    fn members<'a>(&self, request_id: &'a str, retry_after: Option<Duration>) -> Data<'a> {
        let row = self.code().row();
        Data {
            code: row.name,
            user_message: row.user_text,
            common: self.common(request_id, retry_after),
        }
    }

    fn common<'a>(&self, request_id: &'a str, retry_after: Option<Duration>) -> Common<'a> {
        let row = self.code().row();
        let ms = |after: Duration| u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        Common {
            category: row.category.name(),
            retry: row.retry.name(),
            retry_after_ms: retry_after.map(ms),
            hint: Some(self.fix()).filter(|hint| !hint.is_empty()),
            doc: self.code().doc(),
            request_id,
        }
    }
}

#[derive(Serialize)]
struct HttpBody<'a> {
    code: u8,
    message: &'a str,
    error: &'a str,
    cause: String,
    #[serde(flatten)]
    common: Common<'a>,
}

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: String,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a String>,
    #[serde(flatten)]
    common: Common<'a>,
}

#[derive(Serialize)]
struct ConnectError<'a> {
    message: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    code: &'a str,
    user_message: &'a str,
    #[serde(flatten)]
    common: Common<'a>,
}

/// The members that every face has.
#[derive(Serialize)]
struct Common<'a> {
    category: &'a str,
    retry: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    doc: String,
    request_id: &'a str,
}

/// Texts and numbers under fixed names can always be written.
fn written(face: &impl Serialize) -> String {
    serde_json::to_string(face).unwrap_or_default()
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
