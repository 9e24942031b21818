//! The command line as people write it.

use super::*;
use crate::config::{Files, Settings, table};

fn cli(line: &str) -> Result<Cli, clap::Error> {
    parse(line.split(' ').map(OsString::from))
}

fn flags(line: &str) -> Vec<(String, String)> {
    cli(line).unwrap().flags
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

/// Status, stdout and stderr of a command.
fn answer(line: &str, environment: &[(&str, &str)]) -> (Status, String, String) {
    let cli = cli(line).unwrap();
    let environment = environment.iter().map(|(name, text)| pair(name, text));
    let loaded = Settings::load(&cli.sources(environment, Files::default()));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status = cli.answer(&loaded, &mut out, &mut err).unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status, text(out), text(err))
}

#[test]
fn clap_finds_no_fault_in_the_command() {
    command().debug_assert();
}

#[test]
fn without_a_command_the_server_runs() {
    assert_eq!(cli("bellgate").unwrap().command, Command::Serve);
    assert_eq!(cli("bellgate serve").unwrap().command, Command::Serve);
    assert_eq!(cli("bellgate --port 6001").unwrap().command, Command::Serve);
    assert_eq!(cli("bellgate demo").unwrap().command, Command::Demo);
    let json = cli("bellgate config --json").unwrap().command;
    assert_eq!(json, Command::Config(Format::Json));
}

#[test]
fn flags_stand_before_or_behind_the_command() {
    let expected = [pair("FLASK_HOST", "app"), pair("SOCKETIO_PORT", "6001")];
    for line in [
        "bellgate --flask-host app --port 6001",
        "bellgate --flask-host=app serve --port 6001",
        "bellgate config --port 6001 --flask-host app",
        "bellgate --port 5 --port 6001 --flask-host app check",
    ] {
        assert_eq!(flags(line), expected, "{line}");
    }
}

#[test]
fn a_list_may_be_repeated() {
    let expected = [pair("SOCKETIO_CORS_ORIGINS", "http://a,http://b,http://c")];
    let line = "bellgate --cors-origins http://a,http://b --cors-origins http://c";
    assert_eq!(flags(line), expected);
}

#[test]
fn a_switch_needs_no_value_and_takes_one() {
    for (line, text) in [
        ("bellgate --debug", "true"),
        ("bellgate --debug serve", "true"),
        ("bellgate --debug off serve", "off"),
        ("bellgate serve --debug=no", "no"),
    ] {
        assert_eq!(flags(line), [pair("SOCKETIO_DEBUG", text)], "{line}");
        assert_eq!(cli(line).unwrap().command, Command::Serve, "{line}");
    }
    let auto = flags("bellgate --require-https auto");
    assert_eq!(auto, [pair("SOCKETIO_REQUIRE_HTTPS", "auto")]);
}

#[test]
fn wrong_usage_is_status_2_and_help_is_0() {
    for line in [
        "bellgate --flask-hots x",
        "bellgate fly",
        "bellgate --port",
        "bellgate completions",
        "bellgate completions tcsh",
        "bellgate config --json --docs",
        "bellgate --api-keys a:b",
    ] {
        assert_eq!(cli(line).unwrap_err().exit_code(), 2, "{line}");
    }
    for line in [
        "bellgate --help",
        "bellgate -h",
        "bellgate --version",
        "bellgate config --help",
    ] {
        assert_eq!(cli(line).unwrap_err().exit_code(), 0, "{line}");
    }
}

#[test]
fn help_names_every_setting_that_has_a_flag_under_its_group() {
    let help = command().render_long_help().to_string();
    for group in table::GROUPS {
        let has_flags = group.rows.iter().any(|row| row.works);
        let heading = format!("{}:\n", group.title);
        assert_eq!(help.contains(&heading), has_flags, "{}", group.title);
        for row in group.rows {
            let flag = row.flag().map(|flag| format!("--{flag} "));
            let is_named = flag.is_some_and(|flag| help.contains(&flag));
            assert_eq!(is_named, !row.secret && row.works, "{}", row.name);
        }
    }
}

#[test]
fn strict_makes_a_warning_status_2() {
    let slip = [("SOCKETIO_PORT", "x")];
    let (status, out, err) = answer("bellgate check", &slip);
    assert_eq!(status, Status::Fine);
    assert_eq!(out, "a start would go on: 1 warning\n");
    assert!(err.starts_with("warning: SOCKETIO_PORT=x "), "{err}");
    let (status, ..) = answer("bellgate check --strict", &slip);
    assert_eq!(status, Status::Unusable);
    let (status, ..) = answer("bellgate --strict check", &[]);
    assert_eq!(status, Status::Fine);
}

#[test]
fn check_is_status_2_where_a_start_would_stop() {
    let (status, out, err) = answer("bellgate check --tls-cert /nowhere", &[]);
    assert_eq!(status, Status::Unusable);
    assert!(
        out.starts_with("a start would stop: 1 error, no warning"),
        "{out}"
    );
    assert_eq!(
        err,
        "error: SOCKETIO_TLS_CERT is set and SOCKETIO_TLS_KEY is not: TLS needs both\n"
    );
}

#[test]
fn config_prints_values_to_stdout_and_warnings_to_stderr() {
    let (status, out, err) = answer("bellgate config --port 6001", &[("SOCKETIO_PROT", "1")]);
    assert_eq!(status, Status::Fine);
    assert!(out.contains("SOCKETIO_PORT=6001  # flag\n"), "{out}");
    assert!(!out.contains("warning"), "{out}");
    assert_eq!(
        err,
        "warning: SOCKETIO_PROT is no setting; was SOCKETIO_PORT meant?\n"
    );
}

#[test]
fn docs_and_sample_are_printed_without_a_word_about_values() {
    let slip = [("SOCKETIO_PORT", "x")];
    let (_, docs, err) = answer("bellgate config --docs", &slip);
    assert!(docs.starts_with("# Settings\n") && err.is_empty());
    let (_, sample, err) = answer("bellgate config --env-example", &slip);
    assert!(sample.contains("\n#SOCKETIO_PORT=5001\n") && err.is_empty());
}

#[test]
fn completions_know_the_commands_and_flags() {
    for shell in ["bash", "zsh", "fish"] {
        let (_, script, _) = answer(&format!("bellgate completions {shell}"), &[]);
        assert!(
            script.contains("cors-origins") && script.contains("check"),
            "{shell}"
        );
    }
}

const APP: [(&str, &str); 2] = [("FLASK_HOST", "app.example.com"), ("FLASK_PORT", "8443")];

#[test]
fn an_origin_that_may_connect_is_told_with_its_rule() {
    let (status, out, _) = answer("bellgate explain-origin https://app.example.com:8443", &APP);
    assert_eq!(status, Status::Fine);
    let mut lines = out.lines();
    assert_eq!(
        lines.next().unwrap(),
        "https://app.example.com:8443 is allowed"
    );
    assert_eq!(lines.next().unwrap(), "  rule      listed");
    assert!(
        out.contains("FLASK_HOST (environment), FLASK_PORT (environment)"),
        "{out}"
    );
}

#[test]
fn an_origin_that_is_refused_is_told_with_the_nearest_entry_and_the_line_to_change() {
    for (origin, code, nearest) in [
        (
            "http://evil.example",
            "origin_host_not_allowed",
            "http://app.example.com:8443 (the host differs)",
        ),
        (
            "https://app.example.com:443",
            "origin_port_mismatch",
            "https://app.example.com:8443 (the port differs)",
        ),
    ] {
        let (status, out, _) = answer(&format!("bellgate explain-origin {origin}"), &APP);
        assert_eq!(status, Status::Finding, "{out}");
        assert!(out.starts_with(&format!("{origin} is refused\n")), "{out}");
        assert!(out.contains(&format!("  code      {code}\n")), "{out}");
        assert!(out.contains(&format!("  nearest   {nearest}\n")), "{out}");
        assert!(out.contains("  change    SOCKETIO_CORS_ORIGINS="), "{out}");
    }
}

#[test]
fn the_line_that_is_told_admits_the_origin() {
    let origin = "https://other.example";
    let explain = format!("bellgate explain-origin {origin}");
    let (_, out, _) = answer(&explain, &[]);
    let change = out.lines().find_map(|line| line.strip_prefix("  change"));
    let (name, value) = change.unwrap().trim().split_once('=').unwrap();
    let (status, out, _) = answer(&explain, &[(name, value)]);
    assert_eq!(status, Status::Fine, "{out}");
    for before in ["http://localhost:5000", "https://[::1]:5000"] {
        let explain = format!("bellgate explain-origin {before}");
        assert_eq!(answer(&explain, &[(name, value)]).0, Status::Fine);
    }
}

#[test]
fn what_is_no_origin_or_no_configuration_is_told_by_the_status() {
    for origin in ["null", "nonsense", "http://a.example/path", "ü", "*"] {
        let (status, out, _) = answer(&format!("bellgate explain-origin {origin}"), &[]);
        assert_eq!(status, Status::Finding, "{origin}: {out}");
    }
    let broken = [
        ("SOCKETIO_CORS_ORIGINS", "*"),
        ("BELLGATE_ENV", "production"),
    ];
    let (status, _, err) = answer("bellgate explain-origin http://a.example", &broken);
    assert_eq!(status, Status::Unusable, "{err}");
    let report = [("SOCKETIO_CORS_MODE", "report")];
    let (status, out, _) = answer("bellgate explain-origin http://a.example", &report);
    assert_eq!(status, Status::Fine);
    assert!(out.contains("is reported"), "{out}");
}

#[test]
fn a_login_for_tests_is_what_the_server_itself_admits() {
    use bellgate_gate::identity::{Answers, Brought, Credentials, Found, Identities, Standing};
    use bellgate_gate::jwt::TokenRules;
    let keys = [
        ("SECRET_KEY", "the application's own"),
        ("BELLGATE_JWT_SECRET", "another of enough bytes for that"),
        ("BELLGATE_JWT_ISSUER", "app"),
        ("BELLGATE_JWT_ROLES_CLAIM", "realm.roles"),
    ];
    let (status, out, _) = answer("bellgate token jwt --user 7 --role admin --csrf", &keys);
    assert_eq!(status, Status::Fine);
    let (token, csrf) = out.trim().split_once('\n').unwrap();
    assert!(!csrf.is_empty());
    let environment = keys.iter().copied();
    let settings = Settings::load(&Sources::new().with_environment(environment)).settings;
    let settings = settings.identity_settings();
    assert_ne!(
        settings.tokens.as_ref().unwrap().rules,
        TokenRules::default()
    );
    let identities = Identities::new(settings);
    let auth = serde_json::json!({"token": token}).to_string();
    let brought = Brought::by_connect(Some(&auth), false);
    let unix = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = unix.unwrap().as_secs();
    let found = identities.find(&Credentials::default(), &brought, &Answers::default(), now);
    let Found::Known(Standing::User(user)) = found else {
        panic!("{found:?}");
    };
    assert_eq!(user.identity.user, "7");
    assert_eq!(user.identity.roles, ["admin"]);
}

#[test]
fn a_session_for_tests_comes_as_a_cookie_with_its_csrf_token() {
    use bellgate_gate::flask::{CsrfTokens, SessionCookies, SessionRules};
    let key = "the application's own";
    let set = [("SECRET_KEY", key), ("SESSION_COOKIE_NAME", "own")];
    let (status, out, _) = answer("bellgate token session --user 7 --role a --csrf", &set);
    assert_eq!(status, Status::Fine);
    let (cookie, csrf) = out.trim().split_once('\n').unwrap();
    let cookie = cookie.strip_prefix("own=").unwrap();
    let cookies = SessionCookies::new(&SessionRules::default(), [key.as_bytes()]);
    let unix = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let session = cookies.read(cookie, unix.unwrap().as_secs()).unwrap();
    assert_eq!(session.roles("roles", "admin"), ["a"]);
    let kept = session.get("csrf_token");
    let checked = CsrfTokens::new(key.as_bytes()).check(Some(csrf), kept, None);
    assert_eq!(checked, Ok(()));
}

#[test]
fn no_login_is_made_without_a_key_or_in_production() {
    let (status, out, err) = answer("bellgate token jwt", &[]);
    assert_eq!((status, &*out), (Status::Unusable, ""));
    assert!(err.contains("BELLGATE_JWT_SECRET is not set"), "{err}");
    let production = [("SECRET_KEY", "own"), ("BELLGATE_ENV", "production")];
    let (status, out, err) = answer("bellgate token session", &production);
    assert_eq!((status, &*out), (Status::Unusable, ""));
    assert!(err.contains("production"), "{err}");
}
