//! What identity is made of.

use bellgate_codes::Refusal;

use super::stored::StoredRules;
use crate::Notice;
use crate::flask::{Protection, SessionRules};
use crate::jwt::{KeyFault, TokenPlaces, TokenRules, Tokens};

/// Whether a login by cookie needs the page's CSRF token (`SOCKETIO_CSRF_PROTECTION`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CsrfMode {
    /// Where the session holds one: the application uses Flask-WTF.
    #[default]
    Auto,
    /// Always.
    Always,
    /// As `auto`; who would be refused is let in, and told to the log.
    Report,
    /// Never.
    Off,
}

impl CsrfMode {
    /// Whether a token is asked for, where the login holds one to compare with, or does not.
    pub(super) const fn asks(self, holds_one: bool) -> bool {
        match self {
            Self::Off => false,
            Self::Always => true,
            Self::Auto | Self::Report => holds_one,
        }
    }

    /// What is refused, and what is only told.
    pub(super) fn weigh(self, refusal: Option<Refusal>) -> (Option<Refusal>, Option<Refusal>) {
        match self {
            Self::Report => (None, refusal),
            _ => (refusal, None),
        }
    }
}

/// Whether cookies of a page of another origin than the server's are read (contract §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CrossCookies {
    /// Yes, if the origin is admitted.
    #[default]
    Read,
    /// No: credentials are off.
    Ignored,
    /// No, and of the server's own pages neither: every origin is admitted.
    NoneAtAll,
}

/// Which tokens log in: `BELLGATE_JWT_…` and `JWT_…`.
#[derive(Clone, Default)]
pub struct TokenSettings {
    /// What tokens must say.
    pub rules: TokenRules,
    /// Where they lie.
    pub places: TokenPlaces,
    /// `BELLGATE_JWT_SECRET`
    pub secret: Option<String>,
    /// What the file of `BELLGATE_JWT_PUBLIC_KEY` holds; empty where it cannot be read.
    pub public_key: Option<String>,
    /// Whether `BELLGATE_JWT_JWKS_URL` is set: the keys come as answers.
    pub has_key_set: bool,
}

impl TokenSettings {
    /// What verifies tokens, and what is to be said of keys that cannot be used. Where none can, every
    /// token is refused: who set a provider must not be left without one (contract §2).
    pub fn build(&self) -> (Tokens, Vec<Notice>) {
        let none = Tokens::new(self.rules.clone());
        let none = if self.has_key_set {
            none.with_set()
        } else {
            none
        };
        let mut notices = Vec::new();
        let mut told = |setting, fault: KeyFault| {
            let text = format!("{fault}; until then it verifies no token");
            notices.push(Notice::dropped(setting, text));
        };
        let tokens = match self.secret.as_deref().map(str::as_bytes) {
            Some(secret) => none.clone().with_secret(secret).unwrap_or_else(|fault| {
                told("BELLGATE_JWT_SECRET", fault);
                none
            }),
            None => none,
        };
        let tokens = match self.public_key.as_deref().map(str::as_bytes) {
            Some(text) => tokens
                .clone()
                .with_public_key(text)
                .unwrap_or_else(|fault| {
                    told("BELLGATE_JWT_PUBLIC_KEY", fault);
                    tokens
                }),
            None => tokens,
        };
        (tokens, notices)
    }
}

/// The settings that say who somebody is, by the names that Flask and its extensions give them.
#[derive(Clone)]
pub struct IdentitySettings {
    /// Tokens, where they log in.
    pub tokens: Option<TokenSettings>,
    /// `SECRET_KEY`; without one Flask's cookies are not read.
    pub secret_key: Option<String>,
    /// `SECRET_KEY_FALLBACKS`
    pub secret_key_fallbacks: Vec<String>,
    /// `SESSION_COOKIE_NAME`
    pub cookie_name: String,
    /// Salt, digest and lifetime of the session cookie.
    pub session: SessionRules,
    /// How a store keeps sessions, where one does.
    pub stored: Option<StoredRules>,
    /// Whether `BELLGATE_AUTH_URL` is set: the web application is asked last.
    pub asks_application: bool,
    /// `SESSION_PROTECTION`
    pub protection: Protection,
    /// The name of the remember cookie, where it logs in.
    pub remember_cookie: Option<String>,
    /// `WTF_CSRF_SECRET_KEY`, where it differs from `SECRET_KEY`.
    pub csrf_secret_key: Option<String>,
    /// `WTF_CSRF_TIME_LIMIT` in seconds; without one a token lives as long as its session.
    pub csrf_time_limit: Option<u64>,
    /// `WTF_CSRF_FIELD_NAME`: the key of the session that holds what a CSRF token is compared with.
    pub csrf_field: String,
    /// Who needs a CSRF token.
    pub csrf: CsrfMode,
    /// Whose cookies are read.
    pub cross_cookies: CrossCookies,
    /// The key of the session that holds the roles.
    pub roles_key: String,
    /// The role of administrators.
    pub admin_role: String,
    /// Users that have that role whatever their session says.
    pub admin_users: Vec<String>,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            tokens: None,
            secret_key: None,
            secret_key_fallbacks: Vec::new(),
            cookie_name: "session".to_owned(),
            session: SessionRules::default(),
            stored: None,
            asks_application: false,
            protection: Protection::Basic,
            remember_cookie: None,
            csrf_secret_key: None,
            csrf_time_limit: None,
            csrf_field: "csrf_token".to_owned(),
            csrf: CsrfMode::Auto,
            cross_cookies: CrossCookies::Read,
            roles_key: "roles".to_owned(),
            admin_role: "admin".to_owned(),
            admin_users: Vec::new(),
        }
    }
}
