//! Answers of the HTTP routes: JSON, and refusals as `application/problem+json` (RFC 9457).

use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bellgate_codes::Refusal;
use bellgate_transport::http::answer;
use bellgate_transport::{Judged, refusals};
use serde_json::Value;

/// A refusal on its way to the caller, with the id of the request.
pub(crate) struct Problem {
    refusal: Refusal,
    judged: Option<Judged>,
}

impl Problem {
    pub(crate) fn new(refusal: Refusal, judged: Option<&Judged>) -> Self {
        Self {
            refusal,
            judged: judged.cloned(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let row = self.refusal.code().row();
        let request_id = if let Some(judged) = &self.judged {
            judged.tell(&self.refusal);
            judged.request_id.to_string()
        } else {
            refusals::tell(&self.refusal, "");
            String::new()
        };
        let retry_after = answer::retry_after(row.status);
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(after) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs()));
        }
        if row.status == 401 {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (
            status,
            headers,
            self.refusal.problem(&request_id, retry_after),
        )
            .into_response()
    }
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        value.to_string(),
    )
        .into_response()
}
