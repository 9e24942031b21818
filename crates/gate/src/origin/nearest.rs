//! Which entry a refused origin comes nearest to, and in what it differs.

use std::fmt::Display;

use bellgate_codes::Refusal;

use crate::canon::Origin;
use crate::origin::policy::OriginPolicy;

/// In what an origin differs from an entry; what differs least is greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    Host,
    Port,
    Scheme,
}

/// The refusal of an origin that is in no entry, with the nearest one for the log.
///
/// The work is linear in the list and in the host's length. A page learns only which part differs
/// (hardening §3 row 46).
pub(crate) fn refuse(policy: &OriginPolicy, origin: &Origin) -> Refusal {
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
    let nearest = best.map_or_else(
        || "none, the list is empty".to_owned(),
        |best| best.1.to_string(),
    );
    let origin = origin.to_string();
    match best.map(|best| best.0.0) {
        Some(Difference::Scheme) => Refusal::OriginSchemeMismatch { origin, nearest },
        Some(Difference::Port) => Refusal::OriginPortMismatch { origin, nearest },
        _ => Refusal::OriginHostNotAllowed { origin, nearest },
    }
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
