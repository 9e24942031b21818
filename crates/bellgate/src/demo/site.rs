//! The page of another origin: what a developer has who forgot an entry in the list. It is the same
//! page that the demo's own origin serves, and here nothing of the demo's own server is beside it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::gateway::Gateway;
use super::web;

/// Where the page is, on both origins.
pub(super) const PATH: &str = "/site";

/// What it is made of. No other file of the demo is served here.
const FILES: [&str; 7] = [
    PATH,
    "/base.css",
    "/bell.svg",
    "/dom.js",
    "/site.css",
    "/site.js",
    "/vendor/socket.io.min.js",
];

/// Which frames a page may hold, and which pages it may be a frame in.
pub(super) struct Frames<'a> {
    pub(super) may_hold: &'a str,
    pub(super) may_be_in: &'a str,
}

/// What its server works with.
#[derive(Clone)]
pub(super) struct Site(Arc<Inner>);

struct Inner {
    port: u16,
    /// The origins of the demo's page, which shows this one in a frame.
    shown_in: String,
    gateway: String,
    path: String,
}

impl Site {
    /// `shown_in` is the port of the demo's page.
    pub(super) fn new(port: u16, shown_in: u16, gateway: &Gateway) -> Self {
        Self(Arc::new(Inner {
            port,
            // A content security policy has no form for `[::1]` (CSP 3 §2.3.1, host-source).
            shown_in: format!("http://localhost:{shown_in} http://127.0.0.1:{shown_in}"),
            gateway: gateway.address(),
            path: gateway.settings().sessions.path.clone(),
        }))
    }
}

/// Everything that it answers.
pub(super) fn routes(site: Site) -> Router {
    Router::new()
        .route("/demo/gateway", get(whereabouts))
        .fallback(file)
        .layer(from_fn_with_state(site.clone(), guard))
        .with_state(site)
}

/// All that the page is told of the gateway: what any page's own code says.
pub(super) fn gateway(address: &str, path: &str) -> Value {
    json!({"url": format!("http://{address}"), "path": path})
}

async fn whereabouts(State(site): State<Site>) -> Json<Value> {
    Json(gateway(&site.0.gateway, &site.0.path))
}

async fn file(mut request: Request) -> Response {
    if request.uri().path() == "/" {
        *request.uri_mut() = Uri::from_static(PATH);
    }
    if FILES.contains(&request.uri().path()) {
        return web::file(request).await;
    }
    (StatusCode::NOT_FOUND, "there is nothing here").into_response()
}

async fn guard(State(site): State<Site>, request: Request, next: Next) -> Response {
    let response = match web::refused(site.0.port, request.method(), request.headers()) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
    let frames = Frames {
        may_hold: "'none'",
        may_be_in: &site.0.shown_in,
    };
    web::protect(response, &site.0.gateway, &frames)
}
