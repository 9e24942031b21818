//! The policy: the admitted origins and what goes with them, made once from the settings.

use std::collections::HashSet;
use std::time::Duration;

use http::HeaderValue;

use crate::canon::Origin;
use crate::escape_for_log;
use crate::notice::Notice;
use crate::origin::pattern::Pattern;
use crate::origin::settings::{CorsMode, OriginSettings};
use crate::origin::{generate, list};

const ORIGINS: &str = "SOCKETIO_CORS_ORIGINS";
const MODE: &str = "SOCKETIO_CORS_MODE";
const CREDENTIALS: &str = "SOCKETIO_CORS_CREDENTIALS";

/// Who may connect, in canonical form, with the answers to preflights ready to send.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own")]
pub struct OriginPolicy {
    admitted: Vec<Origin>,
    /// Each of them as a header's value.
    names: Vec<Option<HeaderValue>>,
    /// How many of them were written in the list or generated for the application.
    listed: usize,
    /// How many are pages' own, those of the public URL added; the rest are Bellgate's address.
    of_pages: usize,
    patterns: Vec<Pattern>,
    any: bool,
    credentials: bool,
    allow_null: bool,
    require_origin: bool,
    require_https: bool,
    private_network: bool,
    mode: CorsMode,
    methods: Vec<String>,
    headers: Vec<String>,
    pub(crate) answer: PreflightAnswer,
}

/// Header values of an admitted preflight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PreflightAnswer {
    pub(crate) methods: HeaderValue,
    pub(crate) headers: HeaderValue,
    pub(crate) max_age: HeaderValue,
}

impl OriginPolicy {
    /// Makes the policy. It is usable whatever the settings hold; what was dropped, repaired or
    /// must stop the start is told in the notices.
    pub fn build(settings: &OriginSettings) -> (Self, Vec<Notice>) {
        let entries = settings.cors_origins.as_deref().unwrap_or_default();
        let mut written = list::read(entries, settings.require_https);
        let mut notices = std::mem::take(&mut written.notices);
        let any = written.any && any_is_usable(settings, &mut notices);
        written.any = any;
        let credentials = settings.credentials && !any;
        let public = generate::of_public_url(settings, &mut notices);
        if written.is_empty() {
            if entries.iter().any(|entry| !entry.trim().is_empty()) {
                let text = "no entry is left; the generated list is used";
                notices.push(Notice::advice(ORIGINS, text));
            }
            written.origins = generate::of_application(settings, &mut notices);
        }
        let mut admitted = distinct(written.origins.into_iter());
        let listed = admitted.len();
        admitted = distinct(admitted.into_iter().chain(public));
        let of_pages = admitted.len();
        admitted = distinct(
            admitted
                .into_iter()
                .chain(generate::of_own_address(settings)),
        );
        if admitted.is_empty() && written.patterns.is_empty() && !any {
            let text =
                "no origin is admitted; set BELLGATE_PUBLIC_URL to where users open the page";
            notices.push(Notice::advice(ORIGINS, text));
        }
        let methods = tokens(
            "SOCKETIO_CORS_METHODS",
            &settings.methods,
            &mut notices,
            str::to_ascii_uppercase,
        );
        let headers = tokens(
            "SOCKETIO_CORS_HEADERS",
            &settings.headers,
            &mut notices,
            str::to_owned,
        );
        let policy = Self {
            names: admitted.iter().map(name).collect(),
            admitted,
            listed,
            of_pages,
            patterns: written.patterns,
            any,
            credentials,
            allow_null: settings.allow_null,
            require_origin: settings.require_origin,
            require_https: settings.require_https,
            private_network: settings.private_network,
            mode: mode(settings, &mut notices),
            answer: PreflightAnswer::new(&methods, &headers, settings.max_age),
            methods,
            headers: headers
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
        };
        (policy, notices)
    }

    /// The admitted origins: the operator's or the generated ones, the public URL's, our own.
    pub fn admitted(&self) -> &[Origin] {
        &self.admitted
    }

    /// An origin as the value of a header, that of an admitted one ready made.
    pub(crate) fn name_of(&self, origin: &Origin) -> Option<HeaderValue> {
        let mut names = self.admitted.iter().zip(&self.names);
        match names.find(|(admitted, _)| *admitted == origin) {
            Some((_, name)) => name.clone(),
            None => name(origin),
        }
    }

    /// The entries that a refused page is compared with: what was written or generated for pages.
    /// Bellgate's own address is where nobody meant to open the page; it counts if there is no other.
    pub(crate) fn for_comparison(&self) -> &[Origin] {
        match self.admitted.get(..self.of_pages) {
            Some(pages) if !pages.is_empty() || !self.patterns.is_empty() => pages,
            _ => &self.admitted,
        }
    }

    /// The list as one would write it: its origins and patterns, or `*`.
    pub(crate) fn listed(&self) -> Vec<String> {
        let origins = self.admitted.iter().take(self.listed);
        let texts = origins.map(ToString::to_string);
        texts
            .chain(self.patterns.iter().map(ToString::to_string))
            .chain(self.any.then(|| "*".to_owned()))
            .collect()
    }

    /// The methods and the header names (in lower case) that a preflight may ask for.
    pub(crate) fn preflight_lists(&self) -> [&[String]; 2] {
        [&self.methods, &self.headers]
    }

    /// The entries that admit the hosts under a name.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Whether `*` admits every origin; then no cookie is read.
    pub const fn admits_any(&self) -> bool {
        self.any
    }

    /// Whether pages may send cookies.
    pub const fn credentials(&self) -> bool {
        self.credentials
    }

    /// Whether the origin `null` is admitted, for tokens only.
    pub const fn allows_null(&self) -> bool {
        self.allow_null
    }

    /// Whether a request has to say where it comes from.
    pub const fn requires_origin(&self) -> bool {
        self.require_origin
    }

    /// Whether pages over plain HTTP are refused.
    pub const fn requires_https(&self) -> bool {
        self.require_https
    }

    /// Whether public pages may ask for a private address.
    pub const fn allows_private_network(&self) -> bool {
        self.private_network
    }

    /// What a verdict does.
    pub const fn mode(&self) -> CorsMode {
        self.mode
    }

    /// Whether a page may use this method. Methods are case-sensitive (RFC 9110 §9.1).
    pub(crate) fn lists_method(&self, method: &str) -> bool {
        self.methods.iter().any(|listed| listed == method)
    }

    /// Whether a page may send this header, given in lower case.
    pub(crate) fn lists_header(&self, name: &str) -> bool {
        self.headers.iter().any(|listed| listed == name)
    }
}

impl PreflightAnswer {
    fn new(methods: &[String], headers: &[String], max_age: Duration) -> Self {
        // Tokens are visible ASCII, so neither value can fail; an empty list allows nothing.
        let value = |names: &[String]| {
            HeaderValue::from_str(&names.join(", "))
                .unwrap_or_else(|_| HeaderValue::from_static(""))
        };
        Self {
            methods: value(methods),
            headers: value(headers),
            max_age: HeaderValue::from(max_age.as_secs()),
        }
    }
}

/// An origin as the value of a header. The canonical form is visible ASCII, so that it is one always.
fn name(origin: &Origin) -> Option<HeaderValue> {
    HeaderValue::try_from(origin.to_string()).ok()
}

/// Each origin once, where it stands first.
fn distinct(origins: impl Iterator<Item = Origin>) -> Vec<Origin> {
    let mut seen = HashSet::new();
    origins
        .filter(|origin| seen.insert(origin.clone()))
        .collect()
}

/// Whether `*` may be used as it was written (contract §3, patterns).
fn any_is_usable(settings: &OriginSettings, notices: &mut Vec<Notice>) -> bool {
    let with_credentials = settings.credentials && settings.credentials_set;
    if settings.production && !settings.allow_any_origin {
        notices.push(Notice::fatal(
            ORIGINS,
            "* in production lets every site connect; list the origins, or set BELLGATE_ALLOW_ANY_ORIGIN=on",
        ));
        return false;
    }
    if settings.production && with_credentials {
        notices.push(Notice::fatal(
            CREDENTIALS,
            "is true together with SOCKETIO_CORS_ORIGINS=*; list the origins",
        ));
        return false;
    }
    notices.push(Notice::advice(
        ORIGINS,
        "* admits every origin, so credentials are off: no cookie is read, and pages need a token",
    ));
    true
}

/// The mode as it may be used: in production nobody is let in for the log's sake.
fn mode(settings: &OriginSettings, notices: &mut Vec<Notice>) -> CorsMode {
    if settings.mode == CorsMode::Report && settings.production && !settings.allow_report {
        notices.push(Notice::dropped(
            MODE,
            "report in production lets every page in, with its cookies; enforce is used. \
             BELLGATE_ALLOW_REPORT=on allows it",
        ));
        return CorsMode::Enforce;
    }
    if settings.mode == CorsMode::Report {
        notices.push(Notice::advice(
            MODE,
            "report lets every page in; the log tells who would be refused",
        ));
    }
    settings.mode
}

/// The usable tokens of a list, each once.
fn tokens(
    setting: &'static str,
    list: &[String],
    notices: &mut Vec<Notice>,
    form: fn(&str) -> String,
) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for entry in list
        .iter()
        .map(|entry| entry.trim())
        .filter(|entry| !entry.is_empty())
    {
        if !is_token(entry) || entry == "*" {
            let shown = escape_for_log(entry.as_bytes(), 128);
            notices.push(Notice::dropped(
                setting,
                format!("the entry {shown} is left out: it is no name"),
            ));
            continue;
        }
        let token = form(entry);
        if !kept.iter().any(|other| other.eq_ignore_ascii_case(&token)) {
            kept.push(token);
        }
    }
    kept
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
