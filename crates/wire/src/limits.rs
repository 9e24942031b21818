//! What one peer may ask of a parser.

/// The bounds that every parser of this crate keeps to.
///
/// The defaults are the protocol's; the settings overwrite `message_bytes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one polling body, of one WebSocket message over all its fragments (also after
    /// inflating), and of a binary packet with its attachments in sum. 1 000 000, as Engine.IO's
    /// `maxPayload` has it.
    pub message_bytes: usize,
    /// Packets in one polling body. 1000.
    pub packets_per_payload: usize,
    /// Attachments of one binary packet. 10, as socket.io 4.8 has it.
    pub attachments: usize,
    /// Levels of nesting in a JSON payload. 64; more than 128 are never taken.
    pub json_depth: usize,
    /// Bytes of an event's name. 256.
    pub event_name_bytes: usize,
    /// Bytes of a namespace, with its query. 256.
    pub namespace_bytes: usize,
    /// Frames of one WebSocket message. 1024.
    pub fragments: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 1_000_000,
            packets_per_payload: 1000,
            attachments: 10,
            json_depth: 64,
            event_name_bytes: 256,
            namespace_bytes: 256,
            fragments: 1024,
        }
    }
}
