//! The path of the Engine.IO endpoint.

/// The path with a slash at both ends (`socket.io`, as python-socketio writes it, is admitted).
///
/// # Errors
/// The reason, as a fragment.
pub(super) fn parse(text: &str) -> Result<String, String> {
    let inner = text.trim();
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() {
        return Err("needs at least one segment: the root belongs to other pages".to_owned());
    }
    // Compared byte for byte with the path of a request (hardening, attack 25): nothing that a
    // client or a proxy would write in another form.
    let known = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let is_segment =
        |segment: &str| !matches!(segment, "" | "." | "..") && segment.chars().all(known);
    if inner.len() > 128 || !inner.split('/').all(is_segment) {
        return Err("is no plain path: letters, digits, - . _ ~ and single slashes".to_owned());
    }
    Ok(format!("/{inner}/"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slashes_are_completed() {
        for text in ["/socket.io/", "/socket.io", "socket.io"] {
            assert_eq!(parse(text), Ok("/socket.io/".to_owned()), "{text}");
        }
        assert_eq!(parse("/a/b"), Ok("/a/b/".to_owned()));
    }

    #[test]
    fn what_is_no_plain_path_is_refused() {
        for text in [
            "", "/", "//", "//a", "a//b", "/../", "/a/./b", "/a b/", "/a%2e/", "/a?b", "/ä/",
            "http://a",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_path_is_in_its_final_form_once_read(text in any::<String>()) {
            if let Ok(path) = parse(&text) {
                prop_assert!(path.starts_with('/') && path.ends_with('/'));
                prop_assert_eq!(parse(&path), Ok(path));
            }
        }
    }
}
