//! What holds for every text: nothing panics, and nothing gets in without a signature.

use bellgate_gate::Cookies;
use bellgate_gate::jwt::{Algorithm, KeySet, TokenPlaces, TokenRules, Tokens};
use proptest::prelude::*;
use serde_json::Value;

use crate::NOW;
use crate::sign::{RSA_PEM, SECRET, b64, honest, hs256, tokens};

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9+-]{0,25}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = prop_oneof![
            "exp|nbf|iat|iss|aud|sub|jti|type|fresh|csrf|roles",
            "[a-z.]{0,6}"
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_gets_in(text: String, parts in proptest::collection::vec("\\PC{0,40}", 0..5)) {
        prop_assert!(tokens().read(&text, None, NOW).is_err());
        prop_assert!(tokens().read(&parts.join("."), None, NOW).is_err());
        let encoded: Vec<_> = parts.iter().map(b64).collect();
        prop_assert!(tokens().read(&encoded.join("."), None, NOW).is_err());
    }

    #[test]
    fn no_header_makes_it_panic(header in json(), claims in json()) {
        let _ = tokens().read(&hs256(&header.to_string(), &claims.to_string(), SECRET), None, NOW);
    }

    #[test]
    fn signed_claims_never_make_it_panic(
        claims in json(), now: u64, leeway: u64, requires_exp: bool, user in "[a-z.]{0,6}", roles in "[a-z.]{0,6}",
    ) {
        let rules = TokenRules {
            leeway, requires_exp, user_claim: user, roles_claim: roles, issuers: vec!["me".to_owned()],
            audiences: vec!["web".to_owned()], ..TokenRules::default()
        };
        let judged = Tokens::new(rules).with_secret(SECRET).unwrap();
        let _ = judged.read(&honest(&claims), None, now);
        let _ = tokens().read(&honest(&claims), None, now).map(|token| token.check_csrf(Some("x")));
    }

    #[test]
    fn who_does_not_know_the_secret_does_not_get_in(secret: Vec<u8>, claims in json(), which in 0_usize..12) {
        prop_assume!(secret != SECRET);
        let header = format!(r#"{{"alg":"{}"}}"#, Algorithm::ALL[which]);
        let rules = TokenRules { algorithms: Some(Algorithm::ALL.to_vec()), ..TokenRules::default() };
        let judged = Tokens::new(rules).with_secret(SECRET).unwrap();
        let judged = judged.with_public_key(RSA_PEM.as_bytes()).unwrap();
        prop_assert!(judged.read(&hs256(&header, &claims.to_string(), &secret), None, NOW).is_err());
    }

    #[test]
    fn no_key_set_makes_it_panic(bytes: Vec<u8>, keys in proptest::collection::vec(json(), 0..5)) {
        let now = crate::set::start();
        let mut set = KeySet::new(None, now);
        let _ = set.handle_fetched(&bytes, now);
        let body = serde_json::json!({ "keys": keys }).to_string();
        let _ = set.handle_fetched(body.as_bytes(), now);
    }

    #[test]
    fn no_pem_and_no_secret_makes_it_panic(bytes: Vec<u8>, text in "\\PC{0,80}") {
        let wrapped = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", b64(&bytes));
        for text in [&bytes[..], text.as_bytes(), wrapped.as_bytes()] {
            let _ = Tokens::new(TokenRules::default()).with_public_key(text);
            let _ = Tokens::new(TokenRules::default()).with_secret(text);
        }
    }

    #[test]
    fn no_header_and_no_payload_makes_the_search_panic(header: String, payload in json(), kind in "[A-Za-z]{0,6}") {
        let places = TokenPlaces { header: Some(kind), cookie: Some("jwt".to_owned()) };
        let _ = places.find(Some(&payload), Some(&header), &Cookies::default());
    }
}
