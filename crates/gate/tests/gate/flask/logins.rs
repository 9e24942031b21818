//! Flask-Login: whose login, and whether it is this browser's.

use bellgate_gate::flask::{
    Client, Fault, Protection, RememberCookies, Session, SessionCookies, SessionRules, Source,
    login,
};

use xtask::signing::{NOW, SECRET, session};

fn read(json: &str) -> Session {
    let rules = SessionRules::default();
    let cookies = SessionCookies::new(&rules, [SECRET.as_bytes()]);
    cookies.read(&session(json), NOW).unwrap()
}

const CLIENT: Client<'_> = Client {
    forwarded_for: None,
    remote_addr: Some("127.0.0.1"),
    user_agent: Some(b"curl/8.0"),
};

/// The user, and whether the login is fresh.
fn user(json: &str, protection: Protection) -> Option<(String, bool)> {
    let login = login(Some(&read(json)), None, protection, &CLIENT)?;
    Some((login.user, login.is_fresh))
}

#[test]
fn only_types_with_one_text_are_a_users_id() {
    for (id, expected) in [
        (r#""7""#, Some("7")),
        ("7", Some("7")),
        (
            "123456789012345678901234567890",
            Some("123456789012345678901234567890"),
        ),
        ("true", Some("True")),
        (
            r#"{" u":"df2ef5880184693ca7f703c4e3441fad"}"#,
            Some("df2ef588-0184-693c-a7f7-03c4e3441fad"),
        ),
        (r#""""#, Some("")),
        ("null", None),
        ("1.5", None),
        ("[7]", None),
        (r#"{"$ne":null}"#, None),
    ] {
        let found = user(&format!("{{\"_user_id\":{id}}}"), Protection::Off);
        assert_eq!(found.map(|(user, _)| user).as_deref(), expected, "{id}");
    }
}

#[test]
fn another_browser_is_not_fresh_or_not_logged_in() {
    let own = CLIENT.identifier();
    let json =
        |id: &str, more: &str| format!(r#"{{"_user_id":"7","_fresh":true,"_id":"{id}"{more}}}"#);
    let some = |fresh| Some(("7".to_owned(), fresh));
    for (protection, same, other, permanent) in [
        (Protection::Off, some(true), some(true), some(true)),
        (Protection::Basic, some(true), some(false), some(false)),
        (Protection::Strong, some(true), None, some(false)),
    ] {
        assert_eq!(user(&json(&own, ""), protection), same);
        assert_eq!(user(&json("0", ""), protection), other);
        assert_eq!(
            user(&json("0", r#","_permanent":true"#), protection),
            permanent
        );
        assert_eq!(user(&json(&own.to_uppercase(), ""), protection), other);
    }
    assert_eq!(
        user(r#"{"_user_id":"7","_id":12}"#, Protection::Strong),
        None
    );
}

#[test]
fn a_login_is_fresh_only_if_the_session_says_so() {
    assert_eq!(
        user(r#"{"_user_id":"7"}"#, Protection::Off),
        Some(("7".to_owned(), false))
    );
    assert_eq!(
        user(r#"{"_user_id":"7","_fresh":"yes"}"#, Protection::Off),
        Some(("7".to_owned(), false))
    );
}

#[test]
fn the_identifier_is_of_the_text_that_python_prints() {
    // sha512(b"b'127.0.0.1'|b'curl/8.0'")
    assert!(
        CLIENT
            .identifier()
            .starts_with("eac370e1c22deba1b8cc2d3d359a5b7c")
    );
    let forwarded = Client {
        forwarded_for: Some(b" 127.0.0.1 , 10.0.0.1"),
        remote_addr: Some("::1"),
        ..CLIENT
    };
    assert_eq!(forwarded.identifier(), CLIENT.identifier());
    let nobody = Client::default();
    assert_ne!(nobody.identifier(), CLIENT.identifier());
}

#[test]
fn the_remember_cookie_is_asked_last_and_never_fresh() {
    let cookies = RememberCookies::new(SECRET).unwrap();
    let value = "7|f8d048b54acb5a65b95f4e8684bb4d68fa2393f19f02979185a58075c3b6815491b4a934a00e1a9309a2b958ab7b9e3a9202ca9437303855ad8128ab171011de";
    let by = |json: Option<&str>, protection| {
        let session = json.map(read);
        login(
            session.as_ref(),
            Some((&cookies, value)),
            protection,
            &CLIENT,
        )
    };
    let remembered = by(None, Protection::Strong).unwrap();
    assert_eq!(
        (remembered.user.as_str(), remembered.is_fresh),
        ("7", false)
    );
    assert_eq!(remembered.source, Source::Remember);
    assert_eq!(
        by(Some(r#"{"_user_id":"8"}"#), Protection::Off)
            .unwrap()
            .user,
        "8"
    );
    assert_eq!(by(Some(r#"{"_remember":"clear"}"#), Protection::Off), None);
    assert_eq!(by(Some(r#"{"_user_id":"8"}"#), Protection::Strong), None);
}

#[test]
fn a_changed_remember_cookie_is_refused() {
    let cookies = RememberCookies::new(SECRET).unwrap();
    let value = "7|f8d048b54acb5a65b95f4e8684bb4d68fa2393f19f02979185a58075c3b6815491b4a934a00e1a9309a2b958ab7b9e3a9202ca9437303855ad8128ab171011de";
    assert_eq!(cookies.read(value), Ok("7"));
    for bad in [
        &value[1..],
        &value[..value.len() - 1],
        &value.to_uppercase(),
        "7|",
        "|",
        "",
        "7",
        "7|\u{e9}",
    ] {
        assert!(cookies.read(bad).is_err(), "{bad}");
    }
    assert!(matches!(
        cookies.read(&"7|".repeat(10_000)),
        Err(Fault::TooLong { .. })
    ));
    assert!(RememberCookies::new("schl\u{fc}ssel").is_some());
    assert!(
        RememberCookies::new("\u{65e5}").is_none(),
        "Flask-Login raises for such a key"
    );
}
