//! Session cookies that are forged, and headers in which another cookie stands for the session's.

use bellgate_peer::{Client, Over};
use serde_json::{Value, json};
use xtask::signing::{self, SECRET, b64, sha1_mac};

use crate::support::http::{get, once};
use crate::support::lab::Lab;
use crate::support::logins::{cookies, now, outcome, page, session, signed, tried, user, whoami};
use crate::support::polling::OPEN;
use crate::support::process::Process;

const MIB: u64 = 1024 * 1024;
/// The application's key before the one that it has now.
const OLDER: &str = "the key before application-secret";
const ADMIN: &str = r#"{"_user_id":"1","roles":["admin"]}"#;

/// A server whose log tells everything.
async fn victim(more: &[(&str, &str)]) -> Process {
    let own = [
        ("SECRET_KEY", SECRET),
        ("SECRET_KEY_FALLBACKS", OLDER),
        ("SOCKETIO_LOG_LEVEL", "TRACE"),
    ];
    Process::start(&[&own[..], more].concat()).await
}

/// A session by another key, or by a key derived in another way.
fn by_key(derived: &[u8]) -> String {
    signing::timed(derived, &b64(ADMIN.as_bytes()), now() - 1)
}

/// What an attacker makes who knows the format, and a session of user 7, but no key.
fn forgeries() -> Vec<(&'static str, String)> {
    let own = session("7");
    let (payload, rest) = own.split_once('.').unwrap();
    let (time, signature) = rest.split_once('.').unwrap();
    let admin = b64(ADMIN.as_bytes());
    let another = if signature.starts_with('A') { "B" } else { "A" };
    let changed = format!("{another}{}", &signature[1..]);
    let salted = |salt: &str| by_key(&sha1_mac(SECRET.as_bytes(), salt.as_bytes()));
    let with_key = |key: &[u8]| by_key(&sha1_mac(key, b"cookie-session"));
    vec![
        ("another payload", format!("{admin}.{time}.{signature}")),
        (
            "another time",
            format!("{payload}.{}.{signature}", b64(b"zzzz")),
        ),
        ("another signature", format!("{payload}.{time}.{changed}")),
        (
            "half a signature",
            format!("{payload}.{time}.{}", &signature[..13]),
        ),
        ("a signature and more", format!("{own}A")),
        ("an empty signature", format!("{admin}.{time}.")),
        ("no signature", format!("{admin}.{time}")),
        ("no time", format!("{payload}.{signature}")),
        ("a signature twice", format!("{own}.{signature}")),
        ("the payload twice", format!("{admin}.{own}")),
        ("the salt of the usual signer", salted("itsdangerous")),
        ("the salt of Flask-WTF", salted("wtf-csrf-token")),
        ("the salt of Flask-Session", salted("flask-session")),
        ("no salt", by_key(SECRET.as_bytes())),
        ("an empty key", with_key(b"")),
        ("a key of the documentation", with_key(b"dev")),
        (
            "the key in capitals",
            with_key(SECRET.to_uppercase().as_bytes()),
        ),
        (
            "a token of the page",
            signing::csrf("0413b96cb7e41edda423f46be15c220d49afdabf", now()),
        ),
        ("a bomb without a key", format!(".{}", b64(&[0x78; 9_000]))),
    ]
}

/// Row 28: forged sessions log nobody in, on either transport; each is one event, and none is told.
#[tokio::test]
async fn forged_sessions_log_nobody_in() {
    let mut process = victim(&[]).await;
    let reach = process.reach();
    for over in Over::BOTH {
        for (name, forged) in forgeries() {
            let before = process.told().len();
            let told = tried(&page(&reach, &forged), over, &Value::Null).await;
            assert_eq!(told, "session_invalid", "{name}, {over:?}");
            process.must_tell(before, &["session_invalid"]).await;
        }
        let soon = signing::session_at(ADMIN, now() + 3_600);
        let told = tried(&page(&reach, &soon), over, &Value::Null).await;
        assert_eq!(told, "session_expired", "signed in the future");
        let honest = tried(&page(&reach, &session("7")), over, &Value::Null).await;
        assert_eq!(honest, "joined");
    }
    let forgeries = forgeries();
    let secrets = forgeries.iter().map(|(_, forged)| forged.as_str());
    process.must_not_tell(secrets.chain([SECRET, OLDER]));
    process.must_run().await;
}

/// Row 28: after CONNECT a forged session takes nothing away from who has joined, and gives nothing.
#[tokio::test]
async fn forged_sessions_change_nothing_for_who_has_joined() {
    let mut process = victim(&[]).await;
    let reach = process.reach();
    let own = page(&reach, &session("7"));
    for (name, forged) in forgeries() {
        let mut client = Client::join(&own, Over::Polling, &Value::Null).await;
        let path = format!("{OPEN}&sid={}", client.engine.sid);
        let forger = page(&reach, &forged);
        let before = process.told().len();
        assert!(forger.post(&path).body("40/admin,").send().await.is_ok());
        let is_refused =
            |said: &bellgate_peer::Said| matches!(said, bellgate_peer::Said::Refused(..));
        let told = client.wait_for(is_refused).await;
        let bellgate_peer::Said::Refused(_, told) = told else {
            panic!("{name}: {told:?}");
        };
        assert_eq!(told["data"]["code"], "forbidden_role", "{name}");
        process.must_tell(before, &["forbidden_role"]).await;
        client.engine.close().await;
    }
    process.must_run().await;
}

/// Row 28: each listed key verifies, and only for as long as it is listed.
#[tokio::test]
async fn fallback_keys_verify_and_no_other_older_key_does() {
    let process = victim(&[]).await;
    let by = |key: &str| by_key(&sha1_mac(key.as_bytes(), b"cookie-session"));
    for over in Over::BOTH {
        for (key, expected) in [
            (SECRET, "joined"),
            (OLDER, "joined"),
            ("a key before that", "session_invalid"),
            (
                "application-secret,the key before application-secret",
                "session_invalid",
            ),
        ] {
            let told = tried(&page(&process.reach(), &by(key)), over, &Value::Null).await;
            assert_eq!(told, expected, "{key}, {over:?}");
        }
    }
}

/// Row 28: what a right signature covers is inflated up to the limit only; what is too long for a header
/// is not looked at.
#[tokio::test]
async fn bombs_and_endless_cookies_cost_little() {
    let mut process = victim(&[("BELLGATE_SHARDS", "1")]).await;
    let reach = process.reach();
    let filler = " ".repeat(9_000_000);
    let bomb = format!("{{{filler}\"_user_id\":\"1\"}}");
    let bomb = signing::deflated_at(bomb.as_bytes(), now() - 1);
    assert!((8_000..14_000).contains(&bomb.len()), "{}", bomb.len());
    process.must_run().await;
    process.forget_peak();
    let held = process.resident();
    for over in Over::BOTH {
        for _ in 0..20 {
            let told = tried(&page(&reach, &bomb), over, &Value::Null).await;
            assert_eq!(told, "session_invalid");
        }
    }
    let grown = process.peak().saturating_sub(held);
    assert!(
        grown < 4 * MIB,
        "{grown} bytes for a bomb of nine megabytes"
    );
    let endless = format!(
        "Origin: http://localhost:5000\r\nCookie: session={}\r\n",
        "A".repeat(100_000)
    );
    for transport in ["polling", "websocket"] {
        let path = OPEN.replace("polling", transport);
        // Whether the answer is read depends on how much was under way when the server closed.
        let answer = once(process.target, &get(&path, &endless)).await;
        assert!(
            answer.is_none_or(|answer| answer.status == 431),
            "{transport}"
        );
    }
    let long = "A".repeat(12_000);
    for over in Over::BOTH {
        let told = tried(&page(&reach, &long), over, &Value::Null).await;
        assert_eq!(told, "session_invalid");
    }
    process.must_not_tell([&bomb[..100], &long[..100]]);
    process.must_run().await;
}

/// Row 29: CVE-2023-23934 of Werkzeug. Of several cookies that counts which Flask would take; how Werkzeug
/// reads a header is in `tests/vectors/cookie_header.json`.
#[tokio::test]
async fn the_cookie_counts_that_flask_would_take() {
    let lab = Lab::built(&[("SECRET_KEY", SECRET)], whoami).await;
    let (own, planted) = (
        session("7"),
        signed(&json!({"_user_id": "1", "roles": ["admin"]})),
    );
    for (header, expected) in [
        (format!("session={own}"), "7"),
        (format!("session={own}; session={planted}"), "7"),
        (format!("=session={planted}; session={own}"), "7"),
        (format!("=; session={own}"), "7"),
        (format!("session ={own}"), "7"),
        (format!("session\t= {own} ; session={planted}"), "7"),
        (
            format!("Session={planted}; SESSION={planted}; session={own}"),
            "7",
        ),
        (format!("__Host-session={planted}; session={own}"), "7"),
        (format!("__Secure-session={planted}; session={own}"), "7"),
        (format!("session=\"{own}\""), "7"),
        (format!("a=\"x; session={planted}\"; session={own}"), "7"),
        (format!("a=\"x; session={own}"), "7"),
        (format!("session[]={planted}; session={own}"), "7"),
        (format!("session%20={planted}; session={own}"), "7"),
        (format!("$Version=1; session={own}; $Path=/admin"), "7"),
        // The first counts although it is bad: trying them all would be an attacker's choice.
        (format!("session=bad; session={own}"), "session_invalid"),
        (format!("session=; session={own}"), "session_invalid"),
        (format!("session; session={own}"), "session_invalid"),
        (
            format!("session={own}\", session={planted}"),
            "auth_required",
        ),
        (format!("session={own} session={planted}"), "auth_required"),
        (format!("Session={own}"), "auth_required"),
        (format!("__Host-session={own}"), "auth_required"),
        (format!("s\\145ssion={own}"), "auth_required"),
    ] {
        for over in Over::BOTH {
            let mut client = Client::open(&cookies(&lab.reach(), &header), over).await;
            let told = outcome(&mut client, "/", &Value::Null).await;
            let told = if told == "joined" {
                user(&mut client).await.unwrap_or_default()
            } else {
                told
            };
            assert_eq!(told, expected, "{over:?}: {header}");
            let admin = outcome(&mut client, "/admin", &Value::Null).await;
            assert_ne!(admin, "joined", "{over:?}: {header}");
            client.engine.close().await;
        }
    }
    lab.must_end().await;
}
