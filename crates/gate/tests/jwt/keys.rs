//! Which key verifies what.

use bellgate_gate::jwt::{Algorithm, KeyFault, TokenFault, TokenRules, Tokens};
use ring::hmac;

use crate::NOW;
use crate::sign::{Pair, RSA_PEM, SECRET, good, hs, with_rules};

fn pinned(algorithms: &[Algorithm]) -> TokenRules {
    TokenRules {
        algorithms: Some(algorithms.to_vec()),
        ..TokenRules::default()
    }
}

#[test]
fn each_algorithm_verifies_what_its_own_key_signed_and_nothing_else() {
    let pairs = [Pair::rsa(), Pair::p256(), Pair::p384(), Pair::ed25519()];
    for algorithm in Algorithm::ALL {
        let name = algorithm.name();
        let signed: Vec<String> = match algorithm {
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => continue,
            Algorithm::Es256 => vec![pairs[1].token(name, "", &good())],
            Algorithm::Es384 => vec![pairs[2].token(name, "", &good())],
            Algorithm::EdDsa => vec![pairs[3].token(name, "", &good())],
            _ => vec![pairs[0].token(name, "", &good())],
        };
        let mut verified = 0;
        for pair in &pairs {
            let tokens = Tokens::new(pinned(&Algorithm::ALL));
            let tokens = tokens.with_public_key(pair.pem().as_bytes()).unwrap();
            for token in &signed {
                verified += usize::from(tokens.read(token, None, NOW).is_ok());
            }
        }
        assert_eq!(verified, 1, "{name}");
    }
}

#[test]
fn the_three_hmacs_are_told_apart_by_the_list() {
    for (hash, name, own) in [
        (hmac::HMAC_SHA256, "HS256", Algorithm::Hs256),
        (hmac::HMAC_SHA384, "HS384", Algorithm::Hs384),
        (hmac::HMAC_SHA512, "HS512", Algorithm::Hs512),
    ] {
        let token = hs(
            hash,
            &format!(r#"{{"alg":"{name}"}}"#),
            &good().to_string(),
            SECRET,
        );
        for allowed in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
            let outcome = with_rules(pinned(&[allowed])).read(&token, None, NOW);
            assert_eq!(
                outcome.is_ok(),
                allowed == own,
                "{name} where {allowed} is allowed"
            );
        }
    }
}

#[test]
fn without_a_list_a_key_is_for_the_usual_algorithm_of_its_type() {
    let rsa = Pair::rsa();
    let tokens = Tokens::new(TokenRules::default())
        .with_public_key(RSA_PEM.as_bytes())
        .unwrap();
    assert!(
        tokens
            .read(&rsa.token("RS256", "", &good()), None, NOW)
            .is_ok()
    );
    for name in ["RS384", "RS512", "PS256"] {
        let token = rsa.token(name, "", &good());
        assert_eq!(tokens.read(&token, None, NOW), Err(TokenFault::Algorithm));
    }
}

#[test]
fn a_secret_and_a_public_key_live_side_by_side() {
    let both = pinned(&[Algorithm::Hs256, Algorithm::Es256]);
    let pair = Pair::p256();
    let tokens = with_rules(both)
        .with_public_key(pair.pem().as_bytes())
        .unwrap();
    assert!(
        tokens
            .read(&crate::sign::honest(&good()), None, NOW)
            .is_ok()
    );
    assert!(
        tokens
            .read(&pair.token("ES256", "", &good()), None, NOW)
            .is_ok()
    );
    let other = Pair::p256().token("ES256", "", &good());
    assert_eq!(tokens.read(&other, None, NOW), Err(TokenFault::Signature));
}

#[test]
fn rsa_in_its_own_pem_is_taken() {
    let tokens = Tokens::new(TokenRules::default())
        .with_public_key(include_bytes!("rsa-pkcs1.pem"))
        .unwrap();
    let token = Pair::rsa().token("RS256", "", &good());
    assert!(tokens.read(&token, None, NOW).is_ok());
}

#[test]
fn a_key_that_cannot_be_used_says_what_to_give() {
    let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let nonsense = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    for (text, fault) in [
        ("", KeyFault::NotPublic),
        ("no PEM at all", KeyFault::NotPublic),
        (nonsense, KeyFault::NotPublic),
        (private, KeyFault::Private),
        (certificate, KeyFault::Certificate),
        (include_str!("rsa-1024.pem"), KeyFault::Type),
    ] {
        let tokens = Tokens::new(TokenRules::default());
        assert_eq!(
            tokens.with_public_key(text.as_bytes()).unwrap_err(),
            fault,
            "{text:?}"
        );
    }
    let tokens = Tokens::new(pinned(&[Algorithm::Hs256]));
    let fault = tokens.with_public_key(RSA_PEM.as_bytes()).unwrap_err();
    assert_eq!(fault, KeyFault::NoAlgorithm);
    for (secret, fault) in [
        ("", KeyFault::Empty),
        (RSA_PEM, KeyFault::PublicAsSecret),
        (certificate, KeyFault::PublicAsSecret),
        ("ssh-rsa AAAAB3Nz me@here", KeyFault::PublicAsSecret),
    ] {
        let tokens = Tokens::new(TokenRules::default());
        assert_eq!(tokens.with_secret(secret.as_bytes()).unwrap_err(), fault);
    }
}

#[test]
fn without_a_key_every_token_is_refused() {
    let tokens = Tokens::new(TokenRules::default());
    let outcome = tokens.read(&crate::sign::honest(&good()), None, NOW);
    assert_eq!(outcome, Err(TokenFault::Algorithm));
}

#[test]
fn neither_keys_nor_tokens_print_what_logs_in() {
    let mut claims = good();
    claims["csrf"] = "double-submit".into();
    let token = tokens_of(&claims);
    let shown = format!("{:?} {token:?}", with_rules(TokenRules::default()));
    let secret = format!("{SECRET:?}");
    assert!(
        !shown.contains(&secret) && !shown.contains("double-submit"),
        "{shown}"
    );
    assert!(shown.contains("\"42\""));
}

fn tokens_of(claims: &serde_json::Value) -> bellgate_gate::jwt::Token {
    let token = crate::sign::honest(claims);
    with_rules(TokenRules::default())
        .read(&token, None, NOW)
        .unwrap()
}
