//! What the sources come to: strength, aliases, secrets by file, warnings, what stops a start.

use std::io::Write as _;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::*;

#[test]
fn every_row_reaches_its_field() {
    let loaded = Settings::load(&Sources::new());
    let mut values = value::Values::default();
    for effective in loaded.effective.into_iter().filter(|row| row.setting.works) {
        values.insert(effective.setting.name, effective.value, false);
    }
    let settings = Settings::take(&mut values);
    assert_eq!(values.left(), [""; 0], "no field takes these");
    assert_eq!(settings, Settings::default());
}

#[test]
fn production_requires_https_unless_told_otherwise() {
    let required = |environment: &[(&str, &str)]| {
        let sources = Sources::new().with_environment(environment.iter().copied());
        Settings::load(&sources).settings.is_https_required()
    };
    assert!(!required(&[]));
    assert!(required(&[("BELLGATE_ENV", "staging")]));
    assert!(required(&[("SOCKETIO_REQUIRE_HTTPS", "yes")]));
    assert!(!required(&[
        ("FLASK_ENV", "production"),
        ("SOCKETIO_REQUIRE_HTTPS", "off")
    ]));
}

fn load(environment: &[(&str, &str)]) -> Loaded {
    Settings::load(&Sources::new().with_environment(environment.iter().copied()))
}

fn told(loaded: &Loaded) -> Vec<String> {
    loaded.warnings.iter().map(Warning::to_string).collect()
}

fn file(text: &str) -> (NamedTempFile, String) {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let path = file.path().display().to_string();
    (file, path)
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let settings = Settings::default();
    assert_eq!(settings.app.flask_host, "localhost");
    assert_eq!(settings.app.flask_port, 5000);
    assert_eq!(settings.listen.public.to_string(), "127.0.0.1:5001");
    assert_eq!(settings.listen.admin.unwrap().to_string(), "127.0.0.1:5002");
    assert_eq!(settings.sessions.path, "/socket.io/");
    assert!(settings.sessions.polling && settings.sessions.websocket);
    assert_eq!(settings.sessions.ping_interval, Duration::from_secs(25));
    assert_eq!(settings.limits.message_bytes, 1_000_000);
    assert_eq!(settings.limits.send_buffer, 1_048_576);
    assert_eq!(settings.api.notification_event, "notification");
    assert!(settings.api.wants_development_key);
}

#[test]
fn a_flag_is_stronger_than_the_environment_in_whatever_order_they_come() {
    let sources = Sources::new()
        .with_environment([("SOCKETIO_PORT", "7000"), ("FLASK_PORT", "7001")])
        .with_flags([("SOCKETIO_PORT", "6000")]);
    let loaded = Settings::load(&sources);
    assert_eq!(loaded.settings.listen.public.to_string(), "127.0.0.1:6000");
    assert_eq!(loaded.source("SOCKETIO_PORT"), Source::Flag);
    assert_eq!(loaded.source("FLASK_PORT"), Source::Environment);
    assert_eq!(loaded.source("SOCKETIO_PATH"), Source::Default);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn the_empty_text_counts_as_unset() {
    let loaded = load(&[
        ("SOCKETIO_PORT", ""),
        ("BELLGATE_ENV", ""),
        ("FLASK_ENV", "prod"),
    ]);
    assert_eq!(loaded.settings, load(&[("FLASK_ENV", "prod")]).settings);
    assert_eq!(loaded.settings.app.environment, Environment::Production);
    assert!(!loaded.must_stop(true), "{:?}", loaded.warnings);
}

#[test]
fn an_invalid_value_is_told_and_the_default_is_used() {
    let loaded = load(&[
        ("SOCKETIO_PING_TIMEOUT", "60000"),
        ("SOCKETIO_PORT", "a\nb"),
    ]);
    assert_eq!(loaded.settings, Settings::default());
    assert_eq!(
        told(&loaded),
        [
            "SOCKETIO_PORT=a\\nb is no whole number from 0 to 65535; 5001 is used instead",
            "SOCKETIO_PING_TIMEOUT=60000 is above the maximum of 10m: a bare number counts \
             seconds, was 60000ms meant?; 60 is used instead",
        ]
    );
    assert!(!loaded.must_stop(false));
    assert!(loaded.must_stop(true));
}

#[test]
fn where_the_default_is_weaker_than_what_was_meant_the_strictest_is_used() {
    let loaded = load(&[
        ("BELLGATE_ENV", "produktion"),
        ("SOCKETIO_REQUIRE_ORIGIN", "ja"),
        ("SOCKETIO_REQUIRE_HTTPS", "ja"),
    ]);
    assert_eq!(loaded.settings.app.environment, Environment::Production);
    assert!(loaded.settings.origins.require_origin);
    assert_eq!(loaded.settings.origins.require_https, Switch::On);
    let told = told(&loaded);
    assert!(told[0].ends_with("production is used instead"), "{told:?}");
}

#[test]
fn an_older_name_works_and_names_the_new_one_without_failing_strict() {
    let loaded = load(&[("WEBSOCKET_PING_TIMEOUT", "30")]);
    assert_eq!(
        loaded.settings.sessions.ping_timeout,
        Duration::from_secs(30)
    );
    assert_eq!(
        told(&loaded),
        ["WEBSOCKET_PING_TIMEOUT is an older name: use SOCKETIO_PING_TIMEOUT"]
    );
    assert!(!loaded.must_stop(true));
}

#[test]
fn an_older_name_beside_the_new_one_is_not_read() {
    let loaded = load(&[
        ("WEBSOCKET_PING_TIMEOUT", "30"),
        ("SOCKETIO_PING_TIMEOUT", "20"),
    ]);
    assert_eq!(
        loaded.settings.sessions.ping_timeout,
        Duration::from_secs(20)
    );
    assert_eq!(
        told(&loaded),
        ["WEBSOCKET_PING_TIMEOUT is not read: SOCKETIO_PING_TIMEOUT is set"]
    );
}

#[test]
fn flask_env_is_read_after_bellgate_env_and_is_no_older_name() {
    let loaded = load(&[("FLASK_ENV", "production")]);
    assert_eq!(loaded.settings.app.environment, Environment::Production);
    let loaded = load(&[("FLASK_ENV", "production"), ("BELLGATE_ENV", "dev")]);
    assert_eq!(loaded.settings.app.environment, Environment::Development);
    assert!(loaded.warnings.is_empty());
}

#[test]
fn an_unknown_transport_is_dropped_and_none_left_is_the_default() {
    let loaded = load(&[("SOCKETIO_TRANSPORTS", "polling,webtransport")]);
    assert!(loaded.settings.sessions.polling && !loaded.settings.sessions.websocket);
    assert_eq!(
        told(&loaded),
        ["SOCKETIO_TRANSPORTS: webtransport is none of websocket, polling; it is left out"]
    );
    let loaded = load(&[("SOCKETIO_TRANSPORTS", "webtransport")]);
    assert!(loaded.settings.sessions.polling && loaded.settings.sessions.websocket);
    assert_eq!(loaded.warnings.len(), 2);
}

#[test]
fn an_unknown_name_is_told_with_the_nearest() {
    let loaded = load(&[("SOCKETIO_CORS_ORIGIN", "http://a")]);
    assert_eq!(
        told(&loaded),
        ["SOCKETIO_CORS_ORIGIN is no setting; was SOCKETIO_CORS_ORIGINS meant?"]
    );
    assert!(loaded.must_stop(true));
}

#[test]
fn a_secret_comes_from_a_file_and_its_line_feed_goes() {
    let (_file, path) = file("shop:k1:emit\n");
    let loaded = load(&[("BELLGATE_API_KEYS_FILE", &path)]);
    assert_eq!(loaded.settings.api.keys[0].key.expose(), "k1");
    assert!(!loaded.settings.api.wants_development_key);
    assert!(loaded.warnings.is_empty() && loaded.fatal.is_empty());
}

#[test]
fn a_secret_file_that_cannot_be_read_stops_the_start() {
    let loaded = load(&[("BELLGATE_API_KEYS_FILE", "/nowhere/keys")]);
    assert!(loaded.must_stop(false));
    let fault = loaded.fatal[0].to_string();
    assert!(
        fault.starts_with("BELLGATE_API_KEYS_FILE=/nowhere/keys cannot be read"),
        "{fault}"
    );
    let (_file, path) = file("\n");
    assert!(load(&[("BELLGATE_API_KEYS_FILE", &path)]).must_stop(false));
}

#[test]
fn only_secrets_are_read_from_files() {
    let loaded = load(&[("SOCKETIO_PORT_FILE", "/nowhere")]);
    assert!(loaded.fatal.is_empty());
    assert_eq!(
        told(&loaded),
        ["SOCKETIO_PORT_FILE is no setting; was SOCKETIO_PORT meant?"]
    );
}

#[test]
fn a_key_is_made_only_in_development_and_only_where_nothing_was_set() {
    let wants = |environment: &[(&str, &str)]| load(environment).settings.api.wants_development_key;
    assert!(wants(&[]));
    assert!(!wants(&[("BELLGATE_ENV", "staging")]));
    assert!(!wants(&[("BELLGATE_API_KEYS", "broken")]));
    assert!(!wants(&[("BELLGATE_API_KEYS", "a:b")]));
}

#[test]
fn a_broken_key_is_told_by_its_place_only() {
    let loaded = load(&[("BELLGATE_API_KEYS", "a:b,t0ps3cret,c:t0ps3cret:fly")]);
    let told = told(&loaded);
    assert!(
        told[0].starts_with("BELLGATE_API_KEYS: entry 2 "),
        "{told:?}"
    );
    assert!(!told.concat().contains("t0ps3cret"));
}

#[test]
fn half_of_tls_stops_the_start() {
    for (set, missing) in [
        ("SOCKETIO_TLS_CERT", "SOCKETIO_TLS_KEY"),
        ("SOCKETIO_TLS_KEY", "SOCKETIO_TLS_CERT"),
    ] {
        let loaded = load(&[(set, "/etc/hostname")]);
        assert_eq!(loaded.fatal, [Fatal::TlsIncomplete { set, missing }]);
    }
}

#[test]
fn tls_files_that_do_not_hold_what_they_should_stop_the_start() {
    let (_file, path) = file("no pem");
    let loaded = load(&[
        ("SOCKETIO_TLS_CERT", &path),
        ("SOCKETIO_TLS_KEY", "/nowhere"),
    ]);
    let told: Vec<_> = loaded.fatal.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].ends_with("cannot be used: it holds no certificate in PEM"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("SOCKETIO_TLS_KEY=/nowhere cannot be used:"),
        "{told:?}"
    );
}

#[test]
fn any_origin_in_production_stops_the_start() {
    let any = [
        ("SOCKETIO_CORS_ORIGINS", "*"),
        ("BELLGATE_ENV", "production"),
    ];
    assert!(load(&any).must_stop(false));
    let allowed = [any[0], any[1], ("BELLGATE_ALLOW_ANY_ORIGIN", "on")];
    assert!(!load(&allowed).must_stop(false));
    let asked = [
        any[0],
        any[1],
        allowed[2],
        ("SOCKETIO_CORS_CREDENTIALS", "true"),
    ];
    assert!(load(&asked).must_stop(false));
    assert!(
        !load(&any[..1]).must_stop(false),
        "development goes on with a warning"
    );
}

#[test]
fn an_origin_or_a_network_that_cannot_be_used_fails_strict_only() {
    for entry in [
        (
            "SOCKETIO_CORS_ORIGINS",
            "http://localhost:3000,http://localhost:3000/app",
        ),
        ("BELLGATE_TRUSTED_PROXIES", "loopback,10.0.0.0/99"),
    ] {
        let loaded = load(&[entry]);
        assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
        assert!(
            !loaded.must_stop(false) && loaded.must_stop(true),
            "{}",
            entry.0
        );
    }
}

#[test]
fn a_listener_may_be_a_unix_socket_and_the_operators_may_be_off() {
    let settings = load(&[
        ("SOCKETIO_HOST", "unix:/run/bellgate.sock"),
        ("BELLGATE_ADMIN_ADDR", "off"),
        ("BELLGATE_SHARDS", "2"),
    ])
    .settings;
    assert_eq!(
        settings.listen.public.to_string(),
        "unix:/run/bellgate.sock"
    );
    assert_eq!(settings.listen.admin, None);
    assert_eq!(settings.listen.shards, Some(2));
}

#[test]
fn a_setting_without_effect_says_so_and_fails_strict() {
    let loaded = load(&[
        ("BELLGATE_MEMORY_LIMIT", "1GiB"),
        ("JWT_ACCESS_COOKIE_NAME", "t"),
    ]);
    assert_eq!(
        told(&loaded),
        ["BELLGATE_MEMORY_LIMIT is read and checked, but has no effect yet"]
    );
    assert!(loaded.must_stop(true) && !loaded.must_stop(false));
}

#[test]
fn a_name_of_other_servers_is_ignored_with_the_reason() {
    let loaded = load(&[("SOCKETIO_ASYNC_MODE", "eventlet")]);
    assert!(told(&loaded)[0].starts_with("SOCKETIO_ASYNC_MODE is ignored: "));
    assert!(!loaded.must_stop(true));
}

#[test]
fn an_unknown_scheme_of_store_or_broker_stops_the_start_without_showing_the_url() {
    for name in [
        "BELLGATE_STORE_URL",
        "BELLGATE_BROKER_URL",
        "SOCKETIO_MESSAGE_QUEUE",
    ] {
        let loaded = load(&[(name, "amqp://u:p4ss@h")]);
        assert!(loaded.must_stop(false), "{name}");
        let fault = loaded.fatal[0].to_string();
        assert!(
            fault.starts_with(&format!("{name} has none of the schemes ")),
            "{fault}"
        );
        assert!(!format!("{loaded:?}{fault}").contains("p4ss"));
    }
    let loaded = load(&[("BELLGATE_EVENTS_URL", "ftp://u:p4ss@h")]);
    assert!(!loaded.must_stop(false));
    assert!(!told(&loaded).concat().contains("p4ss"));
}

#[test]
fn secrets_are_kept_to_the_letter_and_out_of_debug() {
    let loaded = load(&[
        ("SECRET_KEY", " s3cret "),
        ("SECRET_KEY_FALLBACKS", "old3r,old3st"),
    ]);
    let value = |name| {
        let row = loaded.effective.iter().find(|row| row.setting.name == name);
        row.unwrap().value.clone()
    };
    assert_eq!(
        value("SECRET_KEY"),
        value::Value::Secret(Secret::new(" s3cret "))
    );
    let shown = format!("{loaded:?}{}", render::text(&loaded));
    assert!(
        !shown.contains("s3cret") && !shown.contains("old3"),
        "{shown}"
    );
}

/// Lints ban it too; this one also sees crates whose lints were forgotten.
#[test]
fn nothing_else_reads_the_environment() {
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> = std::fs::read_dir(crates)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("src"))
        .collect();
    let mut readers = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            // In two parts, or this line would find itself.
            if text.contains(concat!("env::", "var")) {
                readers.push(path);
            }
        }
    }
    assert_eq!(readers.len(), 1, "{readers:?}");
    assert!(
        readers[0].ends_with("bellgate/src/config/mod.rs"),
        "{readers:?}"
    );
}
