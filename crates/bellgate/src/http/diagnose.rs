//! `/diagnose`: whether the page that asks may connect, and why not.
//!
//! A page that was refused cannot tell why from a failed request; here it can always read. So the
//! answer goes to every origin (`*`), holds the caller's own verdict and nothing of the list, and
//! no credential is read (contract §3).

use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use bellgate_transport::Judged;
use bellgate_transport::http::answer::ForEveryPage;
use serde_json::{Value, json};

use super::reply;

/// The verdict on the caller's origin: `{allowed, rule, origin, request_id}`, and where it is refused
/// the message and the data that a `CONNECT_ERROR` would carry.
pub(crate) async fn diagnose(Extension(judged): Extension<Judged>) -> Response {
    let verdict = &judged.verdict;
    let mut told = json!({
        "allowed": verdict.is_allowed(),
        "rule": verdict.rule.name(),
        "origin": judged.facts.received_origin(),
        "host": judged.facts.host(),
        "request_id": judged.request_id.to_string(),
    });
    if let (Some(refusal), Value::Object(told)) = (&verdict.refusal, &mut told) {
        told.insert("message".into(), json!(refusal.message()));
        told.insert(
            "data".into(),
            refusal.data(&judged.request_id.to_string(), None),
        );
    }
    // A page that is let in only for the report will be refused one day.
    if let (Some(refusal), Value::Object(told)) = (&verdict.reported, &mut told) {
        told.insert("reported".into(), json!(refusal.message()));
    }
    let mut response = reply::json(StatusCode::OK, &told);
    response.extensions_mut().insert(ForEveryPage);
    response
}
