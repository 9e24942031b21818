//! `cargo xtask bench --check`: instructions and allocations of the hot paths, against recorded ones.
//!
//! The program `hot` goes a path n times and 2n times under callgrind; the difference, divided by n, is
//! what a unit costs, free of start-up. Instructions are the same on a busy machine as on a quiet one,
//! so this may run where no time can be measured. It sees no cache and no kernel.
//!
//! [`run`] is the order of things, [`counts`] reads callgrind's file, [`record`] has the file that counts are
//! held against and [`with`] what moves them without a change of ours, [`verdict`] says what is too much.

mod counts;
mod record;
mod verdict;
mod with;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::build::Profile;
use crate::run::{Outcome, Step, cargo, command, root, target};
use crate::setup;

use counts::Counts;
use record::{Measured, Recorded};
use verdict::{table, verdict};
use with::With;

/// How much more or fewer instructions are as good as the recorded ones, in percent.
const TOLERANCE: f64 = 3.0;
/// The same where compiler, C library or processor are not those of the record.
const WIDE_TOLERANCE: f64 = 10.0;

/// Counts every path, and compares or (`--record`) keeps what came out.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let records = match arguments {
        [] => false,
        [flag] if flag == "--record" => true,
        _ => return Err("usage: cargo xtask bench --check [--record]".to_owned()),
    };
    setup::programs(&["valgrind"])?;
    let mut build = cargo(&["build", "--release", "-p", "bellgate-bench", "--bin", "hot"]);
    Step::new("build hot").must(&mut build)?;
    let with = With::here()?;
    let mut paths = Vec::new();
    for path in list()? {
        println!("count {} …", path.name);
        paths.push(path.measure()?);
    }
    let file = root().join("bench/instructions.json");
    let recorded = Recorded::read(&file);
    if !records {
        return compare(&with, &paths, &recorded?);
    }
    let before = recorded.map(|recorded| recorded.paths).unwrap_or_default();
    print!("{}", table(&paths, &before));
    Recorded { with, paths }.write(&file)
}

/// Prints the table, and fails where something rose.
fn compare(with: &With, paths: &[Measured], recorded: &Recorded) -> Outcome {
    print!("{}", table(paths, &recorded.paths));
    let tolerance = if recorded.with == *with {
        TOLERANCE
    } else {
        println!("recorded with {}", recorded.with.text());
        println!("counted with  {}", with.text());
        println!("so {WIDE_TOLERANCE} % are tolerated instead of {TOLERANCE} %");
        WIDE_TOLERANCE
    };
    let (wrong, better) = verdict(paths, &recorded.paths, tolerance);
    if !better.is_empty() {
        println!("\nless than recorded:\n{}", better.join("\n"));
        println!("keep it so: cargo xtask bench --check --record");
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        let wrong = wrong.join("\n");
        Err(format!("\nmore than recorded, or not recorded:\n{wrong}"))
    }
}

/// A path as `hot` lists it.
struct Listed {
    name: String,
    count: u64,
    units: u64,
}

fn list() -> Outcome<Vec<Listed>> {
    let text = output(&mut command(Profile::Release.program("hot"), &[]))?;
    let paths = text.lines().map(|line| {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        let name = next().to_owned();
        match (next().parse(), next().parse()) {
            (Ok(count), Ok(units)) => Ok(Listed { name, count, units }),
            _ => Err(format!("hot lists a path that cannot be read: {line}")),
        }
    });
    paths.collect()
}

impl Listed {
    fn measure(&self) -> Outcome<Measured> {
        let once = self.counts(self.count)?;
        let twice = self.counts(2 * self.count)?;
        let units = self.count * self.units;
        Ok(Measured {
            path: self.name.clone(),
            instructions: share(twice.instructions.saturating_sub(once.instructions), units),
            allocations: share(twice.allocations.saturating_sub(once.allocations), units),
        })
    }

    /// Goes the path under callgrind.
    fn counts(&self, count: u64) -> Outcome<Counts> {
        let file = target().join("xtask/callgrind.out");
        let out = format!("--callgrind-out-file={}", file.display());
        let mut valgrind = command("valgrind", &["--tool=callgrind", &out]);
        valgrind
            .arg(Profile::Release.program("hot"))
            .args([self.name.clone(), count.to_string()]);
        output(&mut valgrind)?;
        let text = fs::read_to_string(&file).map_err(|error| told(&file, &error))?;
        Counts::read(&text).ok_or_else(|| format!("{} has no sum", file.display()))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below 2^52, and a tenth is all that is shown"
)]
fn share(count: u64, units: u64) -> f64 {
    (count as f64 / units as f64 * 1000.0).round() / 1000.0
}

/// What a program prints, if it ends well.
fn output(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().display().to_string();
    let done = command
        .output()
        .map_err(|error| format!("{name} cannot be started: {error}"))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&done.stderr);
    Err(format!("{errors}{name} ended with {}", done.status))
}

fn told(file: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", file.display())
}
