//! `/client/config.json`: the options of a client, by the stock client's names (contract §8).
//!
//! A page passes the object on as it is: `io(url, await (await fetch(…)).json())`. It holds what
//! every client sees anyway, and no list of origins. It is written once, at the start and at a
//! reload; a request takes it as it is.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::Api;
use crate::config::Settings;

/// How long a browser and what is between may keep it. Settings that a reload changes are then as
/// old at most.
const CACHING: &str = "public, max-age=60";

/// The answer that is given now.
pub(crate) struct ClientConfig {
    /// The Engine.IO path, which no reload changes.
    path: String,
    written: RwLock<Written>,
}

/// One text and what names it.
#[derive(Clone)]
struct Written {
    body: Bytes,
    /// A strong entity tag (RFC 9110 §8.8.3), with its quotes.
    etag: Arc<str>,
}

impl ClientConfig {
    pub(crate) fn new(settings: &Settings) -> Self {
        let path = settings.sessions.path.clone();
        let written = RwLock::new(write(&path, settings));
        Self { path, written }
    }

    /// From now on these settings are told.
    pub(crate) fn reload(&self, settings: &Settings) {
        let written = write(&self.path, settings);
        *self.written.write().unwrap_or_else(PoisonError::into_inner) = written;
    }

    fn now(&self) -> Written {
        let written = self.written.read();
        written.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers with the options, or with 304 where the caller has them.
pub(crate) async fn serve(State(api): State<Arc<Api>>, headers: HeaderMap) -> Response {
    let Written { body, etag } = api.client_config.now();
    let common = [(CACHE_CONTROL, CACHING), (ETAG, &*etag)];
    if is_known(&headers, &etag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// Whether the caller names this tag among those that it has; weakly compared (RFC 9110 §13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn write(path: &str, settings: &Settings) -> Written {
    let body = Value::from(options(path, settings)).to_string();
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    Written {
        etag: format!("\"{:016x}\"", hasher.finish()).into(),
        body: body.into(),
    }
}

/// The object. Times are milliseconds, as the stock client counts.
fn options(path: &str, settings: &Settings) -> Map<String, Value> {
    let (sessions, clients) = (&settings.sessions, &settings.clients);
    // WebSocket first, polling behind it (contract §8): one round trip to the first event.
    let transports: Vec<&str> = [
        (sessions.websocket, "websocket"),
        (sessions.polling, "polling"),
    ]
    .into_iter()
    .filter_map(|(is_on, name)| is_on.then_some(name))
    .collect();
    let has_both = transports.len() > 1;
    let mut options = Map::new();
    let mut tell = |name: &str, value: Value| options.insert(name.to_owned(), value);
    tell("path", path.into());
    tell("transports", transports.into());
    if has_both {
        // Without it the stock client (from 4.8 on) never tries the second one.
        tell("tryAllTransports", true.into());
    }
    tell("upgrade", (has_both && sessions.allow_upgrades).into());
    tell("reconnection", clients.reconnection.into());
    // The stock client's own default is for ever, and JSON has no infinity.
    if clients.reconnection_attempts > 0 {
        tell("reconnectionAttempts", clients.reconnection_attempts.into());
    }
    tell(
        "reconnectionDelay",
        milliseconds(clients.reconnection_delay),
    );
    tell(
        "reconnectionDelayMax",
        milliseconds(clients.reconnection_delay_max),
    );
    tell("timeout", milliseconds(clients.timeout));
    // A browser refuses an answer without the credentials header where they were sent.
    let credentials = settings.origin_policy().0.credentials();
    tell("withCredentials", credentials.into());
    options
}

fn milliseconds(time: Duration) -> Value {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into()
}
