//! Which cookie of a header counts.

use bellgate_gate::Cookies;
use http::{HeaderMap, HeaderValue};

fn first(header: &str) -> Option<String> {
    let cookies = Cookies::parse(header.as_bytes());
    cookies.first("session").map(str::to_owned)
}

#[test]
fn the_first_of_several_counts_and_a_look_alike_does_not() {
    for (header, expected) in [
        ("session=a; session=b", Some("a")),
        ("=session=bad; session=good", Some("good")),
        ("session =x", Some("x")),
        ("Session=x; SESSION=y", None),
        ("__Host-session=x", None),
        ("a=\"x; session=stolen\"; session=own", Some("own")),
        ("a=\"x; session=planted", Some("planted")),
        ("session=\"a\"b; session=c", Some("c")),
        ("session", Some("")),
        ("session=a,b", Some("a,b")),
        ("session=a, b", None),
    ] {
        assert_eq!(first(header).as_deref(), expected, "{header}");
    }
}

#[test]
fn a_cookie_with_other_bytes_than_ascii_is_left_out_and_the_others_count() {
    let cookies = Cookies::parse(b"session=\xff\xfe; n\xc3\xab=1; q=\"\xe9\"; other=x");
    assert_eq!(cookies.iter().collect::<Vec<_>>(), [("other", "x")]);
}

#[test]
fn several_headers_are_one() {
    let mut headers = HeaderMap::new();
    headers.append("cookie", HeaderValue::from_static("a=1"));
    headers.append("cookie", HeaderValue::from_static("session=x; a=2"));
    let cookies = Cookies::read(&headers);
    assert_eq!(cookies.first("a"), Some("1"));
    assert_eq!(cookies.first("session"), Some("x"));
}

#[test]
fn more_cookies_than_any_browser_keeps_are_left_out() {
    let header = "a=1;".repeat(100_000);
    assert_eq!(Cookies::parse(header.as_bytes()).iter().count(), 256);
    assert_eq!(
        first(&("x\"".repeat(100_000) + ";session=a")).as_deref(),
        Some("a")
    );
}

#[test]
fn no_value_shows_in_debug_output() {
    let cookies = Cookies::parse(b"session=s3cret; other=t0ken");
    assert_eq!(format!("{cookies:?}"), r#"{"session", "other"}"#);
}
