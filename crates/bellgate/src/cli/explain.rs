//! `bellgate explain-origin ORIGIN`: what the server would do with a page of this origin, and why.

use std::io::{self, Write};

use axum::http::header::ORIGIN;
use axum::http::{HeaderValue, Request};
use bellgate_gate::origin::{Explanation, OriginPolicy, Rule, Verdict, explain, judge};
use bellgate_gate::{Peer, PeerAddr, RequestFacts, TrustedProxies, escape_for_log};
use clap::Arg;

use super::{Status, tell};
use crate::config::{Loaded, Source};

pub(super) fn command() -> clap::Command {
    clap::Command::new("explain-origin")
        .about(
            "Say whether pages of an origin may connect, by which rule, and what would change it",
        )
        .arg(
            Arg::new("origin")
                .value_name("ORIGIN")
                .required(true)
                .help("As a browser sends it: scheme://host[:port], or null"),
        )
}

pub(super) fn run(
    origin: &str,
    loaded: &Loaded,
    strict: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<Status> {
    tell(loaded, err)?;
    if loaded.must_stop(strict) {
        return Ok(Status::Unusable);
    }
    let (policy, _) = loaded.settings.origin_policy();
    let facts = facts(origin);
    let verdict = judge(&policy, &facts);
    writeln!(out, "{}", headline(origin, &verdict))?;
    let refusal = verdict.refusal.as_ref().or(verdict.reported.as_ref());
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some(refusal) = refusal {
        let explained = explain(&policy, &facts, refusal);
        lines.push(("code", refusal.code().name().to_owned()));
        lines.push(("cause", refusal.cause()));
        lines.extend(details(origin, explained));
        lines.push(("help", refusal.fix()));
    } else if let Some(canonical) = facts.origin().valid().map(ToString::to_string)
        && canonical != origin
    {
        lines.push(("canonical", canonical));
    }
    lines.push(("rule", verdict.rule.name().to_owned()));
    lines.push(("admitted", admitted(&policy)));
    lines.push(("from", sources(loaded)));
    for (name, text) in lines {
        writeln!(out, "  {name:<10}{text}")?;
    }
    Ok(if verdict.is_allowed() {
        Status::Fine
    } else {
        Status::Finding
    })
}

/// A handshake of a page, as the gate reads it.
fn facts(origin: &str) -> RequestFacts {
    let mut request = Request::new(());
    // What no header can hold is malformed, and so is an empty one.
    let value = HeaderValue::from_str(origin).unwrap_or(HeaderValue::from_static(""));
    request.headers_mut().insert(ORIGIN, value);
    let peer = Peer {
        addr: PeerAddr::Unix,
        tls: false,
    };
    RequestFacts::read(&request.into_parts().0, &peer, &TrustedProxies::default())
}

fn headline(origin: &str, verdict: &Verdict) -> String {
    let origin = escape_for_log(origin.as_bytes(), 256);
    let what = match (&verdict.refusal, &verdict.reported) {
        (Some(_), _) => "is refused",
        (None, Some(_)) => "comes in, and is reported: SOCKETIO_CORS_MODE=report",
        (None, None) if verdict.rule == Rule::Any => "is allowed, without cookies",
        (None, None) => "is allowed",
    };
    format!("{origin} {what}")
}

fn details(origin: &str, explained: Explanation) -> Vec<(&'static str, String)> {
    let canonical = explained.canonical.filter(|canonical| canonical != origin);
    let nearest = explained.nearest.map(|nearest| nearest.to_string());
    let change = explained.change.into_iter().map(Some);
    let named = [("canonical", canonical), ("nearest", nearest)];
    let named = named.into_iter().chain(change.map(|line| ("change", line)));
    named
        .filter_map(|(name, text)| Some((name, text?)))
        .collect()
}

/// Whom the policy admits, in the order of the list.
fn admitted(policy: &OriginPolicy) -> String {
    let origins = policy.admitted().iter().map(ToString::to_string);
    let patterns = policy.patterns().iter().map(ToString::to_string);
    let any = policy.admits_any().then(|| "*".to_owned());
    let all: Vec<String> = any.into_iter().chain(patterns).chain(origins).collect();
    if all.is_empty() {
        return "none".to_owned();
    }
    all.join(", ")
}

/// The settings that the list is made of, with where each was found.
fn sources(loaded: &Loaded) -> String {
    let list = "SOCKETIO_CORS_ORIGINS";
    let made_of: &[&str] = if loaded.source(list) == Source::Default {
        &["FLASK_HOST", "FLASK_PORT", "BELLGATE_PUBLIC_URL"]
    } else {
        &[list, "BELLGATE_PUBLIC_URL"]
    };
    let own = ["SOCKETIO_HOST", "SOCKETIO_PORT"];
    let named = made_of.iter().chain(&own);
    let told: Vec<String> = named
        .map(|name| format!("{name} ({})", loaded.source(name)))
        .collect();
    told.join(", ")
}
