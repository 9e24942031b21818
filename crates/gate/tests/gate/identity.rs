//! Who connects: what the cookies of a request come to, and which namespaces that opens.

use bellgate_codes::Refusal;
use bellgate_gate::flask::{Client, Protection};
use bellgate_gate::identity::{
    Answers, Brought, Credentials, CrossCookies, CsrfMode, Found, Identities, IdentitySettings,
    NamespaceRule, Provider, Standing,
};
use http::Method;

use crate::common::{peer, request_from};
use xtask::signing::{NOW, SECRET, csrf, session, session_at};

const KEPT: &str = "0413b96cb7e41edda423f46be15c220d49afdabf";
const REMEMBER: &str = "7|f8d048b54acb5a65b95f4e8684bb4d68fa2393f19f02979185a58075c3b6815491b4a934a00e1a9309a2b958ab7b9e3a9202ca9437303855ad8128ab171011de";

fn identities(change: impl FnOnce(&mut IdentitySettings)) -> Identities {
    let mut settings = IdentitySettings {
        secret_key: Some(SECRET.to_owned()),
        ..IdentitySettings::default()
    };
    change(&mut settings);
    Identities::new(settings)
}

/// What a request with these headers brings.
fn credentials(headers: &[(&str, &str)]) -> Credentials {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    request_from(&peer("127.0.0.1"), "", &Method::GET, &headers).credentials()
}

fn with_cookie(cookie: &str) -> Credentials {
    credentials(&[("cookie", cookie)])
}

/// A cookie header with a session of this JSON.
fn logged_in(json: &str) -> Credentials {
    with_cookie(&format!("a=1; session={}", session(json)))
}

fn bound(csrf_token: Option<&str>) -> Brought {
    let auth = csrf_token.map(|token| format!(r#"{{"csrf_token":"{token}"}}"#));
    Brought::by_connect(auth.as_deref(), true)
}

/// What the credentials come to, where none is refused.
fn find(identities: &Identities, credentials: &Credentials, brought: &Brought) -> Standing {
    match identities.find(credentials, brought, &Answers::default(), NOW) {
        Found::Known(standing) => standing,
        other => panic!("{other:?}"),
    }
}

/// Whom `/` is joined as, or the code of the refusal; a user is needed.
fn joins(identities: &Identities, credentials: &Credentials, token: Option<&str>) -> String {
    let standing = find(identities, credentials, &bound(token));
    answer(&standing, "/", &users())
}

fn answer(standing: &Standing, namespace: &str, rule: &NamespaceRule) -> String {
    match standing.admit(namespace, rule, NOW) {
        Ok(Some(identity)) => identity.user.clone(),
        Ok(None) => "visitor".to_owned(),
        Err(refusal) => refusal.code().name().to_owned(),
    }
}

fn users() -> NamespaceRule {
    NamespaceRule {
        needs_user: true,
        roles: None,
    }
}

fn admins() -> NamespaceRule {
    NamespaceRule {
        needs_user: true,
        roles: Some(vec!["admin".to_owned()]),
    }
}

#[test]
fn a_session_gives_the_connection_its_user_and_roles() {
    let identities = identities(|_| {});
    let found = find(
        &identities,
        &logged_in(r#"{"_user_id":"7","_fresh":true,"roles":["editor","admin","editor"]}"#),
        &bound(None),
    );
    let identity = found.identity().unwrap();
    assert_eq!(identity.user, "7");
    assert_eq!(identity.roles, ["admin", "editor"]);
    assert_eq!(identity.provider, Provider::Session);
    assert_eq!(identity.expires_at, Some(NOW + 31 * 86_400));
    // The session has no `_id`, so this browser is not known to be the one that logged in.
    assert!(!identity.is_fresh);
    assert_eq!(answer(&found, "/admin", &admins()), "7");
}

#[test]
fn roles_are_a_list_a_text_or_true_and_nothing_else() {
    for (value, expected) in [
        (r#"["admin"]"#, "7"),
        (r#""admin""#, "7"),
        ("true", "7"),
        (r#"{" t":["x","admin"]}"#, "7"),
        ("1", "forbidden_role"),
        (r#""adm""#, "forbidden_role"),
        (r#"["Admin"]"#, "forbidden_role"),
        (r#""admin,editor""#, "forbidden_role"),
        (r#"[["admin"]]"#, "forbidden_role"),
        (r#"{"admin":true}"#, "forbidden_role"),
        ("null", "forbidden_role"),
    ] {
        let json = format!(r#"{{"_user_id":"7","rights":{value}}}"#);
        let identities = identities(|settings| settings.roles_key = "rights".to_owned());
        let found = find(&identities, &logged_in(&json), &bound(None));
        assert_eq!(answer(&found, "/admin", &admins()), expected, "{value}");
    }
}

#[test]
fn a_listed_user_is_an_admin_whatever_the_session_says() {
    let identities = identities(|settings| settings.admin_users = vec!["7".to_owned()]);
    for (user, expected) in [
        ("7", "7"),
        ("8", "forbidden_role"),
        ("07", "forbidden_role"),
    ] {
        let json = format!(r#"{{"_user_id":"{user}"}}"#);
        let found = find(&identities, &logged_in(&json), &bound(None));
        assert_eq!(answer(&found, "/admin", &admins()), expected);
    }
}

#[test]
fn what_is_no_login_is_a_visitor_and_says_why_where_a_user_is_needed() {
    let identities = identities(|_| {});
    let old = session_at(r#"{"_user_id":"7"}"#, NOW - 40 * 86_400);
    let ahead = session_at(r#"{"_user_id":"7"}"#, NOW + 60);
    for (cookie, expected) in [
        (String::new(), "auth_required"),
        ("other=1".to_owned(), "auth_required"),
        (format!("session={}", session("{}")), "auth_required"),
        (
            format!("session={}", session(r#"{"_user_id":""}"#)),
            "auth_required",
        ),
        (format!("session={}", session("[]")), "session_invalid"),
        ("session=made.up.value".to_owned(), "session_invalid"),
        ("session=".to_owned(), "session_invalid"),
        (format!("session={old}"), "session_expired"),
        (format!("session={ahead}"), "session_expired"),
    ] {
        let credentials = with_cookie(&cookie);
        assert_eq!(joins(&identities, &credentials, None), expected, "{cookie}");
        let standing = find(&identities, &credentials, &bound(None));
        assert_eq!(answer(&standing, "/", &NamespaceRule::default()), "visitor");
        // A role needs a user, whatever else is said.
        let roles = NamespaceRule {
            needs_user: false,
            ..admins()
        };
        assert_eq!(answer(&standing, "/admin", &roles), expected);
    }
}

#[test]
fn no_cookie_counts_without_a_secret_or_without_an_admitted_origin() {
    let login = logged_in(r#"{"_user_id":"7"}"#);
    let nobody = identities(|settings| settings.secret_key = None);
    assert!(!nobody.is_on());
    assert_eq!(joins(&nobody, &login, None), "auth_required");
    let identities = identities(|_| {});
    assert!(identities.is_on());
    let unbound = find(&identities, &login, &Brought::default());
    assert_eq!(answer(&unbound, "/", &users()), "auth_required");
    assert_eq!(joins(&identities, &login, None), "7");
}

#[test]
fn a_page_of_another_origin_is_known_by_its_cookie_only_where_credentials_are_on() {
    let cookie = format!("session={}", session(r#"{"_user_id":"7"}"#));
    let page = |origin: &str| {
        credentials(&[
            ("host", "app.example"),
            ("origin", origin),
            ("user-agent", "Mozilla/5.0"),
            ("cookie", &cookie),
        ])
    };
    let (own, other) = (page("https://app.example"), page("https://shop.example"));
    for (rule, of_own, of_other) in [
        (CrossCookies::Read, "7", "7"),
        (CrossCookies::Ignored, "7", "auth_required"),
        (CrossCookies::NoneAtAll, "auth_required", "auth_required"),
    ] {
        let identities = identities(|settings| settings.cross_cookies = rule);
        assert_eq!(joins(&identities, &own, None), of_own, "{rule:?}");
        assert_eq!(joins(&identities, &other, None), of_other, "{rule:?}");
    }
}

#[test]
fn a_page_whose_browser_sends_no_cookies_is_told_the_line_to_add() {
    let headers = [
        ("host", "app.example"),
        ("origin", "https://shop.example"),
        ("user-agent", "Mozilla/5.0"),
    ];
    let identities = identities(|_| {});
    let standing = find(&identities, &credentials(&headers), &bound(None));
    let refusal = standing.admit("/", &users(), NOW).unwrap_err();
    assert_eq!(refusal.code().name(), "credentials_not_sent");
    assert!(
        refusal.fix().contains("{ withCredentials: true }"),
        "{}",
        refusal.fix()
    );
    assert!(refusal.cause().contains("https://shop.example"));
    let websocket = [&headers[..], &[("upgrade", "websocket")]].concat();
    assert_eq!(
        joins(&identities, &credentials(&websocket), None),
        "auth_required"
    );
}

#[test]
fn a_session_with_a_csrf_token_needs_it_and_one_without_does_not() {
    let with = logged_in(&format!(r#"{{"_user_id":"7","csrf_token":"{KEPT}"}}"#));
    let without = logged_in(r#"{"_user_id":"7"}"#);
    let (good, other) = (csrf(KEPT, NOW - 90_000), csrf("another", NOW));
    for (mode, token, of_with, of_without) in [
        (CsrfMode::Auto, None, "csrf_missing", "7"),
        (CsrfMode::Auto, Some(""), "csrf_missing", "7"),
        (CsrfMode::Auto, Some(&*good), "7", "7"),
        (CsrfMode::Auto, Some(&*other), "csrf_invalid", "7"),
        (CsrfMode::Auto, Some("x"), "csrf_invalid", "7"),
        (CsrfMode::Always, None, "csrf_missing", "csrf_missing"),
        (CsrfMode::Always, Some(&*good), "7", "csrf_invalid"),
        (CsrfMode::Report, None, "7", "7"),
        (CsrfMode::Report, Some(&*other), "7", "7"),
        (CsrfMode::Off, None, "7", "7"),
    ] {
        let identities = identities(|settings| settings.csrf = mode);
        assert_eq!(
            joins(&identities, &with, token),
            of_with,
            "{mode:?} {token:?}"
        );
        assert_eq!(
            joins(&identities, &without, token),
            of_without,
            "{mode:?} {token:?}"
        );
    }
}

#[test]
fn a_report_keeps_who_would_be_refused() {
    let identities = identities(|settings| settings.csrf = CsrfMode::Report);
    let login = logged_in(&format!(r#"{{"_user_id":"7","csrf_token":"{KEPT}"}}"#));
    let Standing::User(user) = find(&identities, &login, &bound(None)) else {
        panic!("a user");
    };
    assert_eq!(user.csrf, None);
    assert_eq!(user.reported, Some(Refusal::CsrfMissing {}));
}

#[test]
fn a_csrf_refusal_holds_for_namespaces_that_visitors_may_join_too() {
    let login = logged_in(&format!(r#"{{"_user_id":"7","csrf_token":"{KEPT}"}}"#));
    let standing = find(&identities(|_| {}), &login, &bound(None));
    assert_eq!(
        answer(&standing, "/", &NamespaceRule::default()),
        "csrf_missing"
    );
    assert!(!standing.is_settled());
}

#[test]
fn the_time_of_a_csrf_token_counts_where_a_limit_is_set() {
    let login = logged_in(&format!(r#"{{"_user_id":"7","csrf_token":"{KEPT}"}}"#));
    let identities = identities(|settings| settings.csrf_time_limit = Some(3600));
    assert_eq!(
        joins(&identities, &login, Some(&csrf(KEPT, NOW - 3600))),
        "7"
    );
    assert_eq!(
        joins(&identities, &login, Some(&csrf(KEPT, NOW - 3601))),
        "csrf_expired"
    );
}

#[test]
fn the_payloads_token_comes_before_the_headers_and_the_first_filled_header_counts() {
    let cookie = format!(
        "session={}",
        session(&format!(r#"{{"_user_id":"7","csrf_token":"{KEPT}"}}"#))
    );
    let good = csrf(KEPT, NOW);
    let sent = |first: &str, second: &str| {
        credentials(&[
            ("cookie", &cookie),
            ("x-csrftoken", first),
            ("x-csrf-token", second),
        ])
    };
    let identities = identities(|_| {});
    assert_eq!(joins(&identities, &sent(&good, ""), None), "7");
    assert_eq!(joins(&identities, &sent("", &good), None), "7");
    assert_eq!(
        joins(&identities, &sent("bad", &good), None),
        "csrf_invalid"
    );
    assert_eq!(joins(&identities, &sent("bad", ""), Some(&good)), "7");
    assert_eq!(
        joins(&identities, &sent(&good, ""), Some("bad")),
        "csrf_invalid"
    );
}

#[test]
fn a_csrf_secret_of_its_own_replaces_the_applications() {
    let login = logged_in(&format!(r#"{{"_user_id":"7","csrf_token":"{KEPT}"}}"#));
    let identities = identities(|settings| settings.csrf_secret_key = Some("other".to_owned()));
    assert_eq!(
        joins(&identities, &login, Some(&csrf(KEPT, NOW))),
        "csrf_invalid"
    );
}

#[test]
fn the_remember_cookie_logs_in_only_where_it_is_honoured_and_brings_no_roles() {
    let cookie = format!(
        "session={}; remember_token={REMEMBER}",
        session(r#"{"roles":["admin"]}"#)
    );
    let login = with_cookie(&cookie);
    assert_eq!(joins(&identities(|_| {}), &login, None), "auth_required");
    let honoured = |settings: &mut IdentitySettings| {
        settings.remember_cookie = Some("remember_token".to_owned());
    };
    let found = find(&identities(honoured), &login, &bound(None));
    let identity = found.identity().unwrap();
    assert_eq!((identity.user.as_str(), identity.is_fresh), ("7", false));
    assert_eq!(identity.provider, Provider::Remember);
    assert!(identity.roles.is_empty());
    let expired = session_at("{}", 1);
    let stale = with_cookie(&format!("session={expired}; remember_token={REMEMBER}"));
    assert_eq!(joins(&identities(honoured), &stale, None), "7");
}

#[test]
fn another_browser_is_kept_out_by_strong_protection() {
    let own = Client {
        remote_addr: Some("127.0.0.1"),
        user_agent: Some(b"one"),
        ..Client::default()
    };
    let json = format!(
        r#"{{"_user_id":"7","_fresh":true,"_id":"{}"}}"#,
        own.identifier()
    );
    let cookie = format!("session={}", session(&json));
    let from = |agent: &str| credentials(&[("cookie", &cookie), ("user-agent", agent)]);
    let strong = identities(|settings| settings.protection = Protection::Strong);
    assert_eq!(joins(&strong, &from("one"), None), "7");
    assert_eq!(joins(&strong, &from("two"), None), "auth_required");
    let basic = identities(|_| {});
    let found = |agent| find(&basic, &from(agent), &bound(None));
    let fresh = |agent| found(agent).identity().unwrap().is_fresh;
    assert!(fresh("one") && !fresh("two"));
}

#[test]
fn a_login_that_ends_while_the_connection_is_open_opens_nothing_more() {
    let identities = identities(|settings| settings.session.lifetime = 60);
    let found = find(&identities, &logged_in(r#"{"_user_id":"7"}"#), &bound(None));
    assert!(found.admit("/", &users(), NOW + 60).is_ok());
    let refusal = found.admit("/admin", &users(), NOW + 61).unwrap_err();
    assert_eq!(refusal.code().name(), "session_expired");
}

#[test]
fn nothing_that_logs_in_shows_in_debug_output() {
    let login = credentials(&[("cookie", "session=s3cret"), ("x-csrftoken", "t0ken")]);
    assert_eq!(format!("{login:?}"), "Credentials(1 cookie headers)");
    let shown = format!("{:?}", identities(|_| {}));
    assert!(!shown.contains(SECRET), "{shown}");
}
