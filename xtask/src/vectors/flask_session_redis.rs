//! `flask_session_redis.json`: a cookie, what Redis holds, and which session Flask sees.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bellgate_gate::flask::{Fault, Session, StoredSessions};
use serde_json::Value;

use super::marks::is_map;
use super::{Outcome, Tally, field, id, list, secret, text};

/// Judges the file.
pub(super) fn judge(file: &Value) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for case in list(file, "cases")? {
        tally.count(&id(case), stored(case)?);
    }
    for case in list(file, "writes")? {
        tally.count(text(case, "case").unwrap_or("write"), written(case)?);
    }
    Ok(tally)
}

fn stored(case: &Value) -> Result<Outcome, String> {
    let sessions = reader(
        field(case, "config")?,
        secret(case, "secret_key")?.as_deref(),
    );
    let cookie = text(case, "cookie_value").unwrap_or_default();
    let id = sessions.id(cookie);
    let session = match id {
        Ok(id) => fetch(&sessions, id, &case["redis"])?.unwrap_or_default(),
        Err(_) => None,
    };
    let expect = field(case, "expect")?;
    let is_found = expect.get("session_found").and_then(Value::as_bool);
    let outcome = match Outcome::same(&session.is_some(), &is_found.unwrap_or_default()) {
        Outcome::Passed => match &session {
            Some(session) if !is_map(session.values(), &expect["session"]) => {
                Outcome::Failed(format!("expected {}", expect["session"]))
            }
            _ => Outcome::Passed,
        },
        // An id with other characters than Flask-Session's own never becomes part of a key
        // (the formats' own rule, whatever Flask-Session does).
        Outcome::Failed(_) if id == Err(Fault::Malformed) => Outcome::Permitted,
        failed => failed,
    };
    Ok(outcome.or_gateway(case, session.is_none()))
}

/// What is written must be found again at the id that the cookie holds.
fn written(case: &Value) -> Result<Outcome, String> {
    let config = field(case, "config")?;
    // The file does not tell the key of a signed id.
    if config.get("SESSION_USE_SIGNER").is_some() {
        return Ok(Outcome::Skipped);
    }
    let sessions = reader(config, None);
    let header = list(case, "set_cookie")?.first().and_then(Value::as_str);
    let header = header.ok_or("no set_cookie")?;
    let sent = header.split("; ").next().unwrap_or_default();
    let cookies = bellgate_gate::Cookies::parse(sent.as_bytes());
    let id = sessions.id(cookies.first("session").unwrap_or_default());
    let ours = id.ok().map(|id| fetch(&sessions, id, case)).transpose()?;
    Ok(Outcome::same(&matches!(ours, Some(Ok(Some(_)))), &true))
}

/// What the store holds at the key of this id, read.
fn fetch(
    sessions: &StoredSessions,
    id: &str,
    redis: &Value,
) -> Result<Result<Option<Session>, Fault>, String> {
    if text(redis, "key") != Some(sessions.key(id).as_str()) {
        return Ok(Ok(None));
    }
    let value = STANDARD.decode(text(redis, "value_b64").unwrap_or_default());
    let value = value.map_err(|error| format!("value_b64: {error}"))?;
    Ok(sessions.read(id, &value))
}

fn reader(config: &Value, secret: Option<&[u8]>) -> StoredSessions {
    let is_signed = config.get("SESSION_USE_SIGNER").and_then(Value::as_bool);
    let prefix = text(config, "SESSION_KEY_PREFIX").unwrap_or("session:");
    StoredSessions::new(prefix, secret.filter(|_| is_signed.unwrap_or_default()))
}
