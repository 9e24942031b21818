//! From credentials to a user.

use bellgate_codes::Refusal;

use super::credentials::Credentials;
use super::settings::{CrossCookies, CsrfMode, IdentitySettings};
use super::standing::{Identity, Provider, Standing, User};
use crate::flask::{
    CsrfAge, CsrfFault, CsrfTokens, Fault, Login, RememberCookies, Session, SessionCookies, Source,
    Value, login,
};

/// How identities are found; made of the settings.
pub struct Identities {
    settings: IdentitySettings,
    flask: Option<Flask>,
}

/// Readers of what a Flask application signs.
struct Flask {
    sessions: SessionCookies,
    remember: Option<(RememberCookies, String)>,
    csrf: CsrfTokens,
}

/// What came with a CONNECT, beside the credentials of its requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Brought<'a> {
    /// The CSRF token of the `auth` payload; it comes before a header's.
    pub csrf_token: Option<&'a str>,
    /// Whether the session is bound to an admitted origin; without one no cookie counts.
    pub is_bound: bool,
}

impl Identities {
    /// Derives the keys. A remember cookie is honoured only if `SECRET_KEY` is latin-1, for only then can
    /// Flask-Login have written one.
    pub fn new(settings: IdentitySettings) -> Self {
        let flask = settings.secret_key.as_ref().map(|secret| {
            let older = settings.secret_key_fallbacks.iter();
            let secrets = std::iter::once(secret).chain(older);
            let csrf = settings.csrf_secret_key.as_ref().unwrap_or(secret);
            let remember = settings.remember_cookie.clone();
            Flask {
                sessions: SessionCookies::new(&settings.session, secrets.map(String::as_bytes)),
                remember: RememberCookies::new(secret).zip(remember),
                csrf: CsrfTokens::new(csrf.as_bytes()),
            }
        });
        Self { settings, flask }
    }

    /// Whether anything is set by which a user can be known.
    pub const fn is_on(&self) -> bool {
        self.flask.is_some()
    }

    /// Who the credentials prove, at `now` in Unix seconds. Flask's own order: the session, then the
    /// remember cookie; a bad session is none.
    pub fn find(&self, credentials: &Credentials, brought: Brought<'_>, now: u64) -> Standing {
        let Some(flask) = &self.flask else {
            return Standing::Visitor { because: None };
        };
        if !brought.is_bound || !self.counts(credentials) {
            return self.without_cookies(credentials);
        }
        let cookies = credentials.cookies();
        let session = cookies.first(&self.settings.cookie_name);
        let session = session.map(|value| flask.sessions.read(value, now));
        let read = session.as_ref().and_then(|session| session.as_ref().ok());
        let remember = flask.remember.as_ref().and_then(|(reader, name)| {
            let value = cookies.first(name)?;
            Some((reader, value))
        });
        let protection = self.settings.protection;
        let login = credentials.with_client(|client| login(read, remember, protection, client));
        // An empty id would be everybody's.
        match login.filter(|login| !login.user.is_empty()) {
            Some(login) => {
                let token = brought.csrf_token.or(credentials.csrf());
                let refusal = self.judge_csrf(flask, read, token, now);
                Standing::User(self.user(login, read, refusal))
            }
            None => match session {
                Some(Err(fault)) => Standing::Visitor {
                    because: Some(refused(fault)),
                },
                _ => self.without_cookies(credentials),
            },
        }
    }

    fn counts(&self, credentials: &Credentials) -> bool {
        match self.settings.cross_cookies {
            CrossCookies::Read => true,
            CrossCookies::Ignored => credentials.across().is_none(),
            CrossCookies::NoneAtAll => false,
        }
    }

    fn without_cookies(&self, credentials: &Credentials) -> Standing {
        let could_ask = self.settings.cross_cookies == CrossCookies::Read;
        let origin = credentials.lacks_cookies_across().filter(|_| could_ask);
        Standing::Visitor {
            because: origin.map(|origin| Refusal::CredentialsNotSent {
                origin: origin.to_owned(),
            }),
        }
    }

    fn user(&self, login: Login, session: Option<&Session>, refusal: Option<Refusal>) -> User {
        let (csrf, reported) = match self.settings.csrf {
            CsrfMode::Report => (None, refusal),
            _ => (refusal, None),
        };
        let provider = match login.source {
            Source::Session => Provider::Session,
            Source::Remember => Provider::Remember,
        };
        // What the session says of its user says nothing of the remember cookie's.
        let session = session.filter(|_| provider == Provider::Session);
        let identity = Identity {
            roles: self.roles(&login.user, session),
            user: login.user,
            expires_at: session.and_then(Session::expires_at),
            is_fresh: login.is_fresh,
            provider,
            session_key: session.map(|session| session.key().to_owned()),
        };
        User {
            identity,
            csrf,
            reported,
        }
    }

    /// The user with these roles instead, and those that the settings give.
    #[must_use]
    pub fn with_roles(&self, identity: Identity, roles: Vec<String>) -> Identity {
        let roles = self.and_admin(&identity.user, roles);
        Identity { roles, ..identity }
    }

    fn roles(&self, user: &str, session: Option<&Session>) -> Vec<String> {
        let settings = &self.settings;
        let roles = session.map_or_else(Vec::new, |session| {
            session.roles(&settings.roles_key, &settings.admin_role)
        });
        self.and_admin(user, roles)
    }

    /// The administrators' role too, where the settings give it; each role once.
    fn and_admin(&self, user: &str, mut roles: Vec<String>) -> Vec<String> {
        let settings = &self.settings;
        if settings.admin_users.iter().any(|admin| admin == user) {
            roles.push(settings.admin_role.clone());
        }
        roles.sort();
        roles.dedup();
        roles
    }

    /// Whether the page that asks is the user's own (contract §4).
    fn judge_csrf(
        &self,
        flask: &Flask,
        session: Option<&Session>,
        token: Option<&str>,
        now: u64,
    ) -> Option<Refusal> {
        let kept = session.and_then(|session| session.get("csrf_token"));
        let is_asked = match self.settings.csrf {
            CsrfMode::Off => false,
            CsrfMode::Always => true,
            CsrfMode::Auto | CsrfMode::Report => kept.is_some(),
        };
        is_asked.then(|| self.check_csrf(flask, kept, token, now))?
    }

    fn check_csrf(
        &self,
        flask: &Flask,
        kept: Option<&Value>,
        token: Option<&str>,
        now: u64,
    ) -> Option<Refusal> {
        let leeway = self.settings.session.leeway;
        let age = |limit| CsrfAge { now, limit, leeway };
        let age = self.settings.csrf_time_limit.map(age);
        let invalid = |detail: &str| Refusal::CsrfInvalid {
            detail: detail.to_owned(),
        };
        let fault = flask.csrf.check(token, kept, age).err()?;
        Some(match fault {
            CsrfFault::TokenMissing => Refusal::CsrfMissing {},
            CsrfFault::Expired => Refusal::CsrfExpired {},
            CsrfFault::SessionTokenMissing => invalid("the session holds none to compare it with"),
            CsrfFault::Invalid => invalid("it is not signed with a key that is known here"),
            CsrfFault::Mismatch => invalid("it is another session's"),
        })
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identities")
            .field("is_on", &self.is_on())
            .finish_non_exhaustive()
    }
}

/// Where a user is needed, this is why the cookie made none.
fn refused(fault: Fault) -> Refusal {
    let detail = format!("the session cookie {fault}");
    if fault.is_of_time() {
        Refusal::SessionExpired { detail }
    } else {
        Refusal::SessionInvalid { detail }
    }
}
