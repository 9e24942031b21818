//! Tokens: the text as a token, and as header and claims that are signed well. A verdict stays the same
//! when it is asked for again, and without the secret nobody gets in.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellgate_gate::Cookies;
use bellgate_gate::jwt::{Algorithm, KeySet, TokenPlaces, TokenRules, Tokens};
use libfuzzer_sys::fuzz_target;
use ring::hmac;

const SECRET: &[u8] = b"a secret of thirty-two bytes or more";
const NOW: u64 = 1_764_000_000;

fuzz_target!(|input: &str| {
    let rules = TokenRules {
        algorithms: Some(Algorithm::ALL.to_vec()),
        ..TokenRules::default()
    };
    let tokens = Tokens::new(rules).with_secret(SECRET).unwrap();
    assert!(tokens.read(input, None, NOW).is_err());

    let (header, claims) = input
        .split_once('\n')
        .unwrap_or((r#"{"alg":"HS256"}"#, input));
    let unsigned = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, SECRET),
        unsigned.as_bytes(),
    );
    let signed = format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(tag));
    let outcome = tokens.read(&signed, None, NOW);
    assert_eq!(outcome, tokens.read(&signed, None, NOW));
    if let Ok(token) = outcome {
        assert!(token.expires_at.is_none_or(|end| end >= NOW));
        let _ = token.check_csrf(Some(header));
    }

    let payload = serde_json::from_str(claims).ok();
    let _ = TokenPlaces::default().find(payload.as_ref(), Some(header), &Cookies::default());
    let mut set = KeySet::new(None, std::time::Instant::now());
    if set
        .handle_fetched(input.as_bytes(), std::time::Instant::now())
        .is_ok()
    {
        assert!(set.is_ready());
    }
    let _ = Tokens::new(TokenRules::default()).with_public_key(input.as_bytes());
});
