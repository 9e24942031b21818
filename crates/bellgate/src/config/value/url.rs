//! URLs of services. They may hold a password, so they are kept and shown as secrets are.

use bellgate_redis::{Place, SCHEMES};

use crate::config::secret::Secret;

/// The URL, if its scheme is one of `schemes`.
///
/// # Errors
/// The reason, as a fragment.
pub(super) fn parse(text: &str, schemes: &[&str]) -> Result<Secret, String> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("has blanks or control characters".to_owned());
    }
    let is_known = text.split_once(':').is_some_and(|(scheme, _)| {
        schemes
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme))
    });
    if is_known {
        if schemes == SCHEMES {
            Place::check(text).map_err(|reason| format!("names no Redis: {reason}"))?;
        }
        Ok(Secret::new(text))
    } else {
        let known: Vec<_> = schemes.iter().map(|scheme| format!("{scheme}:")).collect();
        Err(format!("has none of the schemes {}", known.join(", ")))
    }
}

/// The URL without what stands before the host, and without its query.
pub fn masked(url: &str) -> String {
    let (url, query) = match url.split_once('?') {
        Some((url, _)) => (url, "?••••"),
        None => (url, ""),
    };
    let Some((scheme, rest)) = url.split_once("://") else {
        return format!("{url}{query}");
    };
    // The last @ before the path: a password may hold one itself.
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://••••@{host}{query}"),
        None => format!("{scheme}://{rest}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_schemes_are_admitted() {
        assert!(parse("redis://a:6379/0", &["redis", "rediss"]).is_ok());
        assert!(parse("memory:", &["memory"]).is_ok());
        let reason = parse("kafka://a", &["redis", "memory"]).unwrap_err();
        assert_eq!(reason, "has none of the schemes redis:, memory:");
        assert!(parse("redis://a b", &["redis"]).is_err());
        assert!(parse("redis", &["redis"]).is_err());
    }

    #[test]
    fn what_names_no_redis_is_refused_where_one_is_meant() {
        assert!(parse("redis+unix:///run/r.sock?db=1", &SCHEMES).is_ok());
        let reason = parse("redis://u:p4ss@h/first", &SCHEMES).unwrap_err();
        assert!(reason.starts_with("names no Redis: "), "{reason}");
        assert!(!reason.contains("p4ss"), "{reason}");
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("redis://u:p4ss@h:1/0", "redis://••••@h:1/0"),
            ("redis://:p4ss@p4ss@h", "redis://••••@h"),
            ("redis://h/0?password=p4ss", "redis://h/0?••••"),
            ("sqlite://bellgate.db", "sqlite://bellgate.db"),
            ("memory:", "memory:"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}
