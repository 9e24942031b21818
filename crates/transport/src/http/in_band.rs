//! Refusing a page inside the protocol, where its stock client can read it (contract §3).
//!
//! The answer opens a session that does not exist and refuses each namespace with a `44` of its
//! own: a page that uses `/admin` alone would try for ever otherwise. A session whose first Origin
//! comes later, and is refused, gets the same `44`s by its next poll.

use bellgate_codes::Refusal;
use bellgate_engine::{Transport, handshake_json};
use bellgate_wire::{Message, encode};

use super::Judged;
use crate::sid::{NODE, Secret, Sid};

/// The slot of sessions that were never opened; no shard has so many.
const NOWHERE: u32 = u32::MAX;

/// Whether a sid was given out with a refusal.
pub(super) fn is_of_refusal(sid: &str) -> bool {
    Sid::parse(sid).is_some_and(|sid| sid.slot == NOWHERE)
}

/// The packets of a refusal: `0{…}`, then `44` for each namespace.
pub(super) fn packets(
    namespaces: &[String],
    shard: u16,
    refusal: &Refusal,
    judged: &Judged,
) -> Result<Vec<Message>, Refusal> {
    let secret = Secret::random().map_err(|error| Refusal::Internal {
        detail: error.to_string(),
    })?;
    let sid = Sid {
        secret,
        node: NODE,
        shard,
        slot: NOWHERE,
    };
    // As over WebSocket: nothing to upgrade to.
    let open = handshake_json(Transport::Websocket, &sid.encode(), &judged.live.engine);
    let refusals = refusals(namespaces, refusal, judged);
    Ok(std::iter::once(Message::open(&open))
        .chain(refusals)
        .collect())
}

/// A `44` for each namespace.
pub(super) fn refusals(
    namespaces: &[String],
    refusal: &Refusal,
    judged: &Judged,
) -> impl Iterator<Item = Message> {
    let payload = refusal.connect_error(&judged.request_id.to_string(), None);
    namespaces
        .iter()
        .map(move |namespace| Message::text(&encode::connect_error(namespace, &payload)))
}

/// The packets as one polling answer.
pub(super) fn payload(packets: &[Message]) -> Vec<u8> {
    let parts: Vec<&[u8]> = packets.iter().map(Message::polling).collect();
    parts.join(&0x1e)
}

/// The packets as WebSocket frames.
pub(super) fn frames(packets: &[Message]) -> Vec<u8> {
    packets.iter().flat_map(Message::ws).copied().collect()
}
