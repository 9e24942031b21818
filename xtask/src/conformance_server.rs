//! `cargo xtask conformance-server`: the server that the official suites expect.

use std::path::PathBuf;
use std::process::Stdio;

use crate::run::{Outcome, Step, cargo, command, target};

/// Builds the server and runs it until it is ended; the arguments are its own (`--lab`, `--port N`).
pub(crate) fn run(arguments: &[String]) -> Outcome {
    build()?;
    let status = command(program(), &[])
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

/// Builds the server as it is tested.
pub(crate) fn build() -> Outcome {
    Step::new("build conformance server").must(&mut cargo(&[
        "build",
        "--release",
        "-p",
        "bellgate-conformance-server",
    ]))
}

/// The built server.
pub(crate) fn program() -> PathBuf {
    target().join("release/bellgate-conformance-server")
}
