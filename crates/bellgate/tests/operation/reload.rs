//! Settings taken in anew, at SIGHUP and by the operator's listener: nobody is cut, and what cannot
//! be used changes nothing.

use bellgate_peer::{Client, Engine, Over, Reach, eventually};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::Program;
use crate::tls::{certificate_in, trusting};

const DONE: &str = "the settings are read anew";
const REFUSED: &str = "the settings stay as they are: ";

fn write(folder: &std::path::Path, file: &str, text: &str) {
    // As an editor does that cares: nobody sees half a file.
    let new = folder.join("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, folder.join(file)).unwrap();
}

async fn start(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Program {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        write(folder.path(), file, text);
    }
    Program::start_in(folder, environment).await
}

fn messages(server: &Program) -> Vec<String> {
    let log = server.log();
    let messages = log.iter().filter_map(|line| line["message"].as_str());
    messages.map(str::to_owned).collect()
}

/// The lines of the log that tell how reloads went.
fn outcomes(server: &Program) -> Vec<String> {
    let is_outcome = |message: &String| message.starts_with(DONE) || message.starts_with(REFUSED);
    messages(server).into_iter().filter(is_outcome).collect()
}

/// Sends SIGHUP and waits for what the log says of it.
async fn hang_up(server: &Program) -> String {
    let before = outcomes(server).len();
    server.signal(Signal::HUP);
    eventually("the log to tell of the reload", async || {
        outcomes(server).len() > before
    })
    .await;
    outcomes(server).pop().unwrap()
}

async fn admits(server: &Program, origin: &str) -> bool {
    let page = server.reach.clone().from_origin(origin);
    let mut admitted = Vec::new();
    for over in Over::BOTH {
        admitted.push(Engine::attempt(&page, over).await.is_ok());
    }
    assert_eq!(admitted[0], admitted[1], "both transports judge alike");
    admitted[0]
}

async fn is_alive(client: &mut Client) {
    let answer = client.call(&json!(["nobody"])).await;
    assert_eq!(answer[0]["error"], "events_unavailable");
}

const OLD: &str = "http://old.example";
const NEW: &str = "http://new.example";

#[tokio::test]
async fn a_new_origin_is_admitted_and_the_old_one_refused_while_its_session_stays() {
    for (file, line) in [
        ("bellgate.toml", "cors_origins = ['@']\n"),
        (".env", "SOCKETIO_CORS_ORIGINS=@\n"),
    ] {
        let server = start(&[(file, &line.replace('@', OLD))], &[]).await;
        assert!(admits(&server, OLD).await && !admits(&server, NEW).await);
        let page = server.reach.clone().from_origin(OLD);
        let mut client = Client::join(&page, Over::Websocket, &Value::Null).await;

        write(server.folder(), file, &line.replace('@', NEW));
        let told = hang_up(&server).await;
        assert_eq!(told, "the settings are read anew: 1 changed");
        let change = format!("SOCKETIO_CORS_ORIGINS: {OLD} → {NEW}");
        eventually("the change in the log", async || {
            messages(&server).contains(&change)
        })
        .await;
        assert!(admits(&server, NEW).await && !admits(&server, OLD).await);
        is_alive(&mut client).await;
    }
}

#[tokio::test]
async fn a_changed_row_of_a_namespace_is_named_by_its_path() {
    let file = "bellgate.toml";
    let server = start(&[(file, "[namespace.'/admin']\nroles = ['admin']\n")], &[]).await;
    let roles = "[namespace.'/admin']\nroles = ['admin', 'owner']\nrate = '5/second'\n";
    write(server.folder(), file, roles);
    let told = hang_up(&server).await;
    assert_eq!(told, "the settings are read anew: 2 changed");
    for change in [
        r#"namespace."/admin".rate: unset → 5/second"#,
        r#"namespace."/admin".roles: admin → admin,owner"#,
    ] {
        eventually(change, async || {
            messages(&server).iter().any(|told| told == change)
        })
        .await;
    }
}

#[tokio::test]
async fn bellgates_own_address_is_admitted_after_a_reload_as_before() {
    let server = start(&[("bellgate.toml", "")], &[]).await;
    let own = format!("http://{}", server.reach.addr());
    assert!(admits(&server, &own).await);
    write(
        server.folder(),
        "bellgate.toml",
        "cors_origins = ['http://new.example']",
    );
    hang_up(&server).await;
    assert!(admits(&server, &own).await, "the port that it got");
}

#[tokio::test]
async fn what_cannot_be_used_changes_nothing_and_is_said_in_one_line() {
    let origins = format!("cors_origins = ['{OLD}']\n");
    let server = start(&[("bellgate.toml", &origins)], &[]).await;
    for (text, reason) in [
        (
            "cors_origins = [",
            "bellgate.toml cannot be read: line 1, column ",
        ),
        (
            "store_url = 'amqp://x'",
            "BELLGATE_STORE_URL has none of the schemes ",
        ),
        (
            "tls_cert = 'cert.pem'",
            "SOCKETIO_TLS_CERT is set and SOCKETIO_TLS_KEY is not",
        ),
        (
            "api_keys_file = 'nowhere'",
            "BELLGATE_API_KEYS_FILE=nowhere cannot be read: ",
        ),
    ] {
        write(server.folder(), "bellgate.toml", text);
        let told = hang_up(&server).await;
        assert!(told.starts_with(&format!("{REFUSED}{reason}")), "{told}");
        assert!(admits(&server, OLD).await, "{text}");
    }
    std::fs::remove_file(server.folder().join("bellgate.toml")).unwrap();
    let told = hang_up(&server).await;
    assert!(told.contains("bellgate.toml is gone"), "{told}");
    assert_eq!(outcomes(&server).len(), 5, "one line each");
    assert!(admits(&server, OLD).await);
    write(server.folder(), "bellgate.toml", "");
    assert!(hang_up(&server).await.starts_with(DONE));
    assert!(!admits(&server, OLD).await);
}

#[tokio::test]
async fn a_warning_refuses_a_reload_only_where_the_start_was_strict() {
    let slip = "ping_timout = 5\nflask_port = 7000\n";
    let server = start(&[("bellgate.toml", "")], &[]).await;
    write(server.folder(), "bellgate.toml", slip);
    assert!(hang_up(&server).await.starts_with(DONE));
    assert!(admits(&server, "http://localhost:7000").await);

    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "bellgate.toml", "");
    let server = Program::start_with(folder, &["--strict"], &[]).await;
    write(server.folder(), "bellgate.toml", slip);
    let told = hang_up(&server).await;
    assert!(told.contains("ping_timout is no setting"), "{told}");
    assert!(!admits(&server, "http://localhost:7000").await);
}

#[tokio::test]
async fn api_keys_are_swapped_and_never_logged() {
    let server = start(&[(".env", "BELLGATE_API_KEYS=a:first-secret:emit\n")], &[]).await;
    let status = async |key: &str| {
        let emit = json!({"event": "news", "to": {"all": true}});
        let post = server.reach.post("/api/v1/emit").bearer(key).json(&emit);
        post.send().await.status()
    };
    assert_eq!(
        (status("first-secret").await, status("second-secret").await),
        (202, 401)
    );
    write(
        server.folder(),
        ".env",
        "BELLGATE_API_KEYS=a:second-secret:emit\n",
    );
    hang_up(&server).await;
    assert_eq!(
        (status("first-secret").await, status("second-secret").await),
        (401, 202)
    );
    let said = server.lines().concat();
    assert!(said.contains("BELLGATE_API_KEYS: •••• → ••••"), "{said}");
    assert!(!said.contains("-secret"), "{said}");
}

#[tokio::test]
async fn the_key_that_development_made_survives_a_reload() {
    let server = start(&[("bellgate.toml", "")], &[]).await;
    let key = std::fs::read_to_string(server.folder().join(".bellgate-key")).unwrap();
    write(server.folder(), "bellgate.toml", "flask_port = 7000\n");
    hang_up(&server).await;
    let emit = json!({"event": "news", "to": {"all": true}});
    let post = server
        .reach
        .post("/api/v1/emit")
        .bearer(key.trim())
        .json(&emit);
    assert_eq!(post.send().await.status(), 202);
}

#[tokio::test]
async fn the_level_of_the_log_changes() {
    let server = start(&[("bellgate.toml", "")], &[]).await;
    let routine = async |path: &str| {
        assert_eq!(server.reach.get(path).send().await.status(), 404);
    };
    let is_told = |path: &str| messages(&server).iter().any(|line| line.ends_with(path));
    routine("/first").await;
    eventually("a routine line", async || is_told("/first")).await;

    write(server.folder(), "bellgate.toml", "log_level = 'WARNING'\n");
    hang_up(&server).await;
    eventually("the change, before its own line is hidden", async || {
        messages(&server).contains(&"SOCKETIO_LOG_LEVEL: INFO → WARNING".to_owned())
    })
    .await;
    routine("/second").await;

    write(server.folder(), "bellgate.toml", "log_level = 'DEBUG'\n");
    hang_up(&server).await;
    routine("/third").await;
    eventually("a routine line again", async || is_told("/third")).await;
    assert!(!is_told("/second"));
}

#[tokio::test]
async fn what_needs_a_restart_is_told_and_stays() {
    let server = start(&[("bellgate.toml", "")], &[]).await;
    write(
        server.folder(),
        "bellgate.toml",
        "env = 'production'\nnotification_event = 'note'\n",
    );
    hang_up(&server).await;
    let told = "BELLGATE_ENV: development → production (after a restart; the old value holds)";
    eventually("the line of the setting", async || {
        messages(&server).contains(&told.to_owned())
    })
    .await;
    assert!(
        admits(&server, "http://localhost:5000").await,
        "http, as in development"
    );
}

#[tokio::test]
async fn operators_reload_over_http_and_read_what_has_changed() {
    let server = start(&[("bellgate.toml", "")], &[]).await;
    let admin = server.admin().await;
    write(
        server.folder(),
        "bellgate.toml",
        "flask_port = 7000\nping_timeout = 30\nshards = 3\n",
    );
    let answer = admin.post("/admin/reload").send().await;
    // BELLGATE_SHARDS stands in the environment of these tests, which is stronger.
    let change = |setting: &str, from: &str, to: &str, holds: &str| json!({"setting": setting, "from": from, "to": to, "holds": holds});
    let expected = [
        change("FLASK_PORT", "5000", "7000", "now"),
        change("SOCKETIO_PING_TIMEOUT", "60", "30", "new_sessions"),
    ];
    assert_eq!(
        (answer.status(), answer.json()),
        (200, json!({"changed": expected, "warnings": []}))
    );
    assert!(admits(&server, "http://localhost:7000").await);

    write(server.folder(), "bellgate.toml", "flask_port = \n");
    let refused = admin.post("/admin/reload").send().await;
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.json()["error"], "reload_refused");
    assert!(
        refused
            .text()
            .contains("bellgate.toml cannot be read: line 1, column ")
    );
    assert!(admits(&server, "http://localhost:7000").await);

    assert_eq!(admin.get("/admin/reload").send().await.status(), 405);
    assert_eq!(
        server.reach.post("/admin/reload").send().await.status(),
        404
    );
    let page = admin
        .post("/admin/reload")
        .header("Origin", "http://evil.example");
    assert_eq!(page.send().await.status(), 403);
}

#[tokio::test]
async fn in_production_a_reload_asks_for_a_key_that_manages() {
    let settings = [
        ("BELLGATE_ENV", "production"),
        ("BELLGATE_API_KEYS", "ops:manager:manage,app:reader:read"),
    ];
    let server = start(&[], &settings).await;
    let admin = server.admin().await;
    let ask = async |key: Option<&str>| {
        let post = admin.post("/admin/reload");
        let post = match key {
            Some(key) => post.bearer(key),
            None => post,
        };
        post.send().await.status()
    };
    assert_eq!((ask(None).await, ask(Some("reader")).await), (401, 403));
    assert_eq!(ask(Some("manager")).await, 200);
}

#[tokio::test]
async fn nobody_is_cut_by_reloads_that_fail_and_one_that_does_not() {
    let server = start(
        &[("bellgate.toml", "")],
        &[("BELLGATE_API_KEYS", "a:secret:emit")],
    )
    .await;
    let mut clients = Vec::new();
    for n in 0..36 {
        let over = Over::BOTH[n % 2];
        clients.push(Client::join(&server.reach, over, &Value::Null).await);
    }
    for (round, text) in [
        "port =",
        "[",
        "\u{1}",
        "flask_port = 7000",
        "=",
        "max_connections = 1",
    ]
    .into_iter()
    .enumerate()
    {
        write(server.folder(), "bellgate.toml", text);
        let emit = json!({"event": "round", "args": [round], "to": {"all": true}});
        let post = server
            .reach
            .post("/api/v1/emit")
            .bearer("secret")
            .json(&emit);
        let (told, answer) = tokio::join!(hang_up(&server), post.send());
        assert_eq!(told.starts_with(DONE), text.contains('_'), "{told}");
        assert_eq!(answer.json(), json!({"online": 36}));
        for client in &mut clients {
            assert_eq!(client.heard().await, ("round".into(), vec![json!(round)]));
            is_alive(client).await;
        }
    }
    assert!(
        Engine::attempt(&server.reach, Over::Polling).await.is_err(),
        "the new limit holds"
    );
}

/// A server with a certificate of its own, and the way to it.
async fn start_with_tls() -> (Program, Reach) {
    let folder = tempfile::tempdir().unwrap();
    let trusted = certificate_in(folder.path());
    let server = serve_tls(folder).await;
    let reach = Reach::tls(server.reach.addr(), trusting(trusted));
    (server, reach)
}

async fn serve_tls(folder: TempDir) -> Program {
    let settings = [
        ("SOCKETIO_TLS_CERT", "cert.pem"),
        ("SOCKETIO_TLS_KEY", "key.pem"),
    ];
    Program::start_in(folder, &settings).await
}

#[tokio::test]
async fn a_new_certificate_is_served_to_new_connections_without_being_asked() {
    let (server, old) = start_with_tls().await;
    let mut client = Client::join(&old, Over::Websocket, &Value::Null).await;
    let made = tempfile::tempdir().unwrap();
    let new = Reach::tls(old.addr(), trusting(certificate_in(made.path())));
    // First one half of the pair: the other certificate goes on.
    std::fs::rename(
        made.path().join("cert.pem"),
        server.folder().join("cert.pem"),
    )
    .unwrap();
    eventually("a warning of half a pair", async || {
        let stays = |message: &String| message.ends_with("the certificate that was loaded stays");
        messages(&server).iter().any(stays)
    })
    .await;
    assert!(old.get("/healthz").send().await.is_ok());
    std::fs::rename(made.path().join("key.pem"), server.folder().join("key.pem")).unwrap();
    eventually("the new certificate", async || {
        new.get("/healthz").attempt().await.is_ok()
    })
    .await;
    assert!(old.get("/healthz").attempt().await.is_err());
    is_alive(&mut client).await;
}

#[tokio::test]
async fn a_reload_takes_in_the_tls_files_too_or_is_refused() {
    let (server, old) = start_with_tls().await;
    std::fs::write(server.folder().join("key.pem"), "no key").unwrap();
    let told = hang_up(&server).await;
    assert!(
        told.starts_with(&format!("{REFUSED}SOCKETIO_TLS_KEY=key.pem")),
        "{told}"
    );
    assert!(old.get("/healthz").send().await.is_ok());
    let new = Reach::tls(old.addr(), trusting(certificate_in(server.folder())));
    assert!(hang_up(&server).await.starts_with(DONE));
    assert!(new.get("/healthz").send().await.is_ok());
}
