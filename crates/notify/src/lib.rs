//! Notifications: what a publisher may send, to whom, and what a client gets.
//!
//! [`Publish::parse`] reads the body of a publish and refuses whatever it cannot keep a promise
//! about; [`Audience`] says which rooms it goes to and which [`Streams`] it belongs to;
//! [`Envelope`] is the JSON that clients get, described by [`SCHEMA`]. Nothing here reads a clock
//! or waits: the id, the place in the stream and the time come in through [`Stamp`].
//!
//! ```
//! use bellgate_notify::{Envelope, Publish, Rules, Stamp, Streams};
//!
//! let rules = Rules { admin_role: "admin", now: 1_735_787_045_678 };
//! let body = serde_json::json!({"to": {"user": "7"}, "type": "success", "title": "Export finished"});
//! let publish = Publish::parse(&body, &rules).unwrap();
//!
//! let mut streams = Streams::default();
//! let stream = publish.to.recipients()[0].stream().unwrap();
//! let stamp = Stamp {
//!     id: "01943e3c-0c6e-7000-8000-000000000000",
//!     seq: streams.append(&stream),
//!     revision: 1,
//!     stream: &stream,
//!     now: rules.now,
//!     source: "cron",
//! };
//! let envelope = Envelope::new(&publish, &stamp).to_json();
//! assert!(envelope.starts_with(r#"{"v":1,"id":"01943e3c-0c6e-7000-8000-000000000000","seq":1,"#));
//! assert!(envelope.contains(r#""created_at":"2025-01-02T03:04:05.678Z""#));
//! ```
//!
//! Start reading in [`Publish`].

mod audience;
mod envelope;
mod names;
mod publish;
mod stream;
mod strict;
mod time;

pub use audience::Audience;
pub use envelope::{Envelope, Stamp};
pub use names::{Kind, OnUpdate, Priority, Unless};
pub use publish::{Action, Publish, Rules, limits};
pub use stream::Streams;
pub use strict::parse_strict;
pub use time::{UnixMillis, duration, rfc3339};

/// The JSON Schema of the envelope, version 1.
pub const SCHEMA: &str = include_str!("../schema/notification.v1.json");
