//! `/client/config.json`: what a page may pass to the stock client as its options.

use bellgate::Server;
use bellgate::config::{Settings, Sources};
use bellgate_peer::{Answer, Reach};
use serde_json::{Value, json};

use crate::program::Program;

const PATHS: [&str; 2] = ["/client/config.json", "/bellgate/client/config.json"];
const PAGE: &str = "http://localhost:5000";

async fn options(environment: &[(&str, &str)]) -> Value {
    let server = Program::start(environment).await;
    let answer = server.reach.get(PATHS[0]).send().await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

async fn again(reach: &Reach, etag: &str) -> Answer {
    let request = reach.get(PATHS[0]).header("If-None-Match", etag);
    request.send().await
}

#[tokio::test]
async fn without_settings_it_tells_the_defaults_and_leaves_out_what_is_endless() {
    assert_eq!(
        options(&[]).await,
        json!({
            "path": "/socket.io/",
            "transports": ["websocket", "polling"],
            "tryAllTransports": true,
            "upgrade": true,
            "reconnection": true,
            "reconnectionDelay": 1000,
            "reconnectionDelayMax": 30000,
            "timeout": 20000,
            "withCredentials": true,
        })
    );
}

#[tokio::test]
async fn it_tells_what_is_set_and_nothing_secret() {
    let settings = [
        ("SOCKETIO_PATH", "/live"),
        ("SOCKETIO_TRANSPORTS", "polling"),
        ("SOCKETIO_RECONNECTION", "no"),
        ("SOCKETIO_RECONNECTION_ATTEMPTS", "7"),
        ("SOCKETIO_RECONNECTION_DELAY", "0.2s"),
        ("SOCKETIO_RECONNECTION_DELAY_MAX", "5000"),
        ("WEBSOCKET_TIMEOUT", "3s"),
        ("SOCKETIO_CORS_CREDENTIALS", "false"),
        ("SOCKETIO_CORS_ORIGINS", "https://hidden.example"),
        ("BELLGATE_API_KEYS", "app:hidden-key:publish"),
    ];
    assert_eq!(
        options(&settings).await,
        json!({
            "path": "/live/",
            "transports": ["polling"],
            "upgrade": false,
            "reconnection": false,
            "reconnectionAttempts": 7,
            "reconnectionDelay": 200,
            "reconnectionDelayMax": 5000,
            "timeout": 3000,
            "withCredentials": false,
        })
    );
}

#[tokio::test]
async fn upgrades_and_credentials_are_told_as_the_server_has_them() {
    let no_upgrades = options(&[("SOCKETIO_ALLOW_UPGRADES", "false")]).await;
    assert_eq!(no_upgrades["upgrade"], false);
    assert_eq!(no_upgrades["transports"], json!(["websocket", "polling"]));
    // Every origin is admitted, so none with credentials, and a client that sent some would be
    // refused by its browser.
    let any = options(&[("SOCKETIO_CORS_ORIGINS", "*")]).await;
    assert_eq!(any["withCredentials"], false);
}

#[tokio::test]
async fn it_may_be_kept_for_a_minute_and_is_not_sent_to_who_has_it() {
    let server = Program::start(&[]).await;
    for path in PATHS {
        let answer = server.reach.get(path).send().await;
        assert_eq!(answer.header("cache-control"), "public, max-age=60");
        let etag = answer.header("etag").to_owned();
        let (weak, several) = (format!("W/{etag}"), format!("\"other\", {etag}"));
        for known in [etag.as_str(), &weak, &several, "*"] {
            let answer = again(&server.reach, known).await;
            assert_eq!(answer.status(), 304, "{known}");
            assert_eq!(answer.text(), "");
            assert_eq!(answer.header("etag"), etag);
            assert_eq!(answer.header("cache-control"), "public, max-age=60");
        }
        for other in ["\"other\"", "", etag.trim_matches('"')] {
            assert_eq!(again(&server.reach, other).await.status(), 200, "{other}");
        }
    }
    let posted = server.reach.post(PATHS[0]).send().await;
    assert_eq!(posted.status(), 405);
    assert_eq!(posted.json()["error"], "method_not_allowed");
}

#[tokio::test]
async fn an_admitted_page_can_read_it_and_a_refused_one_cannot() {
    let server = Program::start(&[]).await;
    let (page, other) = (
        server.reach.clone().from_origin(PAGE),
        server.reach.clone().from_origin("https://evil.example"),
    );
    for path in PATHS {
        let answer = page.get(path).send().await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.header("access-control-allow-origin"), PAGE);
        assert!(answer.header("vary").contains("Origin"));
        let known = page
            .get(path)
            .header("If-None-Match", answer.header("etag"));
        let known = known.send().await;
        assert_eq!(known.status(), 304);
        assert_eq!(known.header("access-control-allow-origin"), PAGE);

        let refused = other.get(path).send().await;
        assert_eq!(refused.status(), 403);
        assert_eq!(refused.json()["error"], "origin_host_not_allowed");
        assert!(!refused.text().contains("reconnection"));
        let known = other.get(path).header("If-None-Match", "*").send().await;
        assert_eq!(known.status(), 403);

        let preflight = |reach: &Reach| {
            let request = reach.request("OPTIONS", path);
            request.header("Access-Control-Request-Method", "GET")
        };
        assert_eq!(preflight(&page).send().await.status(), 204);
        assert_eq!(preflight(&other).send().await.status(), 403);
    }
}

#[tokio::test]
async fn a_reload_changes_it_and_its_tag() {
    let load = |more: &[(&str, &str)]| {
        let base = [
            ("SOCKETIO_PORT", "0"),
            ("BELLGATE_ADMIN_ADDR", "off"),
            ("BELLGATE_DRAIN_WINDOW", "0s"),
        ];
        let environment = base.into_iter().chain(more.iter().copied());
        Settings::load(&Sources::new().with_environment(environment)).settings
    };
    let running = Server::from_settings(load(&[])).start().await.unwrap();
    let reach = Reach::url(&running.bound()[0]);
    let before = reach.get(PATHS[0]).send().await;
    let changed = [
        ("SOCKETIO_RECONNECTION_DELAY", "10s"),
        // No reload moves the endpoint.
        ("SOCKETIO_PATH", "/elsewhere/"),
    ];
    running.reload(&load(&changed)).unwrap();
    let after = again(&reach, before.header("etag")).await;
    assert_eq!(after.status(), 200);
    assert_eq!(after.json()["reconnectionDelay"], 10000);
    assert_eq!(after.json()["path"], "/socket.io/");
    running.drain();
    running.wait().await;
}
