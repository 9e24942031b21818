//! What the hub is told about limits and times.

use std::time::Duration;

use bellgate_wire::Limits;

/// Limits and times of a hub. [`HubConfig::new`] fills in what is no setting.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// How long a connection may be without a namespace at its beginning.
    pub connect_timeout: Duration,
    /// Limits of packets.
    pub limits: Limits,
    /// The most rooms that one socket may be in, implicit ones counted.
    pub rooms_per_socket: usize,
    /// The most acks that one socket may owe; what it is asked beyond counts as unanswered at once.
    pub pending_acks: usize,
    /// The most namespaces that one connection may have joined or asked for.
    pub sockets_per_conn: usize,
    /// How long attachments may keep their event waiting.
    pub attachment_timeout: Duration,
    /// Refuse an unknown namespace with exactly `{"message":"Invalid namespace"}`, as the official
    /// test suite compares it, without the data that explains it.
    pub plain_refusals: bool,
}

impl HubConfig {
    /// The protocol's constants (contract §10, hardening §3 rows 1 and 45) around the two settings.
    pub fn new(connect_timeout: Duration, limits: Limits) -> Self {
        Self {
            connect_timeout,
            limits,
            rooms_per_socket: 1000,
            pending_acks: 1000,
            sockets_per_conn: 16,
            attachment_timeout: Duration::from_secs(10),
            plain_refusals: false,
        }
    }
}
