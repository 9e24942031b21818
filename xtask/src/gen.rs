//! `cargo xtask gen`: the files that `bellgate` itself prints.

use std::fs;
use std::process::Stdio;

use crate::run::{Outcome, cargo, root};

/// Each generated file, and the arguments with which `bellgate` prints it.
const GENERATED: [(&str, &[&str]); 2] = [
    ("docs/settings.md", &["config", "--docs"]),
    (".env.example", &["config", "--env-example"]),
];

/// Writes the generated files; with `--check` tells which are stale instead.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let is_check = arguments.iter().any(|argument| argument == "--check");
    let mut stale = Vec::new();
    for (path, print) in GENERATED {
        let fresh = printed(print)?;
        let file = root().join(path);
        if fs::read(&file).is_ok_and(|written| written == fresh) {
            println!("{path} is fresh");
        } else if is_check {
            stale.push(path);
        } else {
            fs::write(&file, fresh).map_err(|error| format!("{path}: {error}"))?;
            println!("{path} written");
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "stale, run `cargo xtask gen`: {}",
            stale.join(", ")
        ))
    }
}

/// What `bellgate` prints for these arguments, built as the tests are.
fn printed(arguments: &[&str]) -> Outcome<Vec<u8>> {
    let output = cargo(&["run", "--quiet", "-p", "bellgate", "--"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if output.status.success() && !output.stdout.is_empty() {
        Ok(output.stdout)
    } else {
        Err(format!("bellgate {} failed", arguments.join(" ")))
    }
}
