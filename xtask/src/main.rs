//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! One file for each command; [`run`] starts programs, [`setup`] installs what they need, [`count`] reads
//! what a test runner counted. Start with [`test`](mod@test), which is what continuous integration calls.

mod bench;
mod bench_check;
mod build;
mod check;
mod conformance_server;
mod count;
mod r#gen;
mod run;
mod setup;
mod suites;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  test [--full] [FILTER]   install what is missing, build, run all tests and count them
                           FILTER: a suite (cargo, node, python, browser, demo) or a word of a test's name
                           --full: the outside suites three times over, against the release build
  check [--full]           format, lints, tests, generated files, spelling, ten seconds of each fuzz target
                           (--full: a minute)
  lint [--full]            check without the tests
  gen [--check]            write the generated files, or tell which are stale
  bench [SCENARIO…]        what a unit of work costs, beside the least that a server needs (--help)
                           --check [--record]: instructions and allocations of the hot paths, against recorded ones
  vectors [DIR]            judge the proven cases of Flask's formats (tests/vectors, or a folder with such files)
  conformance-server [ARGS]  build and run the server that the official suites expect, on localhost:3000
  suites --from DIR [--times N] [--server PROGRAM]
                           run the official suites from a folder against the conformance server
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("", &[][..]),
    };
    let outcome = match command {
        "bench" => bench::run(rest),
        "check" => check::check(rest),
        "conformance-server" => conformance_server::run(rest),
        "gen" => r#gen::run(rest),
        "lint" => check::lint(rest),
        "suites" => suites::run(rest),
        "test" => test::run(rest),
        "vectors" => xtask::vectors::run(rest),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
