//! `flask_jwt_extended.json`: whole requests, and what Flask-JWT-Extended answers.
//!
//! Compared are verdict and identity. Skipped: tokens in a query or under another header's name, and
//! the endpoints for refresh and fresh tokens, none of which a gateway has. The case's method decides
//! whether a CSRF value is asked for; at CONNECT it always is.

use bellgate_gate::Cookies;
use bellgate_gate::jwt::{
    Algorithm, CsrfFault, Place, TokenFault, TokenPlaces, TokenRules, Tokens,
};
use serde_json::Value;

use super::{Outcome, Tally, field, id, list, number, text};

/// Judges the file.
pub(super) fn judge(file: &Value) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for case in list(file, "cases")? {
        tally.count(&id(case), request(case)?);
    }
    Ok(tally)
}

/// What a request comes to.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Valid(String),
    Missing,
    Expired,
    Csrf,
    Invalid,
}

fn request(case: &Value) -> Result<Outcome, String> {
    let config = field(case, "config")?;
    let places = texts(config, "JWT_TOKEN_LOCATION");
    let is_known = |place: &String| place == "headers" || place == "cookies";
    let is_ours = places.iter().all(is_known)
        && text(config, "JWT_HEADER_NAME").is_none_or(|name| name == "Authorization")
        && text(case, "requires") == Some("access token");
    if !is_ours {
        return Ok(Outcome::Skipped);
    }
    let ours = verdict(case, config, &places)?;
    let outcome = Outcome::same(&ours, &expected(field(case, "expect")?)?);
    Ok(outcome.or_gateway(case, !matches!(ours, Verdict::Valid(_))))
}

fn verdict(case: &Value, config: &Value, places: &[String]) -> Result<Verdict, String> {
    let header = |name: &str| {
        let mut headers = case.get("headers")?.as_object()?.iter();
        let (_, value) = headers.find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        value.as_str()
    };
    let has = |place: &str| places.iter().any(|own| own == place);
    let kind = text(config, "JWT_HEADER_TYPE").unwrap_or("Bearer");
    let cookie = text(config, "JWT_ACCESS_COOKIE_NAME").unwrap_or("access_token_cookie");
    let places = TokenPlaces {
        header: (places.is_empty() || has("headers")).then(|| kind.to_owned()),
        cookie: has("cookies").then(|| cookie.to_owned()),
    };
    let cookies = Cookies::parse(header("Cookie").unwrap_or_default().as_bytes());
    let found = match places.find(None, header("Authorization"), &cookies) {
        Err(_) => return Ok(Verdict::Invalid),
        Ok(None) => return Ok(Verdict::Missing),
        Ok(Some(found)) => found,
    };
    let csrf = header("X-CSRF-TOKEN");
    let is_asked = found.place == Place::Cookie && asks_for_csrf(case, config);
    if is_asked && csrf.is_none_or(str::is_empty) {
        return Ok(Verdict::Csrf);
    }
    let token = match tokens(case, config)?.read(found.token, None, number(case, "now")?) {
        Err(TokenFault::Expired { .. }) => return Ok(Verdict::Expired),
        Err(_) => return Ok(Verdict::Invalid),
        Ok(token) => token,
    };
    Ok(match is_asked.then(|| token.check_csrf(csrf)) {
        None | Some(Ok(())) => Verdict::Valid(token.user),
        Some(Err(CsrfFault::NoClaim)) => Verdict::Invalid,
        Some(Err(_)) => Verdict::Csrf,
    })
}

fn asks_for_csrf(case: &Value, config: &Value) -> bool {
    const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];
    let is_on = config.get("JWT_COOKIE_CSRF_PROTECT") != Some(&Value::Bool(false));
    let own = texts(config, "JWT_CSRF_METHODS");
    let method = text(case, "method").unwrap_or("GET");
    let is_listed = match &own[..] {
        [] => METHODS.contains(&method),
        own => own.iter().any(|own| own == method),
    };
    is_on && is_listed
}

/// The rules and the one key that Flask-JWT-Extended takes by `JWT_ALGORITHM`.
fn tokens(case: &Value, config: &Value) -> Result<Tokens, String> {
    let signs_with = text(config, "JWT_ALGORITHM").unwrap_or("HS256");
    let mut names = texts(config, "JWT_DECODE_ALGORITHMS");
    if names.is_empty() {
        names.push(signs_with.to_owned());
    }
    // One that is not known here is never allowed.
    let known = names.iter().filter_map(|name| Algorithm::from_name(name));
    let rules = TokenRules {
        algorithms: Some(known.collect()),
        issuers: texts(config, "JWT_DECODE_ISSUER"),
        audiences: texts(config, "JWT_DECODE_AUDIENCE"),
        leeway: config
            .get("JWT_DECODE_LEEWAY")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
        verifies_sub: config.get("JWT_VERIFY_SUB") != Some(&Value::Bool(false)),
        user_claim: text(config, "JWT_IDENTITY_CLAIM")
            .unwrap_or("sub")
            .to_owned(),
        ..TokenRules::default()
    };
    let tokens = Tokens::new(rules);
    let tokens = if signs_with.starts_with("HS") {
        let secret = text(case, "jwt_secret_key").ok_or("a case without jwt_secret_key")?;
        tokens.with_secret(secret.as_bytes())
    } else {
        let key = text(config, "JWT_PUBLIC_KEY").ok_or("a case without JWT_PUBLIC_KEY")?;
        tokens.with_public_key(key.as_bytes())
    };
    // A key that cannot be used refuses every token.
    Ok(tokens.unwrap_or_else(|_| Tokens::new(TokenRules::default())))
}

fn expected(expect: &Value) -> Result<Verdict, String> {
    let body = field(expect, "body")?;
    let said = text(body, "msg").unwrap_or_default();
    Ok(match number(expect, "status")? {
        200 => Verdict::Valid(match field(body, "identity")? {
            Value::String(user) => user.clone(),
            other => other.to_string(),
        }),
        401 if said == "Token has expired" => Verdict::Expired,
        401 if said.contains("CSRF") => Verdict::Csrf,
        401 => Verdict::Missing,
        _ => Verdict::Invalid,
    })
}

/// A setting that is one text or a list of them.
fn texts(config: &Value, name: &str) -> Vec<String> {
    match config.get(name) {
        Some(Value::Array(list)) => {
            let texts = list.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    }
}
