//! Commands that end by themselves.

use serde_json::Value;

use crate::program::run;

#[test]
fn help_names_commands_settings_and_their_defaults() {
    let help = run(&["--help"], &[]);
    assert_eq!((help.status, &*help.err), (0, ""));
    for named in [
        "serve",
        "check",
        "config",
        "--cors-origins",
        "--config <FILE>",
        "SOCKETIO_PING_INTERVAL",
        "BELLGATE_DRAIN_WINDOW",
    ] {
        assert!(help.out.contains(named), "{named}");
    }
    assert!(!help.out.contains("secret-key"), "secrets have no flag");
}

#[test]
fn config_prints_each_value_with_its_source_and_no_secret() {
    let environment = [
        ("SOCKETIO_PING_INTERVAL", "300ms"),
        ("SECRET_KEY", "not-to-be-seen"),
        ("BELLGATE_API_KEYS", "ci:not-to-be-seen-either"),
    ];
    let config = run(&["config", "--port", "7000"], &environment);
    assert_eq!(config.status, 0);
    assert!(!config.out.contains("not-to-be-seen"), "{}", config.out);
    let json = run(&["config", "--json", "--port", "7000"], &environment);
    assert!(!json.out.contains("not-to-be-seen"), "{}", json.out);
    let values: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(values["SOCKETIO_PING_INTERVAL"]["value"], "0.3");
    assert_eq!(values["SOCKETIO_PING_INTERVAL"]["source"], "environment");
    assert_eq!(values["SOCKETIO_PORT"]["value"], "7000");
    assert_eq!(values["SOCKETIO_PORT"]["source"], "flag");
    assert_eq!(values["SOCKETIO_PING_TIMEOUT"]["source"], "default");
    assert_eq!(values["SECRET_KEY"]["value"], "••••");
}

#[test]
fn check_tells_what_a_start_would_do_by_its_status() {
    assert_eq!(run(&["check"], &[]).status, 0);
    let slip = [("SOCKETIO_PING_TIMEOUT", "soon")];
    let warned = run(&["check"], &slip);
    assert_eq!(warned.status, 0, "a bad value is warned of");
    let told = format!("{}{}", warned.out, warned.err);
    assert!(told.contains("SOCKETIO_PING_TIMEOUT"), "{told}");
    assert_eq!(run(&["check", "--strict"], &slip).status, 2);
    let unsafe_one = [
        ("BELLGATE_ENV", "production"),
        ("SOCKETIO_CORS_ORIGINS", "*"),
    ];
    assert_eq!(run(&["check"], &unsafe_one).status, 2);
}

#[test]
fn wrong_usage_ends_with_status_2() {
    assert_eq!(run(&["--no-such-flag"], &[]).status, 2);
    assert_eq!(run(&["no-such-command"], &[]).status, 2);
}

#[test]
fn a_start_that_would_be_unsafe_ends_with_status_2_and_the_reason() {
    let missing = [
        ("SOCKETIO_PORT", "0"),
        ("BELLGATE_ADMIN_ADDR", "off"),
        ("SOCKETIO_TLS_CERT", "/nowhere/cert.pem"),
        ("SOCKETIO_TLS_KEY", "/nowhere/key.pem"),
    ];
    let ended = run(&[], &missing);
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("/nowhere/"), "{}", ended.err);
}
