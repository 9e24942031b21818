//! Sessions that a store keeps: what has to be fetched before anybody can be known, and what becomes of a
//! user whose session has changed.

use std::sync::Arc;

use bellgate_codes::Refusal;

use super::find::{Found, Identities};
use super::outside::{Answer, Answers, Need};
use super::standing::{Identity, Provider};
use crate::flask::{Client, Fault, Protection, Session, StoredSessions, login};

/// How Flask-Session keeps sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRules {
    /// `SESSION_KEY_PREFIX`
    pub prefix: String,
    /// `SESSION_USE_SIGNER`: ids in cookies are signed with `SECRET_KEY`.
    pub is_signed: bool,
}

/// The key at which a store keeps a session. Whoever knows it can be the session's user, so it is never
/// written out by accident.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StoredKey(Arc<str>);

impl StoredKey {
    /// The key itself, to ask the store.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for StoredKey {
    fn from(key: &str) -> Self {
        Self(key.into())
    }
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoredKey")
    }
}

/// Whether a cookie's value is one that a store has to explain. Flask's own cookies have two dots and more,
/// signed ids one, plain ones none.
fn names_stored(value: &str) -> bool {
    value.bytes().filter(|byte| *byte == b'.').count() < 2
}

impl Identities {
    /// Who a user is by now whose session was fetched anew; `value` is empty where there is none.
    ///
    /// # Errors
    /// Why the user is none any more: the session has ended, holds nobody, or holds somebody else.
    pub(super) fn by_session_anew(
        &self,
        held: &Identity,
        key: &StoredKey,
        value: &[u8],
    ) -> Result<Identity, Refusal> {
        let Some(stored) = self.stored() else {
            return Err(ended("sessions are not looked up any more"));
        };
        let id = stored.id_of_key(key.expose()).unwrap_or_default();
        let session = match stored.read(id, value) {
            Ok(Some(session)) => session,
            Ok(None) => return Err(ended("the application has ended the session")),
            Err(fault) => return Err(refused(fault)),
        };
        // The browser was compared at the login; what is compared now is the session with itself.
        let found = login(Some(&session), None, Protection::Off, &Client::default());
        match found {
            Some(found) if found.user == held.user => {
                let identity = Identity {
                    is_fresh: held.is_fresh && found.is_fresh,
                    ..held.clone()
                };
                Ok(self.with_roles(identity, self.roles_of(&session)))
            }
            Some(found) if !found.user.is_empty() => Err(Refusal::IdentityChanged {}),
            _ => Err(ended("the user has logged out")),
        }
    }

    /// The key and the value of the session that made this user, among what was fetched.
    pub fn session_of<'a>(
        &self,
        identity: &Identity,
        answers: &'a Answers,
    ) -> Option<(&'a StoredKey, &'a [u8])> {
        let stored = self.stored()?;
        let name = identity.session_key.as_deref()?;
        if identity.provider != Provider::Session {
            return None;
        }
        answers.sessions().find(|(key, _)| {
            let id = stored.id_of_key(key.expose());
            id.is_some_and(|id| Session::name_of(id) == name)
        })
    }

    /// The session that a cookie's value names, in what was fetched; none where this is not for a store to
    /// explain.
    ///
    /// # Errors
    /// That it has to be fetched first, or that it cannot be.
    pub(super) fn read_stored(
        &self,
        value: &str,
        answers: &Answers,
    ) -> Result<Option<Result<Session, Refusal>>, Box<Found>> {
        let Some(stored) = self.stored().filter(|_| names_stored(value)) else {
            return Ok(None);
        };
        let id = match stored.id(value) {
            Ok(id) => id,
            Err(fault) => return Ok(Some(Err(refused(fault)))),
        };
        let need = Need::Session(StoredKey::from(&*stored.key(id)));
        match answers.of(&need) {
            None => Err(Box::new(Found::Needs(need))),
            Some(Answer::Session(written)) => Ok(Some(read(stored, id, &written.0))),
            Some(Answer::Unavailable { what }) => {
                let what = (*what).to_owned();
                Err(Box::new(Found::Refused(Refusal::AuthUnavailable { what })))
            }
            Some(_) => Ok(Some(Err(ended("something else was fetched")))),
        }
    }
}

fn read(stored: &StoredSessions, id: &str, value: &[u8]) -> Result<Session, Refusal> {
    let session = stored.read(id, value).map_err(refused)?;
    session.ok_or_else(|| {
        ended(
            "the store holds no session for the cookie: it has ended, or BELLGATE_SESSION_REDIS_URL or \
             SESSION_KEY_PREFIX is not the application's",
        )
    })
}

pub(super) fn ended(detail: &str) -> Refusal {
    Refusal::SessionExpired {
        detail: detail.to_owned(),
    }
}

fn refused(fault: Fault) -> Refusal {
    let detail = match fault {
        Fault::Pickle => {
            "the stored session is a pickle, which is never decoded: upgrade Flask-Session \
                          to 0.7 or later and let sessions roll over"
                .to_owned()
        }
        Fault::Content(why) => format!("the stored session cannot be read: {why}"),
        fault => format!("the session cookie {fault}"),
    };
    Refusal::SessionInvalid { detail }
}
