//! Logins by JSON Web Token: in the CONNECT payload, in `Authorization`, in a cookie.

use bellgate_codes::Refusal;

use super::brought::Brought;
use super::credentials::Credentials;
use super::find::Found;
use super::outside::{Answer, Answers, Need};
use super::settings::{CsrfMode, TokenSettings};
use super::standing::{Identity, Provider, Standing, User};
use crate::cookie::Cookies;
use crate::jwt::{CsrfFault, Place, Token, TokenFault, TokenPlaces, Tokens};

/// The reader of tokens.
pub(super) struct ByToken {
    tokens: Tokens,
    places: TokenPlaces,
    csrf: CsrfMode,
}

/// Why a token cannot be judged.
enum Lack {
    /// This is to be found out first.
    Asked(Need),
    /// This does not answer.
    Missing(&'static str),
}

impl ByToken {
    /// What is to be said of keys that cannot be used is said where the settings are read.
    pub(super) fn new(settings: &TokenSettings, csrf: CsrfMode) -> Self {
        let (tokens, _) = settings.build();
        Self {
            tokens,
            places: settings.places.clone(),
            csrf,
        }
    }

    /// Whether a cookie may hold a token.
    pub(super) const fn reads_cookies(&self) -> bool {
        self.places.cookie.is_some()
    }

    /// What the first token that there is comes to; none where there is none. A bad one is refused, but
    /// for a cookie's: whoever brings that is a visitor, as in Flask (contract §4).
    pub(super) fn find(
        &self,
        credentials: &Credentials,
        cookies: &Cookies,
        brought: &Brought,
        answers: &Answers,
        now: u64,
    ) -> Option<Found> {
        let authorization = credentials.authorization();
        let found = self
            .places
            .find(brought.payload(), authorization, cookies)
            .map_err(|fault| Refusal::TokenInvalid {
                detail: format!("the request {fault}"),
            });
        let found = match found {
            Ok(found) => found?,
            Err(refusal) => return Some(Found::Refused(refusal)),
        };
        let is_cookie = found.place == Place::Cookie;
        let token = match self.read(found.token, answers, now) {
            Ok(token) => token,
            Err(Lack::Asked(need)) => return Some(Found::Needs(need)),
            Err(Lack::Missing(what)) => return Some(Found::Refused(unavailable(what))),
        };
        Some(match token {
            Ok(token) if token.user.is_empty() => {
                let detail = "the token names nobody: its user is an empty text".to_owned();
                bad(Refusal::TokenInvalid { detail }, is_cookie)
            }
            Ok(token) => {
                let csrf = is_cookie.then(|| self.judge_csrf(&token, credentials, brought));
                Found::Known(Standing::User(self.user(token, csrf.flatten())))
            }
            Err(fault) => bad(refused(fault), is_cookie),
        })
    }

    /// Reads a token with the keys that are at hand, or says that they, or newer ones, are needed.
    fn read(
        &self,
        token: &str,
        answers: &Answers,
        now: u64,
    ) -> Result<Result<Token, TokenFault>, Lack> {
        let mut keys = None;
        for need in [Need::Keys, Need::NewerKeys] {
            let read = self.tokens.read(token, keys, now);
            let is_lacking = matches!(read, Err(TokenFault::NoKeysYet | TokenFault::UnknownKey));
            if !is_lacking {
                return Ok(read);
            }
            keys = match answers.of(&need) {
                None => return Err(Lack::Asked(need)),
                Some(Answer::Keys(set)) => Some(&**set),
                // No answer to this.
                Some(Answer::Session(_) | Answer::Said(_)) => None,
                // What is not there cannot tell a new key from a false one.
                Some(Answer::Unavailable { what }) => return Err(Lack::Missing(what)),
            };
        }
        Ok(self.tokens.read(token, keys, now))
    }

    fn user(&self, token: Token, refusal: Option<Refusal>) -> User {
        let (csrf, reported) = self.csrf.weigh(refusal);
        let identity = Identity {
            user: token.user,
            roles: token.roles,
            expires_at: token.expires_at,
            is_fresh: token.is_fresh,
            topics: Box::default(),
            provider: Provider::Token,
            session_key: None,
        };
        User {
            identity,
            csrf,
            reported,
            question: None,
        }
    }

    /// Whether the page that asks is the user's own: Flask-JWT-Extended's double submit.
    fn judge_csrf(
        &self,
        token: &Token,
        credentials: &Credentials,
        brought: &Brought,
    ) -> Option<Refusal> {
        if !self.csrf.asks(token.claims().contains_key("csrf")) {
            return None;
        }
        let value = brought.csrf_token().or(credentials.csrf());
        let fault = token.check_csrf(value).err()?;
        Some(match fault {
            CsrfFault::Missing => Refusal::CsrfMissing {},
            CsrfFault::NoClaim | CsrfFault::Mismatch => Refusal::CsrfInvalid {
                detail: format!("it {fault}"),
            },
        })
    }
}

pub(super) fn unavailable(what: &str) -> Refusal {
    let what = what.to_owned();
    Refusal::AuthUnavailable { what }
}

fn bad(refusal: Refusal, is_cookie: bool) -> Found {
    if is_cookie {
        let because = Some(refusal);
        Found::Known(Standing::Visitor { because })
    } else {
        Found::Refused(refusal)
    }
}

fn refused(fault: TokenFault) -> Refusal {
    let detail = format!("the token {fault}");
    if fault.is_expired() {
        Refusal::TokenExpired { detail }
    } else {
        Refusal::TokenInvalid { detail }
    }
}
