//! What holds for every text: nothing panics, what was signed is read, what was not is not.

use bellgate_gate::Cookies;
use bellgate_gate::flask::{
    Client, CsrfTokens, RememberCookies, SessionCookies, SessionRules, StoredSessions, Value,
};
use proptest::prelude::*;

use xtask::signing::{NOW, SECRET, csrf, deflated, session, session_key, timed};

fn reader() -> SessionCookies {
    SessionCookies::new(&SessionRules::default(), [SECRET.as_bytes()])
}

/// JSON as Python's `json.dumps` writes it.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,40}",
        "-?[1-9]\\.[0-9]{1,5}",
        "\"[ -!#-\\[\\]-~]{0,12}\"",
        "\"(\\\\u00e9|\\\\n|\\\\\"|a){0,6}\"",
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let pair = ("( t| b| m| u| d| di|[a-z_]{1,8})", inner.clone())
            .prop_map(|(key, value)| format!("\"{key}\": {value}"));
        prop_oneof![
            proptest::collection::vec(inner, 0..5)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            proptest::collection::vec(pair, 0..4)
                .prop_map(|items| format!("{{{}}}", items.join(", "))),
        ]
    })
}

proptest! {
    #[test]
    fn every_text_may_be_read(text in "\\PC{0,80}", raw: Vec<u8>, dotted in "[A-Za-z0-9_.=|-]{0,120}") {
        let remember = RememberCookies::new(SECRET).unwrap();
        let kept = Value::Text("x".to_owned());
        let signed = StoredSessions::new("", Some(SECRET.as_bytes()));
        for text in [text, dotted, String::from_utf8_lossy(&raw).into_owned()] {
            prop_assert!(reader().read(&text, NOW).is_err());
            prop_assert!(remember.read(&text).is_err());
            prop_assert!(CsrfTokens::new(SECRET.as_bytes()).check(Some(&text), Some(&kept), None).is_err());
            prop_assert!(signed.id(&text).is_err());
        }
        let _ = Cookies::parse(&raw);
        let _ = signed.read("id", &raw);
        let client = Client { forwarded_for: Some(&raw), remote_addr: None, user_agent: Some(&raw) };
        prop_assert_eq!(client.identifier().len(), 128);
    }

    #[test]
    fn every_signed_payload_may_be_read(payload in "\\.?[A-Za-z0-9_-]{0,200}", bytes: Vec<u8>) {
        let _ = reader().read(&timed(&session_key(), &payload, NOW), NOW);
        let _ = reader().read(&deflated(&bytes), NOW);
    }

    #[test]
    fn what_was_put_into_a_session_is_read_again(
        pairs in proptest::collection::btree_map("[a-z_]{1,12}", "[ -!#-\\[\\]-~]{0,40}", 2..8), packed: bool,
    ) {
        let body: Vec<String> = pairs.iter().map(|(key, value)| format!("\"{key}\":\"{value}\"")).collect();
        let json = format!("{{{}}}", body.join(","));
        let cookie = if packed { deflated(json.as_bytes()) } else { session(&json) };
        let read = reader().read(&cookie, NOW).unwrap();
        prop_assert_eq!(read.values().len(), pairs.len());
        for (key, value) in &pairs {
            prop_assert_eq!(read.get(key).and_then(Value::as_text), Some(value.as_str()));
        }
    }

    #[test]
    fn json_is_read_or_refused_but_never_panics_and_blanks_do_not_matter(json in json()) {
        let read = |json: &str| reader().read(&session(&format!("{{\"a\":1,\"v\":{json}}}")), NOW);
        let spaced = read(&json);
        let compact = read(&json.replace(": ", ":").replace(", ", ","));
        prop_assert_eq!(spaced.is_ok(), compact.is_ok());
    }

    #[test]
    fn another_secret_never_verifies(secret in "\\PC{0,40}") {
        prop_assume!(secret != SECRET);
        let rules = SessionRules::default();
        let other = SessionCookies::new(&rules, [secret.as_bytes()]);
        prop_assert!(other.read(&session("null"), NOW).is_err());
        let kept = Value::Text("k".to_owned());
        let token = csrf("k", NOW);
        prop_assert!(CsrfTokens::new(secret.as_bytes()).check(Some(&token), Some(&kept), None).is_err());
    }

    #[test]
    fn what_was_quoted_is_unquoted(value in "[ -~]{0,40}") {
        let quoted: String = value.bytes().map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            b';' | b',' => format!("\\{byte:03o}"),
            _ => char::from(byte).to_string(),
        }).collect();
        let header = format!("a=1; token=\"{quoted}\"; b=2");
        let cookies = Cookies::parse(header.as_bytes());
        prop_assert_eq!(cookies.first("token"), Some(value.as_str()));
        prop_assert_eq!(cookies.first("b"), Some("2"));
    }
}
