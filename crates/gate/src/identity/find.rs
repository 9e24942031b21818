//! From credentials to a user.

use bellgate_codes::Refusal;

use super::brought::Brought;
use super::credentials::Credentials;
use super::outside::{Answers, Need};
use super::settings::{CrossCookies, IdentitySettings};
use super::standing::{Identity, Provider, Standing, User};
use super::token::ByToken;
use super::webhook::Question;
use crate::cookie::Cookies;
use crate::flask::{
    CsrfAge, CsrfFault, CsrfTokens, Fault, Login, RememberCookies, Session, SessionCookies, Source,
    StoredSessions, Value, login,
};

/// How identities are found; made of the settings.
pub struct Identities {
    settings: IdentitySettings,
    tokens: Option<ByToken>,
    flask: Option<Flask>,
}

/// Readers of what a Flask application signs, and of what it stores.
struct Flask {
    sessions: Option<SessionCookies>,
    stored: Option<StoredSessions>,
    remember: Option<(RememberCookies, String)>,
    csrf: Option<CsrfTokens>,
}

/// What credentials come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Whom they prove.
    Known(Standing),
    /// One of them is bad, and nothing weaker is tried: no namespace is joined with it.
    Refused(Refusal),
    /// It cannot be said yet: this is to be found out first.
    Needs(Need),
}

impl Flask {
    fn new(settings: &IdentitySettings) -> Self {
        let secret = settings.secret_key.as_ref();
        let older = settings.secret_key_fallbacks.iter();
        let sessions = secret.map(|secret| {
            let secrets = std::iter::once(secret).chain(older);
            SessionCookies::new(&settings.session, secrets.map(String::as_bytes))
        });
        let stored = settings.stored.as_ref().and_then(|rules| {
            let signing = secret.map(String::as_bytes).filter(|_| rules.is_signed);
            // Without a key anybody could sign.
            let is_usable = signing.is_some() || !rules.is_signed;
            is_usable.then(|| StoredSessions::new(&rules.prefix, signing))
        });
        let remember = secret.and_then(|secret| RememberCookies::new(secret));
        let csrf = settings.csrf_secret_key.as_ref().or(secret);
        Self {
            sessions,
            stored,
            remember: remember.zip(settings.remember_cookie.clone()),
            csrf: csrf.map(|secret| CsrfTokens::new(secret.as_bytes())),
        }
    }
}

impl Identities {
    /// Derives the keys. A remember cookie is honoured only if `SECRET_KEY` is latin-1, for only then can
    /// Flask-Login have written one.
    pub fn new(settings: IdentitySettings) -> Self {
        let is_flask = settings.secret_key.is_some() || settings.stored.is_some();
        let flask = is_flask.then(|| Flask::new(&settings));
        let tokens = settings.tokens.as_ref();
        let tokens = tokens.map(|tokens| ByToken::new(tokens, settings.csrf));
        Self {
            settings,
            tokens,
            flask,
        }
    }

    /// Whether anything is set by which a user can be known.
    pub const fn is_on(&self) -> bool {
        self.flask.is_some() || self.tokens.is_some() || self.settings.asks_application
    }

    /// Whether the web application is asked who somebody is.
    pub const fn asks_application(&self) -> bool {
        self.settings.asks_application
    }

    /// Whether a token of the CONNECT payload is read.
    pub const fn reads_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// Who the credentials prove, at `now` in Unix seconds: the first that there is decides (contract
    /// §4). A token comes before what Flask signs, and of that the session before the remember cookie; a
    /// bad session is none. The application is asked about whoever brings none of these. `answers`: what was
    /// found out for this CONNECT by now.
    pub fn find(
        &self,
        credentials: &Credentials,
        brought: &Brought,
        answers: &Answers,
        now: u64,
    ) -> Found {
        if brought.is_unclear() && (self.reads_tokens() || self.asks_application()) {
            let detail = "the auth payload is not JSON in which each name stands once".to_owned();
            return Found::Refused(Refusal::TokenInvalid { detail });
        }
        let counts = brought.is_bound && self.counts(credentials);
        let cookies = if counts {
            credentials.cookies()
        } else {
            Cookies::default()
        };
        if let Some(tokens) = &self.tokens
            && let Some(mut found) = tokens.find(credentials, &cookies, brought, answers, now)
        {
            if let Found::Known(Standing::User(user)) = &mut found {
                self.add_roles(&mut user.identity);
            }
            return found;
        }
        if let Some(flask) = self.flask.as_ref().filter(|_| counts) {
            let session = match self.session(flask, &cookies, answers, now) {
                Ok(session) => session,
                Err(unread) => return *unread,
            };
            let found = self.by_flask(flask, credentials, &cookies, session, brought, now);
            if let Some(standing) = found {
                return Found::Known(standing);
            }
        }
        if self.asks_application()
            && let Some(question) = Question::worth_asking(credentials, counts, brought)
        {
            return self.answered(question, answers);
        }
        Found::Known(self.without_cookies(credentials))
    }

    /// The session that the cookies hold or name; none without such a cookie.
    fn session(
        &self,
        flask: &Flask,
        cookies: &Cookies,
        answers: &Answers,
        now: u64,
    ) -> Result<Option<Result<Session, Refusal>>, Box<Found>> {
        let Some(value) = cookies.first(&self.settings.cookie_name) else {
            return Ok(None);
        };
        let fetched = self.read_stored(value, answers)?;
        Ok(fetched.or_else(|| {
            let sessions = flask.sessions.as_ref()?;
            Some(sessions.read(value, now).map_err(refused))
        }))
    }

    /// The reader of sessions that a store keeps.
    pub(super) fn stored(&self) -> Option<&StoredSessions> {
        self.flask.as_ref()?.stored.as_ref()
    }

    /// The roles that a session tells.
    pub(super) fn roles_of(&self, session: &Session) -> Vec<String> {
        let settings = &self.settings;
        session.roles(&settings.roles_key, &settings.admin_role)
    }

    /// What Flask's cookies come to; none where they are no credential, as a session without a user.
    fn by_flask(
        &self,
        flask: &Flask,
        credentials: &Credentials,
        cookies: &Cookies,
        session: Option<Result<Session, Refusal>>,
        brought: &Brought,
        now: u64,
    ) -> Option<Standing> {
        let read = session.as_ref().and_then(|session| session.as_ref().ok());
        let remember = flask.remember.as_ref().and_then(|(reader, name)| {
            let value = cookies.first(name)?;
            Some((reader, value))
        });
        let protection = self.settings.protection;
        let login = credentials.with_client(|client| login(read, remember, protection, client));
        // An empty id would be everybody's.
        if let Some(login) = login.filter(|login| !login.user.is_empty()) {
            let named = brought.text(&self.settings.csrf_field);
            let token = named.or(brought.csrf_token()).or(credentials.csrf());
            let refusal = self.judge_csrf(flask, read, token, now);
            return Some(Standing::User(self.user(login, read, refusal)));
        }
        let because = session?.err()?;
        Some(Standing::Visitor {
            because: Some(because),
        })
    }

    fn counts(&self, credentials: &Credentials) -> bool {
        match self.settings.cross_cookies {
            CrossCookies::Read => true,
            CrossCookies::Ignored => credentials.across().is_none(),
            CrossCookies::NoneAtAll => false,
        }
    }

    fn without_cookies(&self, credentials: &Credentials) -> Standing {
        let reads = self.tokens.as_ref().is_some_and(ByToken::reads_cookies);
        let is_by_cookie = self.flask.is_some() || reads || self.asks_application();
        let could_ask = is_by_cookie && self.settings.cross_cookies == CrossCookies::Read;
        let origin = credentials.lacks_cookies_across().filter(|_| could_ask);
        Standing::Visitor {
            because: origin.map(|origin| Refusal::CredentialsNotSent {
                origin: origin.to_owned(),
            }),
        }
    }

    fn user(&self, login: Login, session: Option<&Session>, refusal: Option<Refusal>) -> User {
        let (csrf, reported) = self.settings.csrf.weigh(refusal);
        let provider = match login.source {
            Source::Session => Provider::Session,
            Source::Remember => Provider::Remember,
        };
        // What the session says of its user says nothing of the remember cookie's.
        let session = session.filter(|_| provider == Provider::Session);
        let mut identity = Identity {
            roles: session.map_or_else(Vec::new, |session| self.roles_of(session)),
            user: login.user,
            expires_at: session.and_then(Session::expires_at),
            is_fresh: login.is_fresh,
            topics: Box::default(),
            provider,
            session_key: session.map(|session| session.key().to_owned()),
        };
        self.add_roles(&mut identity);
        User {
            identity,
            csrf,
            reported,
            question: None,
        }
    }

    /// The user with these roles instead, and those that the settings give.
    #[must_use]
    pub fn with_roles(&self, identity: Identity, roles: Vec<String>) -> Identity {
        let mut identity = Identity { roles, ..identity };
        self.add_roles(&mut identity);
        identity
    }

    /// The administrators' role, where the settings give it; each role once.
    fn add_roles(&self, identity: &mut Identity) {
        let settings = &self.settings;
        if settings.admin_users.contains(&identity.user) {
            identity.roles.push(settings.admin_role.clone());
        }
        identity.roles.sort();
        identity.roles.dedup();
    }

    /// Whether the page that asks is the user's own (contract §4).
    fn judge_csrf(
        &self,
        flask: &Flask,
        session: Option<&Session>,
        token: Option<&str>,
        now: u64,
    ) -> Option<Refusal> {
        let kept = session.and_then(|session| session.get(&self.settings.csrf_field));
        let is_asked = self.settings.csrf.asks(kept.is_some());
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
        let Some(csrf) = &flask.csrf else {
            return Some(invalid("no SECRET_KEY is set that could verify it"));
        };
        let fault = csrf.check(token, kept, age).err()?;
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
