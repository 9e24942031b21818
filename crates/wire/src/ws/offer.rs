//! Which permessage-deflate offers are taken (RFC 7692 §5, §7.1).

use smallvec::SmallVec;

/// The answer to most offers.
const ANSWER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
/// The answer to an offer that names our window (§7.1.2.1 asks for it to be repeated).
const ANSWER_WITH_WINDOW: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15";

/// Judges a `Sec-WebSocket-Extensions` header and gives the answer's value; `None` declines.
///
/// The first offer that can be met as it stands is taken. We keep no context and use a window of
/// 15 bits, so an offer that wants our window smaller is passed over; how large a client's own
/// window is does not matter. What is not in the grammar of RFC 6455 §9.1 is passed over too.
pub fn negotiate_deflate(offer: &str) -> Option<&'static str> {
    offer.split(',').find_map(answer)
}

fn answer(offer: &str) -> Option<&'static str> {
    let mut parts = offer.split(';').map(|part| part.trim_matches([' ', '\t']));
    if !parts.next()?.eq_ignore_ascii_case("permessage-deflate") {
        return None;
    }
    let mut seen: SmallVec<[&str; 4]> = SmallVec::new();
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(unquote(value.trim_start())?)),
            None => (part, None),
        };
        // Each may stand once (§7.1), so the list is never longer than four.
        if !can_be_met(name, value) || seen.contains(&name) {
            return None;
        }
        seen.push(name);
    }
    Some(if seen.contains(&"server_max_window_bits") {
        ANSWER_WITH_WINDOW
    } else {
        ANSWER
    })
}

/// Whether the parameter is known and its value one that we keep to.
fn can_be_met(name: &str, value: Option<&str>) -> bool {
    match name {
        "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
        "server_max_window_bits" => value == Some("15"),
        "client_max_window_bits" => value.is_none_or(is_window),
        _ => false,
    }
}

/// 8 to 15, without a leading zero (§7.1.2).
fn is_window(value: &str) -> bool {
    matches!(value, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
}

/// A value may be quoted, if what is inside is a token.
fn unquote(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(inner) => inner.strip_suffix('"'),
        None => Some(value),
    }
}
