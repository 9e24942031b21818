//! JSON bodies of the API: declared as such, bounded, without duplicate members.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bellgate_codes::Refusal;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

/// Reads a body of at most `limit` bytes.
///
/// The declared type is checked first: a page of another site can post a form or plain text
/// without asking, but not JSON.
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Value, Refusal> {
    let declared = headers
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let declared = declared.unwrap_or_else(|| "none".to_owned());
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::MediaType {
            content_type: essence.chars().take(64).collect(),
        });
    }
    let too_large = |size: String| Refusal::PayloadTooLarge {
        size,
        limit: limit.to_string(),
    };
    let collecting = Limited::new(body, limit).collect();
    let Ok(collected) = tokio::time::timeout(std::time::Duration::from_secs(10), collecting).await
    else {
        return Err(Refusal::BodyIncomplete {
            detail: "it took more than 10 s".into(),
        });
    };
    let bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(too_large(format!("more than {limit}")));
        }
        Err(_) => {
            return Err(Refusal::BodyIncomplete {
                detail: "the client left".into(),
            });
        }
    };
    bellgate_notify::parse_strict(&bytes)
}
