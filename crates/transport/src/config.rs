//! What the transport needs to know. Every value comes from the settings table of the `bellgate`
//! crate; there are no defaults here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bellgate_codes::Refusal;
use bellgate_engine::EngineConfig;
use bellgate_gate::origin::{OriginPolicy, Telling};
use bellgate_gate::{RequestFacts, TrustedProxies};
use bellgate_wire::Limits;
use http::HeaderName;

use crate::http::Judged;

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddr {
    /// A host name or address with a port; every address that the name has is bound.
    Tcp {
        /// The name or address as it was configured.
        host: String,
        /// The port; 0 lets the system choose.
        port: u16,
    },
    /// A unix socket at this path.
    Unix(std::path::PathBuf),
}

/// Configuration of all shards of one server.
#[derive(Clone)]
pub struct TransportConfig {
    /// Where to listen; none when the server is mounted in another one.
    pub listen: Option<ListenAddr>,
    /// Number of shards, each with a thread of its own.
    pub shards: usize,
    /// The Engine.IO paths, each with a trailing slash; [`crate::Opening::mount`] is the index.
    pub paths: Vec<String>,
    /// The namespaces, each of which a refused page is told of.
    pub namespaces: Vec<String>,
    /// Who is asked before an address opens a session; none: every one may.
    pub admission: Option<Arc<dyn Admission>>,
    /// Who hears of refused requests.
    pub on_refused: Option<OnRefused>,
    /// What a reload may change.
    pub live: Live,
}

/// Hears of each request that is refused, and whether the log tells of it in full: requests of one origin are
/// told once a minute, and counted meanwhile.
pub type OnRefused = Arc<dyn Fn(&Refusal, &Judged, bool) + Send + Sync>;

/// Decides whether another session may be opened, before anything is kept of it.
pub trait Admission: Send + Sync {
    /// Counts a handshake, whose origin is admitted. What it gives is held until the session has ended.
    ///
    /// # Errors
    /// Why not, and how long to wait.
    fn admit(&self, facts: &RequestFacts, now: Instant) -> Result<Permit, (Refusal, Duration)>;
}

/// What a session holds for as long as it is open; dropped with it. Twice boxed, so that each of the many
/// that hold nothing pays for one pointer.
#[derive(Default)]
pub struct Permit(Option<Box<Box<dyn Send>>>);

impl Permit {
    /// Nothing is held.
    pub const fn free() -> Self {
        Self(None)
    }

    /// This is held.
    pub fn holding(held: impl Send + 'static) -> Self {
        Self(Some(Box::new(Box::new(held))))
    }
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_holding = self.0.is_some();
        f.debug_tuple("Permit").field(&is_holding).finish()
    }
}

/// What a reload may change, for what is new after it: requests, streams, sessions.
#[derive(Clone)]
pub struct Live {
    /// Timing and limits of sessions.
    pub engine: EngineConfig,
    /// Limits of messages.
    pub limits: Limits,
    /// Which origins may connect.
    pub origins: Arc<OriginPolicy>,
    /// Which refusals of an origin are told inside the protocol.
    pub refusals: Telling,
    /// Which peers' forwarded headers are believed.
    pub proxies: Arc<TrustedProxies>,
    /// Headers in which pages bring a CSRF token, beside Flask-WTF's usual ones.
    pub csrf_headers: Arc<[HeaderName]>,
    /// Certificate and key, where the server speaks TLS itself.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Most sessions at once, over all shards.
    pub max_connections: usize,
    /// Time within which the sessions are closed when the server goes down.
    pub drain_window: Duration,
}
