//! Runs scenarios against servers side by side and prints the table: `bellgate-bench [scenario…]`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bellgate_bench::candidate::{Candidate, ours, peers};
use bellgate_bench::process::{Server, pin_load};
use bellgate_bench::report::{Row, text};
use bellgate_bench::scenario::{Figures, Scenario};
use clap::Parser;

/// Measures what a unit of work costs Bellgate, beside the least that any server needs for it.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Which kinds of work: idle, fanout, echo, connect; all where none is named
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
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let servers = servers(options)?;
    pin_load()?;
    let mut rows = Vec::new();
    for scenario in chosen(options)? {
        let mut runs = vec![Vec::new(); servers.len()];
        for round in 1..=options.rounds {
            for (server, runs) in servers.iter().zip(&mut runs) {
                let name = server.name;
                eprintln!(
                    "{} … {name}, {round} of {}",
                    scenario.name(),
                    options.rounds
                );
                let figures = measure(server, scenario);
                runs.push(figures.map_err(|error| io::Error::other(format!("{name}: {error}")))?);
            }
        }
        let names = servers.iter().map(|server| server.name.to_owned());
        let runs = names.zip(runs).collect();
        let row = Row::new(scenario, runs);
        print!("{}", text(std::slice::from_ref(&row)));
        rows.push(row);
    }
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}

/// One run against a server of its own.
fn measure(candidate: &Candidate, scenario: Scenario) -> io::Result<Figures> {
    let server = Server::start(candidate)?;
    scenario.part(candidate.part).run(&server)
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
fn chosen(options: &Options) -> io::Result<Vec<Scenario>> {
    let part = options.part.max(1);
    let sizes = |own: &[usize]| {
        options
            .connections
            .map_or(own.to_vec(), |count| vec![count])
    };
    let idle = || {
        sizes(&[1_000, 8_000])
            .into_iter()
            .map(|connections| Scenario::Idle { connections })
    };
    let fanout = || {
        let all = sizes(&[1_000]).into_iter();
        all.flat_map(move |connections| {
            [(64, 1), (64, 4), (64, 16), (512, 4), (512, 16)].map(|(bytes, outstanding)| {
                Scenario::Fanout {
                    connections,
                    bytes,
                    outstanding,
                    broadcasts: 400 * outstanding.min(4) / part,
                }
            })
        })
    };
    let echo = || {
        let connections = options.connections.unwrap_or(50);
        std::iter::once(Scenario::Echo {
            connections,
            outstanding: 16,
            each: 10_000 / part,
        })
    };
    let connect = || {
        std::iter::once(Scenario::Connect {
            cycles: 5_000 / part,
        })
    };
    let mut scenarios = Vec::new();
    let all = ["idle", "fanout", "echo", "connect"].map(str::to_owned);
    let named = if options.scenarios.is_empty() {
        &all[..]
    } else {
        &options.scenarios
    };
    for name in named {
        match name.as_str() {
            "idle" => scenarios.extend(idle()),
            "fanout" => scenarios.extend(fanout()),
            "echo" => scenarios.extend(echo()),
            "connect" => scenarios.extend(connect()),
            _ => {
                let text = format!("no scenario is called {name}; there are {}", all.join(", "));
                return Err(io::Error::other(text));
            }
        }
    }
    Ok(scenarios)
}
