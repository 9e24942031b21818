//! The CORS headers of an answer, errors included.

use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::facts::RequestFacts;
use crate::header::OriginHeader;
use crate::origin::judge::Verdict;
use crate::origin::policy::OriginPolicy;
use crate::origin::settings::CorsMode;

const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");
/// What an answer to OPTIONS depends on, beside the origin.
const PREFLIGHT_VARY: [&str; 2] = [
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
];

/// Writes the CORS headers of the answer to this request into `out`.
///
/// `Vary` is on every answer, so that no cache hands one page's answer to another. An admitted
/// origin gets its own name back, never `*`, also where the request is refused for another reason:
/// the page can then read why. Where a proxy writes these headers, `Vary` stands alone. `null` and `*` go without credentials. A refused preflight names
/// no methods or headers (contract §3). What was in `out` under these names is replaced, so no
/// header stands twice; `Vary` is added to.
pub fn cors_headers(
    policy: &OriginPolicy,
    facts: &RequestFacts,
    verdict: &Verdict,
    out: &mut HeaderMap,
) {
    vary(policy, facts, out);
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        header::ACCESS_CONTROL_MAX_AGE,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        ALLOW_PRIVATE_NETWORK,
    ] {
        out.remove(name);
    }
    let Some((echo, credentials)) = echo(policy, facts, verdict) else {
        return;
    };
    out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, echo);
    if credentials {
        out.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    let Some(preflight) = facts.preflight() else {
        let exposed = HeaderValue::from_static("X-Request-Id, Retry-After");
        out.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        return;
    };
    if !verdict.is_allowed() {
        return;
    }
    out.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        policy.answer.methods.clone(),
    );
    out.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        policy.answer.headers.clone(),
    );
    out.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        policy.answer.max_age.clone(),
    );
    if preflight.private_network && policy.allows_private_network() {
        out.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
}

/// The name to give back and whether credentials go with it; none for who may not read the answer.
fn echo(
    policy: &OriginPolicy,
    facts: &RequestFacts,
    verdict: &Verdict,
) -> Option<(HeaderValue, bool)> {
    if !verdict.answers_origin() || policy.mode() == CorsMode::Off {
        return None;
    }
    match facts.origin() {
        OriginHeader::Valid(origin) => {
            let value = HeaderValue::from_str(&origin.to_string()).ok()?;
            Some((value, policy.credentials()))
        }
        OriginHeader::Null => Some((HeaderValue::from_static("null"), false)),
        OriginHeader::Absent | OriginHeader::Malformed { .. } => None,
    }
}

fn vary(policy: &OriginPolicy, facts: &RequestFacts, out: &mut HeaderMap) {
    let mut wanted = vec!["Origin"];
    if facts.method() == Method::OPTIONS {
        wanted.extend(PREFLIGHT_VARY);
        if policy.allows_private_network() {
            wanted.push("Access-Control-Request-Private-Network");
        }
    }
    let mut names: Vec<String> = Vec::new();
    for line in out.get_all(header::VARY) {
        let listed = line.to_str().unwrap_or_default().split(',').map(str::trim);
        names.extend(listed.filter(|name| !name.is_empty()).map(str::to_owned));
    }
    for name in wanted {
        if !names
            .iter()
            .any(|there| there == "*" || there.eq_ignore_ascii_case(name))
        {
            names.push(name.to_owned());
        }
    }
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        out.insert(header::VARY, value);
    }
}
