//! `/api/v1/blocks` (scope manage): who is kept out. `POST {user | address, expires_in?, reason?}` sets a
//! block and ends what is open, `GET` lists those that hold, `DELETE ?user=` or `?address=` lifts.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Extension, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use bellgate_codes::Refusal;
use bellgate_gate::limits::{AddressBlock, Subject};
use bellgate_hub::{Order, Whose};
use bellgate_notify::{duration, rfc3339};
use bellgate_transport::Judged;
use serde_json::{Map, Value, json};

use super::reply::{self, Problem};
use super::{Api, preflight, users};
use crate::config::Scope;
use crate::server::security;
use crate::server::throttle::Kept;

const FIELDS: [&str; 4] = ["user", "address", "expires_in", "reason"];
/// Most characters that an operator may write beside a block.
const REASON: usize = 200;
/// The longest block that ends by itself.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

pub(super) fn routes() -> Router<Arc<Api>> {
    let methods = get(list).post(set).delete(lift).options(preflight);
    Router::new().route("/api/v1/blocks", methods)
}

/// What a body asks for.
struct Asked {
    whose: Whose,
    lasts: Option<Duration>,
    reason: Option<Arc<str>>,
}

async fn set(
    State(api): State<Arc<Api>>,
    Extension(judged): Extension<Judged>,
    request: Request,
) -> Result<Response, Problem> {
    let refused = |refusal| Problem::new(refusal, Some(&judged));
    let (key, body) = api.read(request, Scope::Manage).await.map_err(refused)?;
    let Asked {
        whose,
        lasts,
        reason,
    } = parse(&body).map_err(refused)?;
    let set = api
        .throttle
        .block(&whose, lasts, reason.as_deref(), Instant::now());
    if set.is_none() {
        let what = "there is no room for a further block".to_owned();
        return Err(refused(Refusal::Overloaded { what }));
    }
    security::tell_act("blocked", &key, &whose);
    let mut answer = subject(&whose);
    answer.insert("expires_at".into(), json!(lasts.map(ahead)));
    answer.insert("reason".into(), json!(reason.as_deref()));
    let ended = api
        .emitter
        .order(whose, Order::Block { lasts, reason })
        .await;
    answer.insert("connections".into(), json!(ended.len()));
    Ok(reply::json(StatusCode::CREATED, &Value::Object(answer)))
}

async fn list(
    State(api): State<Arc<Api>>,
    Extension(judged): Extension<Judged>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let checked = api.check(&headers, Scope::Manage);
    checked.map_err(|refusal| Problem::new(refusal, Some(&judged)))?;
    let blocks = api.throttle.blocks(Instant::now());
    let blocks: Vec<Value> = blocks.iter().map(told).collect();
    Ok(reply::json(StatusCode::OK, &json!({"blocks": blocks})))
}

async fn lift(
    State(api): State<Arc<Api>>,
    Extension(judged): Extension<Judged>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let refused = |refusal| Problem::new(refusal, Some(&judged));
    let key = api.check(&headers, Scope::Manage).map_err(refused)?;
    let fields = named(query.as_deref().unwrap_or_default());
    let whose = whose(&fields).map_err(refused)?;
    security::tell_act("unblocked", &key, &whose);
    let was_there = api.throttle.unblock(&whose, Instant::now());
    let mut answer = subject(&whose);
    api.emitter.order(whose, Order::Unblock).await;
    answer.insert("lifted".into(), json!(was_there));
    Ok(reply::json(StatusCode::OK, &Value::Object(answer)))
}

/// A block as the API tells it: `{user | address, expires_at, reason, by}`.
pub(super) fn told(block: &Kept) -> Value {
    let (kind, who) = match &block.subject {
        Subject::User(user) => ("user", user.to_string()),
        Subject::Address(address) => ("address", address.to_string()),
        Subject::Connection(_) | Subject::LocalPeer => ("connection", String::new()),
    };
    json!({
        kind: who,
        "expires_at": block.left.map(ahead),
        "reason": block.reason,
        "by": if block.is_automatic { "rate" } else { "operator" },
    })
}

fn parse(body: &Value) -> Result<Asked, Refusal> {
    let Value::Object(fields) = body else {
        return Err(invalid("", "an object is expected"));
    };
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let name: String = unknown.chars().take(64).collect();
        return Err(invalid(&format!("/{name}"), "there is no such field"));
    }
    let lasts = match fields.get("expires_in").filter(|value| !value.is_null()) {
        None => None,
        Some(value) => Some(
            duration(value)
                .filter(|lasts| !lasts.is_zero() && *lasts <= LONGEST)
                .ok_or_else(|| {
                    let detail =
                        "a length of time is expected (\"1h\", or seconds), a year at most";
                    invalid("/expires_in", detail)
                })?,
        ),
    };
    let reason = match fields.get("reason").filter(|value| !value.is_null()) {
        None => None,
        Some(Value::String(text)) if text.chars().count() <= REASON => Some(text.as_str().into()),
        Some(_) => {
            let detail = format!("a text of at most {REASON} characters is expected");
            return Err(invalid("/reason", &detail));
        }
    };
    Ok(Asked {
        whose: whose(fields)?,
        lasts,
        reason,
    })
}

/// Exactly one of `user` and `address`.
fn whose(fields: &Map<String, Value>) -> Result<Whose, Refusal> {
    let text = |name: &str| fields.get(name).filter(|value| !value.is_null());
    match (text("user"), text("address")) {
        (Some(Value::String(id)), None) => users::user(id, "/user").map(Whose::User),
        (None, Some(Value::String(address))) => address
            .parse::<IpAddr>()
            .map(Whose::Address)
            .map_err(|_| invalid("/address", "an IPv4 or IPv6 address is expected")),
        (Some(_), None) => Err(invalid("/user", "a string is expected")),
        (None, Some(_)) => Err(invalid("/address", "a string is expected")),
        _ => Err(invalid("", "exactly one of user and address is expected")),
    }
}

/// The members of a query.
fn named(query: &str) -> Map<String, Value> {
    let Ok(uri) = format!("/?{query}").parse() else {
        return Map::new();
    };
    let read = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri);
    let pairs = read.map_or_else(|_| Vec::new(), |axum::extract::Query(pairs)| pairs);
    pairs
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect()
}

fn subject(whose: &Whose) -> Map<String, Value> {
    let (kind, who) = match whose {
        Whose::User(user) => ("user", user.to_string()),
        Whose::Address(ip) => ("address", AddressBlock::of(*ip).to_string()),
    };
    Map::from_iter([(kind.to_owned(), Value::String(who))])
}

/// The time so far ahead.
fn ahead(left: Duration) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let at = now.unwrap_or_default().saturating_add(left);
    rfc3339(i64::try_from(at.as_millis()).unwrap_or(i64::MAX))
}

fn invalid(pointer: &str, detail: &str) -> Refusal {
    Refusal::FieldInvalid {
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    }
}
