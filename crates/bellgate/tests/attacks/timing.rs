//! What the time of an answer could tell of a signature, and what refusals could tell of the list (row 46).
//!
//! Over sockets the scheduler's noise is a thousand times what there is to see of a signature, so the functions
//! that decide are measured themselves. A measure that could see nothing would prove nothing: it is tried on
//! a compare that leaks. How long a refused origin takes is measured in `origins`.

use std::hint::black_box;
use std::time::Instant;

use bellgate_gate::flask::{CsrfTokens, Digest, RememberCookies, SessionCookies, SessionRules};
use bellgate_gate::identity::{IdentitySettings, Login};
use ring::hmac;
use xtask::signing::{self, NOW, SECRET};

use crate::support::http::{fetch, get, post};
use crate::support::polling::OPEN;
use crate::support::process::Process;
use crate::support::ws::{self, UPGRADE, Ws};

/// Inputs of a kind that take turns, so that the place of none of them in memory counts.
const EACH: usize = 16;
/// Calls of a batch, batches of a kind in a round, rounds.
const CALLS: usize = 64;
const BATCHES: usize = 96;
const ROUNDS: usize = 5;

/// Whether calls take another time for one kind of input than for the other.
///
/// Batches of both kinds take turns, and each kind is measured twice over: how far the two halves of one
/// kind lie apart is what chance does here and now. A leak is there in each round and always on the same
/// side; what happens beside the test is not.
fn are_told_apart<T>(near: &[T], far: &[T], mut call: impl FnMut(&T)) -> bool {
    let sides: Vec<i8> = (0..ROUNDS).map(|_| side(near, far, &mut call)).collect();
    println!("{sides:?}");
    sides[0] != 0 && sides.iter().all(|side| *side == sides[0])
}

/// Which kind takes longer by more than chance: -1, 1, or 0 for neither.
fn side<T>(near: &[T], far: &[T], call: &mut impl FnMut(&T)) -> i8 {
    let mut times: [Vec<u128>; 4] = Default::default();
    let mut batch = |inputs: &[T]| {
        let begun = Instant::now();
        for input in inputs.iter().cycle().take(CALLS) {
            call(black_box(input));
        }
        begun.elapsed().as_nanos()
    };
    for turn in 0..BATCHES {
        // Each of the four is first as often as last.
        for place in 0..4 {
            let which = (place + turn) % 4;
            times[which].push(batch(if which % 2 == 0 { near } else { far }));
        }
    }
    // What disturbs only ever adds; the lower quartile has little of it.
    let [near, far, near_again, far_again] = times.map(|mut times| {
        times.sort_unstable();
        i128::try_from(times[times.len() / 4]).unwrap()
    });
    let chance = (near - near_again).abs().max((far - far_again).abs());
    let between = (near + near_again - far - far_again) / 2;
    let least = near.min(far) / 500;
    println!("{near} {near_again} near, {far} {far_again} far: {between} of {chance}");
    if between.abs() > 2 * chance + least {
        i8::try_from(between.signum()).unwrap()
    } else {
        0
    }
}

/// Texts with the end changed, or the beginning: a compare that stops early takes longer for the first.
fn near_and_far(
    texts: &[String],
    part: impl Fn(&str) -> std::ops::Range<usize>,
) -> [Vec<String>; 2] {
    let changed = |text: &String, at: usize| {
        let mut text = text.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    };
    // Before the last letter, which may have bits to spare.
    let near = texts.iter().map(|text| changed(text, part(text).end - 2));
    let far = texts.iter().map(|text| changed(text, part(text).start));
    [near.collect(), far.collect()]
}

fn signature(text: &str) -> std::ops::Range<usize> {
    text.rfind(['.', '|']).unwrap() + 1..text.len()
}

/// So many sessions, each another user's.
fn sessions() -> Vec<String> {
    let session = |user| signing::session(&format!(r#"{{"_user_id":"{user:02}"}}"#));
    (0..EACH).map(session).collect()
}

/// The measure itself: it sees a compare of a signature that stops at the first difference.
#[test]
fn a_compare_that_stops_early_would_be_seen() {
    let [near, far] = near_and_far(&sessions(), signature);
    let right: Vec<String> = sessions();
    let leaks = |text: &String| {
        let payload = text.rsplit_once('.').unwrap().0;
        let right = right
            .iter()
            .find(|right| right.starts_with(payload))
            .unwrap();
        black_box(signing::sha1_mac(SECRET.as_bytes(), payload.as_bytes()));
        let same = |(one, other): &(u8, u8)| black_box(one) == black_box(other);
        black_box(right.bytes().zip(text.bytes()).take_while(same).count());
    };
    // What else the machine does may hide it once, not always.
    assert!((0..20).any(|_| are_told_apart(&near, &far, leaks)));
    assert!(!are_told_apart(&far, &far.clone(), leaks), "no two kinds");
}

/// Row 46: how much of a session's signature is right.
#[test]
fn the_time_of_a_refused_session_tells_nothing_of_its_signature() {
    for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha512] {
        let rules = SessionRules {
            digest,
            ..SessionRules::default()
        };
        let cookies = SessionCookies::new(&rules, [SECRET.as_bytes()]);
        let settings = IdentitySettings {
            secret_key: Some(SECRET.to_owned()),
            session: rules,
            ..IdentitySettings::default()
        };
        let made = (0..EACH).map(|user| {
            let login = Login {
                user: &format!("{user:02}"),
                roles: &[],
                csrf: None,
            };
            settings.issue_session(login, NOW).unwrap()
        });
        let [near, far] = near_and_far(&made.collect::<Vec<_>>(), signature);
        let read = |text: &String| assert!(black_box(cookies.read(text, NOW)).is_err());
        assert!(!are_told_apart(&near, &far, read), "{digest:?}");
    }
}

/// Row 46: the same of a remember cookie's, and of a page's CSRF token.
#[test]
fn the_time_of_a_refused_cookie_or_page_tells_nothing_of_its_signature() {
    let remember = RememberCookies::new(SECRET).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA512, SECRET.as_bytes());
    let made = (0..EACH).map(|user| {
        let user = format!("{user:02}");
        let digest = hmac::sign(&key, user.as_bytes());
        let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
        format!("{user}|{}", hex.collect::<String>())
    });
    let made: Vec<_> = made.collect();
    assert!(made.iter().all(|cookie| remember.read(cookie).is_ok()));
    let [near, far] = near_and_far(&made, signature);
    let read = |text: &String| assert!(black_box(remember.read(text)).is_err());
    assert!(!are_told_apart(&near, &far, read), "a remember cookie");
    let tokens = CsrfTokens::new(SECRET.as_bytes());
    let kept = "0413b96cb7e41edda423f46be15c220d49afdabf";
    let session = signing::session(&format!(r#"{{"csrf_token":"{kept}"}}"#));
    let sessions = SessionCookies::new(&SessionRules::default(), [SECRET.as_bytes()]);
    let session = sessions.read(&session, NOW).unwrap();
    let in_session = session.get("csrf_token");
    let made = (0..16).map(|age| signing::csrf(kept, NOW - age));
    let made: Vec<_> = made.collect();
    let check = |text: &String| black_box(tokens.check(Some(text), in_session, None)).is_ok();
    assert!(made.iter().all(check));
    let [near, far] = near_and_far(&made, signature);
    assert!(
        !are_told_apart(&near, &far, |text| assert!(!check(text))),
        "a CSRF token"
    );
}

/// What is on the list of [`no_refusal_tells_what_is_on_the_list`].
const LIST: [&str; 3] = [
    "https://first-entry.example",
    "https://*.second-entry.example",
    "http://third-entry.example:8443",
];

/// Row 46: a refusal, in whatever form, tells no entry of the list, and the same for each origin.
#[tokio::test]
async fn no_refusal_tells_what_is_on_the_list() {
    let list = LIST.join(",");
    let mut process = Process::start(&[("SOCKETIO_CORS_ORIGINS", &list)]).await;
    let target = process.target;
    let browser = "User-Agent: Mozilla/5.0\r\nSec-Fetch-Mode: cors\r\n";
    let near = "https://first-entrx.example";
    let mut told = Vec::new();
    for origin in [
        near,
        "https://zzzzz-zzzzz.example",
        "https://second-entry.example",
    ] {
        let origin_line = format!("Origin: {origin}\r\n");
        let mut forms = Vec::new();
        for more in ["", browser] {
            let headers = format!("{origin_line}{more}");
            let asks = format!("{headers}Access-Control-Request-Method: GET\r\n");
            let preflight = get(OPEN, &asks);
            let preflight = String::from_utf8(preflight)
                .unwrap()
                .replacen("GET", "OPTIONS", 1);
            for request in [
                get(OPEN, &headers),
                get(ws::OPEN, &format!("{UPGRADE}{headers}")),
                preflight.into_bytes(),
                post("/api/v1/emit", &headers, b"{}"),
                get("/diagnose", &headers),
                get("/client/config.json", &headers),
                get("/nowhere", &headers),
            ] {
                let mut answer = fetch(target, &request).await;
                answer.headers.retain(|(name, _)| name != "date");
                let shown = format!("{:?} {}", answer.headers, answer.text());
                forms.push(shown);
            }
            if let Ok(mut ws) = Ws::shake(target, ws::OPEN, &headers).await {
                let ended = ws.ended().await;
                forms.push(format!(
                    "{:?} {}",
                    ended.texts,
                    String::from_utf8_lossy(&ended.reason)
                ));
            }
        }
        for form in &mut forms {
            let host = origin.trim_start_matches("https://");
            *form = without_ids(&form.replace(origin, "ORIGIN").replace(host, "HOST"));
            for entry in ["first-entry", "second-entry", "third-entry", "8443"] {
                assert!(!form.contains(entry), "{entry} in {form}");
            }
        }
        told.push(forms);
    }
    // Only how a host is written may differ, and how long it is.
    assert_eq!(told[0], told[1]);
    process.must_be_unharmed().await;
}

/// The text without what is another in each answer: ids, times, lengths.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| {
        let has_digits = word.contains(|c: char| c.is_ascii_digit());
        word.len() > 30 || (word.len() > 7 && has_digits)
    };
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let kept: Vec<_> = words.filter(|word| !is_id(word)).collect();
    kept.join(" ")
}
