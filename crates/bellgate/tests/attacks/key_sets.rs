//! Tokens that want their key to be fetched from where they say, or the key of another issuer to count,
//! and servers of keys that lie, send elsewhere or never finish.

use std::time::{Duration, Instant};

use bellgate_peer::{Client, Engine, Over, Reach, eventually};
use serde_json::{Value, json};
use xtask::signing::{Pair, b64};

use crate::support::issuer::{Issuer, Manner, ok, set};
use crate::support::lab::{self, Lab};
use crate::support::logins::{now, outcome, tried};
use crate::support::process::Process;
use crate::support::wait::soon;

/// A server that verifies by the keys of an issuer, and whose log tells everything.
async fn victim(issuer: &Issuer, more: &[(&str, &str)]) -> Process {
    let own = [
        ("BELLGATE_JWT_JWKS_URL", issuer.url.as_str()),
        ("SOCKETIO_LOG_LEVEL", "TRACE"),
    ];
    Process::start(&[&own[..], more].concat()).await
}

fn claims() -> Value {
    json!({"sub": "7", "exp": now() + 600})
}

fn auth(token: &str) -> Value {
    json!({ "token": token })
}

/// Row 31: CVE-2026-32301 of Centrifugo. No word of a token leads to a request.
#[tokio::test]
async fn no_url_in_a_token_is_ever_fetched() {
    let (own, stranger) = (Pair::fresh(), Pair::fresh());
    let issuer = Issuer::of(&own, "a").await;
    let elsewhere = Issuer::of(&stranger, "a").await;
    let mut process = victim(&issuer, &[]).await;
    let (url, base) = (&elsewhere.url, elsewhere.url.strip_suffix("/keys").unwrap());
    let headers = [
        json!({"kid": "a", "jku": url}),
        json!({"kid": "a", "x5u": url}),
        json!({"kid": "a", "jku": url, "jwk": stranger.jwk("a")}),
        json!({"kid": "a", "jwk": stranger.jwk("a")}),
        json!({"kid": "a", "x5c": [b64(b"certificate")]}),
        json!({"kid": url}),
        json!({"kid": "../../keys"}),
        json!({"kid": "../../dev/null"}),
        json!({"kid": format!("a@{}", base.trim_start_matches("http://"))}),
        json!({"kid": "{{iss}}"}),
    ];
    let told =
        |issuer: &str| json!({"iss": issuer, "tenant": base, "sub": "7", "exp": now() + 600});
    let mut secrets = Vec::new();
    for over in Over::BOTH {
        for header in &headers {
            for claims in [claims(), told(base), told(url)] {
                let token = stranger.token(header, &claims);
                let before = process.told().len();
                let refused = tried(&process.reach(), over, &auth(&token)).await;
                assert_eq!(refused, "token_invalid", "{header} {claims}");
                process.must_tell(before, &["token_invalid"]).await;
                secrets.push(token);
            }
        }
        // A good token may say where its keys are: nobody asks.
        let good = own.token(&json!({"kid": "a", "jku": url}), &told(base));
        assert_eq!(tried(&process.reach(), over, &auth(&good)).await, "joined");
    }
    assert_eq!(elsewhere.asked(), 0);
    assert_eq!(
        issuer.asked(),
        1,
        "a kid that is unknown within the first minute"
    );
    process.must_not_tell(secrets.iter().map(String::as_str));
    process.must_run().await;
}

/// Row 31: CVE-2026-49998 of Centrifugo. The name of a key is its issuer's: another's key of the same name
/// verifies nothing, by whatever issuer the token names, nor does the one of an issuer that was replaced.
#[tokio::test]
async fn a_key_of_the_same_name_is_another_issuers_key() {
    let (first, second) = (Pair::fresh(), Pair::fresh());
    let issuers = [
        Issuer::of(&first, "a").await,
        Issuer::of(&second, "a").await,
    ];
    let names = ["https://first.example", "https://second.example"];
    let of = |pair: &Pair, issuer: &str| {
        let claims = json!({"iss": issuer, "sub": "7", "exp": now() + 600});
        auth(&pair.token(&json!({"kid": "a"}), &claims))
    };
    for (issuer, own, other, name) in [
        (&issuers[0], &first, &second, names[0]),
        (&issuers[1], &second, &first, names[1]),
    ] {
        let process = victim(issuer, &[("BELLGATE_JWT_ISSUER", name)]).await;
        let foreign = names.into_iter().find(|other| *other != name).unwrap();
        for over in Over::BOTH {
            let reach = process.reach();
            for (auth, expected) in [
                (of(own, name), "joined"),
                (of(other, name), "token_invalid"),
                (of(other, foreign), "token_invalid"),
                (of(own, foreign), "token_invalid"),
                (of(own, name), "joined"),
            ] {
                assert_eq!(tried(&reach, over, &auth).await, expected, "{over:?}");
            }
        }
    }
    // A server that is told of the second issuer while it runs forgets the first one's keys.
    let lab = Lab::with(&[("BELLGATE_JWT_JWKS_URL", &issuers[0].url)]).await;
    let expect = async |own: &Pair, other: &Pair| {
        for over in Over::BOTH {
            let told = tried(&lab.reach(), over, &of(other, names[0])).await;
            assert_eq!(told, "token_invalid", "{over:?}");
            assert_eq!(
                tried(&lab.reach(), over, &of(own, names[0])).await,
                "joined"
            );
        }
    };
    expect(&first, &second).await;
    let renewed = lab::settings(&[("BELLGATE_JWT_JWKS_URL", &issuers[1].url)]);
    lab.running.reload(&renewed).unwrap();
    expect(&second, &first).await;
    lab.must_end().await;
}

/// Row 31: unknown names of keys, from both transports, have the set fetched once a minute and not more.
#[tokio::test]
async fn ten_thousand_unknown_keys_are_no_more_than_one_fetch_a_minute() {
    let (pair, begun) = (Pair::fresh(), Instant::now());
    let issuer = Issuer::of(&pair, "a").await;
    let mut process = victim(&issuer, &[("SOCKETIO_LOG_LEVEL", "INFO")]).await;
    let good = auth(&pair.token(&json!({"kid": "a"}), &claims()));
    let mut kid = 0;
    for over in Over::BOTH {
        let mut client = Client::open(&process.reach(), over).await;
        let share = if over == Over::Websocket {
            9_000
        } else {
            1_000
        };
        for _ in 0..share {
            kid += 1;
            let unknown = auth(&pair.token(&json!({"kid": format!("k{kid}")}), &claims()));
            let told = outcome(&mut client, "/", &unknown).await;
            assert_eq!(told, "token_invalid");
        }
        // The good key is as good as before.
        assert_eq!(outcome(&mut client, "/", &good).await, "joined");
        client.engine.close().await;
    }
    let minutes = usize::try_from(begun.elapsed().as_secs() / 60).unwrap();
    assert!(issuer.asked() <= 1 + minutes, "{} fetches", issuer.asked());
    process.must_run().await;
}

/// Sees that handshakes are turned away by a server whose keys cannot be had.
async fn is_closed_by(issuer: &Issuer) {
    let process = victim(issuer, &[]).await;
    let reach: Reach = process.reach();
    let mut told = None;
    eventually("the failure to be known", async || {
        told = Engine::attempt(&reach, Over::Polling).await.err();
        told.is_some()
    })
    .await;
    assert_eq!(told.unwrap().json()["error"], "auth_unavailable");
}

/// Row 31: a redirect is not followed, wherever it leads.
#[tokio::test]
async fn a_redirected_key_set_is_not_followed() {
    let pair = Pair::fresh();
    let target = Issuer::of(&pair, "a").await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Again",
        "308 Moved",
    ] {
        let body = set(&pair, "a");
        let length = body.len();
        let redirect = Issuer::start(Manner::Says(format!(
            "HTTP/1.1 {status}\r\nLocation: {}\r\nContent-Length: {length}\r\n\r\n{body}",
            target.url
        )))
        .await;
        is_closed_by(&redirect).await;
        assert_eq!(redirect.asked(), 1, "{status}");
    }
    assert_eq!(target.asked(), 0);
}

/// Row 31: a set is read up to a megabyte, announced or not.
#[tokio::test]
async fn a_key_set_without_end_is_not_read() {
    let body = set(&Pair::fresh(), "a");
    let long = format!("{body}{}", " ".repeat(1 << 20));
    let unannounced = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{long}");
    for answer in [ok(&long), unannounced] {
        let issuer = Issuer::start(Manner::Says(answer)).await;
        is_closed_by(&issuer).await;
    }
}

/// Row 31: a set that is not there within five seconds is given up, whether nothing comes or it never ends.
#[tokio::test]
async fn a_key_set_that_does_not_come_is_given_up_after_five_seconds() {
    let body = set(&Pair::fresh(), "a");
    for manner in [Manner::Hangs, Manner::Trickles(ok(&body))] {
        let mut issuer = Issuer::start(manner.clone()).await;
        // The server counts from when it asks: somewhat later than it is started, somewhat before it is heard.
        let begun = Instant::now();
        let _asking = victim(&issuer, &[]).await;
        let waited = soon("the server to give up", issuer.patience.recv()).await;
        let waited = waited.expect("it was asked");
        assert!(begun.elapsed() >= Duration::from_secs(5), "{manner:?}");
        assert!(waited < Duration::from_secs(15), "{manner:?}: {waited:?}");
    }
}
