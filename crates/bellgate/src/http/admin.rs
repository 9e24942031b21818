//! The operator's listener: metrics, and what operators may do. It runs on the control runtime, apart from the shards.
//!
//! A page in the operator's browser must not reach it: requests whose Host is not the listener's
//! own address, and requests of other origins, are refused before anything is read. [`listen`]
//! has the socket and its limits.

mod listen;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use bellgate_codes::Refusal;

use super::reply::{self, Problem};
use super::{Api, health, metrics};
use crate::config::{Address, Scope};
use crate::server::Gauges;
use crate::server::security::{self, Incident};
use listen::Caller;
pub(crate) use listen::{Bound, Listening, bind};

/// What the hubs of all shards hold.
pub(crate) type GaugesOfShards = Arc<Vec<Arc<Gauges>>>;

#[derive(Clone)]
struct Admin {
    api: Arc<Api>,
    /// Host headers that name this listener; `None` on a unix socket: it has no name of its own, a
    /// client sends what it likes, and no page reaches it by a name that it had resolved elsewhere.
    hosts: Option<Arc<Vec<String>>>,
}

/// Serves the socket that was bound at this address.
pub(crate) fn serve(address: &Address, bound: Bound, api: &Arc<Api>) -> Listening {
    let hosts = if let (Address::Tcp { host, .. }, Bound::Tcp(_, addr)) = (address, &bound) {
        Some(Arc::new(own_hosts(host, addr.port())))
    } else {
        tracing::info!("metrics at /metrics on {address}");
        None
    };
    let admin = Admin {
        api: Arc::clone(api),
        hosts,
    };
    Listening::serve(bound, router(admin))
}

fn router(admin: Admin) -> Router {
    Router::new()
        .route("/metrics", get(metrics_page))
        .route("/healthz", get(health::healthz))
        .route(
            "/readyz",
            get(health::readyz).with_state(Arc::clone(&admin.api)),
        )
        .route("/admin/reload", post(reload))
        .method_not_allowed_fallback(super::method_not_allowed)
        .fallback(async |request: Request| {
            Problem::new(
                Refusal::NotFound {
                    path: request.uri().path().chars().take(100).collect(),
                },
                None,
            )
        })
        .layer(from_fn_with_state(admin.clone(), guard))
        .with_state(admin)
}

/// The names of the listener: as configured, and the loopback names where it is loopback or all.
fn own_hosts(host: &str, port: u16) -> Vec<String> {
    let loopback = ["localhost", "127.0.0.1", "[::1]"];
    let all = ["0.0.0.0", "::", "localhost", "127.0.0.1", "::1"];
    let mut names = vec![if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }];
    if all.contains(&host) {
        names.extend(loopback.map(str::to_owned));
    }
    let with_port = names.iter().map(|name| format!("{name}:{port}"));
    let mut hosts: Vec<String> = with_port.collect();
    if port == 80 {
        hosts.extend(names);
    }
    hosts
}

async fn guard(
    State(admin): State<Admin>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let refused = |refusal: Refusal| {
        let caller = request.extensions().get::<Caller>();
        let of = Incident {
            address: caller.and_then(|caller| caller.0),
            ..Incident::default()
        };
        security::tell(&refusal, &of, "refused");
        Problem::new(refusal, None)
    };
    check(&admin, request.headers()).map_err(refused)?;
    let scope = match request.uri().path() {
        "/metrics" => Some(Scope::Read),
        path if path.starts_with("/admin/") => Some(Scope::Manage),
        _ => None,
    };
    if let Some(scope) = scope.filter(|_| !admin.api.admin_is_open) {
        let live = admin.api.live();
        let checked = live.keys.check(request.headers(), scope);
        checked.map_err(refused)?;
    }
    Ok(next.run(request).await)
}

fn check(admin: &Admin, headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| {
        headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
    };
    let host = text(HOST.as_str()).unwrap_or_default();
    if admin
        .hosts
        .as_ref()
        .is_some_and(|hosts| !hosts.contains(&host))
    {
        return Err(Refusal::HostMisdirected {
            host: host
                .chars()
                .filter(char::is_ascii_graphic)
                .take(100)
                .collect(),
        });
    }
    let site = text("sec-fetch-site");
    let foreign = matches!(site.as_deref(), Some("cross-site" | "same-site"));
    let origin = text(ORIGIN.as_str());
    let own = origin
        .as_ref()
        .is_none_or(|origin| is_own(origin, &host, admin.hosts.is_none()));
    if foreign || !own {
        let origin = origin.unwrap_or_else(|| "another site".to_owned());
        return Err(Refusal::AdminCrossSite {
            origin: origin
                .chars()
                .filter(char::is_ascii_graphic)
                .take(100)
                .collect(),
        });
    }
    Ok(())
}

/// Whether a page of this origin is one of the listener's own. In front of a unix socket there may
/// be a proxy that speaks TLS.
fn is_own(origin: &str, host: &str, is_unix: bool) -> bool {
    match origin.split_once("://") {
        Some(("http", authority)) => authority == host,
        Some(("https", authority)) => is_unix && authority == host,
        _ => false,
    }
}

/// Has the settings read anew: 200 with what has changed, or 422 and nothing has.
async fn reload(State(admin): State<Admin>) -> Result<Response, Problem> {
    let refused = |refusal| Problem::new(refusal, None);
    let Some(on_reload) = &admin.api.on_reload else {
        let path = "/admin/reload".to_owned();
        return Err(refused(Refusal::NotFound { path }));
    };
    let reloaded = on_reload().await.map_err(refused)?;
    Ok(reply::json(StatusCode::OK, &reloaded.to_json()))
}

async fn metrics_page(State(admin): State<Admin>) -> Response {
    match metrics::render(&admin.api) {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
