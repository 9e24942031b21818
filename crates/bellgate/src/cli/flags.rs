//! The flags of the settings, made from the table.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches};

use crate::config::table::{GROUPS, Kind, Setting, settings};
use crate::config::value::{parse, placeholder};

/// One flag a setting that is no secret, under the heading of its group.
pub(super) fn all() -> Vec<Arg> {
    GROUPS
        .iter()
        .flat_map(|group| group.rows.iter().map(|row| (group.title, row)))
        .filter_map(|(title, row)| {
            let arg = Arg::new(row.name)
                .long(row.flag()?)
                .value_name(placeholder(row.kind))
                .help(help(row))
                .help_heading(title)
                .hide(!row.works)
                .global(true);
            Some(match row.kind {
                Kind::List(_) => arg.action(ArgAction::Append),
                _ => arg.action(ArgAction::Set),
            })
        })
        .collect()
}

fn help(row: &Setting) -> String {
    let Setting {
        short,
        name,
        default,
        ..
    } = row;
    match default {
        &"" => format!("{short} [{name}]"),
        default => format!("{short} [{name}; default {default}]"),
    }
}

/// The flags that were given: name in the environment and text. A repeated list is joined.
pub(super) fn read(matches: &ArgMatches) -> Vec<(String, String)> {
    settings()
        .filter(|row| !row.secret)
        .filter_map(|row| {
            let texts = matches.get_many::<String>(row.name)?;
            let texts: Vec<&str> = texts.map(String::as_str).collect();
            Some((row.name.to_owned(), texts.join(",")))
        })
        .collect()
}

/// Writes the value of each switch behind its flag: `--debug serve` is `--debug=true serve`, and
/// `--debug off` is `--debug=off`. What follows counts as the value only if it can be one.
pub(super) fn complete_switches(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.into_iter().peekable();
    let mut complete = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            complete.push(argument);
            break;
        }
        let Some(row) = switch(&argument) else {
            complete.push(argument);
            continue;
        };
        let mut with_value = argument;
        with_value.push("=");
        match arguments.next_if(|next| is_value(row, next)) {
            Some(value) => with_value.push(value),
            None => with_value.push("true"),
        }
        complete.push(with_value);
    }
    complete.extend(arguments);
    complete
}

fn switch(argument: &OsString) -> Option<&'static Setting> {
    let flag = argument.to_str()?.strip_prefix("--")?;
    settings().find(|row| is_switch(row.kind) && row.flag().is_some_and(|name| name == flag))
}

fn is_switch(kind: Kind) -> bool {
    match kind {
        Kind::Switch => true,
        Kind::Or { other, .. } => is_switch(*other),
        _ => false,
    }
}

fn is_value(row: &Setting, next: &OsString) -> bool {
    next.to_str()
        .is_some_and(|text| !text.is_empty() && parse(row.kind, text).is_ok())
}
