//! `flask_wtf_csrf.json`: a CSRF token, the session's own, and Flask-WTF's verdict. Whole requests, with
//! forms and the Referer check, are the application's affair.

use bellgate_gate::flask::{CsrfAge, CsrfTokens, Value as Kept};
use serde_json::Value;

use super::{Outcome, Tally, field, id, list, number, secret, text};

/// Judges the file.
pub(super) fn judge(file: &Value) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for case in list(file, "cases")? {
        tally.count(&id(case), token(case)?);
    }
    for case in list(file, "requests")? {
        tally.count(&id(case), Outcome::Skipped);
    }
    Ok(tally)
}

fn token(case: &Value) -> Result<Outcome, String> {
    let own = secret(case, "wtf_csrf_secret_key")?;
    let secret = own.or(secret(case, "secret_key")?);
    let tokens = CsrfTokens::new(&secret.ok_or("a case without secret_key")?);
    let age = match case.get("time_limit").and_then(Value::as_u64) {
        None => None,
        Some(limit) => Some(CsrfAge {
            now: number(case, "now")?,
            limit,
            leeway: 0,
        }),
    };
    let kept = kept(case);
    let ours = tokens.check(text(case, "token"), kept.as_ref(), age);
    let ours = ours.err().map(|fault| fault.to_string());

    let expect = field(case, "expect")?;
    let outcome = if text(expect, "verdict") == Some("error") {
        // Python raises; what matters is that nothing is let in.
        Outcome::same(&ours.is_some(), &true)
    } else {
        Outcome::same(&ours.as_deref(), &text(expect, "message"))
    };
    Ok(outcome.or_gateway(case, ours.is_some()))
}

/// What the session holds at `csrf_token`.
fn kept(case: &Value) -> Option<Kept> {
    match case.get("session_csrf_token")? {
        Value::Null => None,
        Value::String(token) => Some(Kept::Text(token.clone())),
        other => Some(Kept::Int(other.as_i64().unwrap_or_default().into())),
    }
}
