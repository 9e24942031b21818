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
    let warnings = match loaded.warnings.len() {
        0 => "no warning".to_owned(),
        1 => "1 warning".to_owned(),
        many => format!("{many} warnings"),
    };
    if loaded.must_stop(strict) {
        let faults = loaded.fatal.len();
        writeln!(out, "a start would stop: {faults} errors, {warnings}")?;
        return Ok(Status::Unusable);
    }
    writeln!(out, "a start would go on: {warnings}")?;
    Ok(Status::Fine)
}
