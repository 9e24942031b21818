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

/// What an answer may carry that another service made, and that is only ours to say.
const OURS: [HeaderName; 7] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ALLOW_PRIVATE_NETWORK,
];

/// Writes the CORS headers of the answer to this request into `out`.
///
/// `Vary` is on every answer, so that no cache hands one page's answer to another. An admitted
/// origin gets its own name back, never `*`, also where the request is refused for another reason:
/// the page can then read why. Where a proxy writes these headers, `Vary` stands alone. `null` and `*` go
/// without credentials. A refused preflight names no methods or headers (contract §3). What was in
/// `out` under these names is replaced, so no header stands twice; `Vary` is added to.
pub fn cors_headers(
    policy: &OriginPolicy,
    facts: &RequestFacts,
    verdict: &Verdict,
    out: &mut HeaderMap,
) {
    let reader = Reader::of(policy, facts, verdict);
    let Some(preflight) = facts.preflight() else {
        if facts.method() == Method::OPTIONS {
            vary(&vary_of_options(policy), out);
        }
        return reader.write(out);
    };
    vary(&vary_of_options(policy), out);
    clear(out);
    reader.name(out);
    if reader.origin.is_none() || !verdict.is_allowed() {
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

/// The page that may read an answer: all that [`cors_headers`] needs to know of a request that is no
/// OPTIONS. It outlives the request, whose headers a waiting answer need not keep.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The name to give back; none for who may not read the answer.
    origin: Option<HeaderValue>,
    credentials: bool,
}

impl Reader {
    /// Of a request that was judged.
    pub fn of(policy: &OriginPolicy, facts: &RequestFacts, verdict: &Verdict) -> Self {
        let is_answered = verdict.answers_origin() && policy.mode() != CorsMode::Off;
        let (origin, credentials) = match facts.origin() {
            OriginHeader::Valid(origin) if is_answered => {
                (policy.name_of(origin), policy.credentials())
            }
            OriginHeader::Null if is_answered => (Some(HeaderValue::from_static("null")), false),
            _ => (None, false),
        };
        Self {
            origin,
            credentials,
        }
    }

    /// Writes the CORS headers of an answer that is not to a preflight, as [`cors_headers`] does.
    pub fn write(&self, out: &mut HeaderMap) {
        vary(&["Origin"], out);
        clear(out);
        self.name(out);
        if self.origin.is_some() {
            let exposed = HeaderValue::from_static("X-Request-Id, Retry-After");
            out.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }

    fn name(&self, out: &mut HeaderMap) {
        let Some(origin) = &self.origin else { return };
        out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            out.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
    }
}

/// Takes out what is ours to say. Our own answers have nothing of it, which one look tells for less
/// than seven hashes.
fn clear(out: &mut HeaderMap) {
    if out.keys().any(|name| OURS.contains(name)) {
        for name in &OURS {
            out.remove(name);
        }
    }
}

/// What an answer to OPTIONS depends on.
fn vary_of_options(policy: &OriginPolicy) -> Vec<&'static str> {
    let mut names = vec!["Origin"];
    names.extend(PREFLIGHT_VARY);
    if policy.allows_private_network() {
        names.push("Access-Control-Request-Private-Network");
    }
    names
}

/// Adds these names to `Vary`, each once.
fn vary(wanted: &[&'static str], out: &mut HeaderMap) {
    if let ([only], false) = (wanted, out.contains_key(header::VARY)) {
        out.insert(header::VARY, HeaderValue::from_static(only));
        return;
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
            names.push((*name).to_owned());
        }
    }
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        out.insert(header::VARY, value);
    }
}
