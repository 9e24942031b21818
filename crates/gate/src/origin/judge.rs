//! The one function that decides about origins.

use bellgate_codes::Refusal;

use crate::canon::Origin;
use crate::escape_for_log;
use crate::facts::{FetchSite, PREFLIGHT_HEADERS, Preflight, RequestFacts};
use crate::header::OriginHeader;
use crate::origin::nearest;
use crate::origin::policy::OriginPolicy;
use crate::origin::settings::CorsMode;

/// Which rule decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The origin is an entry of the list.
    Listed,
    /// The origin's host is under the name of a pattern.
    Pattern,
    /// `*` admits every origin.
    Any,
    /// `null` is admitted by its setting.
    Null,
    /// There is no Origin, as with same-origin GETs and programs.
    NoOrigin,
    /// There is no Origin, and the browser says that the page is of the same origin.
    SameOriginFetch,
    /// The origin is in no entry.
    NotListed,
    /// `*` admits every origin, but this page sends cookies along.
    AnyWithCredentials,
    /// The origin is plain HTTP where HTTPS is required.
    Plaintext,
    /// `null` is not admitted.
    NullRefused,
    /// The Origin header cannot be read.
    Malformed,
    /// There is no Origin where the settings ask for one.
    OriginRequired,
    /// There is no Origin, and the browser says that the page is of another one.
    CrossSite,
    /// The origin is admitted, the method of its preflight is not.
    MethodNotListed,
    /// The origin is admitted, a header of its preflight is not.
    HeaderNotListed,
}

impl Rule {
    /// The name that the log and the command line carry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Pattern => "pattern",
            Self::Any => "any",
            Self::Null => "null",
            Self::NoOrigin => "no_origin",
            Self::SameOriginFetch => "same_origin_fetch",
            Self::NotListed => "not_listed",
            Self::AnyWithCredentials => "any_with_credentials",
            Self::Plaintext => "plaintext",
            Self::NullRefused => "null_refused",
            Self::Malformed => "malformed",
            Self::OriginRequired => "origin_required",
            Self::CrossSite => "cross_site",
            Self::MethodNotListed => "method_not_listed",
            Self::HeaderNotListed => "header_not_listed",
        }
    }

    /// Whether the origin itself is admitted, so that its page may read the answer.
    pub const fn admits_origin(self) -> bool {
        matches!(
            self,
            Self::Listed
                | Self::Pattern
                | Self::Any
                | Self::Null
                | Self::MethodNotListed
                | Self::HeaderNotListed
        )
    }
}

/// What was decided, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that decided.
    pub rule: Rule,
    /// Why not; none where the request may go on.
    pub refusal: Option<Refusal>,
    /// Why it would not, if the mode were not `report`.
    pub reported: Option<Refusal>,
}

impl Verdict {
    /// Whether the request may go on.
    pub const fn is_allowed(&self) -> bool {
        self.refusal.is_none()
    }

    const fn allowed(rule: Rule) -> Self {
        Self {
            rule,
            refusal: None,
            reported: None,
        }
    }

    const fn refused(rule: Rule, refusal: Refusal) -> Self {
        Self {
            rule,
            refusal: Some(refusal),
            reported: None,
        }
    }

    /// Lets the request in and keeps why not. What is no origin stays refused: there is nobody to
    /// answer.
    fn into_reported(self) -> Self {
        if self.rule == Rule::Malformed {
            return self;
        }
        Self {
            rule: self.rule,
            refusal: None,
            reported: self.refusal,
        }
    }

    /// Whether the answer is for the origin's page to read.
    pub(crate) const fn answers_origin(&self) -> bool {
        self.rule.admits_origin() || self.reported.is_some()
    }
}

/// Decides about one request: polling, WebSocket, preflight or HTTP API.
pub fn judge(policy: &OriginPolicy, facts: &RequestFacts) -> Verdict {
    let verdict = match facts.origin() {
        OriginHeader::Absent => judge_absent(policy, facts.sec_fetch_site()),
        OriginHeader::Null if policy.allows_null() => Verdict::allowed(Rule::Null),
        OriginHeader::Null => Verdict::refused(Rule::NullRefused, Refusal::OriginNull {}),
        OriginHeader::Valid(origin) => judge_origin(policy, facts, origin),
        OriginHeader::Malformed { received, detail } => {
            let (received, detail) = (received.clone(), detail.clone());
            Verdict::refused(
                Rule::Malformed,
                Refusal::OriginMalformed { received, detail },
            )
        }
    };
    let verdict = match policy.mode() {
        CorsMode::Report => verdict.into_reported(),
        CorsMode::Enforce | CorsMode::Off => verdict,
    };
    match facts.preflight() {
        Some(preflight) if verdict.is_allowed() => judge_preflight(policy, preflight, verdict),
        _ => verdict,
    }
}

fn judge_origin(policy: &OriginPolicy, facts: &RequestFacts, origin: &Origin) -> Verdict {
    if policy.requires_https() && origin.is_plaintext() {
        let origin = origin.to_string();
        return Verdict::refused(Rule::Plaintext, Refusal::InsecureOrigin { origin });
    }
    if policy.admitted().contains(origin) {
        return Verdict::allowed(Rule::Listed);
    }
    if policy
        .patterns()
        .iter()
        .any(|pattern| pattern.matches(origin))
    {
        return Verdict::allowed(Rule::Pattern);
    }
    if policy.admits_any() && facts.sends_cookies_across() {
        // Its browser would keep every answer from it, and say "CORS" only.
        let origin = origin.to_string();
        let refusal = Refusal::CredentialsWithWildcard { origin };
        return Verdict::refused(Rule::AnyWithCredentials, refusal);
    }
    if policy.admits_any() {
        return Verdict::allowed(Rule::Any);
    }
    Verdict::refused(Rule::NotListed, nearest::refuse(policy, facts, origin))
}

/// Same-origin GETs and programs send no Origin; a page elsewhere that sends none is told by the
/// browser's fetch metadata.
fn judge_absent(policy: &OriginPolicy, site: Option<FetchSite>) -> Verdict {
    match site {
        Some(site @ (FetchSite::CrossSite | FetchSite::SameSite)) => {
            let site = site.name().to_owned();
            Verdict::refused(Rule::CrossSite, Refusal::OriginCrossSiteNoCors { site })
        }
        Some(FetchSite::SameOrigin) => Verdict::allowed(Rule::SameOriginFetch),
        _ if policy.requires_origin() => {
            Verdict::refused(Rule::OriginRequired, Refusal::OriginMissing {})
        }
        _ => Verdict::allowed(Rule::NoOrigin),
    }
}

fn judge_preflight(policy: &OriginPolicy, preflight: &Preflight, admitted: Verdict) -> Verdict {
    if !policy.lists_method(&preflight.method) {
        let method = escape_for_log(preflight.method.as_bytes(), 64);
        return Verdict::refused(Rule::MethodNotListed, Refusal::PreflightMethod { method });
    }
    let unlisted = preflight
        .headers
        .iter()
        .find(|name| !policy.lists_header(name));
    let header = match unlisted {
        Some(name) => escape_for_log(name.as_bytes(), 64),
        None if preflight.headers.len() > PREFLIGHT_HEADERS => {
            format!("list of more than {PREFLIGHT_HEADERS}")
        }
        None => return admitted,
    };
    Verdict::refused(Rule::HeaderNotListed, Refusal::PreflightHeader { header })
}
