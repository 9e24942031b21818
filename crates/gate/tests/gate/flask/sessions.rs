//! Session cookies that were forged, cut, blown up or made by another hand.

use bellgate_gate::flask::{
    COOKIE_BYTES, DEPTH, Derivation, Digest, Fault, INFLATED_BYTES, Session, SessionCookies,
    SessionRules, Signer, Value,
};

use xtask::signing::{
    NOW, SECRET, deflated, session, session_at, session_key, sha1_mac, signed, timed,
};

fn read(cookie: &str) -> Result<Session, Fault> {
    let rules = SessionRules::default();
    SessionCookies::new(&rules, [SECRET.as_bytes()]).read(cookie, NOW)
}

fn value(json: &str) -> Result<Value, Fault> {
    let session = read(&session(&format!("{{\"v\":{json}}}")))?;
    Ok(session.get("v").expect("the value is there").clone())
}

fn is_content(fault: &Result<Session, Fault>) -> bool {
    matches!(fault, Err(Fault::Content(_)))
}

#[test]
fn no_single_changed_letter_passes() {
    let cookie = session(r#"{"_user_id":"7"}"#);
    assert!(read(&cookie).is_ok());
    for at in 0..cookie.len() {
        for letter in ["A", "z", "_", ".", "=", " ", "+"] {
            let mut changed = cookie.clone();
            changed.replace_range(at..=at, letter);
            assert!(changed == cookie || read(&changed).is_err(), "{changed}");
        }
        assert!(read(&cookie[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn separators_in_the_wrong_places_are_refused() {
    let cookie = session("{}");
    let parts: Vec<&str> = cookie.split('.').collect();
    for text in [
        "",
        ".",
        "..",
        "...",
        "\0",
        "\u{2028}.\u{2028}.\u{2028}",
        &parts.join(""),
        &parts.join(".."),
        &parts.join(":"),
        &parts[..2].join("."),
        &format!("{cookie}."),
        &format!(".{cookie}"),
        &format!("{cookie} "),
        &[parts[1], parts[0], parts[2]].join("."),
    ] {
        assert!(read(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_signature_of_another_salt_derivation_or_digest_is_refused() {
    let key = |salt: &[u8]| sha1_mac(SECRET.as_bytes(), salt);
    for key in [
        key(b"itsdangerous"),
        key(b"flask-session"),
        key(b""),
        SECRET.into(),
    ] {
        assert_eq!(read(&timed(&key, "e30", NOW)), Err(Fault::Signature));
    }
    assert!(read(&timed(&session_key(), "e30", NOW)).is_ok());
    let sha256 = SessionRules {
        digest: Digest::Sha256,
        ..SessionRules::default()
    };
    let cookies = SessionCookies::new(&sha256, [SECRET.as_bytes()]);
    assert_eq!(cookies.read(&session("{}"), NOW), Err(Fault::Signature));
}

#[test]
fn every_listed_key_verifies_and_none_verifies_nothing() {
    let rules = SessionRules::default();
    let keys: [&[u8]; 3] = [b"new", SECRET.as_bytes(), b"oldest"];
    assert!(
        SessionCookies::new(&rules, keys)
            .read(&session("{}"), NOW)
            .is_ok()
    );
    let nobody = SessionCookies::new(&rules, []);
    assert_eq!(nobody.read(&session("{}"), NOW), Err(Fault::Signature));
    assert_eq!(nobody.read(&signed(b"", "e30"), NOW), Err(Fault::Signature));
}

#[test]
fn an_age_of_the_lifetime_is_valid_and_one_second_more_is_not() {
    let rules = SessionRules {
        lifetime: 60,
        leeway: 5,
        ..SessionRules::default()
    };
    let cookies = SessionCookies::new(&rules, [SECRET.as_bytes()]);
    let at = |at| cookies.read(&session_at("{}", at), NOW);
    assert_eq!(at(NOW - 60).unwrap().expires_at(), Some(NOW));
    assert_eq!(at(NOW - 61), Err(Fault::Expired { age: 61, limit: 60 }));
    assert!(at(NOW + 5).is_ok());
    assert_eq!(at(NOW + 6), Err(Fault::Ahead { seconds: 6 }));
    assert!(at(u64::MAX).is_err() && at(0).is_err());
}

#[test]
fn what_inflates_to_too_much_stops_at_the_limit() {
    let bomb = |length: usize| deflated(format!("\"{}\"", "a".repeat(length - 2)).as_bytes());
    assert_eq!(
        read(&bomb(INFLATED_BYTES)),
        Err(Fault::Content("it is not a map"))
    );
    let refused = Err(Fault::Content("it inflates to too much"));
    assert_eq!(read(&bomb(INFLATED_BYTES + 1)), refused);
    assert_eq!(read(&bomb(10_000_000)), refused);
}

#[test]
fn a_stream_that_is_cut_or_no_stream_does_not_inflate() {
    let key = session_key();
    let whole = deflated(br#"{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#);
    let payload = whole.split('.').nth(1).unwrap();
    assert!(read(&timed(&key, &format!(".{payload}"), NOW)).is_ok());
    for bad in [&payload[..payload.len() - 8], "AAAA", "", "e30"] {
        assert!(
            is_content(&read(&timed(&key, &format!(".{bad}"), NOW))),
            "{bad}"
        );
    }
}

#[test]
fn a_cookie_longer_than_all_headers_is_not_looked_at() {
    let long = session(&format!("{{\"a\":\"{}\"}}", "x".repeat(COOKIE_BYTES)));
    assert_eq!(
        read(&long),
        Err(Fault::TooLong {
            limit: COOKIE_BYTES
        })
    );
}

#[test]
fn nesting_is_read_to_its_limit_and_refused_beyond() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    // The session itself is the first level.
    assert!(value(&nested(DEPTH - 1)).is_ok());
    assert!(value(&nested(DEPTH)).is_err());
    let deep = deflated(nested(INFLATED_BYTES / 2).as_bytes());
    assert!(is_content(&read(&deep)));
    let maps = "{\"a\":".repeat(50_000) + "1" + &"}".repeat(50_000);
    assert!(is_content(&read(&deflated(maps.as_bytes()))));
    // Wide and deep at once: the work is limited, not the time hoped for.
    let wide = format!(
        "{}{}{}",
        "[".repeat(100),
        "0,".repeat(100_000) + "0",
        "]".repeat(100)
    );
    assert!(is_content(&read(&deflated(wide.as_bytes()))));
}

#[test]
fn integers_keep_every_digit_and_endless_ones_are_refused() {
    assert_eq!(value("-7"), Ok(Value::Int(-7)));
    assert_eq!(value("18446744073709551616"), Ok(Value::Int(1 << 64)));
    let digits = "9".repeat(60);
    assert_eq!(value(&digits).unwrap().to_id(), Some(digits));
    assert!(value(&"9".repeat(4301)).is_err());
    assert_eq!(value("1.5"), Ok(Value::Float(1.5)));
    assert!(value("1e400").is_ok_and(|value| value == Value::Float(f64::INFINITY)));
}

#[test]
fn what_is_not_json_is_no_session() {
    for json in [
        "",
        "{",
        "{}x",
        "{'a':1}",
        r#"{"a":NaN}"#,
        r#"{"a":-Infinity}"#,
        r#"{"a":01}"#,
        r#"{"a":+1}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":.5}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":1,}"#,
        "\u{feff}{}",
        "[]",
        "7",
        r#""text""#,
        r#"[["a",1]]"#,
        "true",
    ] {
        assert!(is_content(&read(&session(json))), "{json}");
    }
    assert!(
        is_content(&read(&timed(&session_key(), "gAR9lC4", NOW))),
        "a pickle"
    );
    assert!(
        is_content(&read(&timed(&session_key(), "eyJhIjoi_yJ9", NOW))),
        "not UTF-8"
    );
    assert!(
        is_content(&read(&timed(&session_key(), "!!!", NOW))),
        "not base64"
    );
    assert!(read(&session("null")).is_ok_and(|session| session.is_empty()));
    assert!(read(&session(" { } ")).is_ok_and(|session| session.is_empty()));
}

#[test]
fn tags_are_read_innermost_first_and_wrong_ones_refused() {
    assert_eq!(
        value(r#"{" t":[{" b":"AP8="}]}"#),
        Ok(Value::Tuple(vec![Value::Bytes(vec![0, 255])])),
    );
    let id = "df2ef588-0184-693c-a7f7-03c4e3441fad";
    let plain = id.replace('-', "");
    assert_eq!(
        value(&format!(r#"{{" u":"{plain}"}}"#))
            .unwrap()
            .to_id()
            .as_deref(),
        Some(id)
    );
    for bad in [
        r#"{" t":1}"#,
        r#"{" b":"!"}"#,
        r#"{" b":1}"#,
        r#"{" u":"zz"}"#,
        r#"{" m":1}"#,
        r#"{" di":{}}"#,
        r#"{" u":"+0000000000000000000000000000000"}"#,
        r#"{" di":{"a":1,"b":2}}"#,
        r#"{" di":{" t":[]}}"#,
    ] {
        assert!(value(bad).is_err(), "{bad}");
    }
    assert_eq!(value(r#"{" d":"yesterday"}"#), Ok(Value::Null));
    let Ok(Value::Map(plain)) = value(r#"{" t":[],"b":1}"#) else {
        panic!("two keys are no tag");
    };
    assert_eq!(plain.len(), 2);
    // The escape is what keeps a user's own map from becoming a typed value.
    let Ok(Value::Map(escaped)) = value(r#"{" di":{" t__":[1]}}"#) else {
        panic!("an escaped map is a map");
    };
    assert_eq!(escaped[" t"], Value::List(vec![Value::Int(1)]));
    assert!(
        is_content(&read(&session(r#"{" t":[]}"#))),
        "a tuple is no session"
    );
}

#[test]
fn a_session_is_named_by_what_was_signed() {
    let first = read(&session(r#"{"a":1}"#)).unwrap();
    let again = read(&session(r#"{"a":1}"#)).unwrap();
    let later = read(&session_at(r#"{"a":1}"#, NOW - 1)).unwrap();
    assert_eq!(first.key(), again.key());
    assert_ne!(first.key(), later.key());
    assert_eq!(first.key().len(), 64);
    let shown = format!("{:?}", read(&session(r#"{"csrf_token":"s3cret"}"#)));
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn derivations_are_itsdangerous_own() {
    let signer = |derivation| Signer::new(Digest::Sha1, derivation, "s", [&b"k"[..]]);
    // itsdangerous 2.2: Signer("k", salt="s", key_derivation=…).sign("v")
    for (derivation, signed) in [
        (Derivation::Hmac, "v.gogAs7Pl5nVm2cyMvYP_3C5EpFA"),
        (Derivation::Concat, "v.vB06Uuyiib-sD_20h6XV0D2tJ9c"),
        (Derivation::DjangoConcat, "v.0qwLB4yD4m_kXZo2U_VvjpPrMp4"),
        (Derivation::None, "v.lPxqL36JuBls904QeajBHrZ5pVI"),
    ] {
        assert_eq!(signer(derivation).unsign(signed), Ok("v"), "{derivation:?}");
    }
}
