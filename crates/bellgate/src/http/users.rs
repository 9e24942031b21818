//! One user's connections: `GET /api/v1/users/{id}`, `/connections` and `/rooms` (scope read),
//! `POST …/disconnect` and `…/refresh` (scope manage). They are those of every shard (contract §7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use bellgate_codes::Refusal;
use bellgate_hub::{Order, Whose};
use bellgate_transport::Judged;
use serde_json::{Value, json};

use super::reply::{self, Problem};
use super::{Api, blocks, preflight};
use crate::config::Scope;
use crate::server::security;

/// Longest id of a user, and longest role.
const NAME: usize = 256;
/// Most roles of a user.
const ROLES: usize = 100;

pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/api/v1/users/{id}", get(show).options(preflight))
        .route(
            "/api/v1/users/{id}/connections",
            get(connections).options(preflight),
        )
        .route("/api/v1/users/{id}/rooms", get(rooms).options(preflight))
        .route(
            "/api/v1/users/{id}/disconnect",
            post(disconnect).options(preflight),
        )
        .route(
            "/api/v1/users/{id}/refresh",
            post(refresh).options(preflight),
        )
}

/// Whether a path is one of those that are read.
pub(super) fn is_read(path: &str) -> bool {
    path.contains("/api/v1/users/")
        && !["/disconnect", "/refresh"]
            .iter()
            .any(|act| path.ends_with(act))
}

/// `{user, online, connections, roles, blocked}`.
async fn show(
    State(api): State<Arc<Api>>,
    Extension(judged): Extension<Judged>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user =
        begin(&api, &id, &headers, Scope::Read).map_err(|why| Problem::new(why, Some(&judged)))?;
    let told = order(&api, &user, Order::Describe).await;
    let mut roles = BTreeSet::new();
    for (_, socket) in sockets(&told) {
        roles.extend(texts(socket, "roles"));
    }
    let block = api.throttle.block_of(&user, Instant::now());
    Ok(reply::json(
        StatusCode::OK,
        &json!({
            "user": id,
            "online": !told.is_empty(),
            "connections": told.len(),
            "roles": roles,
            "blocked": block.as_ref().map(blocks::told),
        }),
    ))
}

/// `{user, connections: [{session, address, origin, transport, connected_at, …, namespaces}]}`.
async fn connections(
    State(api): State<Arc<Api>>,
    Extension(judged): Extension<Judged>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user =
        begin(&api, &id, &headers, Scope::Read).map_err(|why| Problem::new(why, Some(&judged)))?;
    let mut told = order(&api, &user, Order::Describe).await;
    told.sort_by_cached_key(|told| told["connected_at"].as_str().unwrap_or_default().to_owned());
    let answer = json!({"user": id, "connections": told});
    Ok(reply::json(StatusCode::OK, &answer))
}

/// `{user, rooms: [{namespace, to, connections}]}`; `to` is written as an emit takes it.
async fn rooms(
    State(api): State<Arc<Api>>,
    Extension(judged): Extension<Judged>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user =
        begin(&api, &id, &headers, Scope::Read).map_err(|why| Problem::new(why, Some(&judged)))?;
    let told = order(&api, &user, Order::Describe).await;
    let mut rooms: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for (namespace, socket) in sockets(&told) {
        for (kind, member) in [("room", "rooms"), ("role", "roles"), ("topic", "topics")] {
            for name in texts(socket, member) {
                *rooms.entry((namespace, kind, name)).or_default() += 1;
            }
        }
    }
    let rooms = rooms.into_iter().map(|((namespace, kind, name), connections)| {
        json!({"namespace": namespace, "to": {kind: name}, "connections": connections})
    });
    let answer = json!({"user": id, "rooms": rooms.collect::<Vec<_>>()});
    Ok(reply::json(StatusCode::OK, &answer))
}

/// `41` for each namespace, then the end: `{user, connections}`, those that were ended.
async fn disconnect(
    State(api): State<Arc<Api>>,
    Extension(judged): Extension<Judged>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user =
        act(&api, &id, &headers, "disconnected").map_err(|why| Problem::new(why, Some(&judged)))?;
    let ended = order(&api, &user, Order::End).await;
    let answer = json!({"user": id, "connections": ended.len()});
    Ok(reply::json(StatusCode::OK, &answer))
}

/// `{roles?}`: the connections are judged anew, with these roles or by their own credentials:
/// `{user, connections}`.
async fn refresh(
    State(api): State<Arc<Api>>,
    Extension(judged): Extension<Judged>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let refused = |refusal| Problem::new(refusal, Some(&judged));
    let user = act(&api, &id, request.headers(), "judged anew").map_err(refused)?;
    let roles = if request.body().size_hint().exact() == Some(0) {
        None
    } else {
        let (_, body) = api.read(request, Scope::Manage).await.map_err(refused)?;
        roles(&body).map_err(refused)?
    };
    let judged_anew = order(&api, &user, Order::Refresh { roles }).await;
    let answer = json!({"user": id, "connections": judged_anew.len()});
    Ok(reply::json(StatusCode::OK, &answer))
}

/// The roles that a body names, if it does.
fn roles(body: &Value) -> Result<Option<Vec<Arc<str>>>, Refusal> {
    let invalid = |pointer: String, detail: String| Refusal::FieldInvalid { pointer, detail };
    let Value::Object(fields) = body else {
        return Err(invalid(String::new(), "an object is expected".to_owned()));
    };
    if let Some(unknown) = fields.keys().find(|name| *name != "roles") {
        let name: String = unknown.chars().take(64).collect();
        return Err(invalid(
            format!("/{name}"),
            "there is no such field".to_owned(),
        ));
    }
    let list = match fields.get("roles") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) if list.len() <= ROLES => list,
        Some(_) => {
            let detail = format!("a list of at most {ROLES} roles is expected");
            return Err(invalid("/roles".to_owned(), detail));
        }
    };
    let each = list.iter().enumerate().map(|(index, role)| match role {
        Value::String(role) if (1..=NAME).contains(&role.len()) => Ok(role.as_str().into()),
        _ => {
            let detail = format!("a role has 1 to {NAME} bytes");
            Err(invalid(format!("/roles/{index}"), detail))
        }
    });
    each.collect::<Result<_, _>>().map(Some)
}

/// The user of a path, for whoever has a key.
fn begin(api: &Api, id: &str, headers: &HeaderMap, scope: Scope) -> Result<Arc<str>, Refusal> {
    api.check(headers, scope)?;
    user(id, "/id")
}

/// As [`begin`], for what changes something: it is told with the name of the key.
fn act(
    api: &Api,
    id: &str,
    headers: &HeaderMap,
    action: &'static str,
) -> Result<Arc<str>, Refusal> {
    let key = api.check(headers, Scope::Manage)?;
    let user = user(id, "/id")?;
    security::tell_act(action, &key, &Whose::User(Arc::clone(&user)));
    Ok(user)
}

/// The id of a user.
pub(super) fn user(id: &str, pointer: &str) -> Result<Arc<str>, Refusal> {
    if (1..=NAME).contains(&id.len()) {
        return Ok(id.into());
    }
    Err(Refusal::FieldInvalid {
        pointer: pointer.to_owned(),
        detail: format!("an id has 1 to {NAME} bytes"),
    })
}

async fn order(api: &Api, user: &Arc<str>, order: Order) -> Vec<Value> {
    let told = api
        .emitter
        .order(Whose::User(Arc::clone(user)), order)
        .await;
    told.iter().filter_map(|told| told.get(0).ok()).collect()
}

/// Each namespace that one of these connections has joined, and what is told of it there.
fn sockets(told: &[Value]) -> impl Iterator<Item = (&str, &Value)> {
    let all = told.iter().filter_map(|told| told["namespaces"].as_array());
    all.flatten()
        .map(|socket| (socket["namespace"].as_str().unwrap_or_default(), socket))
}

fn texts<'a>(of: &'a Value, member: &str) -> impl Iterator<Item = &'a str> {
    let list = of.get(member).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}
