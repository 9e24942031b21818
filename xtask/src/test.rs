//! `cargo xtask test`: all suites, counted.
//!
//! A suite that ran no test, skipped one or failed one fails the run. The outside suites drive the
//! programs as [`Profile::Ci`] builds them; with `--full`, as they ship.

use std::path::PathBuf;
use std::process::Command;

use crate::build::{CONFORMANCE_SERVER, Profile};
use crate::count::Count;
use crate::run::{Done, Outcome, Step, cargo, command};
use crate::setup;

/// The suites in the order in which they run, the quickest to fail first.
const SUITES: [&str; 5] = ["cargo", "node", "python", "browser", "demo"];

/// How often `--full` runs each outside suite: what passes by luck shows.
const FULL_ROUNDS: usize = 3;

/// What the command line asks for.
struct Wanted {
    suites: Vec<&'static str>,
    word: Option<String>,
    rounds: usize,
    profile: Profile,
}

/// Runs `cargo xtask test [--full] [FILTER]`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let wanted = Wanted::parse(arguments)?;
    if wanted.suites.iter().any(|suite| *suite != "cargo") {
        wanted.profile.build(&["bellgate", CONFORMANCE_SERVER])?;
    }
    let mut rows = Vec::new();
    for suite in &wanted.suites {
        let rounds = if *suite == "cargo" { 1 } else { wanted.rounds };
        for _ in 0..rounds {
            let (count, is_ok) = wanted.run(suite)?;
            rows.push((*suite, count, is_ok));
        }
    }
    let mut judged = Ok(());
    if wanted.suites.contains(&"cargo") && wanted.word.is_none() {
        // Among the tests they are one for each file.
        println!("\nproven cases of Flask's formats:");
        judged = xtask::vectors::run(&[]);
    }
    wanted.sum_up(&rows).and(judged)
}

impl Wanted {
    fn parse(arguments: &[String]) -> Outcome<Self> {
        let mut wanted = Self {
            suites: SUITES.to_vec(),
            word: None,
            rounds: 1,
            profile: Profile::Ci,
        };
        for argument in arguments {
            match SUITES.iter().find(|suite| *suite == argument) {
                Some(suite) => wanted.suites = vec![suite],
                None if argument == "--full" => {
                    wanted.rounds = FULL_ROUNDS;
                    wanted.profile = Profile::Release;
                }
                None if argument.starts_with('-') => {
                    return Err(format!("unknown option {argument}"));
                }
                None => wanted.word = Some(argument.clone()),
            }
        }
        Ok(wanted)
    }

    /// Runs one suite and says what it counted and whether it may pass.
    fn run(&self, suite: &str) -> Outcome<(Count, bool)> {
        let (mut runner, count): (Command, fn(&str) -> Count) = match suite {
            "cargo" => {
                setup::programs(&["redis-server"])?;
                (self.cargo(), Count::of_cargo)
            }
            "python" => {
                setup::programs(&["redis-server"])?;
                setup::flask()?;
                (self.python()?, Count::of_pytest)
            }
            "browser" => {
                setup::programs(&["chromium", "nginx", "redis-server"])?;
                setup::flask()?;
                (self.node(suite)?, Count::of_node)
            }
            "demo" => {
                setup::programs(&["chromium"])?;
                (self.node(suite)?, Count::of_node)
            }
            _ => (self.node(suite)?, Count::of_node),
        };
        self.name_programs(&mut runner);
        let done = Step::new(&format!("test {suite}")).run(&mut runner)?;
        let count = count(&done.output);
        // With a word a suite may have no test of that name; the sum must not be 0.
        let may_be_empty = self.word.is_some();
        let ran = count.passed + count.failed > 0;
        let is_ok =
            count.failed == 0 && count.skipped == 0 && if ran { done.is_ok } else { may_be_empty };
        if !is_ok {
            println!("{}", telling(&done));
        }
        println!("test {suite} {count}, {:.1?}", done.took);
        Ok((count, is_ok))
    }

    /// Tells the tests which programs to drive, unless the user has.
    fn name_programs(&self, runner: &mut Command) {
        for (variable, program) in [
            ("BELLGATE_BINARY", "bellgate"),
            ("BELLGATE_CONFORMANCE_SERVER", CONFORMANCE_SERVER),
        ] {
            if std::env::var_os(variable).is_none() {
                runner.env(variable, self.profile.program(program));
            }
        }
    }

    fn cargo(&self) -> Command {
        let mut runner = cargo(&["test", "--workspace", "--no-fail-fast"]);
        if self.rounds > 1 {
            // The attacks come in whole, not by a tenth.
            runner.env("BELLGATE_TEST_FULL", "1");
        }
        if let Some(word) = &self.word {
            runner.arg("--").arg(word);
        }
        runner
    }

    fn node(&self, folder: &str) -> Outcome<Command> {
        setup::node_modules()?;
        let mut runner = command("node", &["--test", "--test-reporter=tap"]);
        let files = test_files(folder)?;
        let is_named = |file: &&PathBuf| {
            self.word
                .as_ref()
                .is_some_and(|word| file.to_string_lossy().contains(word.as_str()))
        };
        let named: Vec<&PathBuf> = files.iter().filter(is_named).collect();
        match &self.word {
            Some(word) if named.is_empty() => runner
                .arg(format!("--test-name-pattern={word}"))
                .args(&files),
            Some(_) => runner.args(named),
            None => runner.args(&files),
        };
        Ok(runner)
    }

    fn python(&self) -> Outcome<Command> {
        let bin = setup::python()?;
        let mut runner = command(bin.join("pytest"), &["-q", "python"]);
        runner.current_dir(setup::conformance());
        if let Some(word) = &self.word {
            runner.args(["-k", word]);
        }
        Ok(runner)
    }

    /// Prints the table and the closing line.
    fn sum_up(&self, rows: &[(&str, Count, bool)]) -> Outcome {
        let mut sum = Count::default();
        println!();
        for (suite, count, is_ok) in rows {
            println!(
                "{suite:<10}{count}{}",
                if *is_ok { "" } else { "  <- failed" }
            );
            sum += *count;
        }
        println!("{sum}");
        let failed: Vec<&str> = rows
            .iter()
            .filter(|(.., is_ok)| !is_ok)
            .map(|(suite, ..)| *suite)
            .collect();
        match (failed.is_empty(), sum.passed) {
            (true, 1..) => Ok(()),
            (true, 0) => Err(format!(
                "no test is named {}",
                self.word.as_deref().unwrap_or("so")
            )),
            (false, _) => Err(format!("failed, skipped or empty: {}", failed.join(", "))),
        }
    }
}

/// What of a failed run is worth reading: everything but the tests that passed.
fn telling(done: &Done) -> String {
    let is_dull = |line: &&str| {
        let line = line.trim();
        line.ends_with("... ok")
            || line.starts_with("ok ")
            || line.starts_with("# Subtest")
            || line.starts_with("Compiling")
    };
    done.output
        .lines()
        .filter(|line| !is_dull(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn test_files(folder: &str) -> Outcome<Vec<PathBuf>> {
    let folder = setup::conformance().join(folder);
    let entries =
        std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let is_test = |file: &PathBuf| file.to_string_lossy().ends_with(".test.js");
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(is_test)
        .collect();
    files.sort();
    Ok(files)
}
