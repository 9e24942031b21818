//! Secrets, and the keys of the HTTP API.
//!
//! A [`Secret`] never shows its text by accident: not in `{:?}`, so not in a log either.

use std::fmt;

use super::value::Dropped;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Compare it in constant time.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("••••")
    }
}

/// One key of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Who uses it: shown in logs and metrics.
    pub name: String,
    /// The key.
    pub key: Secret,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

impl ApiKey {
    /// Whether the key may do this.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Publish notifications.
    Publish,
    /// Emit events.
    Emit,
    /// Read state: rooms, users, streams.
    Read,
    /// Change it: disconnect, block, reload.
    Manage,
}

impl Scope {
    /// All scopes, in the order of the docs.
    pub const ALL: [Self; 4] = [Self::Publish, Self::Emit, Self::Read, Self::Manage];

    /// The word in `BELLGATE_API_KEYS`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Emit => "emit",
            Self::Read => "read",
            Self::Manage => "manage",
        }
    }
}

/// The usable keys of a comma list, and the place of each entry that cannot be used.
///
/// No part of a broken entry is told: which of its parts was meant as the key is not known.
pub(super) fn parse_api_keys(text: &str) -> (Vec<ApiKey>, Vec<Dropped>) {
    let mut keys = Vec::new();
    let mut dropped = Vec::new();
    // A file may end with a line feed, or have an entry a line.
    let entries = text.split([',', '\n']).map(str::trim);
    for (at, entry) in entries.enumerate() {
        if entry.is_empty() {
            continue;
        }
        match parse_api_key(entry) {
            Ok(key) => keys.push(key),
            Err(reason) => dropped.push(Dropped {
                entry: format!("entry {}", at + 1),
                reason: reason.to_owned(),
            }),
        }
    }
    (keys, dropped)
}

fn parse_api_key(entry: &str) -> Result<ApiKey, &'static str> {
    let mut parts = entry.split(':');
    let name = parts.next().unwrap_or_default();
    let key = parts.next().ok_or("is not name:key[:scope+scope]")?;
    let scopes = parts.next();
    if parts.next().is_some() {
        return Err("has more than three parts: a key holds no colon");
    }
    if name.is_empty() || key.is_empty() {
        return Err("has an empty name or key");
    }
    if entry.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("has blanks or control characters");
    }
    Ok(ApiKey {
        name: name.to_owned(),
        key: Secret::new(key),
        scopes: parse_scopes(scopes)?,
    })
}

fn parse_scopes(text: Option<&str>) -> Result<Vec<Scope>, &'static str> {
    let Some(text) = text else {
        return Ok(vec![Scope::Publish]);
    };
    let mut scopes = Vec::new();
    for word in text.split('+') {
        let scope = Scope::ALL
            .into_iter()
            .find(|scope| scope.name().eq_ignore_ascii_case(word))
            .ok_or("has an unknown scope: publish, emit, read and manage are known")?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_without_scopes_may_publish_and_nothing_else() {
        let (keys, dropped) = parse_api_keys("shop:abc");
        assert!(dropped.is_empty());
        assert_eq!(keys[0].name, "shop");
        assert_eq!(keys[0].key.expose(), "abc");
        assert_eq!(keys[0].scopes, [Scope::Publish]);
    }

    #[test]
    fn scopes_are_joined_by_plus() {
        let (keys, _) = parse_api_keys(" a:k:publish+emit , b:l:MANAGE");
        assert_eq!(keys[0].scopes, [Scope::Publish, Scope::Emit]);
        assert!(keys[1].allows(Scope::Manage) && !keys[1].allows(Scope::Read));
    }

    #[test]
    fn an_entry_that_cannot_be_used_is_dropped_without_telling_it() {
        let (keys, dropped) = parse_api_keys("k3y,a:b3d:fly,:x,a:,a:b:read:c,a:b c,ok:g00d,a:b:");
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].name, "ok");
        assert_eq!(dropped.len(), 7);
        let told = format!("{dropped:?}");
        for hidden in ["k3y", "b3d", "fly", "g00d"] {
            assert!(!told.contains(hidden), "{told}");
        }
        assert_eq!(dropped[1].entry, "entry 2");
    }

    #[test]
    fn a_key_is_not_shown_by_debug() {
        let (keys, _) = parse_api_keys("shop:t0psecret");
        assert!(!format!("{keys:?}").contains("t0psecret"));
    }

    proptest! {
        #[test]
        fn every_entry_is_kept_or_dropped_and_never_panics(text in any::<String>()) {
            let (keys, dropped) = parse_api_keys(&text);
            let entries = text.split([',', '\n']).filter(|entry| !entry.trim().is_empty()).count();
            prop_assert_eq!(keys.len() + dropped.len(), entries);
        }
    }
}
