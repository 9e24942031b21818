//! `cargo xtask bench`: the measuring stand, as released programs.

use std::process::Stdio;

use crate::build::Profile;
use crate::run::{Outcome, command};

/// The package of the stand, and its load generator.
const BENCH: &str = "bellgate-bench";

/// Builds the servers and the load generator and runs them; the arguments are the stand's own.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    Profile::Release.build(&[BENCH])?;
    let status = command(Profile::Release.program(BENCH), &[])
        .args(arguments)
        .stdin(Stdio::inherit())
        .status()
        .map_err(|error| format!("the bench cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the bench ended with {status}"))
    }
}
