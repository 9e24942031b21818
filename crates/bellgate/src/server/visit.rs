//! Where one connection stands: what its requests brought, until that has come to a user.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bellgate_codes::Refusal;
use bellgate_gate::RequestFacts;
use bellgate_gate::identity::{
    Answers, Brought, Credentials, Found, Identities, Identity, NamespaceRule, Need, Question,
    Standing,
};

/// So many seconds before the end of a login its page is told (contract §4).
const AHEAD: u64 = 30;

/// How far ahead the end of a login is looked at; timers reach no further than two years.
const LOOK: Duration = Duration::from_secs(24 * 60 * 60);

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    /// By which logins are judged, in Unix seconds.
    pub(super) unix: u64,
    /// By which deadlines are set.
    pub(super) instant: Instant,
}

impl Clocks {
    /// Now, where the shard's clock shows `instant`.
    pub(super) fn now(instant: Instant) -> Self {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            unix: unix.unwrap_or_default().as_secs(),
            instant,
        }
    }

    /// The first moment after the last second, or an earlier one to look again.
    fn look_at(self, end: u64) -> Instant {
        let left = Duration::from_secs(end.saturating_sub(self.unix).saturating_add(1));
        self.instant + left.min(LOOK)
    }
}

/// What is known of who a connection belongs to.
pub(super) struct Visit {
    /// Of the request that opened the session; dropped once it can make no difference any more.
    opening: Option<Box<Credentials>>,
    /// Of the POST whose packets are being told.
    posted: Option<Arc<Credentials>>,
    /// Tells the credentials that were looked at last.
    seen: Option<u64>,
    standing: Standing,
    /// Of the user that has joined, where its login has an end.
    ends: Option<Ends>,
    /// When the application is asked about its user again.
    recheck: Option<Instant>,
}

/// How a login ends.
#[derive(Clone, Copy)]
struct Ends {
    /// Its last second.
    end: u64,
    /// When to look at it.
    at: Instant,
    /// The page knows that it is near.
    is_told: bool,
}

impl Ends {
    fn new(end: u64, clocks: Clocks) -> Self {
        Self {
            end,
            at: clocks.look_at(end.saturating_sub(AHEAD + 1)),
            is_told: false,
        }
    }
}

/// What a later request of a session has brought, and what was found out about it by now.
pub(crate) struct Look {
    credentials: Credentials,
    is_bound: bool,
    pub(super) answers: Answers,
}

/// What a CONNECT is judged by, beside the request that opened the session.
pub(super) struct Judged<'a> {
    pub(super) brought: &'a Brought,
    /// Of the POST that it came by.
    pub(super) posted: Option<&'a Credentials>,
    /// What was found out for it by now.
    pub(super) answers: &'a Answers,
}

/// Why nothing is said of a CONNECT but this.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unjudged {
    /// It is refused.
    Refused(Refusal),
    /// This is to be found out first.
    Needs(Need),
}

impl From<Refusal> for Unjudged {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a login's time asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// The page is to be told that it ends with this second.
    Expiring(u64),
    /// The application is to be asked again who the user is.
    Recheck,
    /// The connection is to end.
    Over(Refusal),
}

impl Visit {
    /// A session was opened with these.
    pub(super) fn new(opening: Credentials) -> Self {
        Self {
            seen: opening.bytes_hash(),
            opening: Some(Box::new(opening)),
            posted: None,
            standing: Standing::Visitor { because: None },
            ends: None,
            recheck: None,
        }
    }

    /// The packets that follow came with these; or another way, which brings nothing of its own.
    pub(super) fn posted(&mut self, credentials: Option<Credentials>) {
        self.posted = credentials.map(Arc::new);
    }

    /// What the POST brought whose packets are being told: a CONNECT that has to wait takes it along.
    pub(super) fn brought_by_post(&self) -> Option<Arc<Credentials>> {
        self.posted.clone()
    }

    /// A request of the session: credentials that have changed, which are to be looked at.
    pub(super) fn see(&mut self, facts: &RequestFacts, is_bound: bool) -> Option<Look> {
        self.standing.identity()?;
        let seen = facts.credentials_hash();
        if seen.is_none() || seen == self.seen {
            return None;
        }
        self.seen = seen;
        Some(Look {
            credentials: facts.credentials(),
            is_bound,
            answers: Answers::default(),
        })
    }

    /// Credentials of a later request must be the same user's; if they are, the login lasts as long as
    /// theirs says. What proves nobody changes nothing (contract §3). What is to be found out first, if
    /// anything is.
    pub(super) fn look(
        &mut self,
        identities: &Identities,
        look: &Look,
        clocks: Clocks,
    ) -> Result<Option<Need>, Refusal> {
        let brought = Brought::by_request(look.is_bound);
        let found = identities.find(&look.credentials, &brought, &look.answers, clocks.unix);
        let found = match found {
            Found::Known(found) => found,
            Found::Refused(_) => return Ok(None),
            Found::Needs(need) => return Ok(Some(need)),
        };
        let end = found.identity().and_then(|identity| identity.expires_at);
        self.take(found)?;
        // Requests overtake each other: an older cookie takes nothing back.
        if let (Some(end), Some(held)) = (end, self.ends)
            && end > held.end
        {
            self.ends = Some(Ends::new(end, clocks));
        }
        Ok(None)
    }

    /// Judges what has been brought by now.
    ///
    /// A token in the payload decides alone. Else the POST of a CONNECT counts before the request that
    /// opened the session; one that brings nothing inherits what stands already. A visitor may become a
    /// user; a user never becomes another (contract §3).
    pub(super) fn judge(
        &mut self,
        identities: &Identities,
        asked: &Judged<'_>,
        now: u64,
    ) -> Result<(), Unjudged> {
        let (brought, answers) = (asked.brought, asked.answers);
        if identities.reads_tokens() && brought.has_token() {
            let found = identities.find(&Credentials::default(), brought, answers, now);
            return Ok(self.take(known(found)?)?);
        }
        // Of a user whom the application has told, it is asked about another payload as well.
        if let Some(question) = self.question().and_then(|held| held.with_payload(brought)) {
            return Ok(self.take(known(identities.answered(question, answers))?)?);
        }
        let posted = asked.posted.filter(|posted| posted.may_log_in());
        // What the opening request brought was judged with the first CONNECT; this one's payload was not.
        let nothing = Credentials::default();
        let opening = match &self.opening {
            Some(opening) => Some(&**opening),
            None if identities.asks_application() && posted.is_none() && brought.may_log_in() => {
                Some(&nothing)
            }
            None => None,
        };
        if let Some(opening) = opening
            && !self.standing.is_settled()
        {
            let found = identities.find(opening, brought, answers, now);
            self.take(known(found)?)?;
        }
        // Cookies that were judged already take nothing back that the application has said since.
        if let Some(posted) = posted
            && !(self.standing.is_settled() && posted.bytes_hash() == self.seen)
        {
            let found = identities.find(posted, brought, answers, now);
            self.take(known(found)?)?;
        }
        Ok(())
    }

    fn take(&mut self, found: Standing) -> Result<(), Refusal> {
        match (&mut self.standing, found) {
            (Standing::User(own), Standing::User(mut other)) => {
                if own.identity.user != other.identity.user {
                    return Err(Refusal::IdentityChanged {});
                }
                // A page that has proven itself need not do so again.
                if own.csrf.is_none() {
                    other.csrf = None;
                }
                let ends = [own.identity.expires_at, other.identity.expires_at];
                other.identity.expires_at = ends.into_iter().flatten().max();
                *own = other;
            }
            (Standing::User(_), Standing::Visitor { .. }) => {}
            (standing @ Standing::Visitor { .. }, found) => *standing = found,
        }
        Ok(())
    }

    /// Whether a namespace may be joined, and by whom.
    pub(super) fn admit(
        &mut self,
        namespace: &str,
        rule: &NamespaceRule,
        clocks: Clocks,
    ) -> Result<Option<Identity>, Refusal> {
        let identity = self.standing.admit(namespace, rule, clocks.unix)?.cloned();
        self.opening = None;
        let end = identity.as_ref().and_then(|identity| identity.expires_at);
        // Another namespace of the same login: what the page knows it knows.
        if self.ends.map(|held| held.end) != end {
            self.ends = end.map(|end| Ends::new(end, clocks));
        }
        Ok(identity)
    }

    /// What the application was asked, where its answer has made the user.
    pub(super) fn question(&self) -> Option<&Question> {
        match &self.standing {
            Standing::User(user) => user.question.as_ref(),
            Standing::Visitor { .. } => None,
        }
    }

    /// Has it asked again after this time, unless that is settled.
    pub(super) fn recheck_after(&mut self, interval: Duration, clocks: Clocks) {
        if self.question().is_some() {
            self.recheck.get_or_insert(clocks.instant + interval);
        }
    }

    /// Who would have been refused, if the mode were not `report`.
    pub(super) const fn reported(&self) -> Option<&Refusal> {
        match &self.standing {
            Standing::User(user) => user.reported.as_ref(),
            Standing::Visitor { .. } => None,
        }
    }

    /// The user's id, where there is one.
    pub(super) fn user(&self) -> Option<&str> {
        self.identity().map(|identity| identity.user.as_str())
    }

    /// The user, where there is one.
    pub(super) const fn identity(&self) -> Option<&Identity> {
        self.standing.identity()
    }

    /// Its user is this by now. What it was before, if that user has joined and is the same.
    ///
    /// # Errors
    /// [`Refusal::IdentityChanged`] where it is another one.
    pub(super) fn renew(
        &mut self,
        identity: Identity,
        clocks: Clocks,
    ) -> Result<Option<Identity>, Refusal> {
        let Standing::User(own) = &mut self.standing else {
            return Ok(None);
        };
        if own.identity.user != identity.user {
            return Err(Refusal::IdentityChanged {});
        }
        self.ends = identity.expires_at.map(|end| Ends::new(end, clocks));
        Ok(Some(std::mem::replace(&mut own.identity, identity)))
    }

    /// Whether this is its user as it was, of whose login the page knows no end that is near.
    pub(super) fn is_same_but_for_its_end(&self, identity: &Identity) -> bool {
        let is_told = self.ends.is_some_and(|ends| ends.is_told);
        !is_told
            && self.identity().is_some_and(|held| {
                let held = Identity {
                    expires_at: identity.expires_at,
                    ..held.clone()
                };
                held == *identity
            })
    }

    /// Its user's login ends at another time.
    pub(super) fn move_end(&mut self, end: Option<u64>, clocks: Clocks) {
        if let Standing::User(own) = &mut self.standing {
            own.identity.expires_at = end;
            self.ends = end.map(|end| Ends::new(end, clocks));
        }
    }

    /// When to call [`Visit::handle_timeout`].
    pub(super) fn poll_deadline(&self) -> Option<Instant> {
        let ends = self.ends.map(|ends| ends.at);
        ends.into_iter().chain(self.recheck).min()
    }

    /// Whether the end of the login is near, or there, or it is to be looked at again.
    pub(super) fn handle_timeout(&mut self, clocks: Clocks) -> Due {
        if self.recheck.is_some_and(|at| at <= clocks.instant) {
            self.recheck = None;
            return Due::Recheck;
        }
        let Some(ends) = self.ends.as_mut().filter(|ends| ends.at <= clocks.instant) else {
            return Due::Nothing;
        };
        if clocks.unix > ends.end {
            self.ends = None;
            return Due::Over(self.standing.expired());
        }
        let is_near = clocks.unix + AHEAD >= ends.end;
        if is_near && !std::mem::replace(&mut ends.is_told, true) {
            ends.at = clocks.look_at(ends.end);
            return Due::Expiring(ends.end);
        }
        let next = if ends.is_told { 0 } else { AHEAD + 1 };
        ends.at = clocks.look_at(ends.end.saturating_sub(next));
        Due::Nothing
    }
}

fn known(found: Found) -> Result<Standing, Unjudged> {
    match found {
        Found::Known(standing) => Ok(standing),
        Found::Refused(refusal) => Err(Unjudged::Refused(refusal)),
        Found::Needs(need) => Err(Unjudged::Needs(need)),
    }
}

#[cfg(test)]
mod tests {
    use bellgate_gate::identity::{Provider, User};

    use super::*;

    fn user(name: &str, csrf: Option<Refusal>) -> Standing {
        let identity = Identity {
            user: name.to_owned(),
            roles: Vec::new(),
            expires_at: Some(1_000_000),
            is_fresh: true,
            topics: Box::default(),
            provider: Provider::Session,
            session_key: None,
        };
        Standing::User(User {
            identity,
            csrf,
            reported: None,
            question: None,
        })
    }

    fn visitor() -> Standing {
        Standing::Visitor { because: None }
    }

    fn joined(visit: &mut Visit, unix: u64, instant: Instant) -> Option<String> {
        let rule = NamespaceRule::default();
        let identity = visit.admit("/", &rule, Clocks { unix, instant }).unwrap();
        identity.map(|identity| identity.user)
    }

    #[test]
    fn a_visitor_may_become_a_user_and_a_user_never_another() {
        let (mut visit, at) = (Visit::new(Credentials::default()), Instant::now());
        assert_eq!(joined(&mut visit, 0, at), None);
        visit.take(user("7", None)).unwrap();
        assert_eq!(joined(&mut visit, 0, at).as_deref(), Some("7"));
        assert_eq!(
            visit.take(user("8", None)),
            Err(Refusal::IdentityChanged {})
        );
        visit.take(visitor()).unwrap();
        assert_eq!(joined(&mut visit, 0, at).as_deref(), Some("7"));
    }

    #[test]
    fn a_page_that_has_proven_itself_need_not_again() {
        let mut visit = Visit::new(Credentials::default());
        let missing = || user("7", Some(Refusal::CsrfMissing {}));
        visit.take(missing()).unwrap();
        assert!(
            visit
                .admit("/", &NamespaceRule::default(), Clocks::now(Instant::now()))
                .is_err()
        );
        visit.take(user("7", None)).unwrap();
        visit.take(missing()).unwrap();
        assert_eq!(joined(&mut visit, 0, Instant::now()).as_deref(), Some("7"));
    }

    fn at(unix: u64, instant: Instant) -> Clocks {
        Clocks { unix, instant }
    }

    #[test]
    fn a_login_is_looked_at_daily_told_when_its_end_is_near_and_ends_after_its_last_second() {
        let (mut visit, begun) = (Visit::new(Credentials::default()), Instant::now());
        visit.take(user("7", None)).unwrap();
        let left = 100_000;
        let joined = joined(&mut visit, 1_000_000 - left, begun);
        assert_eq!(joined.as_deref(), Some("7"));
        let first = visit.poll_deadline().unwrap();
        assert_eq!(first - begun, LOOK);
        let early = visit.handle_timeout(at(1_000_000, begun));
        assert_eq!(early, Due::Nothing, "not due");
        let unix = 1_000_000 - left + LOOK.as_secs();
        assert_eq!(visit.handle_timeout(at(unix, first)), Due::Nothing);
        let near = visit.poll_deadline().unwrap();
        assert_eq!(near - begun, Duration::from_secs(left - AHEAD));
        let told = visit.handle_timeout(at(1_000_000 - AHEAD, near));
        assert_eq!(told, Due::Expiring(1_000_000));
        let last = visit.poll_deadline().unwrap();
        assert_eq!(last - near, Duration::from_secs(AHEAD + 1));
        // The wall clock may have been set back meanwhile.
        assert_eq!(visit.handle_timeout(at(999_999, last)), Due::Nothing);
        let last = visit.poll_deadline().unwrap();
        let Due::Over(ended) = visit.handle_timeout(at(1_000_001, last)) else {
            panic!("it is over");
        };
        assert_eq!(ended.code().name(), "session_expired");
        assert_eq!(visit.poll_deadline(), None);
    }

    #[test]
    fn a_login_that_is_renewed_is_told_of_its_new_end_and_stays_the_users() {
        let (mut visit, begun) = (Visit::new(Credentials::default()), Instant::now());
        visit.take(user("7", None)).unwrap();
        joined(&mut visit, 999_990, begun);
        let near = visit.poll_deadline().unwrap();
        assert_eq!(near - begun, Duration::from_secs(1), "it is near already");
        assert_eq!(
            visit.handle_timeout(at(999_991, near)),
            Due::Expiring(1_000_000)
        );
        let Standing::User(User { mut identity, .. }) = user("7", None) else {
            panic!("a user");
        };
        identity.expires_at = Some(2_000_000);
        let clocks = at(999_995, near);
        let before = visit.renew(identity.clone(), clocks).unwrap().unwrap();
        assert_eq!(before.expires_at, Some(1_000_000));
        let next = visit.poll_deadline().unwrap();
        assert_eq!(next - near, LOOK, "a day is as far as it looks");
        identity.user = "8".to_owned();
        assert_eq!(
            visit.renew(identity, clocks),
            Err(Refusal::IdentityChanged {})
        );
    }
}
