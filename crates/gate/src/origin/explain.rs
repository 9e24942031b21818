//! What the log and the command line say of a refusal, and no page (contract §3).

use std::fmt;

use bellgate_codes::Refusal;

use crate::canon::Origin;
use crate::facts::RequestFacts;
use crate::origin::nearest::{self, Difference};
use crate::origin::policy::OriginPolicy;
use crate::peer::PeerAddr;

const ORIGINS: &str = "SOCKETIO_CORS_ORIGINS";
const PROXIES: &str = "BELLGATE_TRUSTED_PROXIES";
/// A longer list is not written out again.
const LIST_BYTES: usize = 1024;

/// Why a request was judged as it was, and what would change it. Text from the network is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The Origin as it came; none where there was none.
    pub received: Option<String>,
    /// The form that is compared, where it has one.
    pub canonical: Option<String>,
    /// The entry that comes nearest.
    pub nearest: Option<Nearest>,
    /// Host and port that the client asked for.
    pub host: Option<String>,
    /// The forwarded headers: `believed: …`, `ignored: …`, or `none`.
    pub forwarded: String,
    /// Lines to change, as one would write them in the environment; none where no setting helps.
    pub change: Vec<String>,
}

/// An entry of the list, and the part of it that an origin differs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// The entry.
    pub entry: String,
    /// `scheme`, `host` or `port`.
    pub differs: &'static str,
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (the {} differs)", self.entry, self.differs)
    }
}

/// Explains a refusal of [`judge`](super::judge()), or one that its mode only reports.
pub fn explain(policy: &OriginPolicy, facts: &RequestFacts, refusal: &Refusal) -> Explanation {
    let origin = facts.origin().valid();
    let use_of_forwarded = if facts.forwarded_believed() {
        "believed: "
    } else if facts.forwarded_ignored() {
        "ignored: "
    } else {
        "none"
    };
    Explanation {
        received: facts.received_origin(),
        canonical: origin.map(Origin::to_string),
        nearest: origin
            .filter(|_| is_of_list(refusal))
            .and_then(|origin| nearest::nearest(policy, origin))
            .map(|(difference, entry)| Nearest {
                entry,
                differs: difference.name(),
            }),
        host: facts.host().map(str::to_owned),
        forwarded: use_of_forwarded.to_owned() + &facts.forwarded_text(),
        change: change(policy, facts, refusal),
    }
}

impl Difference {
    const fn name(self) -> &'static str {
        match self {
            Self::Scheme => "scheme",
            Self::Port => "port",
            Self::Host => "host",
        }
    }
}

const fn is_of_list(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::OriginSchemeMismatch { .. }
            | Refusal::OriginPortMismatch { .. }
            | Refusal::OriginHostNotAllowed { .. }
    )
}

fn change(policy: &OriginPolicy, facts: &RequestFacts, refusal: &Refusal) -> Vec<String> {
    let [methods, headers] = policy.preflight_lists();
    let line = match refusal {
        Refusal::OriginSchemeMismatch { origin, .. }
        | Refusal::OriginPortMismatch { origin, .. }
        | Refusal::OriginHostNotAllowed { origin, .. } => {
            if facts.is_page_of_same_name() {
                format!("BELLGATE_PUBLIC_URL={origin}")
            } else {
                with(ORIGINS, &policy.listed(), origin)
            }
        }
        Refusal::CredentialsWithWildcard { origin } => format!("{ORIGINS}={origin}"),
        Refusal::InsecureOrigin { .. } => "SOCKETIO_REQUIRE_HTTPS=false".to_owned(),
        Refusal::OriginNull {} => "SOCKETIO_ALLOW_NULL_ORIGIN=true".to_owned(),
        Refusal::OriginMissing {} => "SOCKETIO_REQUIRE_ORIGIN=false".to_owned(),
        Refusal::PreflightMethod { method } => with("SOCKETIO_CORS_METHODS", methods, method),
        Refusal::PreflightHeader { header } => with("SOCKETIO_CORS_HEADERS", headers, header),
        _ => return Vec::new(),
    };
    // A proxy beside us whose headers count for nothing hides the name that the page was opened at.
    let proxy = facts.forwarded_ignored().then(|| match facts.peer() {
        PeerAddr::Unix => Some(format!("{PROXIES}=unix")),
        PeerAddr::Ip(addr) if addr.ip().is_loopback() => Some(format!("{PROXIES}=loopback")),
        PeerAddr::Ip(_) => None,
    });
    std::iter::once(line).chain(proxy.flatten()).collect()
}

/// The line of a list with one entry more.
fn with(setting: &str, list: &[String], entry: &str) -> String {
    let written = list.join(",");
    match written.len() {
        0 => format!("{setting}={entry}"),
        1..=LIST_BYTES => format!("{setting}={written},{entry}"),
        _ => format!("{setting}=…,{entry}"),
    }
}
