//! What identity is made of.

use crate::flask::{Protection, SessionRules};

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

/// The settings that say who somebody is, by the names that Flask and its extensions give them.
#[derive(Clone)]
pub struct IdentitySettings {
    /// `SECRET_KEY`; without one no cookie is read.
    pub secret_key: Option<String>,
    /// `SECRET_KEY_FALLBACKS`
    pub secret_key_fallbacks: Vec<String>,
    /// `SESSION_COOKIE_NAME`
    pub cookie_name: String,
    /// Salt, digest and lifetime of the session cookie.
    pub session: SessionRules,
    /// `SESSION_PROTECTION`
    pub protection: Protection,
    /// The name of the remember cookie, where it logs in.
    pub remember_cookie: Option<String>,
    /// `WTF_CSRF_SECRET_KEY`, where it differs from `SECRET_KEY`.
    pub csrf_secret_key: Option<String>,
    /// `WTF_CSRF_TIME_LIMIT` in seconds; without one a token lives as long as its session.
    pub csrf_time_limit: Option<u64>,
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
            secret_key: None,
            secret_key_fallbacks: Vec::new(),
            cookie_name: "session".to_owned(),
            session: SessionRules::default(),
            protection: Protection::Basic,
            remember_cookie: None,
            csrf_secret_key: None,
            csrf_time_limit: None,
            csrf: CsrfMode::Auto,
            cross_cookies: CrossCookies::Read,
            roles_key: "roles".to_owned(),
            admin_role: "admin".to_owned(),
            admin_users: Vec::new(),
        }
    }
}
