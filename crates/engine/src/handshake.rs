//! The packet that opens a session: `0` and a JSON object (Engine.IO 4, handshake).

use std::time::Duration;

use serde_json::Value;

use crate::config::{EngineConfig, Transport};

/// JSON of the opening packet with exactly the keys `sid`, `upgrades`, `pingInterval`,
/// `pingTimeout` and `maxPayload`; durations in milliseconds, the limit in bytes.
///
/// Upgrades are offered to polling sessions only, and only where they are turned on.
pub fn handshake_json(transport: Transport, sid: &str, config: &EngineConfig) -> String {
    let upgrades = match transport {
        Transport::Polling if config.is_upgradable() => r#"["websocket"]"#,
        Transport::Polling | Transport::Websocket => "[]",
    };
    format!(
        r#"{{"sid":{},"upgrades":{upgrades},"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
        Value::from(sid),
        milliseconds(config.ping_interval),
        milliseconds(config.ping_timeout),
        config.max_payload,
    )
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::handshake_json;
    use crate::config::{EngineConfig, Transport, Transports};

    fn config() -> EngineConfig {
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

    #[test]
    fn the_handshake_has_exactly_the_five_keys_in_milliseconds() {
        let json: Value =
            serde_json::from_str(&handshake_json(Transport::Polling, "s-1", &config())).unwrap();
        assert_eq!(
            json,
            json!({"sid": "s-1", "upgrades": ["websocket"], "pingInterval": 300, "pingTimeout": 200, "maxPayload": 1_000_000})
        );
    }

    #[test]
    fn a_websocket_session_is_offered_no_upgrade() {
        let json: Value =
            serde_json::from_str(&handshake_json(Transport::Websocket, "s", &config())).unwrap();
        assert_eq!(json["upgrades"], json!([]));
    }

    #[test]
    fn no_upgrade_is_offered_where_upgrades_or_websockets_are_off() {
        let mut off = config();
        off.allow_upgrades = false;
        assert!(handshake_json(Transport::Polling, "s", &off).contains(r#""upgrades":[]"#));
        let mut polling_only = config();
        polling_only.transports.websocket = false;
        assert!(
            handshake_json(Transport::Polling, "s", &polling_only).contains(r#""upgrades":[]"#)
        );
    }

    #[test]
    fn a_session_id_is_escaped_as_json() {
        let json: Value =
            serde_json::from_str(&handshake_json(Transport::Polling, "a\"b\\", &config())).unwrap();
        assert_eq!(json["sid"], "a\"b\\");
    }
}
