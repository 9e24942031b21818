//! Where a connection stands with its namespaces.

use bellgate_codes::Refusal;

use super::webhook::Question;

/// Who a user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's id; never empty.
    pub user: String,
    /// The user's roles, each once.
    pub roles: Vec<String>,
    /// The last second in which this holds, in Unix seconds; none where nothing ends it.
    pub expires_at: Option<u64>,
    /// Whether the user has logged in with this browser (Flask-Login's `_fresh`).
    pub is_fresh: bool,
    /// The topics that the application has the connection follow from the start, each once.
    pub topics: Box<[String]>,
    /// What proves it.
    pub provider: Provider,
    /// A name for the application's session that tells nothing of it; none without one.
    pub session_key: Option<String>,
}

/// What proves who a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Flask's session cookie.
    Session,
    /// Flask-Login's remember cookie.
    Remember,
    /// A JSON Web Token.
    Token,
    /// The web application's answer at `BELLGATE_AUTH_URL`.
    Webhook,
}

impl Provider {
    /// The name that the log carries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Remember => "remember",
            Self::Token => "token",
            Self::Webhook => "webhook",
        }
    }
}

/// What the credentials of a connection come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody in particular.
    Visitor {
        /// What is said where a user is needed, if there is more to say than that.
        because: Option<Refusal>,
    },
    /// A user.
    User(User),
}

/// A user, and whether the user's own page asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who it is.
    pub identity: Identity,
    /// Why the page is not believed to be the user's own.
    pub csrf: Option<Refusal>,
    /// Why it would not, if the mode were not `report`.
    pub reported: Option<Refusal>,
    /// What the web application was asked, where its answer made the user: it can be asked again.
    pub question: Option<Question>,
}

/// What a namespace asks of those who join it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceRule {
    /// A user is needed.
    pub needs_user: bool,
    /// One of these roles is needed, and so a user; an empty list admits nobody.
    pub roles: Option<Vec<String>>,
}

impl Standing {
    /// Whether a namespace may be joined at `now`, in Unix seconds, and by whom: a user, or a visitor.
    pub fn admit(
        &self,
        namespace: &str,
        rule: &NamespaceRule,
        now: u64,
    ) -> Result<Option<&Identity>, Refusal> {
        let user = match self {
            Self::User(user) => user,
            Self::Visitor { because } if rule.needs_user || rule.roles.is_some() => {
                let namespace = namespace.to_owned();
                let plain = Refusal::AuthRequired { namespace };
                return Err(because.clone().unwrap_or(plain));
            }
            Self::Visitor { .. } => return Ok(None),
        };
        if let Some(refusal) = &user.csrf {
            return Err(refusal.clone());
        }
        let identity = &user.identity;
        if identity.expires_at.is_some_and(|end| end < now) {
            return Err(self.expired());
        }
        match &rule.roles {
            Some(roles) if !roles.iter().any(|role| identity.roles.contains(role)) => {
                Err(Refusal::ForbiddenRole {
                    namespace: namespace.to_owned(),
                    role: roles.join(" or "),
                })
            }
            _ => Ok(Some(identity)),
        }
    }

    /// Why the login holds no more, once its time is over.
    pub fn expired(&self) -> Refusal {
        let provider = self.identity().map(|identity| identity.provider);
        if provider == Some(Provider::Token) {
            let detail = "the token has expired while the connection was open".to_owned();
            Refusal::TokenExpired { detail }
        } else {
            let detail = "its time was over while the connection was open".to_owned();
            Refusal::SessionExpired { detail }
        }
    }

    /// The user, if there is one.
    pub const fn identity(&self) -> Option<&Identity> {
        match self {
            Self::User(user) => Some(&user.identity),
            Self::Visitor { .. } => None,
        }
    }

    /// Whether nothing that was brought could make more of it: a user whose page has proven itself.
    pub const fn is_settled(&self) -> bool {
        matches!(self, Self::User(user) if user.csrf.is_none())
    }
}
