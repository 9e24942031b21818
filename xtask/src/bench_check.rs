//! `cargo xtask bench --check`: instructions and allocations of the hot paths, against recorded ones.
//!
//! The program `hot` goes a path n times and 2n times under callgrind; the difference, divided by n, is
//! what a unit costs, free of start-up. Instructions are the same on a busy machine as on a quiet one,
//! so this may run where no time can be measured. It sees no cache and no kernel.
//!
//! [`run`] is the order of things, `Counts` reads callgrind's file, `Recorded` is the file that counts are
//! held against, `verdict` says what is too much.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::build::Profile;
use crate::run::{Outcome, Step, cargo, command, root, target};
use crate::setup;

/// How much more or fewer instructions are as good as the recorded ones, in percent.
const TOLERANCE: f64 = 3.0;
/// The same where compiler, C library or processor are not those of the record.
const WIDE_TOLERANCE: f64 = 10.0;
/// Allocations have three digits behind the point; the last may not rise, since a delivery of a broadcast is
/// a thousandth of it.
const ALLOCATION: f64 = 0.000_5;

/// What a C library calls the functions that allocate.
const ALLOCATORS: [&str; 6] = [
    "malloc",
    "calloc",
    "realloc",
    "aligned_alloc",
    "memalign",
    "posix_memalign",
];

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
    if records {
        let recorded = Recorded { with, paths };
        print!("{}", table(&recorded.paths, &recorded.paths));
        return recorded.write(&file);
    }
    let recorded = Recorded::read(&file)?;
    print!("{}", table(&paths, &recorded.paths));
    let is_alike = recorded.with == with;
    if !is_alike {
        println!("recorded with {}", recorded.with.text());
        println!("counted with  {}", with.text());
        println!("so {WIDE_TOLERANCE} % are tolerated instead of {TOLERANCE} %");
    }
    let tolerance = if is_alike { TOLERANCE } else { WIDE_TOLERANCE };
    let (wrong, better) = verdict(&paths, &recorded.paths, tolerance);
    for line in &better {
        println!("{line}");
    }
    if !better.is_empty() {
        println!("record it: cargo xtask bench --check --record");
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

/// A path as `hot` lists it.
struct Listed {
    name: String,
    count: u64,
    units: u64,
}

/// What a unit of a path costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Measured {
    path: String,
    instructions: f64,
    allocations: f64,
}

/// With what it was counted: each of these moves the counts without a change of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct With {
    rustc: String,
    valgrind: String,
    libc: String,
    target_cpu: String,
    processor: String,
}

/// The file of counts.
#[derive(Debug, Serialize, Deserialize)]
struct Recorded {
    with: With,
    paths: Vec<Measured>,
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

/// What one run took in all.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    instructions: u64,
    allocations: u64,
}

impl Counts {
    /// Reads callgrind's file: the sum, and every call of an allocator. A function's name stands behind
    /// its number once, later the number alone.
    fn read(text: &str) -> Option<Self> {
        let mut names = HashMap::new();
        let mut instructions = None;
        let (mut allocations, mut is_allocator) = (0, false);
        for line in text.lines() {
            let Some((key, value)) = line.split_once(['=', ':']) else {
                continue;
            };
            match key {
                "fn" | "cfn" => {
                    let (number, name) = value.split_once(' ').unwrap_or((value, ""));
                    let known = names
                        .entry(number.to_owned())
                        .or_insert_with(|| ALLOCATORS.contains(&name));
                    is_allocator = *known;
                }
                "calls" if is_allocator => allocations += first_number(value)?,
                "totals" => instructions = first_number(value),
                _ => {}
            }
        }
        Some(Self {
            instructions: instructions?,
            allocations,
        })
    }
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below 2^52, and a tenth is all that is shown"
)]
fn share(count: u64, units: u64) -> f64 {
    (count as f64 / units as f64 * 1000.0).round() / 1000.0
}

impl With {
    fn here() -> Outcome<Self> {
        let first = |program: &str, argument: &str| {
            let text = output(&mut command(program, &[argument]))?;
            Ok::<_, String>(text.lines().next().unwrap_or_default().trim().to_owned())
        };
        Ok(Self {
            rustc: first("rustc", "--version")?,
            valgrind: first("valgrind", "--version")?,
            libc: first("getconf", "GNU_LIBC_VERSION")?,
            target_cpu: target_cpu(),
            processor: processor().to_owned(),
        })
    }

    fn text(&self) -> String {
        let Self {
            rustc,
            valgrind,
            libc,
            target_cpu,
            processor,
        } = self;
        format!("{rustc}, {valgrind}, {libc}, target-cpu {target_cpu}, a processor {processor}")
    }
}

/// The processor that the build is for, as the environment's flags name it.
fn target_cpu() -> String {
    let flags = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .collect::<String>();
    let named = flags.split_once("target-cpu=").map(|(_, rest)| rest);
    let end = |letter: char| letter.is_whitespace() || letter == '\u{1f}';
    let cpu = named.and_then(|rest| rest.split(end).next());
    cpu.unwrap_or("generic").to_owned()
}

/// What the C library and searches choose their code by.
fn processor() -> &'static str {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    if text.split_whitespace().any(|flag| flag == "avx2") {
        "with AVX2"
    } else {
        "without AVX2"
    }
}

impl Recorded {
    fn read(file: &Path) -> Outcome<Self> {
        let text = fs::read_to_string(file).map_err(|error| told(&PathBuf::from(file), &error))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
    }

    fn write(&self, file: &Path) -> Outcome {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        fs::write(file, text + "\n").map_err(|error| told(&PathBuf::from(file), &error))
    }
}

fn find<'a>(paths: &'a [Measured], name: &str) -> Option<&'a Measured> {
    paths.iter().find(|path| path.path == name)
}

fn change(now: f64, before: f64) -> f64 {
    if before > 0.0 {
        (now / before - 1.0) * 100.0
    } else {
        0.0
    }
}

fn table(paths: &[Measured], recorded: &[Measured]) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\n{:<34}{:>13}{:>11}{:>10}{:>13}{:>10}",
        "a unit of", "instructions", "recorded", "change", "allocations", "recorded"
    );
    for path in paths {
        let _ = write!(text, "{:<34}{:>13.1}", path.path, path.instructions);
        let _ = match find(recorded, &path.path) {
            Some(before) => writeln!(
                text,
                "{:>11.1}{:>+8.1} %{:>13.3}{:>10.3}",
                before.instructions,
                change(path.instructions, before.instructions),
                path.allocations,
                before.allocations
            ),
            None => writeln!(text, "{:>11}{:>10}{:>13.3}", "new", "", path.allocations),
        };
    }
    text
}

/// What must not be, and what is better than the record says.
fn verdict(
    paths: &[Measured],
    recorded: &[Measured],
    tolerance: f64,
) -> (Vec<String>, Vec<String>) {
    let (mut wrong, mut better) = (Vec::new(), Vec::new());
    for path in paths {
        let name = &path.path;
        let Some(before) = find(recorded, name) else {
            wrong.push(format!("{name}: not recorded yet (--record)"));
            continue;
        };
        let (now, was) = (path.instructions, before.instructions);
        let change = change(now, was);
        let line = format!("{name}: {now:.0} instructions, recorded {was:.0} ({change:+.1} %)");
        if change > tolerance {
            wrong.push(line);
        } else if change < -tolerance {
            better.push(line);
        }
        let (now, was) = (path.allocations, before.allocations);
        let line = format!("{name}: {now:.3} allocations, recorded {was:.3}");
        if now > was + ALLOCATION {
            wrong.push(line);
        } else if now < was - ALLOCATION {
            better.push(line);
        }
    }
    for gone in recorded {
        if find(paths, &gone.path).is_none() {
            wrong.push(format!("{}: recorded, but no path (--record)", gone.path));
        }
    }
    (wrong, better)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_allocators_are_counted_by_name_and_by_number() {
        let text = "events: Ir\nsummary: 12\n\nfn=(1) main\n3 5\ncfn=(2) malloc\ncalls=4 10\n* 20\n\
                    cfn=(3) free\ncalls=4 11\n* 8\n\nfn=(2)\n10 7\n\nfn=(4) other\ncfn=(2)\ncalls=2 10\n\
                    +1 9\ncfn=(5) realloc\ncalls=1 1\n* 3\ntotals: 6500\n";
        let counts = Counts::read(text);
        assert_eq!(
            counts,
            Some(Counts {
                instructions: 6500,
                allocations: 7
            })
        );
        assert_eq!(Counts::read("fn=(1) main\n3 5\n"), None);
    }

    fn path(name: &str, instructions: f64, allocations: f64) -> Measured {
        Measured {
            path: name.to_owned(),
            instructions,
            allocations,
        }
    }

    #[test]
    fn a_rise_is_wrong_and_a_fall_is_to_be_recorded() {
        let before = [path("echo", 1000.0, 2.0)];
        let judge = |instructions, allocations| {
            let (wrong, better) = verdict(&[path("echo", instructions, allocations)], &before, 3.0);
            (wrong.len(), better.len())
        };
        assert_eq!(judge(1000.0, 2.0), (0, 0));
        assert_eq!(judge(1029.0, 2.0), (0, 0));
        assert_eq!(judge(1031.0, 2.0), (1, 0));
        assert_eq!(judge(969.0, 2.0), (0, 1));
        assert_eq!(judge(1000.0, 2.001), (1, 0));
        assert_eq!(judge(1100.0, 1.0), (1, 1));
        assert!(table(&[path("echo", 1031.0, 2.0)], &before).contains("+3.1 %"));
    }

    #[test]
    fn a_path_that_is_new_or_gone_asks_for_a_record() {
        let (old, new) = ([path("old", 1.0, 0.0)], [path("new", 1.0, 0.0)]);
        let (wrong, better) = verdict(&new, &old, 3.0);
        assert_eq!((wrong.len(), better.len()), (2, 0));
        assert!(table(&new, &old).contains("new"));
    }
}
