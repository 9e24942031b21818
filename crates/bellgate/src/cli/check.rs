//! `bellgate check`: would a start go on? Opens no socket.

use std::io::{self, Write};

use super::{Status, tell};
use crate::config::Loaded;

pub(super) fn run(
    loaded: &Loaded,
    strict: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<Status> {
    tell(loaded, err)?;
    let warnings = count(loaded.warnings.len(), "warning");
    if loaded.must_stop(strict) {
        let errors = count(loaded.fatal.len(), "error");
        writeln!(out, "a start would stop: {errors}, {warnings}")?;
        return Ok(Status::Unusable);
    }
    writeln!(out, "a start would go on: {warnings}")?;
    Ok(Status::Fine)
}

fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}"),
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}
