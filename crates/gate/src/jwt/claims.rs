//! What the claims of a signed token must say, as `PyJWT` reads them, and whom they name.

use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::algorithm::Algorithm;
use super::fault::{CsrfFault, TokenFault};

/// What tokens must be like: `BELLGATE_JWT_…`. The default is Flask-JWT-Extended's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The algorithms; without a list, the usual one of each key's type.
    pub algorithms: Option<Vec<Algorithm>>,
    /// Who may have made the token; empty: anybody with the key.
    pub issuers: Vec<String>,
    /// One of these must be in `aud`; empty: `aud` is not looked at.
    pub audiences: Vec<String>,
    /// By how many seconds clocks may differ.
    pub leeway: u64,
    /// A token without `exp` is refused.
    pub requires_exp: bool,
    /// `sub`, where it is, must be a text (`PyJWT` 2.10; Flask's `JWT_VERIFY_SUB`).
    pub verifies_sub: bool,
    /// The claim that names the user: its name, or a path with dots (`user.id`).
    pub user_claim: String,
    /// The claim that names the roles, likewise (`realm_access.roles`).
    pub roles_claim: String,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            algorithms: None,
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway: 0,
            requires_exp: false,
            verifies_sub: true,
            user_claim: "sub".to_owned(),
            roles_claim: "roles".to_owned(),
        }
    }
}

/// What a token that is believed says.
#[derive(Clone, PartialEq)]
pub struct Token {
    /// The user's id, as it stands: it may be empty, and who admits by it has to look.
    pub user: String,
    /// The roles: of a list its texts, of a text that one.
    pub roles: Vec<String>,
    /// The last second in which it holds, in Unix seconds, the leeway counted in; none without `exp`.
    pub expires_at: Option<u64>,
    /// Whether its user has just typed a password: `fresh`, or a time until which it is.
    pub is_fresh: bool,
    /// `jti`, by which an application revokes it.
    pub id: Option<String>,
    claims: Map<String, Value>,
}

impl Token {
    /// All claims.
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Whether a page that brings this value can read the cookie that belongs to the token's: the
    /// double submit of Flask-JWT-Extended. Compared in constant time.
    pub fn check_csrf(&self, brought: Option<&str>) -> Result<(), CsrfFault> {
        let brought = brought.filter(|value| !value.is_empty());
        let brought = brought.ok_or(CsrfFault::Missing)?;
        let own = self.claims.get("csrf").and_then(Value::as_str);
        let own = own.ok_or(CsrfFault::NoClaim)?;
        if bool::from(own.as_bytes().ct_eq(brought.as_bytes())) {
            Ok(())
        } else {
            Err(CsrfFault::Mismatch)
        }
    }
}

/// Whom it names, and nothing that logs in.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("user", &self.user)
            .field("roles", &self.roles)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Judges signed claims at `now`, in the order of `PyJWT`: times, issuer, audience, subject, id; then what
/// Flask-JWT-Extended asks of an access token.
pub(super) fn judge(
    claims: Map<String, Value>,
    rules: &TokenRules,
    now: u64,
) -> Result<Token, TokenFault> {
    let (now, leeway) = (i128::from(now), i128::from(rules.leeway));
    for name in ["iat", "nbf"] {
        if seconds(&claims, name)?.is_some_and(|at| at > now + leeway) {
            return Err(fault(name, "lies in the future"));
        }
    }
    let exp = seconds(&claims, "exp")?;
    match exp {
        Some(exp) if exp <= now - leeway => {
            let seconds = u64::try_from(now - leeway - exp).unwrap_or(u64::MAX);
            return Err(TokenFault::Expired { seconds });
        }
        None if rules.requires_exp => return Err(fault("exp", MISSING)),
        _ => {}
    }
    judge_issuer(&claims, rules)?;
    judge_audience(&claims, rules)?;
    if rules.verifies_sub && claims.get("sub").is_some_and(|sub| !sub.is_string()) {
        return Err(fault("sub", "is not a text"));
    }
    let id = match claims.get("jti") {
        None => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => return Err(fault("jti", "is not a text")),
    };
    let user = user(&claims, rules)?;
    if claims.get("type").is_some_and(|kind| kind == "refresh") {
        return Err(fault("type", "is refresh: it only gets new tokens"));
    }
    Ok(Token {
        user,
        roles: roles(&claims, &rules.roles_claim),
        expires_at: exp.map(|exp| u64::try_from(exp + leeway - 1).unwrap_or(u64::MAX)),
        is_fresh: is_fresh(&claims, now),
        id,
        claims,
    })
}

fn judge_issuer(claims: &Map<String, Value>, rules: &TokenRules) -> Result<(), TokenFault> {
    if rules.issuers.is_empty() {
        return Ok(());
    }
    let issuer = claims.get("iss").ok_or(fault("iss", MISSING))?;
    match issuer.as_str() {
        None => Err(fault("iss", "is not a text")),
        Some(issuer) if rules.issuers.iter().any(|own| own == issuer) => Ok(()),
        Some(_) => Err(fault(
            "iss",
            "names another issuer than BELLGATE_JWT_ISSUER",
        )),
    }
}

fn judge_audience(claims: &Map<String, Value>, rules: &TokenRules) -> Result<(), TokenFault> {
    if rules.audiences.is_empty() {
        return Ok(());
    }
    let named: Vec<&Value> = match claims.get("aud") {
        None | Some(Value::Null) => return Err(fault("aud", MISSING)),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
    };
    if !named.iter().all(|name| name.is_string()) {
        return Err(fault("aud", "is neither a text nor a list of texts"));
    }
    let is_named = |own: &String| named.iter().any(|name| *name == own);
    if rules.audiences.iter().any(is_named) {
        Ok(())
    } else {
        Err(fault("aud", "does not name BELLGATE_JWT_AUDIENCE"))
    }
}

/// A text, or a whole number, which is taken by its digits.
fn user(claims: &Map<String, Value>, rules: &TokenRules) -> Result<String, TokenFault> {
    const USER: &str = "of BELLGATE_JWT_USER_CLAIM";
    match find(claims, &rules.user_claim) {
        None => Err(fault(USER, MISSING)),
        Some(Value::String(user)) => Ok(user.clone()),
        Some(Value::Number(number)) if !number.is_f64() => Ok(number.to_string()),
        Some(_) => Err(fault(USER, "is neither a text nor a whole number")),
    }
}

/// What is not a text is no role.
fn roles(claims: &Map<String, Value>, path: &str) -> Vec<String> {
    match find(claims, path) {
        Some(Value::String(role)) if !role.is_empty() => vec![role.clone()],
        Some(Value::Array(list)) => {
            let texts = list.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The claim of this name, which may have dots in it; else the one that the dots lead to.
fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(claim) = claims.get(path) {
        return Some(claim);
    }
    let (first, rest) = path.split_once('.')?;
    let mut names = rest.split('.');
    names.try_fold(claims.get(first)?, |value, name| value.get(name))
}

fn is_fresh(claims: &Map<String, Value>, now: i128) -> bool {
    match claims.get("fresh") {
        Some(Value::Bool(is_fresh)) => *is_fresh,
        Some(Value::Number(_)) => seconds(claims, "fresh").is_ok_and(|until| until >= Some(now)),
        _ => false,
    }
}

/// A time, as `int()` of Python reads it: a number, cut to whole seconds, or a text of digits.
fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i128>, TokenFault> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = match value {
        Value::Number(number) => number.as_i128().or_else(|| number.as_f64().map(cut)),
        Value::String(text) => digits(text.trim()),
        _ => None,
    };
    match seconds {
        Some(seconds) => Ok(Some(seconds.clamp(-FAR, FAR))),
        None => Err(fault(name, "is not a number of seconds")),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "to cut is what int() does; the cast ends at the ends of the type"
)]
const fn cut(number: f64) -> i128 {
    number as i128
}

/// A number with or without sign; one that is too long is as far away as can be.
fn digits(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = unsigned.parse().unwrap_or(FAR);
    Some(if text.starts_with('-') { -size } else { size })
}

const fn fault(name: &'static str, why: &'static str) -> TokenFault {
    TokenFault::Claim { name, why }
}

const MISSING: &str = "is missing";

/// Beyond all dates, and far from where adding to it would overflow.
const FAR: i128 = 1 << 100;
