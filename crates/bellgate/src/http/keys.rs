//! API keys: who publishes, and what they may do.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use bellgate_codes::Refusal;
use subtle::ConstantTimeEq as _;

use crate::config::{ApiKey, Scope};

/// The keys of the settings.
pub(crate) struct Keys(Vec<ApiKey>);

impl Keys {
    pub(crate) fn new(keys: &[ApiKey]) -> Self {
        Self(keys.to_vec())
    }

    /// The key of a request, if it may do this. Every key is compared, in constant time.
    pub(crate) fn check(&self, headers: &HeaderMap, scope: Scope) -> Result<&ApiKey, Refusal> {
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let (Some(given), None) = (given.next(), given.next()) else {
            return Err(Refusal::ApiKeyInvalid {});
        };
        let given = given.to_str().ok().and_then(|value| value.split_once(' '));
        let Some(("Bearer" | "bearer", given)) = given else {
            return Err(Refusal::ApiKeyInvalid {});
        };
        let mut found = None;
        for key in &self.0 {
            if key
                .key
                .expose()
                .as_bytes()
                .ct_eq(given.trim().as_bytes())
                .into()
            {
                found = Some(key);
            }
        }
        let key = found.ok_or(Refusal::ApiKeyInvalid {})?;
        if key.allows(scope) {
            return Ok(key);
        }
        Err(Refusal::ApiKeyScope {
            key: key.name.clone(),
            scope: scope.name().to_owned(),
        })
    }
}
