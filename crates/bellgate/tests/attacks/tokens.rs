//! JSON Web Tokens that want in without being signed for it, or say of themselves what the settings say
//! otherwise. What a token may be made of is judged in `gate/tests/jwt/hostile.rs`; here it comes on every way
//! in.

use bellgate_peer::{Client, Over};
use serde_json::{Value, json};
use xtask::signing::{SECRET, b64, hs256};

use crate::support::logins::{PAGE, now, outcome, tried};
use crate::support::process::Process;

const PLAIN: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// A public key that anybody may read, as a path and as its text.
const PUBLIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../gate/tests/jwt/rsa.pem");
const PUBLIC_TEXT: &str = include_str!("../../../gate/tests/jwt/rsa.pem");

/// A server that takes tokens by a secret and by a public key, and whose log tells everything.
async fn victim(more: &[(&str, &str)]) -> Process {
    let own = [
        ("BELLGATE_JWT_SECRET", SECRET),
        ("BELLGATE_JWT_PUBLIC_KEY", PUBLIC),
        ("BELLGATE_JWT_ALGORITHMS", "HS256,RS256"),
        ("BELLGATE_JWT_REQUIRE_EXP", "true"),
        ("SOCKETIO_LOG_LEVEL", "TRACE"),
    ];
    Process::start(&[&own[..], more].concat()).await
}

fn good() -> String {
    json!({"sub": "1", "exp": now() + 600, "roles": ["admin"]}).to_string()
}

fn signed(header: &str, claims: &str) -> String {
    hs256(header, claims, SECRET.as_bytes())
}

/// What nobody has signed who may, with what each comes to.
fn forged() -> Vec<(String, &'static str)> {
    let good = good();
    let public = [PUBLIC_TEXT, PUBLIC_TEXT.trim(), PUBLIC];
    let mut tokens = Vec::new();
    for name in ["none", "None", "nOnE", "", "HS256 ", "hs256"] {
        let header = format!(r#"{{"alg":"{name}"}}"#);
        tokens.push(format!(
            "{}.{}.",
            b64(header.as_bytes()),
            b64(good.as_bytes())
        ));
        tokens.push(signed(&header, &good));
    }
    // The public key as the secret of an HMAC (CVE-2022-29217), whatever the header calls it.
    for header in [PLAIN, r#"{"alg":"RS256"}"#] {
        let secrets = public.iter().map(|text| text.as_bytes());
        tokens.extend(secrets.map(|secret| hs256(header, &good, secret)));
    }
    // A name of a key that leads to an empty file, to a file that all machines have, into a query.
    for kid in [
        "../../dev/null",
        "/etc/hostname",
        "' UNION SELECT '",
        "|true",
        "\\u0000",
    ] {
        let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
        tokens.push(hs256(&header, &good, b""));
    }
    let honest = signed(PLAIN, &good);
    let (unsigned, signature) = honest.rsplit_once('.').unwrap();
    tokens.extend([
        format!("{unsigned}."),
        unsigned.to_owned(),
        format!("{unsigned}.{}", &signature[..20]),
        format!("{unsigned}.{}", b64(&[0; 32])),
        format!("{honest}."),
        format!("{honest}.{signature}"),
        hs256(PLAIN, &good, b"secret"),
        "..".to_owned(),
        "\u{0}.\u{0}.\u{0}".to_owned(),
    ]);
    tokens
        .into_iter()
        .map(|token| (token, "token_invalid"))
        .collect()
}

/// What is signed with the right key, and says what no token may, with what each comes to.
fn overreaching() -> Vec<(String, &'static str)> {
    let (good, soon) = (good(), now() + 600);
    let headers = [
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":["HS256"]}"#,
        r"{}",
    ];
    let claims = [
        // Which of two names counts is another thing in each reader.
        format!(r#"{{"sub":"1","sub":"7","exp":{soon}}}"#),
        format!(r#"{{"sub":"7","s\u0075b":"1","exp":{soon}}}"#),
        format!(r#"{{"sub":"1","exp":{soon},"exp":1}}"#),
        format!(r#"{{"sub":"1","exp":{soon},"roles":["a"],"roles":["admin"]}}"#),
        r#"{"sub":"1"}"#.to_owned(),
        r#"{"sub":"1","exp":null}"#.to_owned(),
        r#"{"sub":"1","exp":false}"#.to_owned(),
        r#"{"sub":"1","exp":"tomorrow"}"#.to_owned(),
        r#"{"sub":"1","exp":[9999999999]}"#.to_owned(),
        r#"{"sub":"1","exp":1e999}"#.to_owned(),
        format!(r#"{{"sub":"1","exp":{soon},"nbf":{soon}}}"#),
        format!(r#"{{"sub":"1","exp":{soon},"iat":{soon}}}"#),
        format!(r#"{{"sub":"1","exp":{soon},"type":"refresh"}}"#),
        format!(r#"{{"sub":"","exp":{soon}}}"#),
        format!(r#"{{"sub":null,"exp":{soon}}}"#),
        format!(r#"{{"sub":["1"],"exp":{soon}}}"#),
        format!(r#"{{"exp":{soon}}}"#),
        "[]".to_owned(),
        "null".to_owned(),
        "[".repeat(9_000),
    ];
    // CVE-2026-25537: a time in quotes is a time, as PyJWT reads it, and no reason to leave it out.
    let past = [
        r#"{"sub":"1","exp":"9999"}"#,
        r#"{"sub":"1","exp":9999}"#,
        r#"{"sub":"1","exp":-1}"#,
    ];
    let of_header = headers.map(|header| (signed(header, &good), "token_invalid"));
    let of_claims = claims
        .iter()
        .map(|claims| (signed(PLAIN, claims), "token_invalid"));
    let expired = past.map(|claims| (signed(PLAIN, claims), "token_expired"));
    of_header
        .into_iter()
        .chain(of_claims)
        .chain(expired)
        .collect()
}

fn auth(token: &str) -> Value {
    json!({ "token": token })
}

/// Row 30: in the payload of a CONNECT, on either transport, before and after another one.
#[tokio::test]
async fn hostile_tokens_log_nobody_in() {
    let mut process = victim(&[]).await;
    let reach = process.reach();
    let hostile = [forged(), overreaching()].concat();
    let user = json!({"sub": "7", "exp": now() + 600}).to_string();
    let user = auth(&signed(PLAIN, &user));
    for over in Over::BOTH {
        for (token, expected) in &hostile {
            let before = process.told().len();
            let told = tried(&reach, over, &auth(token)).await;
            assert_eq!(told, *expected, "{over:?}: {token}");
            process.must_tell(before, &[*expected]).await;
        }
        let mut joined = Client::join(&reach, over, &user).await;
        for (token, expected) in &hostile {
            let told = outcome(&mut joined, "/admin", &auth(token)).await;
            assert_eq!(told, *expected, "{over:?} after CONNECT: {token}");
        }
        assert_eq!(
            outcome(&mut joined, "/admin", &Value::Null).await,
            "forbidden_role"
        );
        joined.engine.close().await;
    }
    must_be_silent(&mut process, &hostile).await;
}

/// Row 30: a renewal is judged as a login is; the one that stands goes on.
#[tokio::test]
async fn hostile_tokens_renew_nothing() {
    let mut process = victim(&[]).await;
    let hostile = [forged(), overreaching()].concat();
    let user = json!({"sub": "1", "exp": now() + 600}).to_string();
    let user = auth(&signed(PLAIN, &user));
    for over in Over::BOTH {
        let mut client = Client::join(&process.reach(), over, &user).await;
        for (token, expected) in &hostile {
            let before = process.told().len();
            let answer = client.call(&json!(["bell:renew", auth(token)])).await;
            assert_eq!(answer[0]["error"], *expected, "{over:?}: {token} {answer}");
            process.must_tell(before, &[*expected]).await;
        }
        let renewed = client.call(&json!(["bell:renew", user])).await;
        assert!(renewed[0]["expires_at"].is_string(), "{renewed}");
        client.engine.close().await;
    }
    must_be_silent(&mut process, &hostile).await;
}

/// Row 30: in `Authorization` and in a cookie. What no header can carry is left out.
#[tokio::test]
async fn hostile_tokens_in_headers_log_nobody_in() {
    let places = [("JWT_TOKEN_LOCATION", "headers,cookies")];
    let mut process = victim(&places).await;
    let reach = process.reach();
    let mut hostile = [forged(), overreaching()].concat();
    hostile.retain(|(token, _)| token.is_ascii() && !token.contains('\0') && token.len() < 9_000);
    for over in Over::BOTH {
        for (token, expected) in &hostile {
            let header = format!("Bearer {token}");
            let by_header = reach.clone().with_header("Authorization", &header);
            let told = tried(&by_header, over, &Value::Null).await;
            assert_eq!(told, *expected, "{over:?}: {token}");
            let cookie = format!("access_token_cookie={token}");
            let by_cookie = reach
                .clone()
                .from_origin(PAGE)
                .with_header("Cookie", &cookie);
            let told = tried(&by_cookie, over, &Value::Null).await;
            assert_eq!(told, *expected, "{over:?} in a cookie: {token}");
        }
    }
    must_be_silent(&mut process, &hostile).await;
}

/// Row 30: without the public key's algorithm on the list, or without a secret beside it, its text signs
/// nothing either.
#[tokio::test]
async fn a_public_key_is_a_secret_in_no_constellation() {
    let secrets = [PUBLIC_TEXT, PUBLIC_TEXT.trim(), PUBLIC];
    for (more, algorithm) in [
        (&[("BELLGATE_JWT_ALGORITHMS", "RS256")][..], "HS256"),
        (&[("BELLGATE_JWT_ALGORITHMS", "HS256")], "HS256"),
        (
            &[("BELLGATE_JWT_ALGORITHMS", ""), ("BELLGATE_JWT_SECRET", "")],
            "HS256",
        ),
        (
            &[("BELLGATE_JWT_ALGORITHMS", ""), ("BELLGATE_JWT_SECRET", "")],
            "RS256",
        ),
    ] {
        let mut process = victim(more).await;
        let header = format!(r#"{{"alg":"{algorithm}"}}"#);
        for secret in secrets {
            let token = hs256(&header, &good(), secret.as_bytes());
            for over in Over::BOTH {
                let told = tried(&process.reach(), over, &auth(&token)).await;
                assert_eq!(told, "token_invalid", "{more:?} {algorithm}");
            }
        }
        process.must_run().await;
    }
}

/// Nothing of a token is in the log, and the server is as it was.
async fn must_be_silent(process: &mut Process, hostile: &[(String, &'static str)]) {
    let long = hostile.iter().map(|(token, _)| token.as_str());
    let signature = |token: &'_ str| {
        token
            .rsplit_once('.')
            .map(|(_, signature)| signature.to_owned())
    };
    let signatures: Vec<_> = long.clone().filter_map(signature).collect();
    let signatures = signatures.iter().map(String::as_str);
    let secrets = long.chain(signatures).filter(|secret| secret.len() > 30);
    process.must_not_tell(secrets.chain([SECRET]));
    process.must_run().await;
}
