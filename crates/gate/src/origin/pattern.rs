//! Entries that admit the hosts under a name: `https://*.example.com`.

use std::fmt;

use crate::canon::{Origin, Scheme};
use crate::host;

/// One or more whole labels in front of a name; scheme and port must be equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What stands behind the `*.`, with the pattern's scheme and port.
    base: Origin,
}

impl Pattern {
    /// Reads a pattern. None where the entry has no `*.` right behind its scheme.
    pub(crate) fn parse(entry: &str) -> Option<Result<Self, String>> {
        let entry = entry.trim();
        let (scheme, rest) = entry.split_once("://")?;
        let rest = rest.strip_prefix("*.")?;
        Some(Origin::parse_entry(&format!("{scheme}://{rest}")).and_then(Self::under))
    }

    /// Whether an origin's host is one or more whole labels in front of the name.
    pub fn matches(&self, origin: &Origin) -> bool {
        origin.scheme() == self.base.scheme()
            && origin.port() == self.base.port()
            && self.covers_host(origin.host())
    }

    /// Whether the host alone fits. A canonical host has no empty label and no `*`, so what is
    /// left in front of the dot is one label or more.
    pub(crate) fn covers_host(&self, host: &str) -> bool {
        host.strip_suffix(self.base.host())
            .and_then(|front| front.strip_suffix('.'))
            .is_some_and(|labels| !labels.is_empty())
    }

    /// The name behind the `*.`, with scheme and port.
    pub(crate) const fn base(&self) -> &Origin {
        &self.base
    }

    fn under(base: Origin) -> Result<Self, String> {
        if host::address(base.host()).is_some() {
            return Err("an address has no names under it".to_owned());
        }
        if !matches!(base.scheme(), Scheme::Http | Scheme::Https) {
            return Err("only http and https hosts have names under them".to_owned());
        }
        Ok(Self { base })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://*.{}", self.base.scheme().name(), self.base.host())?;
        match self.base.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use crate::Origin;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap().unwrap()
    }

    #[test]
    fn whole_labels_in_front_match_and_nothing_else() {
        let entry = pattern("https://*.Example.com:443/");
        assert_eq!(entry.to_string(), "https://*.example.com");
        for (origin, expected) in [
            ("https://a.example.com", true),
            ("https://a.b.example.com", true),
            ("https://xn--bcher-kva.example.com", true),
            ("https://example.com", false),
            ("https://evilexample.com", false),
            ("https://a.example.com.evil", false),
            ("https://a.example.com.", false),
            ("https://a.example.com:8443", false),
            ("http://a.example.com", false),
            ("https://a.example.org", false),
        ] {
            assert_eq!(
                entry.matches(&Origin::parse(origin).unwrap()),
                expected,
                "{origin}"
            );
        }
        let local = pattern("http://*.localhost:5000");
        assert!(local.matches(&Origin::parse("http://tenant.localhost:5000").unwrap()));
    }

    #[test]
    fn a_star_in_any_other_place_is_no_pattern() {
        for entry in [
            "*",
            "https://*",
            "https://a.*",
            "https://a*.example.com",
            "*.example.com",
            "*://example.com",
        ] {
            assert!(Pattern::parse(entry).is_none(), "{entry}");
        }
        for entry in [
            "https://*.*.example.com",
            "https://*.",
            "https://*.example.com/app",
            "https://*.10.0.0.1",
            "https://*.[::1]",
            "https://*.example.com:*",
            "wss://*.example.com",
            "capacitor://*.localhost",
        ] {
            assert!(Pattern::parse(entry).unwrap().is_err(), "{entry}");
        }
    }
}
