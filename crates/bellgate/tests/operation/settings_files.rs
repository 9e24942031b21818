//! `.env` and `bellgate.toml`, as an operator uses them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::BINARY;

/// Status, stdout and stderr of a command that is run in a folder.
fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let output = Command::new(BINARY)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let status = output.status.code().unwrap();
    (status, text(output.stdout), text(output.stderr))
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn config_tells_file_and_line_of_each_value() {
    let folder = folder(&[
        (
            ".env",
            "DATABASE_URL=x\nSOCKETIO_PATH=/dotenv/\nFLASK_PORT=7000\n",
        ),
        (
            "bellgate.toml",
            "path = '/toml/'\nping_timeout = '30s'\napi_keys = ['a:not-to-be-seen']\n\
             [namespace.'/admin']\nroles = ['owner']\n",
        ),
    ]);
    let environment = [("FLASK_PORT", "7001")];
    let (status, out, _) = run(folder.path(), &["config", "--port", "6001"], &environment);
    assert_eq!(status, 0);
    for line in [
        "SOCKETIO_PORT=6001  # flag\n",
        "FLASK_PORT=7001  # environment\n",
        "SOCKETIO_PATH=/dotenv/  # .env:2\n",
        "SOCKETIO_PING_TIMEOUT=30  # bellgate.toml:2\n",
        "BELLGATE_API_KEYS=••••  # bellgate.toml:3\n",
        "namespace.\"/admin\".roles=owner  # bellgate.toml:5\n",
    ] {
        assert!(out.contains(line), "{line} is not in\n{out}");
    }
    let (_, json, _) = run(folder.path(), &["config", "--json"], &environment);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["SOCKETIO_PATH"]["source"], ".env");
    assert_eq!(json["SOCKETIO_PATH"]["line"], 2);
    assert_eq!(json["SOCKETIO_PING_TIMEOUT"]["source"], "bellgate.toml");
    assert!(!format!("{out}{json}").contains("not-to-be-seen"));
}

#[test]
fn a_file_may_be_named_and_then_has_to_be_there() {
    let folder = folder(&[
        ("bellgate.toml", "flask_port = 1\n"),
        ("other.toml", "flask_port = 7002\n"),
    ]);
    let (status, out, _) = run(folder.path(), &["config", "--config", "other.toml"], &[]);
    assert_eq!(status, 0);
    assert!(out.contains("FLASK_PORT=7002  # other.toml:1\n"), "{out}");
    for command in ["check", "serve"] {
        let (status, _, err) = run(folder.path(), &[command, "--config", "none.toml"], &[]);
        assert_eq!(status, 2, "{command}");
        assert!(err.contains("error: none.toml cannot be read: "), "{err}");
    }
}

#[test]
fn a_file_that_is_no_toml_stops_the_start_and_tells_where() {
    let folder = folder(&[(
        "bellgate.toml",
        "port = 6001\nsecret_key = not-to-be-seen\n",
    )]);
    for command in ["check", "serve", "config"] {
        let (status, _, err) = run(folder.path(), &[command], &[]);
        assert_eq!(status, 2, "{command}");
        assert!(
            err.contains("error: bellgate.toml cannot be read: line 2, column "),
            "{err}"
        );
        assert!(!err.contains("not-to-be-seen"), "{err}");
    }
}

#[test]
fn a_slip_in_a_file_is_a_warning_and_with_strict_an_error() {
    let folder = folder(&[
        (".env", "SOCKETIO_PROT=1\n"),
        ("bellgate.toml", "\nping_timout = 5\n"),
    ]);
    let (status, _, err) = run(folder.path(), &["check"], &[]);
    assert_eq!(status, 0);
    assert_eq!(
        err,
        "warning: ping_timout is no setting; was ping_timeout meant? (bellgate.toml:2)\n\
         warning: SOCKETIO_PROT is no setting; was SOCKETIO_PORT meant? (.env:1)\n"
    );
    assert_eq!(run(folder.path(), &["check", "--strict"], &[]).0, 2);
}
