//! What all sessions of a server have in common. Defaults live in the table of settings, not here.

use std::time::Duration;

/// The settings that a session needs (contract §2); shared by all sessions that were opened under them.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Pause between the answer to one ping and the next ping; also before the first.
    pub ping_interval: Duration,
    /// How long a ping may stay unanswered.
    pub ping_timeout: Duration,
    /// How long a probe may take from its WebSocket's opening to the `5`.
    pub upgrade_timeout: Duration,
    /// How many bytes may wait for one client before it counts as a slow consumer (contract §10).
    pub send_buffer: usize,
    /// Largest message in bytes, as the handshake tells it to clients.
    pub max_payload: usize,
    /// Which transports are served.
    pub transports: Transports,
    /// Whether a polling session may move to a WebSocket.
    pub allow_upgrades: bool,
    /// From how many bytes on a frame is deflated on lanes that negotiated it; `None`: never.
    pub deflate_threshold: Option<usize>,
}

impl EngineConfig {
    /// Whether sessions are offered an upgrade, and may try one.
    pub fn is_upgradable(&self) -> bool {
        self.allow_upgrades && self.transports.websocket
    }
}

/// Which transports are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transports {
    /// HTTP long-polling.
    pub polling: bool,
    /// WebSocket, both from the start and by upgrade.
    pub websocket: bool,
}

/// How a session exchanges packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    Websocket,
}

impl Transport {
    /// The name that the `transport` query parameter carries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Websocket => "websocket",
        }
    }
}
