//! Where a token lies: the CONNECT payload, the `Authorization` header, a cookie.

use serde_json::Value;

use super::fault::PlaceFault;
use crate::cookie::Cookies;

/// Where tokens are looked for, as `JWT_TOKEN_LOCATION` and its neighbours say. The CONNECT payload
/// is always one of the places (contract §4); a query never is, for it ends in logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPlaces {
    /// The word before the token in `Authorization`, byte for byte; empty: the token stands alone.
    /// None: the header is not read.
    pub header: Option<String>,
    /// The cookie, where cookies are read.
    pub cookie: Option<String>,
}

impl Default for TokenPlaces {
    /// `Authorization: Bearer`.
    fn default() -> Self {
        Self {
            header: Some("Bearer".to_owned()),
            cookie: None,
        }
    }
}

/// Where a token lay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// `token` of the CONNECT payload.
    Payload,
    /// `Authorization`.
    Header,
    /// The cookie: the browser sent it by itself, so the page has to prove that it is the user's own.
    Cookie,
}

/// A token that was found; it is not believed yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// The token.
    pub token: &'a str,
    /// Where it lay.
    pub place: Place,
}

impl TokenPlaces {
    /// The first token, in the order payload, header, cookie; none where none is there. A bad one ends
    /// the search: nothing weaker is tried then.
    ///
    /// `payload` is the CONNECT payload, `authorization` the header.
    ///
    /// # Errors
    /// Where something stands for a token and is none.
    pub fn find<'a>(
        &self,
        payload: Option<&'a Value>,
        authorization: Option<&'a str>,
        cookies: &'a Cookies,
    ) -> Result<Option<Found<'a>>, PlaceFault> {
        let found = |place| move |token| Found { token, place };
        if let Some(token) = of_payload(payload)? {
            return Ok(Some(token).map(found(Place::Payload)));
        }
        if let (Some(kind), Some(header)) = (&self.header, authorization)
            && let Some(token) = of_header(kind, header)?
        {
            return Ok(Some(token).map(found(Place::Header)));
        }
        let cookie = self.cookie.as_deref().and_then(|name| cookies.first(name));
        Ok(cookie
            .filter(|token| !token.is_empty())
            .map(found(Place::Cookie)))
    }
}

/// Pages write null or an empty text when nobody is logged in.
fn of_payload(payload: Option<&Value>) -> Result<Option<&str>, PlaceFault> {
    match payload.and_then(|payload| payload.get("token")) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(token)) => Ok(Some(token.as_str()).filter(|token| !token.is_empty())),
        Some(_) => Err(PlaceFault::Payload),
    }
}

/// As Flask-JWT-Extended reads it: a comma list, in which exactly one field has the word in front.
fn of_header<'a>(kind: &str, header: &'a str) -> Result<Option<&'a str>, PlaceFault> {
    let header = header.trim().trim_matches(',');
    if kind.is_empty() {
        let mut words = header.split_whitespace();
        return match (words.next(), words.next()) {
            (None, _) => Ok(None),
            (Some(token), None) => Ok(Some(token)),
            _ => Err(PlaceFault::Header),
        };
    }
    let mut ours = header
        .split(',')
        .map(str::split_whitespace)
        .filter_map(|mut words| (words.next() == Some(kind)).then_some(words));
    match (ours.next(), ours.next()) {
        (Some(mut words), None) => match (words.next(), words.next()) {
            (Some(token), None) => Ok(Some(token)),
            _ => Err(PlaceFault::Header),
        },
        // None, or several: then it cannot be known which one counts.
        _ => Ok(None),
    }
}

/// Where only: the token logs somebody in.
impl std::fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
