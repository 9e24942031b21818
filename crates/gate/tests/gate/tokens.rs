//! Tokens among the other credentials: which one decides, and what a bad one means.

use std::sync::Arc;
use std::time::Instant;

use bellgate_gate::identity::{
    Answer, Answers, Brought, Credentials, CsrfMode, Found, Identities, IdentitySettings, Need,
    Provider, Standing, TokenSettings,
};
use bellgate_gate::jwt::{KeySet, TokenPlaces};
use http::Method;
use xtask::signing::{NOW, SECRET, session, token};

use crate::common::{peer, request_from};

const GOOD: &str = r#"{"sub":"7","roles":["editor"],"csrf":"value"}"#;

fn identities(change: impl FnOnce(&mut IdentitySettings)) -> Identities {
    let tokens = TokenSettings {
        secret: Some(SECRET.to_owned()),
        places: TokenPlaces {
            cookie: Some("access".to_owned()),
            ..TokenPlaces::default()
        },
        ..TokenSettings::default()
    };
    let mut settings = IdentitySettings {
        secret_key: Some(SECRET.to_owned()),
        tokens: Some(tokens),
        admin_users: vec!["1".to_owned()],
        ..IdentitySettings::default()
    };
    change(&mut settings);
    Identities::new(settings)
}

fn credentials(headers: &[(&str, &str)]) -> Credentials {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    request_from(&peer("127.0.0.1"), "", &Method::GET, &headers).credentials()
}

/// The user, or the code of the refusal, with an `auth` payload beside.
fn finds(identities: &Identities, headers: &[(&str, &str)], auth: Option<&str>) -> String {
    finds_with(identities, headers, auth, &Answers::default())
}

fn finds_with(
    identities: &Identities,
    headers: &[(&str, &str)],
    auth: Option<&str>,
    answers: &Answers,
) -> String {
    let brought = Brought::by_connect(auth, true);
    match identities.find(&credentials(headers), &brought, answers, NOW) {
        Found::Refused(refusal) => format!("refused: {}", refusal.code().name()),
        Found::Known(Standing::User(user)) => match user.csrf {
            Some(refusal) => refusal.code().name().to_owned(),
            None => user.identity.user,
        },
        Found::Needs(need) => format!("needs: {need:?}"),
        Found::Known(Standing::Visitor { because }) => match because {
            Some(refusal) => format!("visitor: {}", refusal.code().name()),
            None => "visitor".to_owned(),
        },
    }
}

#[test]
fn the_first_credential_that_is_there_decides() {
    let identities = identities(|_| {});
    let token = |user: &str| token(&format!(r#"{{"sub":"{user}"}}"#));
    let payload = format!(r#"{{"token":"{}"}}"#, token("payload"));
    let header = format!("Bearer {}", token("header"));
    let cookie = format!("access={}", token("cookie"));
    let session = format!("session={}", session(r#"{"_user_id":"session"}"#));
    let both = format!("{session}; {cookie}");
    let all = [("authorization", &*header), ("cookie", &*both)];
    assert_eq!(finds(&identities, &all, Some(&payload)), "payload");
    for nothing in [r#"{"token":null}"#, r#"{"token":""}"#, "{}", "7"] {
        assert_eq!(finds(&identities, &all, Some(nothing)), "header");
    }
    assert_eq!(finds(&identities, &[("cookie", &both)], None), "cookie");
    assert_eq!(finds(&identities, &[("cookie", &session)], None), "session");
    // Another scheme is somebody else's.
    let basic = [("authorization", "Basic YTpi"), ("cookie", &*session)];
    assert_eq!(finds(&identities, &basic, None), "session");
}

#[test]
fn nothing_weaker_is_tried_after_a_bad_token() {
    let identities = identities(|_| {});
    let session = format!("session={}", session(r#"{"_user_id":"7"}"#));
    let twice = format!(r#"{{"token":"{0}","token":"{0}"}}"#, token(GOOD));
    for auth in [r#"{"token":"x.y.z"}"#, r#"{"token":[]}"#, &twice] {
        let told = finds(&identities, &[("cookie", &session)], Some(auth));
        assert_eq!(told, "refused: token_invalid", "{auth}");
    }
    for header in ["Bearer x.y.z", "Bearer", "Bearer a b"] {
        let headers = [("authorization", header), ("cookie", &*session)];
        let told = finds(&identities, &headers, None);
        assert_eq!(told, "refused: token_invalid", "{header}");
    }
    // A cookie's is a visitor's, as in Flask, and not its session's user.
    let cookies = format!("access=x.y.z; {session}");
    let told = finds(&identities, &[("cookie", &cookies)], None);
    assert_eq!(told, "visitor: token_invalid");
    let old = token(&format!(r#"{{"sub":"7","exp":{}}}"#, NOW - 1));
    let cookies = format!("access={old}; {session}");
    let told = finds(&identities, &[("cookie", &cookies)], None);
    assert_eq!(told, "visitor: token_expired");
}

#[test]
fn the_csrf_value_is_asked_for_as_the_mode_says() {
    let plain = token(r#"{"sub":"7"}"#);
    let with = token(GOOD);
    for (mode, of_plain, of_with) in [
        (CsrfMode::Auto, "7", "csrf_missing"),
        (CsrfMode::Always, "csrf_missing", "csrf_missing"),
        (CsrfMode::Report, "7", "7"),
        (CsrfMode::Off, "7", "7"),
    ] {
        let identities = identities(|settings| settings.csrf = mode);
        for (token, expected) in [(&plain, of_plain), (&with, of_with)] {
            let cookie = format!("access={token}");
            let told = finds(&identities, &[("cookie", &cookie)], None);
            assert_eq!(told, expected, "{mode:?}");
        }
        // What a page sends by itself needs none.
        let auth = format!(r#"{{"token":"{with}"}}"#);
        assert_eq!(finds(&identities, &[], Some(&auth)), "7");
    }
}

#[test]
fn a_token_tells_its_roles_and_its_end_and_the_settings_their_administrators() {
    let identities = identities(|_| {});
    let claims = format!(
        r#"{{"sub":"1","roles":["b","a","b"],"exp":{},"fresh":true}}"#,
        NOW + 60
    );
    let auth = format!(r#"{{"token":"{}"}}"#, token(&claims));
    let brought = Brought::by_connect(Some(&auth), false);
    let Found::Known(standing) =
        identities.find(&Credentials::default(), &brought, &Answers::default(), NOW)
    else {
        panic!("the token is good");
    };
    let identity = standing.identity().unwrap();
    assert_eq!(identity.roles, ["a", "admin", "b"]);
    assert_eq!(identity.expires_at, Some(NOW + 59));
    assert_eq!(identity.provider, Provider::Token);
    assert!(identity.is_fresh);
    assert_eq!(standing.expired().code().name(), "token_expired");
}

#[test]
fn without_a_usable_key_each_token_is_refused_and_the_reason_is_told() {
    for (secret, public_key, setting) in [
        (
            Some("-----BEGIN PUBLIC KEY-----"),
            None,
            "BELLGATE_JWT_SECRET",
        ),
        (None, Some("nothing"), "BELLGATE_JWT_PUBLIC_KEY"),
    ] {
        let settings = TokenSettings {
            secret: secret.map(str::to_owned),
            public_key: public_key.map(str::to_owned),
            ..TokenSettings::default()
        };
        let (_, notices) = settings.build();
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0].setting, setting);
        let identities = identities(|own| own.tokens = Some(settings));
        assert!(identities.is_on());
        let auth = format!(r#"{{"token":"{}"}}"#, token(GOOD));
        let told = finds(&identities, &[], Some(&auth));
        assert_eq!(told, "refused: token_invalid");
    }
}

#[test]
fn keys_that_are_not_at_hand_are_asked_for_once_and_newer_ones_once() {
    let identities = identities(|settings| {
        let tokens = settings.tokens.as_mut().unwrap();
        tokens.has_key_set = true;
    });
    let es256 = "eyJhbGciOiJFUzI1NiJ9.e30.AAAA";
    let auth = format!(r#"{{"token":"{es256}"}}"#);
    let finds = |answers: &Answers| finds_with(&identities, &[], Some(&auth), answers);
    let mut answers = Answers::default();
    assert_eq!(finds(&answers), "needs: Keys");
    #[expect(clippy::disallowed_methods, reason = "any moment will do")]
    let now = Instant::now();
    let mut set = KeySet::new(None, now);
    let key = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    set.handle_fetched(key.as_bytes(), now).unwrap();
    let keys = || Answer::Keys(Arc::new(set.clone()));
    answers.add(Need::Keys, keys());
    assert_eq!(finds(&answers), "needs: NewerKeys");
    answers.add(Need::NewerKeys, keys());
    assert_eq!(finds(&answers), "refused: token_invalid");
    let mut gone = Answers::default();
    let what = "the key set";
    gone.add(Need::Keys, Answer::Unavailable { what });
    assert_eq!(finds(&gone), "refused: auth_unavailable");
    // Who signs with the secret needs no set.
    let own = format!(r#"{{"token":"{}"}}"#, token(GOOD));
    assert_eq!(self::finds(&identities, &[], Some(&own)), "7");
}

#[test]
fn what_a_connect_brings_is_never_printed() {
    let brought = Brought::by_connect(Some(r#"{"token":"hush"}"#), true);
    assert!(!format!("{brought:?}").contains("hush"));
    let credentials = credentials(&[("authorization", "Bearer hush")]);
    assert!(!format!("{credentials:?}").contains("hush"));
}
