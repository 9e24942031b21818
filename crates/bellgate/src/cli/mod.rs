//! The command line: which command, and flags for all settings that are no secret.
//!
//! [`parse`] reads it and [`Cli::sources`] hands the flags on as the strongest source of
//! settings. [`Cli::answer`] does the commands that need no server; `serve` and `demo` belong to
//! the caller. Commands answer on stdout, what is said about settings goes to stderr.

mod check;
mod completions;
mod config;
mod explain;
mod flags;
mod token;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, ValueHint, value_parser};
use clap_complete::Shell;

use crate::config::{Files, Loaded, Sources};

pub use self::config::Format;
pub use self::token::Wanted;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cli {
    /// What to do.
    pub command: Command,
    /// Flags as (name in the environment, text).
    pub flags: Vec<(String, String)>,
    /// Whether a value that cannot be used stops the start.
    pub strict: bool,
    /// The file that is read in place of `bellgate.toml`.
    pub config: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Run the server.
    Serve,
    /// Run a small page beside a server that is set up for it.
    Demo,
    /// Print settings.
    Config(Format),
    /// Say whether a start would go on.
    Check,
    /// Say what the server would do with a page of this origin.
    ExplainOrigin(String),
    /// Make a login for tests.
    Token(Wanted),
    /// Print the completions of a shell.
    Completions(Shell),
}

/// How a command ended: its exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// 0: fine.
    Fine = 0,
    /// 1: it found a problem.
    Finding = 1,
    /// 2: it was used wrongly, or the configuration cannot be used.
    Unusable = 2,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Reads the arguments, the first being the program's name.
///
/// # Errors
/// Help, version and wrong usage: [`clap::Error::exit`] prints it and ends with 0 or 2.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let arguments = flags::complete_switches(arguments);
    let matches = command().try_get_matches_from(arguments)?;
    let (name, own) = matches.subcommand().unwrap_or(("serve", &matches));
    Ok(Cli {
        command: chosen(name, own),
        flags: flags::read(own),
        strict: own.get_flag("strict"),
        config: own.get_one("config").cloned(),
    })
}

fn chosen(name: &str, own: &ArgMatches) -> Command {
    match name {
        "demo" => Command::Demo,
        "config" => Command::Config(config::Format::chosen(own)),
        "check" => Command::Check,
        "explain-origin" => {
            Command::ExplainOrigin(own.get_one("origin").cloned().unwrap_or_default())
        }
        "token" => Command::Token(Wanted::chosen(own)),
        "completions" => Command::Completions(own.get_one("shell").copied().unwrap_or(Shell::Bash)),
        _ => Command::Serve,
    }
}

impl Cli {
    /// The sources of settings: the flags, and the environment and files as they are handed in.
    pub fn sources(
        &self,
        environment: impl IntoIterator<Item = (String, String)>,
        files: Files,
    ) -> Sources {
        Sources::new()
            .with_flags(self.flags.iter().cloned())
            .with_environment(environment)
            .with_files(files)
    }

    /// Reads the files of settings, in the working directory unless the command line names one.
    pub fn files(&self) -> Files {
        Files::read(Path::new(""), self.config.as_deref())
    }

    /// Does a command that needs no server; `None` for `serve` and `demo`.
    ///
    /// # Errors
    /// When `out` or `err` cannot be written.
    pub fn answer(
        &self,
        loaded: &Loaded,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> io::Result<Option<Status>> {
        match &self.command {
            Command::Serve | Command::Demo => Ok(None),
            Command::Config(format) => {
                config::run(*format, loaded, self.strict, out, err).map(Some)
            }
            Command::Check => check::run(loaded, self.strict, out, err).map(Some),
            Command::ExplainOrigin(origin) => {
                explain::run(origin, loaded, self.strict, out, err).map(Some)
            }
            Command::Token(wanted) => token::run(wanted, loaded, self.strict, out, err).map(Some),
            Command::Completions(shell) => completions::run(*shell, out).map(Some),
        }
    }
}

/// Writes what is to be said about settings, a line each: warnings, then what stops a start.
///
/// # Errors
/// When `err` cannot be written.
pub fn tell(loaded: &Loaded, err: &mut impl Write) -> io::Result<()> {
    for warning in &loaded.warnings {
        writeln!(err, "warning: {warning}")?;
    }
    for fatal in &loaded.fatal {
        writeln!(err, "error: {fatal}")?;
    }
    Ok(())
}

/// The whole command line, for parsing, help and completions.
pub fn command() -> clap::Command {
    clap::Command::new("bellgate")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Real-time side of a web application: Socket.IO clients, origins, notifications")
        .after_help(
            "Each setting is also read from the environment and from .env, under the name in \
             brackets, and from bellgate.toml, where the key is the flag with underscores. \
             Secrets have no flag.\n\
             Exit status: 0 fine, 1 a problem was found, 2 wrong usage or configuration.",
        )
        .args_override_self(true)
        .next_line_help(true)
        .subcommand_value_name("COMMAND")
        .subcommands([
            clap::Command::new("serve").about("Run the server (what happens without a command)"),
            clap::Command::new("demo").about("Open a page to try it out, without any set-up"),
            config::command(),
            clap::Command::new("check").about("Say whether a start would go on, by the status"),
            explain::command(),
            token::command(),
            clap::Command::new("completions")
                .about("Print completions for a shell")
                .arg(
                    Arg::new("shell")
                        .value_name("SHELL")
                        .required(true)
                        .value_parser(value_parser!(Shell)),
                ),
        ])
        .arg(
            Arg::new("strict")
                .long("strict")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("Stop with status 2 where a value cannot be used or a name is unknown"),
        )
        .arg(
            Arg::new("config")
                .long("config")
                .global(true)
                .value_name("FILE")
                .value_hint(ValueHint::FilePath)
                .value_parser(value_parser!(PathBuf))
                .help("File of settings, read in place of bellgate.toml"),
        )
        .args(flags::all())
}

#[cfg(test)]
mod tests;
