//! Users by sessions that a store keeps: what is asked of it, and what its answers make of a connection.

use bellgate_codes::Refusal;
use bellgate_gate::identity::{
    Answer, Answers, Brought, Credentials, Found, Identities, Identity, IdentitySettings,
    NamespaceRule, Need, Provider, Standing, StoredKey, StoredRules, Written,
};
use http::Method;

use crate::common::{peer, request_from};
use xtask::signing::{NOW, SECRET, csrf, session, sha1_mac, signed};

const KEPT: &str = "0413b96cb7e41edda423f46be15c220d49afdabf";

fn identities(change: impl FnOnce(&mut IdentitySettings)) -> Identities {
    let mut settings = IdentitySettings {
        stored: Some(StoredRules {
            prefix: "session:".to_owned(),
            is_signed: false,
        }),
        ..IdentitySettings::default()
    };
    change(&mut settings);
    Identities::new(settings)
}

fn with_cookie(value: &str) -> Credentials {
    let cookie = format!("a=1; session={value}");
    let headers = [("cookie", cookie.as_bytes())];
    request_from(&peer("127.0.0.1"), "", &Method::GET, &headers).credentials()
}

fn bound() -> Brought {
    Brought::by_request(true)
}

fn kept(key: &str, value: &[u8]) -> Answers {
    let mut answers = Answers::default();
    let written = Written(value.into());
    answers.add(
        Need::Session(StoredKey::from(key)),
        Answer::Session(written),
    );
    answers
}

/// The key that is asked for.
fn wanted(identities: &Identities, credentials: &Credentials, brought: &Brought) -> Option<String> {
    match identities.find(credentials, brought, &Answers::default(), NOW) {
        Found::Needs(Need::Session(key)) => Some(key.expose().to_owned()),
        _ => None,
    }
}

fn find(identities: &Identities, credentials: &Credentials, answers: &Answers) -> Standing {
    match identities.find(credentials, &bound(), answers, NOW) {
        Found::Known(standing) => standing,
        other => panic!("{other:?}"),
    }
}

/// Whom a namespace for users is joined as, or the refusal.
fn joins(standing: &Standing) -> Result<Identity, Refusal> {
    let rule = NamespaceRule {
        needs_user: true,
        roles: None,
    };
    let admitted = standing.admit("/", &rule, NOW)?;
    Ok(admitted.expect("a user is needed").clone())
}

/// The same of a cookie `sid` and what is kept for it.
fn joins_with(identities: &Identities, value: &str) -> Result<Identity, Refusal> {
    let stored = kept("session:sid", value.as_bytes());
    joins(&find(identities, &with_cookie("sid"), &stored))
}

#[test]
fn what_is_kept_at_the_id_of_the_cookie_says_who_it_is() {
    let identities = identities(|_| {});
    let key = wanted(&identities, &with_cookie("sid"), &bound());
    assert_eq!(key.as_deref(), Some("session:sid"));
    let identity = joins_with(&identities, r#"{"_user_id":"7","roles":["editor"]}"#).unwrap();
    assert_eq!(
        (&*identity.user, &*identity.roles),
        ("7", &["editor".to_owned()][..])
    );
    assert_eq!(identity.provider, Provider::Session);
    assert_eq!(identity.expires_at, None, "the store ends it");
    assert!(!identity.session_key.unwrap().contains("sid"));
}

#[test]
fn nothing_is_asked_for_what_could_be_no_id_or_counts_for_nothing() {
    let identities = identities(|settings| settings.secret_key = Some(SECRET.to_owned()));
    let flask = session(r#"{"_user_id":"7"}"#);
    for cookie in [&*flask, "a/b", "a*", "", "a.b", &"a".repeat(300)] {
        let key = wanted(&identities, &with_cookie(cookie), &bound());
        assert_eq!(key, None, "{cookie}");
    }
    let unbound = Brought::default();
    assert_eq!(wanted(&identities, &with_cookie("sid"), &unbound), None);
}

#[test]
fn flasks_own_cookie_is_read_beside_it() {
    let identities = identities(|settings| settings.secret_key = Some(SECRET.to_owned()));
    let credentials = with_cookie(&session(r#"{"_user_id":"7"}"#));
    let standing = find(&identities, &credentials, &Answers::default());
    assert_eq!(joins(&standing).unwrap().user, "7");
}

#[test]
fn what_is_no_session_of_a_user_admits_nobody_and_says_why() {
    let identities = identities(|_| {});
    for (value, code, told) in [
        ("", "session_expired", "SESSION_KEY_PREFIX"),
        ("null", "session_expired", "holds no session"),
        ("{}", "auth_required", ""),
        (r#"{"_user_id":""}"#, "auth_required", ""),
        ("[]", "session_invalid", "not a map"),
        ("\u{80}\u{4}", "session_invalid", ""),
    ] {
        let refusal = joins_with(&identities, value).unwrap_err();
        assert_eq!(refusal.code().name(), code, "{value:?}");
        assert!(refusal.cause().contains(told), "{}", refusal.cause());
    }
    let pickle = kept("session:sid", &[0x80, 4, b'}', b'.']);
    let standing = find(&identities, &with_cookie("sid"), &pickle);
    let refusal = joins(&standing).unwrap_err();
    assert!(
        refusal.cause().contains("upgrade Flask-Session"),
        "{}",
        refusal.cause()
    );
}

#[test]
fn what_was_fetched_for_another_id_counts_for_nothing() {
    let identities = identities(|_| {});
    let others = kept("session:other", br#"{"_user_id":"8"}"#);
    let found = identities.find(&with_cookie("sid"), &bound(), &others, NOW);
    assert!(matches!(found, Found::Needs(_)), "{found:?}");
}

#[test]
fn a_store_that_does_not_answer_admits_nobody_as_a_visitor_neither() {
    let identities = identities(|_| {});
    let mut answers = Answers::default();
    let what = "the store";
    answers.add(
        Need::Session(StoredKey::from("session:sid")),
        Answer::Unavailable { what },
    );
    let found = identities.find(&with_cookie("sid"), &bound(), &answers, NOW);
    let Found::Refused(refusal) = found else {
        panic!("{found:?}");
    };
    assert_eq!(refusal.code().name(), "auth_unavailable");
}

#[test]
fn a_signed_id_is_verified_before_anything_is_asked() {
    let sign = |settings: &mut IdentitySettings| {
        settings.stored = Some(StoredRules {
            prefix: "s:".to_owned(),
            is_signed: true,
        });
    };
    let with_key = identities(|settings| {
        sign(settings);
        settings.secret_key = Some(SECRET.to_owned());
    });
    let key = sha1_mac(SECRET.as_bytes(), b"flask-session");
    let good = with_cookie(&signed(&key, "sid"));
    let key = wanted(&with_key, &good, &bound());
    assert_eq!(key.as_deref(), Some("s:sid"));
    for bad in ["sid", "sid.AAAA", &signed(b"another", "sid")] {
        let stored = kept("s:sid", br#"{"_user_id":"7"}"#);
        let standing = find(&with_key, &with_cookie(bad), &stored);
        assert_eq!(
            joins(&standing).unwrap_err().code().name(),
            "session_invalid"
        );
    }
    // An empty key would be everybody's.
    let without_key = identities(sign);
    let everybodys = sha1_mac(b"", b"flask-session");
    let forged = with_cookie(&signed(&everybodys, "sid"));
    assert_eq!(wanted(&without_key, &forged, &bound()), None);
}

#[test]
fn a_stored_session_asks_for_its_csrf_token_as_any_other() {
    let value = format!(r#"{{"_user_id":"7","csrf_token":"{KEPT}"}}"#);
    let stored = kept("session:sid", value.as_bytes());
    let code = |identities: &Identities, token: Option<&str>| {
        let auth = token.map(|token| format!(r#"{{"csrf_token":"{token}"}}"#));
        let brought = Brought::by_connect(auth.as_deref(), true);
        let found = identities.find(&with_cookie("sid"), &brought, &stored, NOW);
        let Found::Known(standing) = found else {
            panic!("{found:?}");
        };
        joins(&standing).err().map(|refusal| refusal.code().name())
    };
    let with_key = identities(|settings| settings.secret_key = Some(SECRET.to_owned()));
    assert_eq!(code(&with_key, None), Some("csrf_missing"));
    assert_eq!(code(&with_key, Some(&csrf(KEPT, NOW))), None);
    let without_key = identities(|_| {});
    assert_eq!(
        code(&without_key, Some(&csrf(KEPT, NOW))),
        Some("csrf_invalid")
    );
}

#[test]
fn a_session_that_has_changed_changes_its_user_or_ends_it() {
    let identities = identities(|settings| settings.admin_users = vec!["7".to_owned()]);
    let held = joins_with(&identities, r#"{"_user_id":"7","roles":["editor"]}"#).unwrap();
    let key = StoredKey::from("session:sid");
    let need = Need::Session(key.clone());
    let anew = |value: &str| {
        let answer = Answer::Session(Written(value.as_bytes().into()));
        identities.anew(&held, &need, &answer).unwrap()
    };
    let answers = kept("session:sid", b"x");
    let found = identities.session_of(&held, &answers);
    assert_eq!(found.map(|(key, _)| key), Some(&key));
    assert_eq!(
        identities.session_of(&held, &kept("session:other", b"x")),
        None
    );
    let same = anew(r#"{"_user_id":"7","roles":["editor"],"visits":3}"#);
    assert_eq!(same, Ok(held.clone()));
    let other_roles = anew(r#"{"_user_id":"7","roles":"owner"}"#).unwrap();
    assert_eq!(other_roles.roles, ["admin", "owner"]);
    assert_eq!(other_roles.session_key, held.session_key);
    for (value, code) in [
        ("", "session_expired"),
        ("{}", "session_expired"),
        (r#"{"_user_id":"8"}"#, "identity_changed"),
        ("[]", "session_invalid"),
    ] {
        assert_eq!(anew(value).unwrap_err().code().name(), code, "{value}");
    }
    let nothing = Answer::Unavailable { what: "the store" };
    assert_eq!(identities.anew(&held, &need, &nothing), None);
}
