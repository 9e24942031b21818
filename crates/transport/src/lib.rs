//! Sockets and timers: the drivers of the engine on thread-per-core shards.
//!
//! Each shard is one thread with a single-threaded runtime, its own listener (`SO_REUSEPORT`),
//! its own connections and one timer wheel. No lock and no atomic read-modify-write lies on the
//! way of a message. What happens on one shard:
//!
//! ```text
//! accept ─► hyper (HTTP/1.1) ─┬─ Engine.IO path ─► gate::origin ─► engine::Session ─► App
//!                             │        └─ 101: the raw stream leaves hyper and becomes a WebSocket lane
//!                             └─ any other path ─► the fallback service (axum)
//! App ─► Io::send ─► Session queue ─► dirty list ─► one flush at the end of the tick ─► socket
//! ```
//!
//! A request that lands on another shard than its session is handed over whole, by the address in
//! its sid; a WebSocket follows as a raw stream. Start reading in [`shard`], then [`http`] and
//! [`websocket`]; [`server`] starts and drains everything.

pub mod app;
pub mod config;
pub mod http;
pub mod listen;
pub mod refusals;
pub mod request_id;
pub mod server;
pub mod shard;
pub mod sid;
pub mod socket;
pub mod stats;
pub mod tls;
pub mod websocket;

pub use app::{App, Io, Opening};
pub use config::{Admission, Live, OnRefused, Permit, TransportConfig};
pub use http::{BoxError, Fallback, Judged, ResponseBody};
pub use listen::ListenError;
pub use request_id::RequestId;
pub use server::{Handle, Running, start};
pub use shard::inlet::Remote;
pub use stats::{ShardStats, Totals};
