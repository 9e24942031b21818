//! `cargo xtask check` and its part without tests, `cargo xtask lint`.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::r#gen;
use crate::run::{Outcome, Step, cargo, command, root};
use crate::setup;
use crate::test;

/// Everything that must hold before a commit.
pub(crate) fn check(arguments: &[String]) -> Outcome {
    lint(arguments)?;
    test::run(&["cargo".to_owned()])
}

/// Format, lints, docs, generated files, spelling, a while of each fuzz target; all of them, whatever fails.
pub(crate) fn lint(arguments: &[String]) -> Outcome {
    let is_full = arguments.iter().any(|argument| argument == "--full");
    let seconds = if is_full { 60 } else { 10 };
    let outcomes = [
        Step::new("format").must(&mut cargo(&["fmt", "--all", "--check"])),
        Step::new("lints").must(&mut cargo(&CLIPPY)),
        Step::new("docs").must(cargo(&DOC).env("RUSTDOCFLAGS", DOC_FLAGS)),
        r#gen::run(&["--check".to_owned()]),
        spelling(),
        fuzz(seconds),
    ];
    let failures: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n"))
    }
}

const CLIPPY: [&str; 6] = [
    "clippy",
    "--workspace",
    "--all-targets",
    "--",
    "-D",
    "warnings",
];
const DOC: [&str; 4] = [
    "doc",
    "--workspace",
    "--no-deps",
    "--document-private-items",
];
/// Links to private items hold, for private items are in these pages.
const DOC_FLAGS: &str = "-D warnings -A rustdoc::private_intra_doc_links";

fn spelling() -> Outcome {
    let bin = setup::python()?;
    Step::new("spelling").must(&mut command(
        bin.join("typos"),
        &["--config", "xtask/typos.toml"],
    ))
}

/// Runs each fuzz target for `seconds`, with its corpus where there is one.
fn fuzz(seconds: u32) -> Outcome {
    let folder = root().join("fuzz");
    Step::new("fuzz build").must(
        fuzz_flags(&mut cargo(&["build", "--release", "--target", HOST])).current_dir(&folder),
    )?;
    // Each takes its time whatever else runs, and one core.
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    for some in fuzz_targets()?.chunks(cores) {
        let outcomes: Vec<Outcome> = thread::scope(|scope| {
            let started = some.iter().map(|target| {
                let folder = &folder;
                scope.spawn(move || fuzz_one(target, folder, seconds))
            });
            let started: Vec<_> = started.collect();
            let ended = started.into_iter().map(thread::ScopedJoinHandle::join);
            ended
                .map(|ended| ended.unwrap_or_else(|_| Err("a fuzz target panicked".to_owned())))
                .collect()
        });
        outcomes.into_iter().collect::<Outcome<()>>()?;
    }
    Ok(())
}

/// Runs one target.
fn fuzz_one(target: &str, folder: &Path, seconds: u32) -> Outcome {
    let corpus = folder.join("corpus").join(target);
    std::fs::create_dir_all(&corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
    let built = fuzz_output().join(HOST).join("release").join(target);
    let mut run = command(
        built,
        &[
            &corpus.display().to_string(),
            &format!("-max_total_time={seconds}"),
            "-rss_limit_mb=1024",
        ],
    );
    let dictionary = folder.join("dictionaries").join(format!("{target}.dict"));
    if dictionary.is_file() {
        run.arg(format!("-dict={}", dictionary.display()));
    }
    Step::new(&format!("fuzz {target}")).must(run.current_dir(folder))
}

/// Explicit, so that the flags stay away from build scripts.
const HOST: &str = "x86_64-unknown-linux-gnu";

/// Sanitizer and coverage come from the stable compiler's own passes, as `fuzz/README.md` says: nothing to install.
const FUZZ_FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Ccodegen-units=1 -Zsanitizer=address";

fn fuzz_flags(build: &mut Command) -> &mut Command {
    build
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", FUZZ_FLAGS)
        .env("CARGO_TARGET_DIR", fuzz_output())
}

/// Apart from the workspace's, so that neither build throws the other's away.
fn fuzz_output() -> PathBuf {
    crate::run::target().join("fuzz")
}

fn fuzz_targets() -> Outcome<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let entries =
        std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let stem = |file: PathBuf| {
        (file.extension()? == "rs").then(|| {
            file.file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
        })?
    };
    let mut targets: Vec<String> = entries
        .flatten()
        .filter_map(|entry| stem(entry.path()))
        .collect();
    targets.sort();
    Ok(targets)
}
