//! Tokens that want in without being signed for it (hardening §3 row 30).

use bellgate_gate::jwt::{Algorithm, TOKEN_BYTES, TokenFault, TokenRules, Tokens};
use serde_json::json;

use crate::NOW;
use crate::sign::{Pair, RSA_PEM, SECRET, b64, good, honest, hs256, tokens, unsigned};

/// Everything that may verify at once: the most that an attacker could hope for.
fn all_keys() -> Tokens {
    let rules = TokenRules {
        algorithms: Some(Algorithm::ALL.to_vec()),
        ..TokenRules::default()
    };
    Tokens::new(rules)
        .with_secret(SECRET)
        .unwrap()
        .with_public_key(RSA_PEM.as_bytes())
        .unwrap()
}

#[test]
fn no_spelling_of_none_is_an_algorithm() {
    for name in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS256 ",
        "hs256",
        "HS256\\u0000",
        "N/A",
    ] {
        let header = format!(r#"{{"alg":"{name}"}}"#);
        let unsigned = unsigned(&header, &good().to_string());
        let signed = hs256(&header, &good().to_string(), SECRET);
        for token in [
            format!("{unsigned}."),
            signed,
            format!("{unsigned}.{}", b64("x")),
        ] {
            let outcome = all_keys().read(&token, None, NOW);
            assert_eq!(outcome, Err(TokenFault::Algorithm), "{name:?}");
        }
    }
    for header in [
        "{}",
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":0}"#,
        r#"{"Alg":"HS256"}"#,
    ] {
        let token = hs256(header, &good().to_string(), SECRET);
        assert!(all_keys().read(&token, None, NOW).is_err(), "{header}");
    }
}

#[test]
fn a_public_key_is_never_a_secret() {
    let der = pem_body(RSA_PEM);
    for secret in [RSA_PEM.as_bytes(), RSA_PEM.trim().as_bytes(), &der] {
        for name in ["HS256", "RS256", "ES256"] {
            let header = format!(r#"{{"alg":"{name}"}}"#);
            let token = hs256(&header, &good().to_string(), secret);
            assert!(all_keys().read(&token, None, NOW).is_err(), "{name}");
        }
    }
}

#[test]
fn a_key_in_the_header_is_not_looked_at() {
    let own = Pair::p256();
    for member in [
        format!(r#","jwk":{}"#, own.jwk("a")),
        r#","jku":"https://evil.example/keys""#.to_owned(),
        r#","x5u":"https://evil.example/cert""#.to_owned(),
        r#","x5c":["MIIB"]"#.to_owned(),
        r#","kid":"../../dev/null""#.to_owned(),
        r#","kid":"' OR 1=1 --""#.to_owned(),
        r#","kid":"|/bin/sh""#.to_owned(),
    ] {
        let token = own.token("ES256", &member, &good());
        assert!(all_keys().read(&token, None, NOW).is_err(), "{member}");
        // With the right key they do no harm.
        let header = format!(r#"{{"alg":"HS256"{member}}}"#);
        let token = hs256(&header, &good().to_string(), SECRET);
        assert!(tokens().read(&token, None, NOW).is_ok(), "{member}");
        // Nor does the empty file that a name of a key could lead to.
        let token = hs256(&header, &good().to_string(), b"");
        assert_eq!(tokens().read(&token, None, NOW), Err(TokenFault::Signature));
    }
}

#[test]
fn what_has_to_be_understood_is_refused() {
    for member in [
        r#""crit":["exp"]"#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""crit":["b64"],"b64":true"#,
        r#""b64":false"#,
        r#""b64":0"#,
        r#""kid":5"#,
        r#""kid":null"#,
        r#""kid":["a"]"#,
    ] {
        let header = format!(r#"{{"alg":"HS256",{member}}}"#);
        let token = hs256(&header, &good().to_string(), SECRET);
        let fault = tokens().read(&token, None, NOW).unwrap_err();
        assert!(matches!(fault, TokenFault::Header(_)), "{member}: {fault}");
    }
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let good = good().to_string();
    for header in [
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","a\u006cg":"HS256"}"#,
    ] {
        let fault = tokens().read(&hs256(header, &good, SECRET), None, NOW);
        assert!(matches!(fault, Err(TokenFault::Malformed(_))), "{header}");
    }
    for claims in [
        r#"{"sub":"1","sub":"2"}"#,
        r#"{"sub":"1","s\u0075b":"2"}"#,
        r#"{"sub":"1","realm":{"roles":["a"],"roles":["admin"]}}"#,
    ] {
        let token = hs256(r#"{"alg":"HS256"}"#, claims, SECRET);
        assert_eq!(
            tokens().read(&token, None, NOW),
            Err(TokenFault::Claims),
            "{claims}"
        );
    }
}

#[test]
fn a_token_has_one_form_only() {
    let token = honest(&good());
    assert!(tokens().read(&token, None, NOW).is_ok());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut cases = vec![
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{signed}."),
        signed.to_owned(),
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{signed}. {signature}"),
        format!("{token}A"),
        format!("{signed}.{}", signature.to_uppercase()),
        token.replace('.', ". "),
        token.replacen('.', "..", 1),
        format!("{signed}.{}é", signature),
    ];
    // The last letter of a signature of 32 bytes has two bits to spare.
    let last = signature.chars().last().unwrap();
    let twin = char::from(last as u8 + 1);
    cases.push(format!("{}{twin}", token.strip_suffix(last).unwrap()));
    for case in cases {
        assert!(tokens().read(&case, None, NOW).is_err(), "{case:?}");
    }
}

#[test]
fn each_changed_byte_is_seen() {
    let token = honest(&good());
    for (at, old) in token.char_indices() {
        let new = if old == 'A' { 'B' } else { 'A' };
        let changed: String = token
            .char_indices()
            .map(|(index, letter)| if index == at { new } else { letter })
            .collect();
        assert!(tokens().read(&changed, None, NOW).is_err(), "{at}");
    }
}

#[test]
fn huge_and_deep_tokens_cost_little() {
    let long = "a".repeat(TOKEN_BYTES + 1);
    assert_eq!(tokens().read(&long, None, NOW), Err(TokenFault::TooLong));
    assert_eq!(
        tokens().read(&".".repeat(10_000_000), None, NOW),
        Err(TokenFault::TooLong)
    );
    let fits = json!({"sub": "1", "blob": "x".repeat(12_000)});
    assert!(tokens().read(&honest(&fits), None, NOW).is_ok());
    for nested in [
        "[".repeat(9_000),
        r#"{"a":"#.repeat(1_500),
        "[[]".repeat(3_000),
    ] {
        let header = hs256(&nested, "{}", SECRET);
        let claims = hs256(r#"{"alg":"HS256"}"#, &nested, SECRET);
        for token in [header, claims] {
            assert!(tokens().read(&token, None, NOW).is_err());
        }
    }
}

#[test]
fn payloads_that_are_no_objects_are_refused() {
    for claims in [
        "",
        "null",
        "[]",
        "[1,2]",
        "\"sub\"",
        "1",
        "{",
        "{}x",
        "{} {}",
        "NaN",
        "\u{feff}{}",
    ] {
        let token = hs256(r#"{"alg":"HS256"}"#, claims, SECRET);
        assert_eq!(
            tokens().read(&token, None, NOW),
            Err(TokenFault::Claims),
            "{claims}"
        );
    }
    let broken = format!(
        "{}.{}",
        b64(r#"{"alg":"HS256"}"#),
        b64(b"{\"sub\":\"\xff\"}")
    );
    assert!(tokens().read(&format!("{broken}.AAAA"), None, NOW).is_err());
}

#[test]
fn es256_signatures_in_der_or_of_zeros_are_refused() {
    let pair = Pair::p256();
    let tokens = Tokens::new(TokenRules::default())
        .with_public_key(pair.pem().as_bytes())
        .unwrap();
    let token = pair.token("ES256", "", &good());
    assert!(tokens.read(&token, None, NOW).is_ok());
    let (signed, _) = token.rsplit_once('.').unwrap();
    // CVE-2022-21449: r and s of nothing.
    for signature in [
        vec![0; 64],
        vec![0x30, 6, 2, 1, 0, 2, 1, 0],
        vec![0; 0],
        vec![0xff; 64],
    ] {
        let forged = format!("{signed}.{}", b64(signature));
        assert_eq!(tokens.read(&forged, None, NOW), Err(TokenFault::Signature));
    }
}

fn pem_body(pem: &str) -> Vec<u8> {
    use base64::Engine;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap()
}
