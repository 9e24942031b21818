//! `cargo xtask bench`: the measuring stand, as released programs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::bench_check;
use crate::build::Profile;
use crate::run::{Outcome, Step, cargo, command, root};
use crate::setup;

/// The package of the stand, and its load generator.
const BENCH: &str = "bellgate-bench";

/// Builds the servers and the load generator and runs them; the arguments are the stand's own, but
/// for `--peers`, which installs other people's servers and measures them too. Where nothing else is
/// asked for, they belong to it.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    if let Some((flag, rest)) = arguments.split_first()
        && flag == "--check"
    {
        return bench_check::run(rest);
    }
    Profile::Release.build(&[BENCH])?;
    let (peers, own): (Vec<_>, Vec<_>) = arguments
        .iter()
        .partition(|argument| *argument == "--peers");
    let mut bench = command(Profile::Release.program(BENCH), &[]);
    if own.is_empty() || !peers.is_empty() {
        bench.arg("--peers").arg(install()?);
    }
    let status = bench
        .args(own)
        .stdin(Stdio::inherit())
        .status()
        .map_err(|error| format!("the bench cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the bench ended with {status}"))
    }
}

/// Installs the peers in their folder, each by its own list of versions.
fn install() -> Outcome<PathBuf> {
    let peers = root().join("bench/peers");
    setup::npm(&peers.join("node"))?;
    setup::npm(&peers.join("bun"))?;
    setup::venv(
        &peers.join("python/.venv"),
        &peers.join("python/requirements.txt"),
    )?;
    let mut build = cargo(&["build", "--release", "--locked"]);
    build.current_dir(peers.join("socketioxide"));
    build.env_remove("CARGO_TARGET_DIR");
    Step::new("build socketioxide").must(&mut build)?;
    go(&peers.join("go"))?;
    Ok(peers)
}

/// Builds the peers that are written in Go, on a machine that has it; Debian's is too old for them.
fn go(folder: &Path) -> Outcome {
    let Some(go) = setup::find("go") else {
        println!("no Go on this machine: socket.io in Go and centrifuge are left out");
        return Ok(());
    };
    let own = ["build", "-mod=readonly", "-o", "bin/"];
    let mut build = command(go, &own);
    build
        .args(["./socketio", "./centrifuge"])
        .current_dir(folder);
    Step::new("build the peers in Go").must(&mut build)
}
