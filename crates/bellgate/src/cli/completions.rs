//! `bellgate completions SHELL`.

use std::io::{self, Write};

use clap_complete::Shell;

use super::Status;

pub(super) fn run(shell: Shell, out: &mut impl Write) -> io::Result<Status> {
    // `generate` panics where its writer fails, as a closed pipe does: so into memory first.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "bellgate", &mut script);
    out.write_all(&script)?;
    Ok(Status::Fine)
}
