//! Addresses that a notification may lead to. Any other scheme could run code in the page
//! (hardening §3 row 42); the client refuses them again.

use crate::publish::fields::is_token;
use crate::publish::limits;

/// Checks an action's address: `http`, `https`, or a path of the page's own site.
pub(crate) fn check_link(text: &str) -> Result<(), String> {
    check_characters(text)?;
    if let Some(path) = text.strip_prefix('/') {
        // `//host` and, to a browser, `/\host` lead to another site.
        if path.starts_with('/') {
            return Err("a path begins with one slash".to_owned());
        }
        return Ok(());
    }
    if has_host(text, "https://") || has_host(text, "http://") {
        return Ok(());
    }
    Err("it must be an http or https address, or a path that begins with /".to_owned())
}

/// Checks an icon: an `https` address, or a name of the page's own set.
pub(crate) fn check_icon(text: &str) -> Result<(), String> {
    check_characters(text)?;
    let is_name = text.chars().count() <= limits::TOKEN && is_token(text) && !text.contains(':');
    if is_name || has_host(text, "https://") {
        return Ok(());
    }
    Err("it must be an https address, or the name of an icon".to_owned())
}

/// Browsers take blanks and line ends out of an address and read `\` as `/`, so that what was
/// checked would not be what is opened (WHATWG URL, basic URL parser).
fn check_characters(text: &str) -> Result<(), String> {
    if text
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || c == '\\')
    {
        return Err("an address has no blank, control character or backslash".to_owned());
    }
    Ok(())
}

fn has_host(text: &str, scheme: &str) -> bool {
    let Some((front, rest)) = text.split_at_checked(scheme.len()) else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    front.eq_ignore_ascii_case(scheme) && !host.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{check_icon, check_link};

    #[test]
    fn links_lead_to_web_pages_or_into_the_own_site() {
        for link in [
            "http://a.example",
            "HTTPS://a.example/x?y#z",
            "/",
            "/exports/7?x=1",
            "/a:b",
        ] {
            assert_eq!(check_link(link), Ok(()), "{link}");
        }
        for link in [
            "",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\nscript:alert(1)",
            " javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://a",
            "blob:https://a/x",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "\\\\evil.example",
            "https:",
            "https://",
            "https:///x",
            "http:a",
            "exports/7",
            "?x",
            "#x",
            "https://a b",
            "https://a\u{0}",
            "intent://x",
            "mailto:a@b",
        ] {
            assert!(check_link(link).is_err(), "{link:?}");
        }
    }

    #[test]
    fn icons_are_https_or_a_name() {
        for icon in ["https://cdn.example/i.png", "bell", "arrow-up.2", "a_b"] {
            assert_eq!(check_icon(icon), Ok(()), "{icon}");
        }
        for icon in [
            "http://cdn.example/i.png",
            "/i.png",
            "data:image/png,x",
            "javascript:x",
            "a b",
            "a:b",
            "é",
        ] {
            assert!(check_icon(icon).is_err(), "{icon}");
        }
    }
}
