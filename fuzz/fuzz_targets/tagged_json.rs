//! What is inside of a session cookie: its payload, signed here, packed or not.
#![no_main]

use bellgate_gate::flask::{SessionCookies, SessionRules, Value};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use sha1::Sha1;

fuzz_target!(|payload: &[u8]| {
    let Some((packed, payload)) = payload.split_first() else {
        return;
    };
    let dot = if packed % 2 == 0 { "" } else { "." };
    // A time of eight zero bits; the age is no matter with this lifetime.
    let signed = format!("{dot}{}.AA", base64url(payload));
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&key()).unwrap();
    mac.update(signed.as_bytes());
    let cookie = format!("{signed}.{}", base64url(&mac.finalize().into_bytes()));
    let rules = SessionRules {
        lifetime: u64::MAX,
        ..SessionRules::default()
    };
    if let Ok(session) = SessionCookies::new(&rules, [&b"k"[..]]).read(&cookie, 0) {
        for value in session.values().values() {
            let _ = value.to_id();
            assert!(!matches!(value, Value::Text(text) if text.len() > 256 * 1024));
        }
    }
});

fn key() -> Vec<u8> {
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(b"k").unwrap();
    mac.update(b"cookie-session");
    mac.finalize().into_bytes().to_vec()
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            out.push(char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63]));
        }
    }
    out
}
