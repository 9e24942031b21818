//! The keys of a JWKS URL (hardening §3 row 31).

use std::time::{Duration, Instant};

use bellgate_gate::jwt::{
    Algorithm, FETCH_TIMEOUT, KeySet, REFRESH_AT_MOST, REFRESH_EVERY, SET_BYTES, SET_KEYS,
    SetFault, TokenFault, TokenRules, Tokens,
};
use serde_json::{Value, json};

use crate::NOW;
use crate::sign::{Pair, SECRET, b64, good, hs256};

#[expect(
    clippy::disallowed_methods,
    reason = "an instant has no other beginning; tests move on from it themselves"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn body(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn filled(keys: &[Value], now: Instant) -> KeySet {
    let mut set = KeySet::new(None, now);
    assert!(set.poll_fetch(now));
    set.handle_fetched(&body(keys), now).unwrap();
    set
}

fn read(token: &str, set: &KeySet) -> Result<String, TokenFault> {
    let tokens = Tokens::new(TokenRules::default());
    tokens.read(token, Some(set), NOW).map(|token| token.user)
}

#[test]
fn keys_of_every_type_verify_by_their_names() {
    let pairs = [
        (Pair::rsa(), "RS256", "r"),
        (Pair::p256(), "ES256", "e"),
        (Pair::p384(), "ES384", "f"),
        (Pair::ed25519(), "EdDSA", "d"),
    ];
    let keys: Vec<_> = pairs.iter().map(|(pair, _, kid)| pair.jwk(kid)).collect();
    let set = filled(&keys, start());
    for (pair, name, kid) in &pairs {
        let named = format!(r#","kid":"{kid}""#);
        assert_eq!(
            read(&pair.token(name, &named, &good()), &set),
            Ok("42".to_owned())
        );
        // Without a name the only key for the algorithm is meant.
        assert!(read(&pair.token(name, "", &good()), &set).is_ok());
        for other in ["", "x", "../e", "E"] {
            let named = format!(r#","kid":"{other}""#);
            let outcome = read(&pair.token(name, &named, &good()), &set);
            assert_eq!(outcome, Err(TokenFault::UnknownKey), "{other:?}");
        }
        // Another key's name leads to another key.
        let named = if *kid == "r" {
            r#","kid":"e""#
        } else {
            r#","kid":"r""#
        };
        assert!(read(&pair.token(name, named, &good()), &set).is_err());
    }
}

#[test]
fn of_two_keys_without_a_name_none_is_guessed() {
    let (one, two) = (Pair::p256(), Pair::p256());
    let set = filled(&[one.jwk("a"), two.jwk("b")], start());
    let outcome = read(&one.token("ES256", "", &good()), &set);
    assert_eq!(outcome, Err(TokenFault::UnknownKey));
    let same_name = filled(&[one.jwk("a"), two.jwk("a")], start());
    let outcome = read(&one.token("ES256", r#","kid":"a""#, &good()), &same_name);
    assert_eq!(outcome, Err(TokenFault::UnknownKey));
}

#[test]
fn a_key_is_for_the_algorithm_that_it_names_and_the_list_allows() {
    let pair = Pair::rsa();
    let mut jwk = pair.jwk("a");
    jwk["alg"] = "PS256".into();
    let set = filled(&[jwk.clone()], start());
    assert!(read(&pair.token("PS256", "", &good()), &set).is_ok());
    assert!(read(&pair.token("RS256", "", &good()), &set).is_err());
    let mut set = KeySet::new(Some(vec![Algorithm::Rs256]), start());
    assert_eq!(
        set.handle_fetched(&body(&[jwk]), start()),
        Err(SetFault::NoKeys)
    );
}

#[test]
fn what_is_no_key_for_verifying_is_left_out() {
    let pair = Pair::p256();
    let with = |name: &str, value: Value| {
        let mut jwk = pair.jwk("a");
        jwk[name] = value;
        jwk
    };
    let secret = json!({"kty": "oct", "kid": "a", "k": b64(SECRET), "alg": "HS256"});
    for jwk in [
        secret.clone(),
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("HS256")),
        with("alg", json!("none")),
        with("alg", json!("RS256")),
        with("alg", json!(5)),
        with("kid", json!(5)),
        with("crv", json!("P-384")),
        with("crv", json!("secp256k1")),
        with("kty", json!("RSA")),
        with("kty", json!("oct")),
        with("x", json!("AAAA")),
        with("x", json!(null)),
        with("y", json!("*")),
        json!("a"),
        json!(null),
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "OKP", "crv": "X25519", "x": b64([1; 32])}),
    ] {
        let mut set = KeySet::new(None, start());
        let outcome = set.handle_fetched(&body(std::slice::from_ref(&jwk)), start());
        assert_eq!(outcome, Err(SetFault::NoKeys), "{jwk}");
        assert!(!set.is_ready());
    }
    let set = filled(&[secret, with("use", json!("sig"))], start());
    let forged = hs256(r#"{"alg":"HS256","kid":"a"}"#, &good().to_string(), SECRET);
    assert_eq!(read(&forged, &set), Err(TokenFault::Algorithm));
}

#[test]
fn a_body_that_is_no_set_changes_nothing() {
    let (pair, t) = (Pair::p256(), start());
    let mut set = filled(&[pair.jwk("a")], t);
    let twice = r#"{"keys":[],"keys":[]}"#;
    for (bad, fault) in [
        (b"".to_vec(), SetFault::NotASet),
        (b"<html>".to_vec(), SetFault::NotASet),
        (b"[]".to_vec(), SetFault::NotASet),
        (b"{}".to_vec(), SetFault::NotASet),
        (br#"{"keys":{}}"#.to_vec(), SetFault::NotASet),
        (twice.into(), SetFault::NotASet),
        (br#"{"keys":[]}"#.to_vec(), SetFault::NoKeys),
        (vec![b' '; SET_BYTES + 1], SetFault::TooLong),
    ] {
        assert_eq!(set.handle_fetched(&bad, t), Err(fault));
        assert!(read(&pair.token("ES256", r#","kid":"a""#, &good()), &set).is_ok());
    }
    let many = vec![pair.jwk("a"); SET_KEYS * 10];
    assert_eq!(set.handle_fetched(&body(&many), t), Ok(SET_KEYS));
}

#[test]
fn before_the_first_fetch_no_token_is_judged() {
    let (pair, t) = (Pair::p256(), start());
    let mut set = KeySet::new(None, t);
    let token = pair.token("ES256", r#","kid":"a""#, &good());
    assert_eq!(read(&token, &set), Err(TokenFault::NoKeysYet));
    assert_eq!(set.poll_deadline(), Some(t));
    assert!(set.poll_fetch(t));
    assert!(!set.poll_fetch(t + s(100)), "one fetch at a time");
    set.handle_failed(t + s(1));
    assert!(!set.poll_fetch(t + s(5)));
    assert!(set.poll_fetch(t + s(6)), "five seconds after the failure");
    set.handle_fetched(&body(&[pair.jwk("a")]), t + s(7))
        .unwrap();
    assert!(read(&token, &set).is_ok());
}

#[test]
fn a_new_key_is_fetched_when_a_token_asks_for_it() {
    let (old, new, t) = (Pair::p256(), Pair::p256(), start());
    let mut set = filled(&[old.jwk("a")], t);
    let token = new.token("ES256", r#","kid":"b""#, &good());
    assert_eq!(read(&token, &set), Err(TokenFault::UnknownKey));
    let later = t + s(90);
    assert!(set.handle_unknown_key(later));
    assert!(set.poll_fetch(later));
    assert!(set.handle_unknown_key(later), "a fetch is under way");
    set.handle_fetched(&body(&[new.jwk("b")]), later).unwrap();
    assert!(read(&token, &set).is_ok());
    let old = old.token("ES256", r#","kid":"a""#, &good());
    assert_eq!(read(&old, &set), Err(TokenFault::UnknownKey), "rotated out");
}

#[test]
fn ten_thousand_unknown_keys_are_one_fetch_a_minute() {
    let (pair, t) = (Pair::p256(), start());
    let mut set = filled(&[pair.jwk("a")], t);
    let (mut fetches, mut hopes) = (0, 0);
    for index in 0..10_000_u64 {
        let now = t + Duration::from_millis(30 * index);
        hopes += usize::from(set.handle_unknown_key(now));
        if set.poll_fetch(now) {
            fetches += 1;
            set.handle_fetched(&body(&[pair.jwk("a")]), now).unwrap();
        }
    }
    // Five minutes.
    assert_eq!((fetches, hopes), (4, 4));
    assert_eq!(REFRESH_AT_MOST, s(60));
}

#[test]
fn a_url_that_hangs_is_left_alone_for_a_while_after_it_was_given_up() {
    let t = start();
    let mut set = KeySet::new(None, t);
    assert!(set.poll_fetch(t));
    assert_eq!(set.poll_deadline(), None, "one is under way");
    let given_up = t + FETCH_TIMEOUT;
    set.handle_failed(given_up);
    assert_eq!(set.poll_deadline(), Some(given_up + s(5)));
}

#[test]
fn a_set_is_fetched_regularly_and_believed_for_a_day() {
    let (pair, t) = (Pair::p256(), start());
    let mut set = filled(&[pair.jwk("a")], t);
    let token = pair.token("ES256", r#","kid":"a""#, &good());
    assert_eq!(set.poll_deadline(), Some(t + REFRESH_EVERY));
    let mut now = t;
    let mut fetches = 0;
    while now < t + s(86_400) {
        now = set.poll_deadline().unwrap();
        assert!(set.poll_fetch(now));
        fetches += 1;
        set.handle_failed(now);
        if now <= t + s(86_400) {
            assert!(read(&token, &set).is_ok());
        }
    }
    // Every minute after the first ten.
    assert_eq!(fetches, 1431);
    set.handle_failed(now + s(1));
    assert_eq!(read(&token, &set), Err(TokenFault::NoKeysYet));
}
