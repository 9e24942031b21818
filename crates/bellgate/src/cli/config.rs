//! `bellgate config`: every value that holds, with its source.

use std::io::{self, Write};

use clap::{Arg, ArgAction, ArgMatches};

use super::{Status, tell};
use crate::config::{Loaded, render};

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `NAME=value  # source`, a line each.
    Text,
    /// An object by name.
    Json,
    /// The reference page, `docs/settings.md`.
    Docs,
    /// The sample file, `.env.example`.
    EnvExample,
}

impl Format {
    pub(super) fn chosen(own: &ArgMatches) -> Self {
        if own.get_flag("json") {
            Self::Json
        } else if own.get_flag("docs") {
            Self::Docs
        } else if own.get_flag("env-example") {
            Self::EnvExample
        } else {
            Self::Text
        }
    }
}

pub(super) fn command() -> clap::Command {
    let choice = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    clap::Command::new("config")
        .about("Print each setting's value and where it comes from")
        .args([
            choice("json", "As an object by name"),
            choice("docs", "Print the reference page instead").conflicts_with("json"),
            choice("env-example", "Print a sample .env file instead")
                .conflicts_with_all(["json", "docs"]),
        ])
}

pub(super) fn run(
    format: Format,
    loaded: &Loaded,
    strict: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<Status> {
    let text = match format {
        Format::Text => render::text(loaded),
        Format::Json => render::json(loaded),
        Format::Docs => render::docs(),
        Format::EnvExample => render::env_example(),
    };
    out.write_all(text.as_bytes())?;
    if matches!(format, Format::Docs | Format::EnvExample) {
        return Ok(Status::Fine);
    }
    tell(loaded, err)?;
    Ok(if loaded.must_stop(strict) {
        Status::Unusable
    } else {
        Status::Fine
    })
}
