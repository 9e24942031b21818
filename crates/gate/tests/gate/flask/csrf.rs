//! CSRF tokens of other sessions, times and hands.

use bellgate_gate::flask::{CsrfAge, CsrfFault, CsrfTokens, Value};

use xtask::signing::{NOW, SECRET, csrf, session_key, timed};

const KEPT: &str = "0413b96cb7e41edda423f46be15c220d49afdabf";

fn check(token: &str, age: Option<CsrfAge>) -> Result<(), CsrfFault> {
    let kept = Value::Text(KEPT.to_owned());
    CsrfTokens::new(SECRET.as_bytes()).check(Some(token), Some(&kept), age)
}

#[test]
fn a_token_is_good_for_its_own_session_only() {
    assert_eq!(check(&csrf(KEPT, NOW), None), Ok(()));
    assert_eq!(check(&csrf("another", NOW), None), Err(CsrfFault::Mismatch));
    assert_eq!(check(&csrf("", NOW), None), Err(CsrfFault::Mismatch));
    assert_eq!(
        check(KEPT, None),
        Err(CsrfFault::Invalid),
        "the session's own value"
    );
    let of_session = timed(&session_key(), "e30", NOW);
    assert_eq!(check(&of_session, None), Err(CsrfFault::Invalid));
}

#[test]
fn age_counts_only_where_it_is_asked_for() {
    let old = csrf(KEPT, NOW - 3601);
    assert_eq!(check(&old, None), Ok(()));
    let age = |leeway| {
        Some(CsrfAge {
            now: NOW,
            limit: 3600,
            leeway,
        })
    };
    assert_eq!(check(&old, age(5)), Err(CsrfFault::Expired));
    assert_eq!(check(&csrf(KEPT, NOW - 3600), age(0)), Ok(()));
    assert_eq!(check(&csrf(KEPT, NOW + 1), age(0)), Err(CsrfFault::Expired));
    assert_eq!(check(&csrf(KEPT, NOW + 1), age(5)), Ok(()));
}

#[test]
fn what_is_long_or_no_text_is_invalid() {
    assert_eq!(
        check(&csrf(&"x".repeat(5000), NOW), None),
        Err(CsrfFault::Invalid)
    );
    assert_eq!(
        check(&"a.b.c".repeat(100_000), None),
        Err(CsrfFault::Invalid)
    );
    assert_eq!(check("\u{e9}.\u{e9}.\u{e9}", None), Err(CsrfFault::Invalid));
    let tokens = CsrfTokens::new(SECRET.as_bytes());
    for kept in [
        Value::Int(1),
        Value::Null,
        Value::List(Vec::new()),
        Value::Text("\u{e9}".into()),
    ] {
        let token = csrf(KEPT, NOW);
        assert_eq!(
            tokens.check(Some(&token), Some(&kept), None),
            Err(CsrfFault::Invalid)
        );
    }
}

#[test]
fn what_is_missing_is_said_first() {
    let tokens = CsrfTokens::new(SECRET.as_bytes());
    assert_eq!(tokens.check(None, None, None), Err(CsrfFault::TokenMissing));
    assert_eq!(
        tokens.check(Some(""), None, None),
        Err(CsrfFault::TokenMissing)
    );
    assert_eq!(
        tokens.check(Some("x"), None, None),
        Err(CsrfFault::SessionTokenMissing)
    );
}
