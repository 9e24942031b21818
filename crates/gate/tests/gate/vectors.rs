//! Cases proven with the real Python packages: each file comes out whole, no case is left out.

use xtask::vectors::{Tally, copies, judge_file};

/// Judges the project's copy of a file.
fn judged(name: &str) -> Tally {
    let path = copies().join(name).with_extension("json");
    let tally = judge_file(&path).expect("the file is judged").unwrap();
    assert_eq!(tally.failed, [], "{name}");
    tally
}

/// Passed, permitted, skipped.
fn counts(tally: &Tally) -> (usize, usize, usize) {
    (tally.passed, tally.permitted, tally.skipped)
}

#[test]
fn cookie_headers_are_read_as_werkzeug_reads_them() {
    assert_eq!(counts(&judged("cookie_header")), (15, 0, 0));
}

#[test]
fn session_cookies_are_judged_as_flask_judges_them() {
    assert_eq!(counts(&judged("session_cookie")), (67, 12, 0));
}

#[test]
fn logins_are_found_as_flask_login_finds_them() {
    assert_eq!(counts(&judged("flask_login")), (69, 1, 0));
}

#[test]
fn csrf_tokens_are_judged_as_flask_wtf_judges_them() {
    assert_eq!(counts(&judged("flask_wtf_csrf")), (24, 0, 23));
}

#[test]
fn stored_sessions_are_read_as_flask_session_reads_them() {
    assert_eq!(counts(&judged("flask_session_redis")), (25, 3, 1));
}

#[test]
fn rates_are_read_and_counted_as_limits_does() {
    // Skipped: Flask-Limiter's meta limits.
    assert_eq!(counts(&judged("rate_limits")), (51, 0, 1));
}

#[test]
fn tokens_are_judged_as_flask_jwt_extended_judges_them() {
    // Skipped: tokens in a query or under another header's name, endpoints for refresh and fresh tokens.
    // Permitted: a token of 27,000 bytes is refused for its length.
    assert_eq!(counts(&judged("flask_jwt_extended")), (71, 1, 12));
}
