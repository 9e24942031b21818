//! What signed claims must say, and whom they name.

use bellgate_gate::jwt::{CsrfFault, Token, TokenFault, TokenRules};
use serde_json::{Value, json};

use crate::sign::{SECRET, honest, hs256, tokens, with_rules};
use crate::{NOW, NOW_F64};

fn read(claims: &Value) -> Result<Token, TokenFault> {
    tokens().read(&honest(claims), None, NOW)
}

/// The name of the claim that is at fault; `exp` for a token that is over.
fn blamed(outcome: &Result<Token, TokenFault>) -> Option<&'static str> {
    match outcome {
        Err(TokenFault::Claim { name, .. }) => Some(name),
        Err(TokenFault::Expired { .. }) => Some("exp"),
        Err(_) => Some("another fault"),
        Ok(_) => None,
    }
}

#[test]
fn times_are_read_as_python_reads_them() {
    let soon = NOW + 1;
    for (exp, blame) in [
        (json!(soon), None),
        (json!(NOW), Some("exp")),
        (json!(NOW - 1), Some("exp")),
        (json!(0), Some("exp")),
        (json!(-5), Some("exp")),
        (json!(i64::MIN), Some("exp")),
        (json!(u64::MAX), None),
        (json!(1e300), None),
        (json!(-1e300), Some("exp")),
        (json!(NOW_F64 + 1.5), None),
        // Cut, not rounded.
        (json!(NOW_F64 + 0.9), Some("exp")),
        (json!(soon.to_string()), None),
        (json!(format!(" +{soon} ")), None),
        (json!("9999"), Some("exp")),
        (json!("9".repeat(60)), None),
        (json!(format!("-{}", "9".repeat(60))), Some("exp")),
        (json!("soon"), Some("exp")),
        (json!(""), Some("exp")),
        (json!("+"), Some("exp")),
        (json!("1.5"), Some("exp")),
        (json!("٣"), Some("exp")),
        (json!("0x7fffffff"), Some("exp")),
        (json!(null), Some("exp")),
        (json!(true), Some("exp")),
        (json!([soon]), Some("exp")),
        (json!({}), Some("exp")),
    ] {
        let outcome = read(&json!({"sub": "1", "exp": exp}));
        assert_eq!(blamed(&outcome), blame, "{exp}");
    }
    for name in ["nbf", "iat"] {
        for (at, is_fine) in [
            (json!(NOW), true),
            (json!(NOW_F64 + 0.9), true),
            (json!(NOW + 1), false),
            (json!(u64::MAX), false),
            (json!(-1), true),
            (json!("x"), false),
            (json!(null), false),
        ] {
            let outcome = read(&json!({"sub": "1", name: at}));
            assert_eq!(blamed(&outcome), (!is_fine).then_some(name), "{name}={at}");
        }
    }
    // A number that JSON cannot hold is no JSON.
    let token = hs256(r#"{"alg":"HS256"}"#, r#"{"sub":"1","exp":1e999}"#, SECRET);
    assert_eq!(tokens().read(&token, None, NOW), Err(TokenFault::Claims));
}

#[test]
fn a_leeway_works_on_all_three_times_and_never_overflows() {
    for leeway in [30, u64::MAX] {
        let tokens = with_rules(TokenRules {
            leeway,
            ..TokenRules::default()
        });
        let claims = json!({"sub": "1", "exp": NOW - 29, "nbf": NOW + 30, "iat": NOW + 30});
        assert!(tokens.read(&honest(&claims), None, NOW).is_ok());
        let over = tokens.read(&honest(&json!({"sub": "1", "exp": NOW - 30})), None, NOW);
        assert_eq!(over.is_err(), leeway == 30);
        let far = json!({"sub": "1", "exp": u64::MAX});
        let token = tokens.read(&honest(&far), None, u64::MAX - 1).unwrap();
        assert!(token.expires_at.is_some());
    }
}

#[test]
fn a_token_tells_its_last_second() {
    let token = read(&json!({"sub": "1", "exp": NOW + 60})).unwrap();
    assert_eq!(token.expires_at, Some(NOW + 59));
    let claims = honest(&json!({"sub": "1", "exp": NOW + 60}));
    assert!(tokens().read(&claims, None, NOW + 59).is_ok());
    let fault = tokens().read(&claims, None, NOW + 63).unwrap_err();
    assert_eq!(fault, TokenFault::Expired { seconds: 3 });
    assert!(fault.is_expired());
    assert_eq!(read(&json!({"sub": "1"})).unwrap().expires_at, None);
}

#[test]
fn a_token_without_expiry_is_refused_where_one_is_asked_for() {
    let tokens = with_rules(TokenRules {
        requires_exp: true,
        ..TokenRules::default()
    });
    let outcome = tokens.read(&honest(&json!({"sub": "1"})), None, NOW);
    assert_eq!(blamed(&outcome), Some("exp"));
}

#[test]
fn audience_and_issuer_are_asked_for_once_they_are_set() {
    let tokens = with_rules(TokenRules {
        audiences: vec!["web".to_owned(), "app".to_owned()],
        issuers: vec!["me".to_owned()],
        ..TokenRules::default()
    });
    for (claims, blame) in [
        (json!({"aud": "web", "iss": "me"}), None),
        (json!({"aud": ["x", "app"], "iss": "me"}), None),
        (json!({"aud": "we", "iss": "me"}), Some("aud")),
        (json!({"aud": [], "iss": "me"}), Some("aud")),
        (json!({"aud": ["web", 1], "iss": "me"}), Some("aud")),
        (json!({"aud": {"web": 1}, "iss": "me"}), Some("aud")),
        (json!({"iss": "me"}), Some("aud")),
        (json!({"aud": "web"}), Some("iss")),
        (json!({"aud": "web", "iss": ["me"]}), Some("iss")),
        (json!({"aud": "web", "iss": "me "}), Some("iss")),
    ] {
        let mut claims = claims;
        claims["sub"] = "1".into();
        let outcome = tokens.read(&honest(&claims), None, NOW);
        assert_eq!(blamed(&outcome), blame, "{claims}");
        assert!(read(&claims).is_ok());
    }
}

#[test]
fn a_user_is_a_text_or_a_whole_number_of_the_claim_that_is_set() {
    let user = |claim: &str, claims: &Value| {
        let rules = TokenRules {
            user_claim: claim.to_owned(),
            ..TokenRules::default()
        };
        let outcome = with_rules(rules).read(&honest(claims), None, NOW);
        outcome.map(|token| token.user)
    };
    assert_eq!(
        user("sub", &json!({"sub": "a/b:*"})),
        Ok("a/b:*".to_owned())
    );
    assert_eq!(user("uid", &json!({"uid": 77})), Ok("77".to_owned()));
    assert_eq!(
        user("user.id", &json!({"user": {"id": "7"}})),
        Ok("7".to_owned())
    );
    let dotted = json!({"https://a.b/id": "9", "https://a": {"b/id": "no"}});
    assert_eq!(user("https://a.b/id", &dotted), Ok("9".to_owned()));
    for (claim, claims) in [
        ("sub", json!({"sub": 7})),
        ("sub", json!({"sub": null})),
        ("sub", json!({})),
        ("uid", json!({"uid": 1.5})),
        ("uid", json!({"uid": true})),
        ("uid", json!({"uid": ["1"]})),
        ("uid", json!({"uid": "1", "sub": 7})),
        ("user.id", json!({"user": "7"})),
        ("user.id", json!({"user": {"name": "7"}})),
    ] {
        assert!(user(claim, &claims).is_err(), "{claim} {claims}");
    }
}

#[test]
fn roles_are_texts_at_a_name_or_a_path() {
    let roles = |path: &str, claims: Value| {
        let rules = TokenRules {
            roles_claim: path.to_owned(),
            ..TokenRules::default()
        };
        let mut claims = claims;
        claims["sub"] = "1".into();
        with_rules(rules)
            .read(&honest(&claims), None, NOW)
            .unwrap()
            .roles
    };
    assert_eq!(roles("roles", json!({"roles": ["a", "b"]})), ["a", "b"]);
    assert_eq!(roles("roles", json!({"roles": "admin"})), ["admin"]);
    let keycloak = json!({"realm_access": {"roles": ["user"]}});
    assert_eq!(roles("realm_access.roles", keycloak), ["user"]);
    for none in [
        json!(null),
        json!(true),
        json!(1),
        json!(""),
        json!({"admin": true}),
        json!([1, ["admin"]]),
    ] {
        assert!(roles("roles", json!({"roles": none})).is_empty(), "{none}");
    }
    assert!(roles("realm.roles", json!({"realm": ["admin"]})).is_empty());
}

#[test]
fn refresh_tokens_and_ids_that_are_no_texts_are_refused() {
    assert_eq!(
        blamed(&read(&json!({"sub": "1", "type": "refresh"}))),
        Some("type")
    );
    assert_eq!(blamed(&read(&json!({"sub": "1", "jti": 5}))), Some("jti"));
    for kind in [json!("access"), json!("weird"), json!(null)] {
        assert!(read(&json!({"sub": "1", "type": kind})).is_ok());
    }
    assert_eq!(
        read(&json!({"sub": "1", "jti": "x"}))
            .unwrap()
            .id
            .as_deref(),
        Some("x")
    );
}

#[test]
fn freshness_is_a_switch_or_a_time() {
    for (fresh, is_fresh) in [
        (json!(true), true),
        (json!(false), false),
        (json!(NOW), true),
        (json!(NOW_F64 + 300.5), true),
        (json!(NOW - 1), false),
        (json!("true"), false),
        (json!(null), false),
    ] {
        let token = read(&json!({"sub": "1", "fresh": fresh})).unwrap();
        assert_eq!(token.is_fresh, is_fresh, "{fresh}");
    }
    assert!(!read(&json!({"sub": "1"})).unwrap().is_fresh);
}

#[test]
fn the_double_submit_compares_with_the_claim() {
    let token = read(&json!({"sub": "1", "csrf": "abc"})).unwrap();
    assert_eq!(token.check_csrf(Some("abc")), Ok(()));
    assert_eq!(token.check_csrf(None), Err(CsrfFault::Missing));
    assert_eq!(token.check_csrf(Some("")), Err(CsrfFault::Missing));
    for other in ["ab", "abcd", "abx", "ABC"] {
        assert_eq!(token.check_csrf(Some(other)), Err(CsrfFault::Mismatch));
    }
    for csrf in [json!({"sub": "1"}), json!({"sub": "1", "csrf": 5})] {
        let token = read(&csrf).unwrap();
        assert_eq!(token.check_csrf(Some("5")), Err(CsrfFault::NoClaim));
    }
    let empty = read(&json!({"sub": "1", "csrf": ""})).unwrap();
    assert_eq!(empty.check_csrf(Some("")), Err(CsrfFault::Missing));
}
