//! `bellgate token`: a login to try things out with, as the application would sign it.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use bellgate_gate::identity::Login;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, value_parser};

use super::{Status, tell};
use crate::config::Loaded;

/// What is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    is_session: bool,
    user: String,
    roles: Vec<String>,
    has_csrf: bool,
    minutes: u32,
}

impl Wanted {
    pub(super) fn chosen(own: &ArgMatches) -> Self {
        let text = |name| own.get_one::<String>(name).cloned().unwrap_or_default();
        Self {
            is_session: text("kind") == "session",
            user: text("user"),
            roles: own
                .get_many("role")
                .map_or_else(Vec::new, |roles| roles.cloned().collect()),
            has_csrf: own.get_flag("csrf"),
            minutes: own.get_one("minutes").copied().unwrap_or(60),
        }
    }
}

pub(super) fn command() -> clap::Command {
    clap::Command::new("token")
        .about("Make a login for tests, signed with the keys that are set; not in production")
        .after_help(
            "Examples:\n\
             \x20 curl -H \"Authorization: Bearer $(bellgate token jwt --user 7)\" ...\n\
             \x20 bellgate token session --user 7 --role admin --csrf\n\
             A session is printed as a cookie, name=value. With --csrf the second line is what the page \
             brings as auth.csrf_token.",
        )
        .arg(
            Arg::new("kind")
                .value_name("KIND")
                .required(true)
                .value_parser(PossibleValuesParser::new(["session", "jwt"]))
                .help("A session cookie of Flask (SECRET_KEY), or a token (BELLGATE_JWT_SECRET)"),
        )
        .arg(
            Arg::new("user")
                .long("user")
                .value_name("ID")
                .default_value("1")
                .help("Whom it names"),
        )
        .arg(
            Arg::new("role")
                .long("role")
                .value_name("ROLE")
                .action(ArgAction::Append)
                .help("A role; may be given several times"),
        )
        .arg(
            Arg::new("csrf")
                .long("csrf")
                .action(ArgAction::SetTrue)
                .help("Have it hold a CSRF token, and print that too"),
        )
        .arg(
            Arg::new("minutes")
                .long("minutes")
                .value_name("N")
                .default_value("60")
                .value_parser(value_parser!(u32).range(1..))
                .help("How long a token holds; a session holds as the application's do"),
        )
}

/// Prints it; the secrets themselves never are.
pub(super) fn run(
    wanted: &Wanted,
    loaded: &Loaded,
    strict: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<Status> {
    tell(loaded, err)?;
    if loaded.must_stop(strict) {
        return Ok(Status::Unusable);
    }
    if loaded.settings.app.environment.is_production() {
        writeln!(
            err,
            "error: no login is made in production: run it with BELLGATE_ENV=development"
        )?;
        return Ok(Status::Unusable);
    }
    let Some(lines) = lines(wanted, loaded) else {
        let missing = if wanted.is_session {
            "SECRET_KEY"
        } else {
            "BELLGATE_JWT_SECRET"
        };
        writeln!(
            err,
            "error: {missing} is not set: set it to the application's"
        )?;
        return Ok(Status::Unusable);
    };
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(Status::Fine)
}

fn lines(wanted: &Wanted, loaded: &Loaded) -> Option<Vec<String>> {
    let settings = loaded.settings.identity_settings();
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = unix.unwrap_or_default().as_secs();
    let csrf = wanted
        .has_csrf
        .then(|| uuid::Uuid::now_v7().simple().to_string());
    let login = Login {
        user: &wanted.user,
        roles: &wanted.roles,
        csrf: csrf.as_deref(),
    };
    if wanted.is_session {
        let cookie = settings.issue_session(login, now)?;
        let mut lines = vec![format!("{}={cookie}", settings.cookie_name)];
        if let Some(kept) = &csrf {
            lines.push(settings.issue_csrf(kept, now)?);
        }
        return Some(lines);
    }
    let minutes = Duration::from_secs(60 * u64::from(wanted.minutes));
    let token = settings.issue_token(login, now, now.saturating_add(minutes.as_secs()))?;
    Some([token].into_iter().chain(csrf).collect())
}
