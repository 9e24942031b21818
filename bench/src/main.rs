//! Runs scenarios against servers side by side and prints the table: `bellgate-bench [scenario…]`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bellgate_bench::candidate::{Candidate, ours, peers};
use bellgate_bench::process::{pin_load, raise_descriptor_limit};
use bellgate_bench::report::{Row, text};
use bellgate_bench::scenario::{Figures, NAMES, Scenario, Sizes, choose};
use clap::Parser;

/// Measures what a unit of work costs Bellgate, beside the least that any server needs for it.
#[derive(Parser)]
#[command(version)]
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
    /// Only servers whose name begins so; the first stands for the limit
    #[arg(long)]
    server: Option<String>,
    /// Runs of each scenario, servers in turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Part of the work, for a first look: 10 does a tenth
    #[arg(long, default_value_t = 1)]
    part: usize,
    /// Write the runs as JSON to this file
    #[arg(long)]
    json: Option<PathBuf>,
}

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
    pin_load()?;
    raise_descriptor_limit()?;
    let mut rows = Vec::new();
    let mut failed = 0;
    for scenario in chosen(options) {
        let (runs, failures) = measure(scenario.as_ref(), &servers, options);
        failed += failures;
        let names = servers.iter().map(|server| server.name.to_owned());
        let row = Row::new(scenario.about(), names.zip(runs).collect());
        print!("{}", text(std::slice::from_ref(&row)));
        rows.push(row);
        // After each scenario, so that a run that is cut short leaves what it has.
        if let Some(file) = &options.json {
            std::fs::write(file, serde_json::to_string_pretty(&rows)?)?;
        }
    }
    Ok(failed)
}

/// All runs of a scenario by server, and how many failed. A server that fails is not asked again.
fn measure(
    scenario: &dyn Scenario,
    servers: &[Candidate],
    options: &Options,
) -> (Vec<Vec<Figures>>, usize) {
    let mut runs = vec![Vec::new(); servers.len()];
    let mut failed = vec![false; servers.len()];
    let name = scenario.about().name;
    for round in 1..=options.rounds {
        for ((server, runs), failed) in servers.iter().zip(&mut runs).zip(&mut failed) {
            if *failed || !scenario.fits(server) {
                continue;
            }
            eprintln!("{name} … {}, {round} of {}", server.name, options.rounds);
            match scenario.run(server, server.part * options.part.max(1)) {
                Ok(figures) => runs.push(figures),
                Err(error) => {
                    eprintln!("{name} … {}: {error}", server.name);
                    *failed = true;
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
    let wanted = options.server.as_deref().unwrap_or_default();
    all.retain(|server| server.name.starts_with(wanted));
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
