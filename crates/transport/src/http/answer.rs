//! The responses of the Engine.IO endpoint.

use std::time::Duration;

use bellgate_codes::Refusal;
use bellgate_gate::origin::{CorsMode, Reader, cors_headers};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONNECTION,
    CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, UPGRADE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;

use super::Judged;
use crate::request_id::RequestId;

/// The header that names a request in answers and logs.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// More headers than a text answer carries, with those that hyper adds.
const ANSWER_HEADERS: usize = 12;

/// When a client may come back after a temporary refusal: at a time of its own, so that not all come
/// at once. None after any other.
pub fn retry_after(status: u16) -> Option<Duration> {
    const LEAST: u64 = 1;
    const MOST: u64 = 4;
    if !matches!(status, 429 | 503) {
        return None;
    }
    let mut byte = [0];
    // Without random bits all come after the least.
    let _ = getrandom::fill(&mut byte);
    let jitter = u64::from(u8::from_be_bytes(byte)) % (MOST - LEAST + 1);
    Some(Duration::from_secs(LEAST + jitter))
}

/// A text answer of the protocol.
pub(crate) fn text(body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    // Room for all that an answer carries, so that it is hashed once.
    *response.headers_mut() = HeaderMap::with_capacity(ANSWER_HEADERS);
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=UTF-8"),
    );
    response
}

/// The answer to a preflight that was admitted.
pub(crate) fn preflight() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A refusal under the Engine.IO path: its status, the JSON body, and when to come back.
///
/// `retry_after` is jittered by the caller's client anyway; a temporary refusal names the least.
pub fn refusal(refusal: &Refusal, request_id: RequestId) -> Response<Full<Bytes>> {
    refusal_until(
        refusal,
        request_id,
        retry_after(refusal.code().row().status),
    )
}

/// As [`refusal`], where it is known when to come back. The header has whole seconds, rounded up.
pub(crate) fn refusal_until(
    refusal: &Refusal,
    request_id: RequestId,
    retry_after: Option<Duration>,
) -> Response<Full<Bytes>> {
    let status =
        StatusCode::from_u16(refusal.code().row().status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = Response::new(Full::new(Bytes::from(
        refusal.http_body(&request_id.to_string(), retry_after),
    )));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(after) = retry_after {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// `101 Switching Protocols` to a WebSocket.
pub(crate) fn switching(accept: &str, extensions: Option<&'static str>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(extensions) = extensions {
        headers.insert(
            SEC_WEBSOCKET_EXTENSIONS,
            HeaderValue::from_static(extensions),
        );
    }
    response
}

/// Marks an answer of the fallback service that every page may read, without its credentials: an
/// extension of the response.
#[derive(Debug, Clone, Copy)]
pub struct ForEveryPage;

/// What every answer on the public listener carries, errors included.
pub fn finish<B>(response: &mut Response<B>, judged: &Judged) {
    let is_for_all = response.extensions_mut().remove::<ForEveryPage>().is_some();
    let headers = response.headers_mut();
    let policy = &judged.live.origins;
    cors_headers(policy, &judged.facts, &judged.verdict, headers);
    if is_for_all && policy.mode() != CorsMode::Off {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
    }
    name(headers, judged.request_id);
}

/// As [`finish`], for an answer of the endpoint to a request that was admitted and is no OPTIONS.
pub(crate) fn finish_for(reader: &Reader, request_id: RequestId, headers: &mut HeaderMap) {
    reader.write(headers);
    name(headers, request_id);
}

fn name(headers: &mut HeaderMap, request_id: RequestId) {
    if let Ok(id) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("private, no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
