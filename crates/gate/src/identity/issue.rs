//! The other side, for development and tests: what an application signs, by the same settings.
//!
//! Nothing of the server calls this. `bellgate token` does, outside of production.

use serde_json::{Map, Value, json};

use super::settings::IdentitySettings;
use crate::flask::{CsrfTokens, SessionCookies};
use crate::jwt::{self, Algorithm};

/// Whom a test login names.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// The user's id.
    pub user: &'a str,
    /// The user's roles.
    pub roles: &'a [String],
    /// What the page has to prove that it knows; none: nothing.
    pub csrf: Option<&'a str>,
}

impl IdentitySettings {
    /// The value of a session cookie as Flask signs it at `now`, in Unix seconds; none without
    /// `SECRET_KEY`.
    pub fn issue_session(&self, login: Login<'_>, now: u64) -> Option<String> {
        let secret = self.secret_key.as_ref()?;
        let mut session = Map::new();
        session.insert("_user_id".to_owned(), json!(login.user));
        session.insert("_fresh".to_owned(), json!(true));
        session.insert(self.roles_key.clone(), json!(login.roles));
        if let Some(csrf) = login.csrf {
            session.insert(self.csrf_field.clone(), json!(csrf));
        }
        let cookies = SessionCookies::new(&self.session, [secret.as_bytes()]);
        cookies.sign(&Value::Object(session).to_string(), now)
    }

    /// The CSRF token that a page of a session with `kept` gets, as Flask-WTF signs it; none without
    /// `SECRET_KEY`.
    pub fn issue_csrf(&self, kept: &str, now: u64) -> Option<String> {
        let secret = self.csrf_secret_key.as_ref().or(self.secret_key.as_ref())?;
        CsrfTokens::new(secret.as_bytes()).sign(kept, now)
    }

    /// A token that the rules admit from `now` until the second before `end`; none without
    /// `BELLGATE_JWT_SECRET`, or where the pinned algorithms are for public keys only.
    pub fn issue_token(&self, login: Login<'_>, now: u64, end: u64) -> Option<String> {
        let tokens = self.tokens.as_ref()?;
        let (secret, rules) = (tokens.secret.as_ref()?, &tokens.rules);
        let algorithm = match &rules.algorithms {
            None => Algorithm::Hs256,
            Some(list) => *list.iter().find(|algorithm| !algorithm.is_public())?,
        };
        let mut claims = Map::new();
        let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        claim("sub", json!(login.user));
        claim("iat", json!(now));
        claim("exp", json!(end));
        claim("type", json!("access"));
        claim(&rules.user_claim, json!(login.user));
        claim(&rules.roles_claim, json!(login.roles));
        for (name, values) in [("iss", &rules.issuers), ("aud", &rules.audiences)] {
            if let Some(value) = values.first() {
                claim(name, json!(value));
            }
        }
        if let Some(csrf) = login.csrf {
            claim("csrf", json!(csrf));
        }
        jwt::sign(&Value::Object(claims), algorithm, secret.as_bytes())
    }
}
