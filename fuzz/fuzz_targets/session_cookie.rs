//! Values that Flask's packages sign, as they come: without the key none is ever believed.
#![no_main]

use bellgate_gate::flask::{
    CsrfTokens, RememberCookies, SessionCookies, SessionRules, StoredSessions, Value,
};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "a key that is nowhere in a corpus";

fuzz_target!(|text: &str| {
    let rules = SessionRules::default();
    let sessions = SessionCookies::new(&rules, [SECRET.as_bytes()]);
    assert!(sessions.read(text, 1_764_000_000).is_err());
    assert!(RememberCookies::new(SECRET).unwrap().read(text).is_err());
    let kept = Value::Text("kept".to_owned());
    let tokens = CsrfTokens::new(SECRET.as_bytes());
    assert!(tokens.check(Some(text), Some(&kept), None).is_err());
    assert!(
        StoredSessions::new("", Some(SECRET.as_bytes()))
            .id(text)
            .is_err()
    );
    if let Ok(id) = StoredSessions::new("", None).id(text) {
        assert!(!id.contains(['*', ':', '/', '\r', '\n', ' ']));
    }
});
