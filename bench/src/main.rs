//! Runs scenarios against servers side by side and prints the table: `bellgate-bench [scenario…]`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bellgate_bench::agreement::Earlier;
use bellgate_bench::candidate::{Candidate, ours, peers};
use bellgate_bench::process::{pin_load, raise_descriptor_limit};
use bellgate_bench::progress::Progress;
use bellgate_bench::report::{Row, figure, text};
use bellgate_bench::results::{self, Header};
use bellgate_bench::scenario::{About, Begun, Figures, NAMES, Scenario, Sizes, choose, in_turns};
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
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Part of the work, for a first look: 10 does a tenth
    #[arg(long, default_value_t = 1)]
    part: u32,
    /// Hold what comes out against an earlier run, its latest.json; a run that is kept is held against what it
    /// replaces
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Keep the results in this folder: latest.json, latest.txt, latest.svg, and a line in history.jsonl
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

const MORE: &str = "\
Each server is pinned to the first core and the load generator to the second: leave both alone meanwhile.
Each round goes through all kinds of work, and servers do each in short turns; a figure means something as the ratio
to the limit of the same round. Work that repeats itself (slow, abrupt, quiet) is only in the first three.

  cargo xtask bench                            all kinds of work and other people's servers too, which are installed
                                               first (npm, pip, cargo, Go); half an hour, kept in bench/results
  cargo xtask bench fanout echo --part 10      a first look at ours; prints only
  cargo xtask bench fanout --peers             beside other people's
  cargo xtask bench --check                    instructions and allocations of the hot paths (see bench/README.md)
  cargo xtask bench --server limit --server bellgate --out /tmp/look

A whole run, with --peers and without --part, --connections, --server, fewer --rounds or named kinds of work,
replaces bench/results/latest.{json,txt,svg} and appends to bench/results/history.jsonl; another one only
prints, unless --out names a folder.";

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

/// How many lots failed.
fn run(options: &Options) -> io::Result<usize> {
    let servers = servers(options)?;
    let scenarios = chosen(options);
    let folder = options.folder();
    let earlier = options.earlier(folder.as_deref())?;
    // Before this process is pinned, and so all that it starts.
    let header = Header::now(&servers);
    println!("{}", header.line());
    pin_load()?;
    raise_descriptor_limit()?;
    let mut lines: Vec<Line<'_>> = scenarios
        .iter()
        .map(|scenario| Line::new(scenario.as_ref(), &servers, options.rounds))
        .collect();
    let mut progress = Progress::new(lines.iter().map(Line::steps).sum());
    // Each round goes through everything, so that the spread of a row tells how the machine drifts over the whole run.
    for round in 1..=options.rounds {
        for line in &mut lines {
            line.run(round, &mut progress);
        }
        // A run that is cut short leaves the rounds that it has; whole runs only replace what is kept in the project
        // when they are done.
        if let Some(folder) = &options.out {
            results::write(folder, &header, &rows(&lines))?;
        }
    }
    let rows = rows(&lines);
    print!("{}", text(&rows));
    if let Some(earlier) = earlier {
        print!("\n{}", earlier.beside(&rows)?);
    }
    if let Some(folder) = folder {
        results::write(&folder, &header, &rows)?;
        results::append(&folder, &header, &rows)?;
        println!("kept in {}", folder.display());
    }
    Ok(lines.iter().map(Line::failures).sum())
}

/// The table so far.
fn rows(lines: &[Line<'_>]) -> Vec<Row> {
    lines.iter().map(Line::row).collect()
}

/// A scenario with every server, whether it takes part or not.
struct Line<'a> {
    scenario: &'a dyn Scenario,
    rounds: usize,
    lots: Vec<Lot<'a>>,
}

/// What one server did.
struct Lot<'a> {
    server: &'a Candidate,
    takes_part: bool,
    runs: Vec<Figures>,
    has_failed: bool,
}

impl<'a> Line<'a> {
    fn new(scenario: &'a dyn Scenario, servers: &'a [Candidate], rounds: usize) -> Self {
        let lots = servers.iter().map(|server| Lot {
            server,
            takes_part: scenario.fits(server),
            runs: Vec::new(),
            has_failed: false,
        });
        Self {
            scenario,
            rounds: rounds.min(scenario.most_rounds()),
            lots: lots.collect(),
        }
    }

    /// Runs that it has in all rounds together.
    fn steps(&self) -> usize {
        self.rounds * self.lots.iter().filter(|lot| lot.takes_part).count()
    }

    /// Has each server run it once, but for those that have failed; side by side, as many as may be.
    fn run(&mut self, round: usize, progress: &mut Progress) {
        if round > self.rounds {
            return;
        }
        let takes_part = |lot: &&mut Lot<'_>| lot.takes_part && !lot.has_failed;
        let mut lots: Vec<_> = self.lots.iter_mut().filter(takes_part).collect();
        let (scenario, left) = (self.scenario, self.rounds - round);
        let mut groups: Vec<_> = lots.chunks_mut(scenario.side_by_side()).collect();
        if round.is_multiple_of(2) {
            groups.reverse();
        }
        for group in groups {
            together(scenario, round, group, progress);
            let failed = group.iter().filter(|lot| lot.has_failed).count();
            progress.skip(failed * left);
        }
    }

    fn row(&self) -> Row {
        let of = |lot: &Lot<'_>| (lot.server.name.to_owned(), lot.runs.clone());
        Row::new(self.scenario.about(), self.lots.iter().map(of).collect())
    }

    fn failures(&self) -> usize {
        self.lots.iter().filter(|lot| lot.has_failed).count()
    }
}

/// Has servers do some work side by side. Every second round goes from the last to the first, so that a machine that
/// becomes slower all the while does not favour those in front.
fn together(
    scenario: &dyn Scenario,
    round: usize,
    lots: &mut [&mut Lot<'_>],
    progress: &mut Progress,
) {
    if round.is_multiple_of(2) {
        lots.reverse();
    }
    let about = scenario.about();
    let (mut ready, mut stands) = (Vec::new(), Vec::new());
    for lot in lots {
        let what = format!("{} … {}, round {round}", about.name, lot.server.name);
        eprintln!("{}", progress.next(&what));
        match begin(scenario, lot.server) {
            Ok(Begun::Done(figures)) => lot.end(&about, Ok(figures)),
            Ok(Begun::Ready(stand)) => {
                ready.push(lot);
                stands.push(stand);
            }
            Err(error) => lot.end(&about, Err(error)),
        }
    }
    for (lot, ended) in ready.into_iter().zip(in_turns(stands, scenario.time())) {
        lot.end(&about, ended);
    }
}

/// Has a server made ready, and its code compiled where it does that as it runs.
fn begin<'a>(scenario: &'a dyn Scenario, server: &Candidate) -> io::Result<Begun<'a>> {
    let mut begun = scenario.begin(server)?;
    let time = scenario.compiling();
    if let Begun::Ready(stand) = &mut begun
        && server.compiles
        && !time.is_zero()
    {
        stand.turn(time)?;
    }
    Ok(begun)
}

impl Lot<'_> {
    /// Takes down what came of a round.
    fn end(&mut self, about: &About, ended: io::Result<Figures>) {
        let server = self.server.name;
        match ended {
            Ok(figures) => {
                eprintln!("  {server}: {} {}", figure(figures.cost), about.unit);
                self.runs.push(figures);
            }
            Err(error) => {
                eprintln!("  {server}: {error}");
                self.has_failed = true;
            }
        }
    }
}

impl Options {
    /// Where the results are kept: what is asked for, or the project's own folder for a whole run. One without peers
    /// would replace more than it has.
    fn folder(&self) -> Option<PathBuf> {
        let is_whole = self.scenarios.is_empty()
            && self.server.is_empty()
            && self.peers.is_some()
            && self.connections.is_none()
            && self.part <= 1
            && self.rounds >= 3;
        let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        self.out.clone().or_else(|| is_whole.then(own))
    }

    /// The run to hold this one against: what is asked for, or what it is about to replace.
    fn earlier(&self, folder: Option<&Path>) -> io::Result<Option<Earlier>> {
        let replaced = folder.map(|folder| folder.join(results::LATEST));
        let replaced = replaced.filter(|file| file.is_file());
        let file = self.against.clone().or(replaced);
        file.map(|file| Earlier::read(&file)).transpose()
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
        part: options.part,
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
