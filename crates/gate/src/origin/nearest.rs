//! Which entry a refused origin comes nearest to, and in what it differs.

use std::fmt::Display;

use bellgate_codes::Refusal;

use crate::canon::Origin;
use crate::facts::RequestFacts;
use crate::origin::policy::OriginPolicy;

/// In what an origin differs from an entry; what differs least is greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    Host,
    Port,
    Scheme,
}

/// The refusal of an origin that is in no entry, with the nearest one for the log.
///
/// A page learns only which part differs (hardening §3 row 46).
pub(crate) fn refuse(policy: &OriginPolicy, facts: &RequestFacts, origin: &Origin) -> Refusal {
    let best = nearest(policy, origin);
    let nearest = best.as_ref().map_or_else(
        || "none, the list is empty".to_owned(),
        |(_, entry)| entry.clone(),
    );
    let aside = aside(facts, origin);
    let origin = origin.to_string();
    match best.map(|(difference, _)| difference) {
        Some(Difference::Scheme) => Refusal::OriginSchemeMismatch {
            origin,
            aside,
            nearest,
        },
        Some(Difference::Port) => Refusal::OriginPortMismatch {
            origin,
            aside,
            nearest,
        },
        _ => Refusal::OriginHostNotAllowed {
            origin,
            aside,
            nearest,
        },
    }
}

/// The entry that comes nearest, and in what it differs. The work is linear in the list and in the
/// host's length.
pub(crate) fn nearest(policy: &OriginPolicy, origin: &Origin) -> Option<(Difference, String)> {
    let entries = policy.for_comparison().iter().map(|entry| {
        let same_host = entry.host() == origin.host();
        (rank(entry, origin, same_host), entry as &dyn Display)
    });
    let patterns = policy.patterns().iter().map(|pattern| {
        let same_host = pattern.covers_host(origin.host());
        (
            rank(pattern.base(), origin, same_host),
            pattern as &dyn Display,
        )
    });
    // The first of equals: what the operator wrote stands before what was generated.
    let best = entries
        .chain(patterns)
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|((difference, _), entry)| (difference, entry.to_string()))
}

/// What helps where the origin is Bellgate's own name as it was asked for.
fn aside(facts: &RequestFacts, origin: &Origin) -> String {
    if facts.is_page_of_same_name() {
        return format!("; where page and Bellgate share this name, BELLGATE_PUBLIC_URL={origin}");
    }
    if facts.is_browser_page() || !facts.is_origin_of_host() {
        return String::new();
    }
    // python-socketio sends its target as Origin on WebSocket (python-engineio, `client.py`).
    "; in python-socketio, websocket_extra_options={'suppress_origin': True} leaves the Origin out"
        .to_owned()
}

/// How near an entry is: by the part that differs, then by what the rest has in common.
fn rank(entry: &Origin, origin: &Origin, same_host: bool) -> (Difference, usize) {
    let same_scheme = entry.scheme() == origin.scheme();
    // `http://a` and `https://a` both leave their port out: the scheme alone differs.
    let same_port =
        entry.port() == origin.port() || entry.effective_port() == origin.effective_port();
    let difference = match (same_host, same_port) {
        (true, true) => Difference::Scheme,
        (true, false) => Difference::Port,
        (false, _) => Difference::Host,
    };
    let mut common = 2 * usize::from(same_port) + usize::from(same_scheme);
    if !same_host {
        common += 4 * common_ends(entry.host(), origin.host());
        if entry.is_loopback() && origin.is_loopback() {
            // Names of this machine have no letter in common and are meant alike.
            common += 4096;
        }
    }
    (difference, common)
}

/// Bytes that two hosts have in common at both ends, so that a slip in the middle is recognised.
fn common_ends(left: &str, right: &str) -> usize {
    let same = |(a, b): &(u8, u8)| a == b;
    let front = left.bytes().zip(right.bytes()).take_while(same).count();
    let back = left
        .bytes()
        .rev()
        .zip(right.bytes().rev())
        .take_while(same)
        .count();
    front + back
}
