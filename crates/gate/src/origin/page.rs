//! How a refused origin's page gets to read why.
//!
//! A 403 without CORS headers shows a page nothing, and one with them only for a moment; but a
//! `CONNECT_ERROR` in the first answer reaches the stock client's `connect_error` whole, and the
//! client stops (contract §3). So a page in a browser gets its refusal inside the protocol, with
//! headers that let it read that one answer. Nothing else is in it.

use http::header::{self, HeaderMap, HeaderValue};

use crate::facts::RequestFacts;
use crate::header::OriginHeader;
use crate::origin::judge::Verdict;
use crate::origin::policy::OriginPolicy;
use crate::origin::settings::CorsMode;

/// Which refusals of an origin are told inside the protocol (`SOCKETIO_REFUSALS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// Those of a page in a browser.
    Auto,
    /// None: all get a status.
    Http,
    /// All that name an origin.
    InBand,
}

impl Telling {
    /// Whether this refusal is told inside the protocol: the request's origin is what is refused, and
    /// somebody is there to read it.
    pub fn is_for(self, facts: &RequestFacts, verdict: &Verdict) -> bool {
        let is_reader = match self {
            Self::Auto => facts.is_browser_page(),
            Self::Http => false,
            Self::InBand => true,
        };
        is_reader && is_of_origin(facts, verdict)
    }

    /// Whether a page reads this refusal by its status: where nothing is told inside the protocol.
    pub fn is_by_status(self, facts: &RequestFacts, verdict: &Verdict) -> bool {
        self == Self::Http && facts.is_browser_page() && is_of_origin(facts, verdict)
    }
}

/// Whether the request's origin is what is refused. A preflight of an admitted origin is refused
/// for what it asks.
fn is_of_origin(facts: &RequestFacts, verdict: &Verdict) -> bool {
    let names_origin = matches!(facts.origin(), OriginHeader::Valid(_) | OriginHeader::Null);
    names_origin && !verdict.is_allowed() && !verdict.rule.admits_origin()
}

/// Lets the page of a refused origin read the one answer that refuses it, with its preflight.
pub fn page_headers(policy: &OriginPolicy, facts: &RequestFacts, out: &mut HeaderMap) {
    let origin = match facts.origin() {
        OriginHeader::Valid(origin) => policy.name_of(origin),
        OriginHeader::Null => Some(HeaderValue::from_static("null")),
        OriginHeader::Absent | OriginHeader::Malformed { .. } => None,
    };
    let Some(origin) = origin.filter(|_| policy.mode() != CorsMode::Off) else {
        return;
    };
    out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let yes = HeaderValue::from_static("true");
    out.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    if facts.preflight().is_some() {
        let answer = &policy.answer;
        out.insert(header::ACCESS_CONTROL_ALLOW_METHODS, answer.methods.clone());
        out.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, answer.headers.clone());
    }
}
