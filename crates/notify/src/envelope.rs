//! The envelope: the one form in which a client sees a notification.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::names::{Kind, Priority};
use crate::publish::{Action, Publish};
use crate::time::{UnixMillis, millis, rfc3339};

/// What an envelope gets when its record is appended.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// The notification's id, a `UUIDv7` as text.
    pub id: &'a str,
    /// Its record's place in the stream.
    pub seq: u64,
    /// 1 for a new entry, one more with each replacement.
    pub revision: u64,
    /// The stream, as [`Audience::stream`](crate::Audience::stream) names it.
    pub stream: &'a str,
    /// When it was accepted.
    pub now: UnixMillis,
    /// Who published it: the name of the API key.
    pub source: &'a str,
}

/// Version 1 of the envelope (contract §9). It serialises its fields in the contract's order, so
/// that the same notification is the same bytes everywhere.
#[derive(Debug, Clone, Serialize)]
pub struct Envelope<'a> {
    v: u8,
    id: &'a str,
    seq: u64,
    revision: u64,
    stream: &'a str,
    #[serde(rename = "type")]
    kind: Kind,
    category: &'a str,
    priority: Priority,
    title: &'a str,
    message: &'a str,
    data: &'a RawValue,
    icon: Option<&'a str>,
    group: Option<&'a str>,
    tags: &'a [String],
    actions: &'a [Action],
    key: Option<&'a str>,
    requires_ack: bool,
    created_at: String,
    expires_at: Option<String>,
    source: &'a str,
}

impl<'a> Envelope<'a> {
    /// The fields of an envelope, in their order.
    pub const FIELDS: [&'static str; 20] = [
        "v",
        "id",
        "seq",
        "revision",
        "stream",
        "type",
        "category",
        "priority",
        "title",
        "message",
        "data",
        "icon",
        "group",
        "tags",
        "actions",
        "key",
        "requires_ack",
        "created_at",
        "expires_at",
        "source",
    ];

    /// Puts a publish into its envelope.
    pub fn new(publish: &'a Publish, stamp: &Stamp<'a>) -> Self {
        let expires_at = publish
            .expires_in
            .and_then(millis)
            .map(|ahead| rfc3339(stamp.now.saturating_add(ahead)));
        Self {
            v: 1,
            id: stamp.id,
            seq: stamp.seq,
            revision: stamp.revision,
            stream: stamp.stream,
            kind: publish.kind,
            category: &publish.category,
            priority: publish.priority,
            title: &publish.title,
            message: &publish.message,
            data: &publish.data,
            icon: publish.icon.as_deref(),
            group: publish.group.as_deref(),
            tags: &publish.tags,
            actions: &publish.actions,
            key: publish.key.as_deref(),
            requires_ack: publish.requires_ack,
            created_at: rfc3339(stamp.now),
            expires_at,
            source: stamp.source,
        }
    }

    /// The envelope as one JSON object.
    pub fn to_json(&self) -> String {
        // Strings, numbers and JSON that was checked: nothing here can fail to serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The array of the event that carries it: `["notification",{…}]`.
    pub fn to_event(&self, event: &str) -> String {
        format!("[{},{}]", serde_json::Value::from(event), self.to_json())
    }
}
