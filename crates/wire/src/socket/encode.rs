//! From a Socket.IO packet to its text, without Engine.IO's `4` in front.
//!
//! Payloads are JSON texts that the caller has made. Broadcasts go through
//! [`crate::Message::event`], which writes these same parts straight into the frame.

/// Says that a namespace is joined: `0{"sid":…}`.
pub fn connect(namespace: &str, payload: &str) -> String {
    parts("0", 0, namespace, None, payload, concat)
}

/// Refuses a namespace: `4{"message":…}`.
pub fn connect_error(namespace: &str, payload: &str) -> String {
    parts("4", 0, namespace, None, payload, concat)
}

/// Ends a namespace: `1`.
pub fn disconnect(namespace: &str) -> String {
    parts("1", 0, namespace, None, "", concat)
}

/// An event; `array` is `["name",…]`, with an id where an answer is asked for.
pub fn event(namespace: &str, id: Option<u64>, array: &str, attachments: usize) -> String {
    event_parts(namespace, id, array, attachments, concat)
}

/// The answer to the event with this id; `array` holds its arguments.
pub fn ack(namespace: &str, id: u64, array: &str, attachments: usize) -> String {
    ack_parts(namespace, id, array, attachments, concat)
}

/// An event's text in parts, joined by `join`.
pub(crate) fn event_parts<R>(
    namespace: &str,
    id: Option<u64>,
    array: &str,
    attachments: usize,
    join: impl FnOnce(&[&str]) -> R,
) -> R {
    let kind = if attachments == 0 { "2" } else { "5" };
    parts(kind, attachments, namespace, id, array, join)
}

/// As [`event_parts`], for an ack.
pub(crate) fn ack_parts<R>(
    namespace: &str,
    id: u64,
    array: &str,
    attachments: usize,
    join: impl FnOnce(&[&str]) -> R,
) -> R {
    let kind = if attachments == 0 { "3" } else { "6" };
    parts(kind, attachments, namespace, Some(id), array, join)
}

/// Hands the pieces of a packet to `join`, without building any of them on the heap.
fn parts<R>(
    kind: &str,
    attachments: usize,
    namespace: &str,
    id: Option<u64>,
    payload: &str,
    join: impl FnOnce(&[&str]) -> R,
) -> R {
    let mut number = itoa::Buffer::new();
    let id = id.map_or("", |id| number.format(id));
    let (namespace, comma) = match namespace {
        "/" | "" if attachments == 0 => return join(&[kind, id, payload]),
        "/" | "" => ("", ""),
        other => (other, ","),
    };
    let mut count = itoa::Buffer::new();
    let (count, dash) = match attachments {
        0 => ("", ""),
        attachments => (count.format(attachments), "-"),
    };
    join(&[kind, count, dash, namespace, comma, id, payload])
}

fn concat(parts: &[&str]) -> String {
    parts.concat()
}
