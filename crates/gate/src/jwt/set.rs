//! The keys of a JWKS URL: which one a token means, and when the set is fetched.
//!
//! Nothing is fetched here. A driver asks [`KeySet::poll_fetch`]; when it says so, the driver fetches
//! the configured URL, follows no redirect, takes at most [`SET_BYTES`] within [`FETCH_TIMEOUT`], and
//! hands over what came. Nothing of a token ever becomes part of the URL. One set belongs to one
//! issuer: a key is known by issuer and name (hardening §3 row 31).

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::algorithm::Algorithm;
use super::fault::{SetFault, TokenFault};
use super::json;
use super::jwk::NamedKey;
use super::key::Key;

/// The largest key set that is read, in bytes.
pub const SET_BYTES: usize = 1024 * 1024;

/// Most keys of a set; further ones are left out.
pub const SET_KEYS: usize = 100;

/// The longest that a fetch may take.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a set is fetched at most, whatever keys tokens ask for.
pub const REFRESH_AT_MOST: Duration = Duration::from_secs(60);

/// How old a set may become before it is fetched anew; a key that was taken out of it is believed at
/// most that long while the URL answers.
pub const REFRESH_EVERY: Duration = Duration::from_secs(600);

/// How long keys are believed while the URL does not answer.
const BELIEVED: Duration = Duration::from_secs(24 * 3600);

/// How soon after a first fetch that failed it is tried again; until then nobody needs to wait for it.
const FIRST_RETRY: Duration = Duration::from_secs(5);

/// The keys of one JWKS URL. A clone shares the keys, as they are then.
#[derive(Debug, Clone)]
pub struct KeySet {
    allowed: Option<Vec<Algorithm>>,
    made: Instant,
    keys: Arc<Vec<NamedKey>>,
    fetched: Option<Instant>,
    /// When the last fetch ended, or the one under way began.
    tried: Option<Instant>,
    is_fetching: bool,
    is_wanted: bool,
}

impl KeySet {
    /// A set that is still to be fetched. `allowed`: the pinned algorithms; without any, each key is
    /// for the algorithm that it names or the usual one of its type.
    pub fn new(allowed: Option<Vec<Algorithm>>, now: Instant) -> Self {
        Self {
            allowed,
            made: now,
            keys: Arc::default(),
            fetched: None,
            tried: None,
            is_fetching: false,
            is_wanted: false,
        }
    }

    /// Whether the URL is to be fetched now. After `true` comes [`Self::handle_fetched`] or
    /// [`Self::handle_failed`].
    pub fn poll_fetch(&mut self, now: Instant) -> bool {
        self.forget_old(now);
        let is_due = self.poll_deadline().is_some_and(|due| due <= now);
        if is_due {
            self.is_fetching = true;
            self.is_wanted = false;
            self.tried = Some(now);
        }
        is_due
    }

    /// When [`Self::poll_fetch`] is to be asked next; none while a fetch is under way.
    pub fn poll_deadline(&self) -> Option<Instant> {
        if self.is_fetching {
            return None;
        }
        let pause = match self.fetched {
            None => FIRST_RETRY,
            Some(_) => REFRESH_AT_MOST,
        };
        let soonest = self.tried.map_or(self.made, |tried| tried + pause);
        match self.fetched {
            Some(fetched) if !self.is_wanted => Some(soonest.max(fetched + REFRESH_EVERY)),
            _ => Some(soonest),
        }
    }

    /// Tells that a token asked for a key that is not here. Whether a fetch may bring it: one is under
    /// way, or due now. Else the token is refused; who asks for 10,000 keys has the set fetched once a
    /// minute.
    pub fn handle_unknown_key(&mut self, now: Instant) -> bool {
        self.is_wanted = true;
        self.is_fetching || self.poll_deadline().is_some_and(|due| due <= now)
    }

    /// Takes what the URL answered. How many keys can be used.
    ///
    /// # Errors
    /// Why it is not taken; the old keys hold.
    pub fn handle_fetched(&mut self, body: &[u8], now: Instant) -> Result<usize, SetFault> {
        self.end_fetch(now);
        self.keys = Arc::new(read(body, self.allowed.as_deref())?);
        self.fetched = Some(now);
        Ok(self.keys.len())
    }

    /// The URL did not answer, or not with a 200.
    pub fn handle_failed(&mut self, now: Instant) {
        self.end_fetch(now);
        self.forget_old(now);
    }

    /// Whether it was ever fetched, and is not too old to be believed.
    pub const fn is_ready(&self) -> bool {
        self.fetched.is_some()
    }

    /// The key that a token's header means: that of its name, or, without one, the only key for its
    /// algorithm.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, TokenFault> {
        if !self.is_ready() {
            return Err(TokenFault::NoKeysYet);
        }
        let mut fitting = self.keys.iter().filter(|named| {
            named.key.is_for(algorithm) && kid.is_none_or(|kid| named.kid.as_deref() == Some(kid))
        });
        match (fitting.next(), fitting.next()) {
            (Some(named), None) => Ok(&named.key),
            _ => Err(TokenFault::UnknownKey),
        }
    }

    fn end_fetch(&mut self, now: Instant) {
        self.is_fetching = false;
        self.tried = Some(now);
    }

    /// Keys that nobody has confirmed for too long are believed no more.
    fn forget_old(&mut self, now: Instant) {
        let is_old = |at: Instant| now.saturating_duration_since(at) > BELIEVED;
        if self.fetched.is_some_and(is_old) {
            self.fetched = None;
            self.keys = Arc::default();
        }
    }
}

fn read(body: &[u8], allowed: Option<&[Algorithm]>) -> Result<Vec<NamedKey>, SetFault> {
    if body.len() > SET_BYTES {
        return Err(SetFault::TooLong);
    }
    let set = json::object(body).ok_or(SetFault::NotASet)?;
    let Some(Value::Array(list)) = set.get("keys") else {
        return Err(SetFault::NotASet);
    };
    let mut keys: Vec<NamedKey> = Vec::new();
    for jwk in list.iter().filter_map(Value::as_object) {
        if keys.len() == SET_KEYS {
            break;
        }
        keys.extend(NamedKey::read(jwk, allowed));
    }
    if keys.is_empty() {
        return Err(SetFault::NoKeys);
    }
    Ok(keys)
}
