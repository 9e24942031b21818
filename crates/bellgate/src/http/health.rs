//! Whether the server is alive, and whether it wants traffic.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::{Api, reply};

/// The process answers: that is all.
pub(crate) async fn healthz() -> Response {
    reply::json(StatusCode::OK, &json!({"status": "ok"}))
}

/// 200 while new connections are welcome, 503 with the reasons otherwise. `degraded` names who is asked about
/// clients and does not answer: whoever can be known without is welcome all the same.
pub(crate) async fn readyz(State(api): State<Arc<Api>>) -> Response {
    let mut reasons = Vec::new();
    match api.shards() {
        None => reasons.push("starting"),
        Some(shards) if shards.is_draining() => reasons.push("draining"),
        Some(shards) if shards.sessions() >= shards.live().max_connections => {
            reasons.push("full");
        }
        Some(_) => {}
    }
    let providers = api.doors.providers().into_iter();
    let degraded: Vec<_> = providers
        .filter(|provider| !provider.is_up)
        .map(|provider| provider.name)
        .collect();
    let (status, word) = match (reasons.is_empty(), degraded.is_empty()) {
        (true, true) => (StatusCode::OK, "ready"),
        (true, false) => (StatusCode::OK, "degraded"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
    };
    reply::json(
        status,
        &json!({"status": word, "reasons": reasons, "degraded": degraded}),
    )
}
