//! What a CONNECT brings by itself.

use std::net::IpAddr;

use serde_json::Value;

/// Members of a payload that log nobody in: the page's proof, and Socket.IO's own for a connection that
/// comes back.
const NO_LOGIN: [&str; 3] = ["csrf_token", "pid", "offset"];

/// Where somebody asks to be let in, for the application that is asked who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The namespace.
    pub namespace: String,
    /// The page's origin in canonical form, which is admitted.
    pub origin: Option<String>,
    /// The client's address, as trusted proxies tell it.
    pub address: Option<IpAddr>,
}

/// What came with a CONNECT, beside the credentials of its requests.
#[derive(Default)]
pub struct Brought {
    payload: Payload,
    /// Whether the session is bound to an admitted origin; without one no cookie counts.
    pub(super) is_bound: bool,
    arrival: Option<Arrival>,
}

#[derive(Default)]
enum Payload {
    #[default]
    Nothing,
    Read(Value),
    /// Two readers could find different tokens in it (hardening §3 row 38).
    Unclear,
}

impl Brought {
    /// Of a request that asks for no namespace.
    pub fn by_request(is_bound: bool) -> Self {
        Self {
            is_bound,
            ..Self::default()
        }
    }

    /// Of a CONNECT. `auth`: its payload as JSON text.
    pub fn by_connect(auth: Option<&str>, is_bound: bool) -> Self {
        let payload = match auth.map(|auth| bellgate_json::parse(auth.as_bytes())) {
            None => Payload::Nothing,
            Some(Ok(value)) => Payload::Read(value),
            Some(Err(_)) => Payload::Unclear,
        };
        Self {
            payload,
            is_bound,
            arrival: None,
        }
    }

    /// With what the application is told if it is asked. Without, it is not.
    #[must_use]
    pub fn with_arrival(self, arrival: Arrival) -> Self {
        Self {
            arrival: Some(arrival),
            ..self
        }
    }

    pub(super) const fn arrival(&self) -> Option<&Arrival> {
        self.arrival.as_ref()
    }

    /// Whether its payload may log in where the application reads it.
    pub fn may_log_in(&self) -> bool {
        let members = self.payload().and_then(Value::as_object);
        members.is_some_and(|members| members.keys().any(|name| !NO_LOGIN.contains(&&**name)))
    }

    /// Whether its payload may hold a token, good or bad; then nothing else decides.
    pub fn has_token(&self) -> bool {
        match &self.payload {
            Payload::Nothing => false,
            Payload::Read(value) => {
                let token = value.get("token");
                token.is_some_and(|token| !token.is_null() && token.as_str() != Some(""))
            }
            Payload::Unclear => true,
        }
    }

    pub(super) const fn is_unclear(&self) -> bool {
        matches!(self.payload, Payload::Unclear)
    }

    pub(super) const fn payload(&self) -> Option<&Value> {
        match &self.payload {
            Payload::Read(value) => Some(value),
            Payload::Nothing | Payload::Unclear => None,
        }
    }

    /// The CSRF token of the payload; it comes before a header's.
    pub(super) fn csrf_token(&self) -> Option<&str> {
        self.text("csrf_token")
    }

    /// The text at this name of the payload.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.payload()?.get(name)?.as_str()
    }
}

/// Nothing of the payload: it logs somebody in.
impl std::fmt::Debug for Brought {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brought")
            .field("has_token", &self.has_token())
            .field("is_bound", &self.is_bound)
            .finish_non_exhaustive()
    }
}
