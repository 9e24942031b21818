//! `POST /api/v1/emit`: any Socket.IO event, to whom it is for, not stored.
//!
//! Body: `{event, args, to: {user|users|room|rooms|topic|sid|all}, except, namespace, volatile}`.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use bellgate_codes::Refusal;
use bellgate_hub::Target;
use bellgate_transport::Judged;
use serde_json::{Map, Value, json};

use super::Api;
use super::reply::{self, Problem};
use crate::config::Scope;
use crate::server::{Address, Args};

const FIELDS: [&str; 6] = ["event", "args", "to", "except", "namespace", "volatile"];
/// Longest event, namespace, room and id.
const NAME: usize = 256;
/// Most receivers that one emit names.
const RECEIVERS: usize = 1000;

pub(crate) async fn emit(
    State(api): State<Arc<Api>>,
    Extension(judged): Extension<Judged>,
    request: Request,
) -> Result<Response, Problem> {
    let refused = |refusal| Problem::new(refusal, Some(&judged));
    let (_, body) = api.read(request, Scope::Emit).await.map_err(refused)?;
    let (address, event, args) = parse(&api, &body).map_err(refused)?;
    let online = address.clone().count().await;
    address.emit(&event, args);
    Ok(reply::json(
        StatusCode::ACCEPTED,
        &json!({"online": online}),
    ))
}

fn parse(api: &Api, body: &Value) -> Result<(Address, String, Args), Refusal> {
    let Value::Object(fields) = body else {
        return Err(invalid("", "an object is expected"));
    };
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let name: String = unknown.chars().take(64).collect();
        return Err(invalid(&format!("/{name}"), "there is no such field"));
    }
    let event = name(fields, "event")?.ok_or_else(|| invalid("/event", "it is missing"))?;
    if bellgate_wire::socket::is_reserved(&event) {
        return Err(invalid("/event", "Socket.IO keeps this name for itself"));
    }
    let args = match fields.get("args") {
        None | Some(Value::Null) => Args::new(),
        Some(Value::Array(args)) => args.iter().fold(Args::new(), Args::json),
        Some(_) => return Err(invalid("/args", "an array is expected")),
    };
    let to = fields
        .get("to")
        .ok_or_else(|| invalid("/to", "it is missing; everybody is {\"all\": true}"))?;
    let mut to = targets(to, "/to")?.into_iter();
    let first = to.next().ok_or_else(|| invalid("/to", "nobody is named"))?;
    let mut address = to.fold(api.emitter.to(first), Address::and);
    if let Some(except) = fields.get("except").filter(|except| !except.is_null()) {
        address = targets(except, "/except")?
            .into_iter()
            .fold(address, Address::except);
    }
    if let Some(namespace) = name(fields, "namespace")? {
        if !namespace.starts_with('/') {
            return Err(invalid("/namespace", "it begins with /"));
        }
        address = address.namespace(&namespace);
    }
    match fields.get("volatile") {
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(Value::Bool(true)) => address = address.volatile(),
        Some(_) => return Err(invalid("/volatile", "true or false is expected")),
    }
    Ok((address, event, args))
}

/// An object with exactly one of the ways to name receivers.
fn targets(value: &Value, pointer: &str) -> Result<Vec<Target>, Refusal> {
    let Value::Object(fields) = value else {
        return Err(invalid(pointer, "an object is expected"));
    };
    let mut fields = fields.iter();
    let (Some((kind, value)), None) = (fields.next(), fields.next()) else {
        return Err(invalid(
            pointer,
            "exactly one of user, users, room, rooms, role, topic, sid, all is expected",
        ));
    };
    let at = format!("{pointer}/{}", kind.chars().take(32).collect::<String>());
    let one = |make: fn(Arc<str>) -> Target| Ok(vec![make(text(value, &at)?.into())]);
    match kind.as_str() {
        "all" if *value == Value::Bool(true) => Ok(vec![Target::All]),
        "all" => Err(invalid(&at, "only true is expected")),
        "user" => one(Target::User),
        "role" => one(Target::Role),
        "topic" => one(Target::Topic),
        "room" => one(Target::Room),
        "sid" => one(Target::Socket),
        "users" => list(value, &at, Target::User),
        "rooms" => list(value, &at, Target::Room),
        _ => Err(invalid(&at, "there is no such kind of receiver")),
    }
}

fn list(
    value: &Value,
    pointer: &str,
    make: fn(Arc<str>) -> Target,
) -> Result<Vec<Target>, Refusal> {
    let Value::Array(items) = value else {
        return Err(invalid(pointer, "an array of strings is expected"));
    };
    if items.is_empty() || items.len() > RECEIVERS {
        return Err(invalid(
            pointer,
            &format!("1 to {RECEIVERS} entries are expected"),
        ));
    }
    let each = items.iter().enumerate();
    each.map(|(index, item)| Ok(make(text(item, &format!("{pointer}/{index}"))?.into())))
        .collect()
}

fn name(fields: &Map<String, Value>, field: &str) -> Result<Option<String>, Refusal> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => text(value, &format!("/{field}")).map(Some),
    }
}

fn text(value: &Value, pointer: &str) -> Result<String, Refusal> {
    match value {
        Value::String(text) if !text.is_empty() && text.len() <= NAME => Ok(text.clone()),
        _ => Err(invalid(
            pointer,
            &format!("a string of 1 to {NAME} bytes is expected"),
        )),
    }
}

fn invalid(pointer: &str, detail: &str) -> Refusal {
    Refusal::FieldInvalid {
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    }
}
