//! Security events: who was refused, limited, blocked or sent away, one line each on the target `security`,
//! and a counter (contract §4).
//!
//! A line says `ts, code, severity, user, address, origin, namespace, sid, request_id, action`. What came from
//! the network is escaped and cut, a sid is told by a number that only this process can make of it, and no
//! token, cookie or payload is ever among it. A refused origin has a line once a minute, as in the log's other
//! lines; the counter counts each of its requests.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use bellgate_codes::{Category, Code, Refusal, Severity};
use bellgate_gate::escape_for_log;
use bellgate_hub::Whose;
use bellgate_notify::rfc3339;
use bellgate_transport::Judged;

/// Most bytes of a text from the network.
const LONGEST: usize = 256;

/// How many were told of each code, in the order of [`Code::ALL`]. As the log, they are the process's.
static TOLD: [AtomicU64; Code::ALL.len()] = [const { AtomicU64::new(0) }; Code::ALL.len()];

/// Makes the numbers of sids.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Whom an event is about, as far as it is known.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Incident<'a> {
    pub(crate) user: Option<&'a str>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) origin: Option<&'a str>,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) sid: Option<&'a str>,
    /// Of the request that opened the connection.
    pub(crate) request_id: Option<&'a str>,
}

/// Whether a refusal is one of those that are told: of who somebody is, of where a page comes from, and of what
/// is too much.
fn is_meant(code: Code) -> bool {
    let meant = [
        Category::Cors,
        Category::Authentication,
        Category::Authorization,
        Category::Csrf,
        Category::RateLimit,
    ];
    meant.contains(&code.row().category) && code != Code::ConnectRefused
}

/// Tells of a refusal that is meant, and of what has come of it: `refused`, `closed`, `blocked`, `evicted`.
pub(crate) fn tell(why: &Refusal, of: &Incident<'_>, action: &'static str) {
    if is_meant(why.code()) {
        count(why.code());
        write(why, of, action);
    }
}

/// Tells of a request that is refused; `is_in_full`: the log has a line for it, else it is counted.
pub(crate) fn tell_request(why: &Refusal, judged: &Judged, is_in_full: bool) {
    let code = why.code();
    // That a login has changed is told where the user is known.
    if !is_meant(code) || code == Code::IdentityChanged {
        return;
    }
    count(code);
    if is_in_full {
        let facts = &judged.facts;
        let origin = facts.origin().valid().map(ToString::to_string);
        let request_id = judged.request_id.to_string();
        let of = Incident {
            address: facts.client_addr(),
            origin: origin.as_deref(),
            request_id: Some(&request_id),
            ..Incident::default()
        };
        write(why, &of, "refused");
    }
}

fn count(code: Code) {
    if let Some(told) = TOLD.get(code as usize) {
        told.fetch_add(1, Ordering::Relaxed);
    }
}

fn write(why: &Refusal, of: &Incident<'_>, action: &'static str) {
    let code = why.code();
    let (user, origin) = (of.user.map(safe), of.origin.map(safe));
    let (namespace, sid) = (of.namespace.map(safe), of.sid.map(hashed));
    let address = of.address.map(|address| address.to_string());
    // Twice the same fields: the level of an event is part of its call site.
    macro_rules! line {
        ($level:ident, $severity:literal) => {
            tracing::$level!(
                target: "security",
                ts = now(),
                code = code.name(),
                severity = $severity,
                user = user.as_deref(),
                address = address.as_deref(),
                origin = origin.as_deref(),
                namespace = namespace.as_deref(),
                sid = sid.as_deref(),
                request_id = of.request_id,
                action,
                "{}",
                safe(&why.cause())
            )
        };
    }
    match code.row().severity {
        Severity::Warning => line!(warn, "warning"),
        Severity::Routine => line!(info, "info"),
    }
}

/// Tells what the holder of an API key has done with somebody.
pub(crate) fn tell_act(action: &'static str, key: &str, whose: &Whose) {
    let (user, address) = match whose {
        Whose::User(user) => (Some(safe(user)), None),
        Whose::Address(address) => (None, Some(address.to_string())),
    };
    tracing::info!(
        target: "security",
        ts = now(),
        code = "operator",
        severity = "info",
        user = user.as_deref(),
        address = address.as_deref(),
        action,
        key = safe(key),
        "an operator has {action} somebody"
    );
}

/// How many were told, by code; those of which there are any.
pub(crate) fn counts() -> Vec<(&'static str, u64)> {
    let told = Code::ALL.iter().zip(&TOLD);
    told.map(|(code, told)| (code.name(), told.load(Ordering::Relaxed)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn safe(text: &str) -> String {
    escape_for_log(text.as_bytes(), LONGEST)
}

/// The same for the same sid while the process runs, and nothing that leads back to it.
fn hashed(sid: &str) -> String {
    format!("{:016x}", HASHER.hash_one(sid))
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    rfc3339(i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX))
}
