//! Runs scenarios against servers side by side and prints the table: `bellgate-bench [scenario…]`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bellgate_bench::candidate::{Candidate, ours, peers};
use bellgate_bench::process::{pin_load, raise_descriptor_limit};
use bellgate_bench::progress::Progress;
use bellgate_bench::report::{Row, figure, text};
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
    /// Runs of each scenario: so many times through all of them, servers in turns
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
Each round goes through all kinds of work, and servers take turns in each; a figure means something as the ratio to
the limit of the same round.

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
    let mut lots = lots(&scenarios, &servers);
    let mut progress = Progress::new(lots.len() * options.rounds);
    // Each round goes through everything, so that the spread of a row tells how the machine drifts over the whole run.
    for round in 1..=options.rounds {
        for lot in &mut lots {
            lot.run(round, options, &mut progress);
        }
        // A run that is cut short leaves the rounds that it has; whole runs only replace what is kept in the project
        // when they are done.
        if options.out.is_some() {
            results::write(
                &folder.clone().unwrap_or_default(),
                &header,
                &rows(&scenarios, &servers, &lots),
            )?;
        }
    }
    let rows = rows(&scenarios, &servers, &lots);
    print!("{}", text(&rows));
    if let Some(folder) = folder {
        results::write(&folder, &header, &rows)?;
        results::append(&folder, &header, &rows)?;
        println!("kept in {}", folder.display());
    }
    Ok(lots.iter().filter(|lot| lot.has_failed).count())
}

/// A scenario and a server that takes part in it.
struct Lot<'a> {
    scenario: &'a dyn Scenario,
    server: &'a Candidate,
    runs: Vec<Figures>,
    has_failed: bool,
}

impl Lot<'_> {
    /// Runs it once; not again once it has failed.
    fn run(&mut self, round: usize, options: &Options, progress: &mut Progress) {
        if self.has_failed {
            return;
        }
        let about = self.scenario.about();
        let what = format!("{} … {}, round {round}", about.name, self.server.name);
        eprintln!("{}", progress.next(&what));
        match self
            .scenario
            .run(self.server, self.server.part * options.part.max(1))
        {
            Ok(figures) => {
                eprintln!("  {} {}", figure(figures.cost), about.unit);
                self.runs.push(figures);
            }
            Err(error) => {
                eprintln!("  {error}");
                self.has_failed = true;
                progress.skip(options.rounds - round);
            }
        }
    }
}

/// Scenario by scenario, the servers that take part.
fn lots<'a>(scenarios: &'a [Box<dyn Scenario>], servers: &'a [Candidate]) -> Vec<Lot<'a>> {
    let pairs = scenarios.iter().flat_map(|scenario| {
        servers
            .iter()
            .map(move |server| (scenario.as_ref(), server))
    });
    pairs
        .filter(|(scenario, server)| scenario.fits(server))
        .map(|(scenario, server)| Lot {
            scenario,
            server,
            runs: Vec::new(),
            has_failed: false,
        })
        .collect()
}

/// The table so far.
fn rows(scenarios: &[Box<dyn Scenario>], servers: &[Candidate], lots: &[Lot<'_>]) -> Vec<Row> {
    let mut lots = lots.iter();
    let mut runs_of = |scenario: &dyn Scenario, server: &Candidate| {
        // Lots stand in the order in which they are asked for here.
        let lot = scenario.fits(server).then(|| lots.next()).flatten();
        (
            server.name.to_owned(),
            lot.map_or_else(Vec::new, |lot| lot.runs.clone()),
        )
    };
    scenarios
        .iter()
        .map(|scenario| {
            let cells = servers
                .iter()
                .map(|server| runs_of(scenario.as_ref(), server));
            Row::new(scenario.about(), cells.collect())
        })
        .collect()
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
