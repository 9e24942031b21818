//! `session_cookie.json`: a session cookie, the keys, the time, and what Flask made of it.

use bellgate_gate::flask::{Digest, Fault, Session, SessionCookies, SessionRules};
use serde_json::Value;

use super::marks::is_map;
use super::{Outcome, Tally, field, id, list, number, secret, text};

/// Judges the file.
pub(super) fn judge(file: &Value) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for case in list(file, "cases")? {
        let cookies = reader(case)?;
        let read = cookies.read(
            text(case, "cookie").unwrap_or_default(),
            number(case, "now")?,
        );
        tally.count(&id(case), outcome(case, &read)?);
    }
    Ok(tally)
}

fn reader(case: &Value) -> Result<SessionCookies, String> {
    let rules = SessionRules {
        digest: match text(case, "digest") {
            Some("sha1") | None => Digest::Sha1,
            Some("sha256") => Digest::Sha256,
            Some("sha512") => Digest::Sha512,
            Some(other) => return Err(format!("an unknown digest: {other}")),
        },
        lifetime: number(case, "max_age")?,
        ..SessionRules::default()
    };
    let secret = secret(case, "secret_key")?.ok_or("a case without secret_key")?;
    let fallbacks = list(case, "secret_key_fallbacks")?.iter();
    let fallbacks = fallbacks.filter_map(Value::as_str).map(str::as_bytes);
    let secrets = std::iter::once(secret.as_slice()).chain(fallbacks);
    Ok(SessionCookies::new(&rules, secrets))
}

fn outcome(case: &Value, read: &Result<Session, Fault>) -> Result<Outcome, String> {
    let expect = field(case, "expect")?;
    let verdict = text(expect, "verdict").ok_or("a case without verdict")?;
    let ours = match read {
        Ok(_) => "valid",
        Err(fault) if fault.is_of_time() => "expired",
        Err(Fault::Content(_)) => "error",
        Err(_) => "invalid",
    };
    let outcome = match Outcome::same(&ours, &verdict) {
        Outcome::Passed => is_session(expect, read),
        failed => failed,
    };
    let gateway = text(case, "gateway").unwrap_or_default();
    if ours == "valid" && verdict == "expired" && gateway.contains("leeway") {
        return Ok(Outcome::Permitted);
    }
    Ok(outcome.or_gateway(case, read.is_err()))
}

fn is_session(expect: &Value, read: &Result<Session, Fault>) -> Outcome {
    match read {
        Ok(session) if !is_map(session.values(), &expect["session"]) => Outcome::Failed(format!(
            "expected {}, came another session",
            expect["session"]
        )),
        _ => Outcome::Passed,
    }
}
