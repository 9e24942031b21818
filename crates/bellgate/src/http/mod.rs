//! HTTP beside Engine.IO: health, the API for publishers, and the operator's listener.
//!
//! The public routes run on the shards, behind the transport, which adds request ids and CORS
//! headers; [`admin`] runs on the control runtime. Every path is also served under `/bellgate/`.

pub(crate) mod admin;
mod blocks;
pub(crate) mod client_config;
mod diagnose;
mod emit;
mod errors;
mod health;
mod json_body;
mod keys;
mod metrics;
mod notifications;
mod reply;
mod users;

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get, post};
use bellgate_codes::Refusal;
use bellgate_transport::{Fallback, Handle, Judged};
use http_body_util::{BodyExt as _, Either};
use serde_json::Value;
use tower_service::Service as _;

use crate::config::{Scope, Settings};
use crate::server::command::Command;
use crate::server::reload::OnReload;
use crate::server::throttle::Throttle;
use crate::server::{Doors, Emitter, Stores};
use client_config::ClientConfig;
use keys::Keys;
use notifications::Ledger;
use reply::Problem;

pub(crate) use admin::GaugesOfShards;

/// What the HTTP routes work with.
pub(crate) struct Api {
    pub(crate) emitter: Emitter,
    pub(crate) ledger: Ledger,
    pub(crate) gauges: GaugesOfShards,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) stores: Stores,
    pub(crate) doors: Arc<Doors>,
    pub(crate) client_config: Arc<ClientConfig>,
    /// The admin listener needs no key: development, on loopback.
    pub(crate) admin_is_open: bool,
    /// Has the settings read anew; `None`: the program does not.
    pub(crate) on_reload: Option<OnReload>,
    live: ArcSwap<Live>,
    shards: OnceLock<Handle<Command>>,
}

/// What a reload changes.
pub(crate) struct Live {
    pub(crate) keys: Keys,
    pub(crate) admin_role: String,
    pub(crate) notification_event: String,
    pub(crate) body_limit: usize,
}

impl Live {
    fn new(settings: &Settings) -> Self {
        Self {
            keys: Keys::new(&settings.api.keys),
            admin_role: settings.api.admin_role.clone(),
            notification_event: settings.api.notification_event.clone(),
            body_limit: settings.limits.message_bytes,
        }
    }
}

impl Api {
    pub(crate) fn new(
        settings: &Settings,
        emitter: Emitter,
        gauges: GaugesOfShards,
        throttle: Arc<Throttle>,
        stores: Stores,
        doors: Arc<Doors>,
        on_reload: Option<OnReload>,
    ) -> Self {
        let loopback = settings
            .listen
            .admin
            .as_ref()
            .is_some_and(crate::config::Address::is_loopback);
        Self {
            emitter,
            ledger: Ledger::default(),
            gauges,
            throttle,
            stores,
            doors,
            client_config: Arc::new(ClientConfig::new(settings)),
            admin_is_open: loopback && !settings.app.environment.is_production(),
            on_reload,
            live: ArcSwap::from_pointee(Live::new(settings)),
            shards: OnceLock::new(),
        }
    }

    /// What holds now of the part that a reload changes.
    pub(crate) fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// From now on requests are answered by these settings.
    pub(crate) fn reload(&self, settings: &Settings) {
        self.live.store(Arc::new(Live::new(settings)));
        self.client_config.reload(settings);
    }

    /// Tells the API which shards it speaks for, once they run.
    pub(crate) fn attach(&self, shards: Handle<Command>) {
        // Set once by the start of the server; there is no second start.
        let _ = self.shards.set(shards);
    }

    /// The body of a request whose key may do this, and the key's name. The key is judged first.
    async fn read(&self, request: Request, scope: Scope) -> Result<(String, Value), Refusal> {
        let live = self.live();
        let name = live.keys.check(request.headers(), scope)?.name.clone();
        let (parts, body) = request.into_parts();
        let body = json_body::read(&parts.headers, body, live.body_limit).await?;
        Ok((name, body))
    }

    /// The name of a request's key, if it may do this.
    fn check(&self, headers: &HeaderMap, scope: Scope) -> Result<String, Refusal> {
        let live = self.live();
        let key = live.keys.check(headers, scope)?;
        Ok(key.name.clone())
    }

    pub(crate) fn shards(&self) -> Option<&Handle<Command>> {
        self.shards.get()
    }
}

/// The public routes, each at its own path and under `/bellgate`. Requests bring [`Judged`] along.
pub(crate) fn routes(api: &Arc<Api>) -> Router {
    let paths = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/errors/{code}", get(errors::page))
        .route("/diagnose", get(diagnose::diagnose))
        .merge(guarded(api));
    Router::new()
        .nest("/bellgate", paths.clone())
        .merge(paths)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::clone(api))
}

/// The routes that a page of a refused origin may not reach.
fn guarded(api: &Arc<Api>) -> Router<Arc<Api>> {
    Router::new()
        .route(
            "/api/v1/notifications",
            post(notifications::publish).options(preflight),
        )
        .route("/api/v1/emit", post(emit::emit).options(preflight))
        .route(
            "/client/config.json",
            get(client_config::serve).options(preflight),
        )
        .merge(users::routes())
        .merge(blocks::routes())
        .route("/api/v1/{*rest}", any(not_found))
        .layer(from_fn_with_state(Arc::clone(api), origin_guard))
}

async fn origin_guard(
    State(_): State<Arc<Api>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let Some(judged) = request.extensions().get::<Judged>()
        && let Some(refusal) = &judged.verdict.refusal
    {
        return Err(Problem::new(refusal.clone(), Some(judged)));
    }
    Ok(next.run(request).await)
}

/// The transport adds the CORS headers of an admitted preflight; the guard has refused the others.
async fn preflight() -> axum::http::StatusCode {
    axum::http::StatusCode::NO_CONTENT
}

async fn not_found(request: Request) -> Problem {
    let path = request.uri().path().chars().take(100).collect();
    Problem::new(
        Refusal::NotFound { path },
        request.extensions().get::<Judged>(),
    )
}

async fn method_not_allowed(request: Request) -> Problem {
    let method = request.method().as_str().chars().take(16).collect();
    let path = request.uri().path();
    let allowed = match path {
        _ if path.ends_with("/api/v1/blocks") => "GET, POST or DELETE",
        _ if users::is_read(path) => "GET",
        _ if path.contains("/api/") || path.starts_with("/admin/") => "POST",
        _ => "GET",
    };
    let refusal = Refusal::MethodNotAllowed {
        method,
        allowed: allowed.to_owned(),
    };
    Problem::new(refusal, request.extensions().get::<Judged>())
}

/// The service that a shard asks for every path that is not Engine.IO's.
pub(crate) fn fallback(api: &Arc<Api>) -> Fallback {
    let router = routes(api).fallback(not_found);
    Rc::new(move |request| {
        let mut router = router.clone();
        Box::pin(async move {
            let request = request.map(Body::new);
            let response = match router.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            response.map(|body| Either::Right(body.map_err(Into::into).boxed_unsync()))
        })
    })
}
