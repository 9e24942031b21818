//! Runs scenarios against servers side by side and prints the table: `bellgate-bench [scenario…]`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bellgate_bench::candidate::{Candidate, ours, peers};
use bellgate_bench::process::{pin_load, raise_descriptor_limit};
use bellgate_bench::progress::Progress;
use bellgate_bench::report::{Row, text};
use bellgate_bench::results::{self, Header};
use bellgate_bench::scenario::{Figures, NAMES, Scenario, Sizes, choose};
use clap::Parser;

/// Measures what a unit of work costs Bellgate, beside the least that any server needs for it.
#[derive(Parser)]
#[command(version, after_help = MORE)]
struct Options {
    /// Which kinds of work; all where none is named
    #[arg(value_parser = NAMES)]
    scenarios: Vec<String>,
    /// Connections, in place of each scenario's own numbers
    #[arg(long)]
    connections: Option<usize>,
    /// Folder of the peers, which are then measured too
    #[arg(long, value_name = "FOLDER")]
    peers: Option<PathBuf>,
    /// Only servers whose name begins so; may be given again
    #[arg(long, value_name = "NAME")]
    server: Vec<String>,
    /// Runs of each scenario, servers in turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Part of the work, for a first look: 10 does a tenth
    #[arg(long, default_value_t = 1)]
    part: usize,
    /// Keep the results in this folder: latest.json, latest.txt, latest.svg, and a line in history.jsonl
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

const MORE: &str = "\
Each server is pinned to the first core and the load generator to the second: leave both alone meanwhile.
Servers take turns; a figure means something as the ratio to the limit of the same round.

  cargo xtask bench                            all kinds of work, kept in bench/results
  cargo xtask bench --peers                    other people's servers too, installed first (npm, pip, cargo, Go)
  cargo xtask bench fanout echo --part 10      a first look; prints only
  cargo xtask bench --check                    instructions and allocations of the hot paths (see bench/README.md)
  cargo xtask bench --server limit --server bellgate --out /tmp/look

A whole run, without --part, --connections, --server, fewer --rounds or named kinds of work, replaces
bench/results/latest.{json,txt,svg} and appends to bench/results/history.jsonl; another one only prints,
unless --out names a folder.";

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("error: {failed} runs failed, see above");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many runs failed.
fn run(options: &Options) -> io::Result<usize> {
    let servers = servers(options)?;
    let scenarios = chosen(options);
    let folder = options.folder();
    // Before this process is pinned, and so all that it starts.
    let header = Header::now(&servers);
    println!("{}", header.line());
    pin_load()?;
    raise_descriptor_limit()?;
    let fits = scenarios.iter().flat_map(|scenario| {
        let servers = servers.iter();
        servers.filter(move |server| scenario.fits(server))
    });
    let mut progress = Progress::new(fits.count() * options.rounds);
    let mut rows = Vec::new();
    let mut failed = 0;
    for scenario in scenarios {
        let (runs, failures) = measure(scenario.as_ref(), &servers, options, &mut progress);
        failed += failures;
        let names = servers.iter().map(|server| server.name.to_owned());
        let row = Row::new(scenario.about(), names.zip(runs).collect());
        print!("{}", text(std::slice::from_ref(&row)));
        rows.push(row);
        // After each scenario, so that a run that is cut short leaves what it has; whole runs only
        // replace what is kept in the project when they are done.
        if options.out.is_some() {
            results::write(&folder.clone().unwrap_or_default(), &header, &rows)?;
        }
    }
    if let Some(folder) = folder {
        results::write(&folder, &header, &rows)?;
        results::append(&folder, &header, &rows)?;
        println!("kept in {}", folder.display());
    }
    Ok(failed)
}

impl Options {
    /// Where the results are kept: what is asked for, or the project's own folder for a whole run.
    fn folder(&self) -> Option<PathBuf> {
        let is_whole = self.scenarios.is_empty()
            && self.server.is_empty()
            && self.connections.is_none()
            && self.part <= 1
            && self.rounds >= 3;
        let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        self.out.clone().or_else(|| is_whole.then(own))
    }
}

/// All runs of a scenario by server, and how many failed. A server that fails is not asked again.
fn measure(
    scenario: &dyn Scenario,
    servers: &[Candidate],
    options: &Options,
    progress: &mut Progress,
) -> (Vec<Vec<Figures>>, usize) {
    let mut runs = vec![Vec::new(); servers.len()];
    let mut failed = vec![false; servers.len()];
    let name = scenario.about().name;
    for round in 1..=options.rounds {
        for ((server, runs), failed) in servers.iter().zip(&mut runs).zip(&mut failed) {
            if *failed || !scenario.fits(server) {
                continue;
            }
            let what = format!("{name} … {}, round {round}", server.name);
            eprintln!("{}", progress.next(&what));
            match scenario.run(server, server.part * options.part.max(1)) {
                Ok(figures) => runs.push(figures),
                Err(error) => {
                    eprintln!("{name} … {}: {error}", server.name);
                    *failed = true;
                    progress.skip(options.rounds - round);
                }
            }
        }
    }
    let failures = failed.into_iter().filter(|failed| *failed).count();
    (runs, failures)
}

/// The servers that were asked for, the limit first.
fn servers(options: &Options) -> io::Result<Vec<Candidate>> {
    let own = std::env::current_exe()?;
    let mut all = ours(own.parent().unwrap_or(Path::new(".")));
    if let Some(folder) = &options.peers {
        all.extend(peers(folder));
    }
    let names = |all: &[Candidate]| {
        all.iter()
            .map(|one| one.name)
            .collect::<Vec<_>>()
            .join("; ")
    };
    for wanted in &options.server {
        if !all.iter().any(|server| server.name.starts_with(wanted)) {
            let there = names(&all);
            let text = format!("no server's name begins with {wanted:?}; there are {there}");
            return Err(io::Error::other(text));
        }
    }
    let is_wanted = |server: &Candidate| {
        let mut wanted = options.server.iter();
        options.server.is_empty() || wanted.any(|wanted| server.name.starts_with(wanted))
    };
    all.retain(is_wanted);
    Ok(all)
}

/// The scenarios that were asked for.
fn chosen(options: &Options) -> Vec<Box<dyn Scenario>> {
    let sizes = Sizes {
        connections: options.connections,
    };
    let all = NAMES.map(str::to_owned);
    let named = if options.scenarios.is_empty() {
        &all[..]
    } else {
        &options.scenarios
    };
    named
        .iter()
        .filter_map(|name| choose(name, sizes))
        .flatten()
        .collect()
}
