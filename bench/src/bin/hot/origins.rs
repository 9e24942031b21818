//! Requests and whether they may come in. Half of a list are origins, half are patterns; who is
//! admitted is the last of its half.

use std::hint::black_box;

use bellgate_gate::origin::{OriginPolicy, OriginSettings, Rule, judge};
use bellgate_gate::{Peer, PeerAddr, RequestFacts, TrustedProxies};
use http::request::Parts;

use crate::{Outcome, all};

/// Entries of a long list, and of a very long one.
const LONG: usize = 1_000;
const VERY_LONG: usize = 10_000;

/// What a browser's WebSocket handshake says of itself.
pub(crate) fn facts(count: usize) -> Outcome {
    let parts = parts("https://app.example.com")?;
    let mut read = 0;
    for _ in 0..count {
        let facts = facts_of(black_box(&parts));
        read += usize::from(black_box(&facts).origin().valid().is_some());
    }
    all(read, count, "origins")
}

pub(crate) fn listed(count: usize) -> Outcome {
    judge_all(count, &policy(LONG)?, &origin(LONG / 2 - 1), Rule::Listed)
}

pub(crate) fn pattern(count: usize) -> Outcome {
    judge_all(
        count,
        &policy(LONG)?,
        &under_pattern(LONG / 2 - 1),
        Rule::Pattern,
    )
}

pub(crate) fn refused(count: usize) -> Outcome {
    judge_all(count, &policy(LONG)?, REFUSED, Rule::NotListed)
}

/// One verdict of each kind a unit: the list takes longer to make than to read.
pub(crate) fn many(count: usize) -> Outcome {
    let policy = policy(VERY_LONG)?;
    let last = VERY_LONG / 2 - 1;
    for (origin, expected) in [
        (origin(last), Rule::Listed),
        (under_pattern(last), Rule::Pattern),
        (REFUSED.to_owned(), Rule::NotListed),
    ] {
        judge_all(count, &policy, &origin, expected)?;
    }
    Ok(())
}

/// As long as the listed ones, so that no comparison ends at the length.
const REFUSED: &str = "https://app-0000.example.net";

fn origin(index: usize) -> String {
    format!("https://app-{index:04}.example.com")
}

fn under_pattern(index: usize) -> String {
    format!("https://shop.tenant-{index:04}.example.com")
}

fn judge_all(count: usize, policy: &OriginPolicy, origin: &str, expected: Rule) -> Outcome {
    let facts = facts_of(&parts(origin)?);
    let mut judged = 0;
    for _ in 0..count {
        let verdict = judge(black_box(policy), black_box(&facts));
        judged += usize::from(black_box(&verdict).rule == expected);
    }
    all(judged, count, "verdicts")
}

fn policy(entries: usize) -> Result<OriginPolicy, String> {
    let origins = (0..entries / 2).map(origin);
    let patterns = (0..entries / 2).map(|index| format!("https://*.tenant-{index:04}.example.com"));
    let (policy, notices) = OriginPolicy::build(&OriginSettings {
        cors_origins: Some(origins.chain(patterns).collect()),
        ..OriginSettings::default()
    });
    match notices.first() {
        Some(notice) => Err(format!("{notice:?}")),
        None => Ok(policy),
    }
}

fn parts(origin: &str) -> Result<Parts, String> {
    let request = http::Request::get("/socket.io/?EIO=4&transport=websocket")
        .header("host", "push.example.com")
        .header("connection", "Upgrade")
        .header("pragma", "no-cache")
        .header("cache-control", "no-cache")
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .header("upgrade", "websocket")
        .header("origin", origin)
        .header("sec-websocket-version", "13")
        .header("accept-encoding", "gzip, deflate, br, zstd")
        .header("accept-language", "en-GB,en;q=0.5")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(())
        .map_err(|why| why.to_string())?;
    Ok(request.into_parts().0)
}

fn facts_of(parts: &Parts) -> RequestFacts {
    let peer = Peer {
        addr: PeerAddr::Ip(([192, 0, 2, 7], 40_000).into()),
        tls: true,
    };
    RequestFacts::read(parts, &peer, &TrustedProxies::default())
}
