//! `POST /api/v1/notifications`: an envelope for users, roles, topics or everybody.
//!
//! Entries are delivered live. Their places in the streams are kept in memory, so they begin anew
//! when the server does.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use bellgate_codes::Refusal;
use bellgate_notify::{Audience, Envelope, Publish, Rules, Stamp, Streams};
use bellgate_transport::Judged;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Api;
use super::reply::{self, Problem};
use crate::config::Scope;

/// Most notifications in one request.
const LIST: usize = 1000;
/// Most keyed entries that are remembered for replacement.
const KEYED: usize = 100_000;

/// The heads of the streams, and the entries that can be replaced by key.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    streams: Streams,
    keyed: HashMap<(String, String), Keyed>,
    order: VecDeque<(String, String)>,
}

struct Keyed {
    id: String,
    revision: u64,
}

/// What an entry got when it was appended.
struct Appended {
    id: String,
    seq: u64,
    revision: u64,
}

impl Ledger {
    /// Appends an entry and hands it to `dispatch` before the stream gets its next one, so that each
    /// stream reaches the shards in its order. `dispatch` must not block.
    fn append(
        &self,
        stream: &str,
        key: Option<&str>,
        dispatch: impl FnOnce(&Appended),
    ) -> Appended {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let appended = entries.append(stream, key);
        dispatch(&appended);
        appended
    }
}

impl Entries {
    fn append(&mut self, stream: &str, key: Option<&str>) -> Appended {
        let seq = self.streams.append(stream);
        let (id, revision) = match key {
            Some(key) => self.replace(stream, key),
            None => (Uuid::now_v7().to_string(), 1),
        };
        Appended { id, seq, revision }
    }

    /// The id and the revision of the entry with this key, a fresh one where there is none.
    fn replace(&mut self, stream: &str, key: &str) -> (String, u64) {
        let place = (stream.to_owned(), key.to_owned());
        if let Some(keyed) = self.keyed.get_mut(&place) {
            keyed.revision += 1;
            return (keyed.id.clone(), keyed.revision);
        }
        let (id, revision) = (Uuid::now_v7().to_string(), 1);
        let keyed = Keyed {
            id: id.clone(),
            revision,
        };
        self.keyed.insert(place.clone(), keyed);
        self.order.push_back(place);
        if self.order.len() > KEYED
            && let Some(oldest) = self.order.pop_front()
        {
            self.keyed.remove(&oldest);
        }
        (id, revision)
    }
}

pub(crate) async fn publish(
    State(api): State<Arc<Api>>,
    Extension(judged): Extension<Judged>,
    request: Request,
) -> Result<Response, Problem> {
    let refused = |refusal| Problem::new(refusal, Some(&judged));
    let (source, body) = api.read(request, Scope::Publish).await.map_err(refused)?;
    let answer = match &body {
        Value::Array(list) => publish_list(&api, &source, list, &judged)
            .await
            .map_err(refused)?,
        one => publish_one(&api, &source, one).await.map_err(refused)?,
    };
    Ok(reply::json(StatusCode::ACCEPTED, &answer))
}

/// Publishes each entry of a list by itself: a bad one does not stop the others.
async fn publish_list(
    api: &Api,
    source: &str,
    list: &[Value],
    judged: &Judged,
) -> Result<Value, Refusal> {
    if list.is_empty() || list.len() > LIST {
        return Err(Refusal::FieldInvalid {
            pointer: String::new(),
            detail: format!("1 to {LIST} entries are expected"),
        });
    }
    let mut results = Vec::with_capacity(list.len());
    for entry in list {
        results.push(match publish_one(api, source, entry).await {
            Ok(published) => published,
            Err(refusal) => {
                let mut problem = refusal.data(&judged.request_id.to_string(), None);
                if let Some(problem) = problem.as_object_mut() {
                    problem.insert("detail".into(), json!(refusal.cause()));
                }
                json!({"error": problem})
            }
        });
    }
    Ok(json!({"results": results}))
}

/// Publishes one notification: `{id, seq, online}`, or one such result for each of `users`.
async fn publish_one(api: &Api, source: &str, body: &Value) -> Result<Value, Refusal> {
    let live = api.live();
    let publish = Publish::parse(
        body,
        &Rules {
            admin_role: &live.admin_role,
            now: unix_millis(),
        },
    )?;
    if let Audience::Users(_) = &publish.to {
        let mut results = Vec::new();
        for recipient in publish.to.recipients() {
            results.push(deliver(api, source, &publish, &recipient).await);
        }
        return Ok(json!({"results": results}));
    }
    Ok(deliver(api, source, &publish, &publish.to).await)
}

async fn deliver(api: &Api, source: &str, publish: &Publish, to: &Audience) -> Value {
    let stream = to.stream().unwrap_or_default();
    let mut targets = to.targets().into_iter();
    let Some(first) = targets.next() else {
        return Value::Null;
    };
    let address = targets.fold(api.emitter.to(first), crate::server::Address::and);
    let live = api.live();
    let address = address.route(to.route(&live.admin_role));
    let counted = address.clone();
    let appended = api
        .ledger
        .append(&stream, publish.key.as_deref(), |appended| {
            let stamp = Stamp {
                id: &appended.id,
                seq: appended.seq,
                revision: appended.revision,
                stream: &stream,
                now: unix_millis(),
                source,
            };
            let event = Envelope::new(publish, &stamp).to_event(&live.notification_event);
            address.emit_array(event.into());
        });
    let online = counted.count().await;
    let mut seq = Map::new();
    seq.insert(stream, json!(appended.seq));
    json!({"id": appended.id, "seq": seq, "online": online})
}

fn unix_millis() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
