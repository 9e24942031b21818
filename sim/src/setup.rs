//! What every simulation starts with.

use std::time::{Duration, Instant};

use bellgate_engine::{EngineConfig, Transports};

/// Some moment to count virtual time from.
pub fn beginning() -> Instant {
    Instant::now()
}

/// The settings of the official protocol suites: interval 300 ms, timeout 200 ms, a million bytes,
/// upgrades on (hardening §1); upgrades may take 10 s and a megabyte may wait.
pub fn config() -> EngineConfig {
    EngineConfig {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        upgrade_timeout: Duration::from_secs(10),
        send_buffer: 1 << 20,
        max_payload: 1_000_000,
        transports: Transports {
            polling: true,
            websocket: true,
        },
        allow_upgrades: true,
        deflate_threshold: None,
    }
}
