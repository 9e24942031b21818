//! The page's own server: it stands for the web application.
//!
//! It answers for its own names only, so that no other site reaches it by a name of its own that
//! leads to this machine, and it takes a POST only from its own page.

use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::gateway::Gateway;
use super::people::{Logins, PEOPLE, Person};
use super::site::{self, Frames};
use super::{Recent, assets, origins, publish, settings};

/// What the page wants of the gateway.
pub(super) enum Wish {
    /// That it be restarted; answered when it is up again.
    Restart(oneshot::Sender<()>),
    /// To see or to change its list of origins.
    Origins(origins::Ask),
}

/// What the page's server works with.
#[derive(Clone)]
pub(super) struct Page(Arc<Inner>);

struct Inner {
    port: u16,
    other: String,
    gateway: String,
    key: String,
    path: String,
    config: Value,
    logins: Logins,
    recent: Recent,
    wish: mpsc::Sender<Wish>,
}

impl Page {
    /// `other` is the port of the page of another origin.
    pub(super) fn new(
        port: u16,
        other: u16,
        gateway: &Gateway,
        logins: Logins,
        key: &str,
        recent: Recent,
        wish: mpsc::Sender<Wish>,
    ) -> Self {
        let (address, settings) = (gateway.address(), gateway.settings());
        let people = PEOPLE
            .iter()
            .map(|person| person.public(&settings.sessions.path));
        let people: Vec<Value> = people.collect();
        let other = settings::page_url(other);
        let config = json!({
            "other": other,
            "gateway": format!("http://{address}"),
            "path": settings.sessions.path,
            "event": settings.api.notification_event,
            "adminRole": settings.api.admin_role,
            "people": people,
        });
        Self(Arc::new(Inner {
            port,
            other,
            gateway: address,
            key: key.to_owned(),
            path: settings.sessions.path.clone(),
            config,
            logins,
            recent,
            wish,
        }))
    }

    /// Where people open it.
    pub(super) fn url(&self) -> String {
        settings::page_url(self.0.port)
    }

    /// Where the page of another origin is.
    pub(super) fn other(&self) -> &str {
        &self.0.other
    }

    /// Where it sends their clients.
    pub(super) fn gateway(&self) -> String {
        format!("http://{}", self.0.gateway)
    }
}

/// Serves a page in a task, until the process ends.
pub(super) fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the page's server has ended");
        }
    });
}

/// Everything that it answers.
pub(super) fn routes(page: Page) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/demo/config", get(config))
        .route("/demo/gateway", get(gateway))
        .route("/demo/login", post(log_in))
        .route("/demo/publish", post(hand_on))
        .route("/demo/restart", post(restart))
        .route("/demo/log", get(log))
        .route("/demo/origins", get(look).post(set))
        .route("/demo/origins/undo", post(undo))
        .fallback(file)
        .layer(from_fn_with_state(page.clone(), guard))
        .with_state(page)
}

async fn config(State(page): State<Page>) -> Json<Value> {
    Json(page.0.config.clone())
}

async fn gateway(State(page): State<Page>) -> Json<Value> {
    Json(site::gateway(&page.0.gateway, &page.0.path))
}

#[derive(Deserialize)]
struct Login {
    id: String,
}

async fn log_in(State(page): State<Page>, Json(login): Json<Login>) -> Response {
    let Some(person) = Person::with_id(&login.id) else {
        return (StatusCode::NOT_FOUND, "nobody here has this id").into_response();
    };
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    match page
        .0
        .logins
        .log_in(person, unix.unwrap_or_default().as_secs())
    {
        Ok(Some(login)) => (
            [(SET_COOKIE, login.cookie)],
            Json(json!({"csrf_token": login.csrf_token})),
        )
            .into_response(),
        Ok(None) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn hand_on(State(page): State<Page>, body: Bytes) -> Response {
    match publish::post(&page.0.gateway, &page.0.key, body).await {
        Ok((status, body)) => (status, [(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(why) => (StatusCode::BAD_GATEWAY, Json(json!({"detail": why}))).into_response(),
    }
}

async fn restart(State(page): State<Page>) -> StatusCode {
    let (done, is_done) = oneshot::channel();
    if page.0.wish.try_send(Wish::Restart(done)).is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match is_done.await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn log(State(page): State<Page>) -> Response {
    (
        [(CONTENT_TYPE, "application/x-ndjson")],
        page.0.recent.text(),
    )
        .into_response()
}

async fn look(State(page): State<Page>) -> Response {
    ask(&page, origins::Wish::Look).await
}

#[derive(Deserialize)]
struct List {
    value: String,
}

async fn set(State(page): State<Page>, Json(list): Json<List>) -> Response {
    ask(&page, origins::Wish::Set(list.value)).await
}

async fn undo(State(page): State<Page>) -> Response {
    ask(&page, origins::Wish::Undo).await
}

async fn ask(page: &Page, wish: origins::Wish) -> Response {
    let (done, is_done) = oneshot::channel();
    if page.0.wish.try_send(Wish::Origins((wish, done))).is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match is_done.await {
        Ok(Ok(shown)) => Json(shown).into_response(),
        Ok(Err(said)) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({"said": said})),
        )
            .into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The page itself, under one name: the cookies of another would not reach the gateway.
async fn index(State(page): State<Page>, request: Request) -> Response {
    let host = request.headers().get(HOST);
    let url = page.url();
    if host.is_some_and(|host| host.as_bytes() == url.trim_start_matches("http://").as_bytes()) {
        return file(request).await;
    }
    let query = request
        .uri()
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    Redirect::temporary(&format!("{url}/{query}")).into_response()
}

/// A file of the page.
pub(super) async fn file(request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    match assets::at(request.uri().path()) {
        Some(asset) => ([(CONTENT_TYPE, asset.media_type)], asset.bytes).into_response(),
        None => (StatusCode::NOT_FOUND, "there is nothing here").into_response(),
    }
}

async fn guard(State(page): State<Page>, request: Request, next: Next) -> Response {
    let is_framed = request.uri().path() == site::PATH;
    let response = match refused(page.0.port, request.method(), request.headers()) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
    let frames = if is_framed {
        Frames {
            may_hold: "'none'",
            may_be_in: "'self'",
        }
    } else {
        Frames {
            may_hold: &format!("'self' {}", page.0.other),
            may_be_in: "'none'",
        }
    };
    protect(response, &page.0.gateway, &frames)
}

/// Nothing from elsewhere runs in a page, and it connects to the gateway alone.
pub(super) fn protect(mut response: Response, gateway: &str, frames: &Frames<'_>) -> Response {
    let headers = response.headers_mut();
    for (name, value) in protections(gateway, frames) {
        if let Ok(value) = value.parse() {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Why a request is not for this server, or not from its page.
pub(super) fn refused(
    port: u16,
    method: &Method,
    headers: &HeaderMap,
) -> Option<(StatusCode, String)> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).unwrap_or_default();
    if !is_own(port, host) {
        let why = format!("this page is at {}\n", settings::page_url(port));
        return Some((StatusCode::MISDIRECTED_REQUEST, why));
    }
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let own = format!("http://{host}");
    if !is_read && text(ORIGIN) != Some(own.as_str()) {
        let why = "only the demo's own page may do this\n".to_owned();
        return Some((StatusCode::FORBIDDEN, why));
    }
    None
}

/// Whether a Host header names the page: loopback at its port. Browsers leave port 80 out.
fn is_own(port: u16, host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|name| host == format!("{name}:{port}") || (port == 80 && host == *name))
}

fn protections(gateway: &str, frames: &Frames<'_>) -> [(&'static str, String); 6] {
    let Frames {
        may_hold,
        may_be_in,
    } = frames;
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self' http://{gateway} ws://{gateway}; frame-src {may_hold}; \
         base-uri 'none'; form-action 'none'; frame-ancestors {may_be_in}"
    );
    [
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff".into()),
        ("referrer-policy", "no-referrer".into()),
        ("cross-origin-resource-policy", "same-origin".into()),
        ("cross-origin-opener-policy", "same-origin".into()),
        ("cache-control", "no-store".into()),
    ]
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, Method};

    use super::refused;

    fn status(method: &Method, host: &'static str, origin: Option<&'static str>) -> Option<u16> {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert("origin", HeaderValue::from_static(origin));
        }
        refused(5000, method, &headers).map(|(status, _)| status.as_u16())
    }

    #[test]
    fn only_loopback_names_at_the_port_are_answered() {
        for host in ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"] {
            assert_eq!(status(&Method::GET, host, None), None, "{host}");
        }
        for host in [
            "evil.example:5000",
            "localhost",
            "localhost:5001",
            "localhost:5000.evil.example",
            "",
        ] {
            assert_eq!(status(&Method::GET, host, None), Some(421), "{host}");
        }
    }

    #[test]
    fn a_post_needs_the_origin_of_the_page_as_it_was_opened() {
        let post = |origin| status(&Method::POST, "localhost:5000", origin);
        assert_eq!(post(Some("http://localhost:5000")), None);
        for origin in [
            None,
            Some("null"),
            Some("http://127.0.0.1:5000"),
            Some("https://localhost:5000"),
        ] {
            assert_eq!(post(origin), Some(403), "{origin:?}");
        }
    }
}
