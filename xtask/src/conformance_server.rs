//! `cargo xtask conformance-server`: the server that the official suites expect.

use std::process::Stdio;

use crate::build::{CONFORMANCE_SERVER, Profile};
use crate::run::{Outcome, command};

/// Builds the server and runs it until it is ended; the arguments are its own (`--lab`, `--port N`).
pub(crate) fn run(arguments: &[String]) -> Outcome {
    Profile::Ci.build(&[CONFORMANCE_SERVER])?;
    let status = command(Profile::Ci.program(CONFORMANCE_SERVER), &[])
        .args(arguments)
        .stdin(Stdio::inherit())
        .status()
        .map_err(|error| format!("the conformance server cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the conformance server ended with {status}"))
    }
}
