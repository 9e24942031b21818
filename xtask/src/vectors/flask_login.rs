//! `flask_login.json`: the identifier of a browser, who is logged in by a request, and remember cookies.

use bellgate_gate::Cookies;
use bellgate_gate::flask::{
    Client, Guard, Protection, RememberCookies, Session, SessionCookies, SessionRules, login,
};
use serde_json::Value;

use super::{Outcome, Tally, field, id, list, number, text};

/// Judges the file.
pub(super) fn judge(file: &Value) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for case in list(file, "identifier")? {
        tally.count(&id(case), identifier(case)?);
    }
    for case in list(file, "cases")? {
        tally.count(&id(case), request(case)?);
    }
    for case in list(file, "remember")? {
        tally.count(&id(case), remember(case)?);
    }
    if text(file, "key_not_latin1_raises").is_some() {
        let made = RememberCookies::new("k\u{20ac}y").is_some();
        tally.count("key_not_latin1_raises", Outcome::same(&made, &false));
    }
    for case in list(file, "remember_set_cookie_wire")? {
        tally.count(&id(case), wire(case)?);
    }
    Ok(tally)
}

fn identifier(case: &Value) -> Result<Outcome, String> {
    let user_agent = text(case, "user_agent_wire_latin1_hex")
        .map(unhex)
        .transpose()?;
    let client = Client {
        forwarded_for: text(case, "x_forwarded_for").map(str::as_bytes),
        remote_addr: text(case, "remote_addr"),
        user_agent: user_agent.as_deref(),
    };
    let expected = text(case, "expect_id").ok_or("a case without expect_id")?;
    Ok(Outcome::same(&client.identifier().as_str(), &expected))
}

/// What Flask-Login makes of a whole request.
fn request(case: &Value) -> Result<Outcome, String> {
    let secret = text(case, "secret_key").ok_or("a case without secret_key")?;
    let headers = field(case, "headers")?;
    let cookies = Cookies::parse(text(headers, "Cookie").unwrap_or_default().as_bytes());
    let rules = SessionRules::default();
    let sessions = SessionCookies::new(&rules, [secret.as_bytes()]);
    let now = number(case, "now")?;
    let session = cookies
        .first("session")
        .and_then(|value| sessions.read(value, now).ok());
    let client = Client {
        forwarded_for: text(headers, "X-Forwarded-For").map(str::as_bytes),
        remote_addr: text(case, "remote_addr"),
        user_agent: text(headers, "User-Agent").map(str::as_bytes),
    };
    let protection = Protection::parse(text(case, "session_protection").unwrap_or_default());
    let readers = RememberCookies::new(secret);
    let remember = readers.as_ref().zip(cookies.first("remember_token"));
    let login = login(session.as_ref(), remember, protection, &client);

    let expect = field(case, "expect")?;
    let ours = (
        login.as_ref().map(|login| login.user.as_str()),
        login.as_ref().map(|login| login.is_fresh),
        is_dropped(session.as_ref(), protection, &client),
    );
    let user = expected_user(expect);
    let fresh = expect.get("fresh").and_then(Value::as_bool);
    let cleared = expect["session"].get("_remember").is_some()
        && case["session_plain"].get("_remember").is_none();
    let outcome = Outcome::same(&ours, &(user.as_deref(), fresh, cleared));
    // Flask asks its application for the user, who may be gone; a gateway cannot know.
    let kept = expect["session"].get("_user_id").and_then(Value::as_str);
    if user.is_none() && kept.is_some() && kept == ours.0 {
        return Ok(Outcome::Permitted);
    }
    Ok(outcome.or_gateway(case, login.is_none()))
}

fn expected_user(expect: &Value) -> Option<String> {
    match expect.get("user")? {
        Value::Null => None,
        Value::String(user) => Some(user.clone()),
        other => Some(other.to_string()),
    }
}

/// Whether protection takes the login away, which Flask-Login notes in the session as `_remember`.
fn is_dropped(session: Option<&Session>, protection: Protection, client: &Client<'_>) -> bool {
    session.is_some_and(|session| Guard::judge(protection, session, client) == Guard::Dropped)
}

fn remember(case: &Value) -> Result<Outcome, String> {
    let secret = text(case, "secret_key").ok_or("a case without secret_key")?;
    let value = text(case, "cookie_value").unwrap_or_default();
    let cookies = RememberCookies::new(secret);
    let ours = cookies
        .as_ref()
        .and_then(|cookies| cookies.read(value).ok());
    let outcome = Outcome::same(&ours, &text(case, "expect_user_id"));
    Ok(outcome.or_gateway(case, ours.is_none()))
}

/// The value that Flask sends must come back as the user's id and the digest of it.
fn wire(case: &Value) -> Result<Outcome, String> {
    let user = text(case, "user_id").ok_or("a case without user_id")?;
    let header = text(case, "set_cookie").ok_or("a case without set_cookie")?;
    let sent = header.split("; Expires").next().unwrap_or_default();
    let cookies = Cookies::parse(sent.as_bytes());
    let value = cookies.first("remember_token").unwrap_or_default();
    let ours = value.rsplit_once('|').map(|(user, _)| user);
    Ok(Outcome::same(&ours, &Some(user)))
}

fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    digits
        .collect::<Option<_>>()
        .ok_or_else(|| format!("not hex: {text}"))
}
