//! The kinds of work, and what is measured of each.
//!
//! [`choose()`] makes them from their names. Each stands in a file of its own and starts the servers
//! that it needs by itself.

mod abrupt;
mod choose;
mod connect;
mod echo;
mod fanout;
mod idle;
mod login;
mod mixed;
mod paced;
mod polling;
mod quiet;
mod reconnect;
mod shards;
mod slow;
mod turns;
mod upgrade;

use std::io;
use std::time::Duration;

use serde::Serialize;

pub use self::choose::{NAMES, Sizes, choose};
pub use self::turns::{Stand, in_turns};
use crate::candidate::{Can, Candidate};
use crate::wire::Dialect;

/// Work for a server.
pub trait Scenario {
    /// How a row of the table begins.
    fn about(&self) -> About;

    /// What a server must be able to do for it.
    fn needs(&self) -> &'static [Can] {
        &[]
    }

    /// What servers may speak that do it.
    fn dialects(&self) -> &'static [Dialect] {
        &[Dialect::SocketIo]
    }

    /// Connections that it holds at once, for each server. More than [`MANY`] only fast servers are given.
    fn connections(&self) -> usize;

    /// How long each server works, in turns with the others; nothing where each does all by itself.
    fn time(&self) -> Duration {
        Duration::ZERO
    }

    /// Rounds in which it is run at most: fewer for one that repeats itself within a run, or waits.
    fn most_rounds(&self) -> usize {
        usize::MAX
    }

    /// How long a server that [compiles as it runs](Candidate::compiles) works beforehand, where its code is what it
    /// spends its time on; no time where that is the kernel's write.
    fn compiling(&self) -> Duration {
        Duration::ZERO
    }

    /// Starts a server of its own for it, and has it work or makes it ready to.
    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>>;

    /// Servers that work in turns at most, by the connections that this process may have open.
    fn side_by_side(&self) -> usize {
        (OPEN / self.connections().max(1)).max(1)
    }

    /// Whether this server takes part.
    fn fits(&self, candidate: &Candidate) -> bool {
        let can = |need| candidate.can.contains(need);
        self.dialects().contains(&candidate.dialect)
            && self.needs().iter().all(can)
            && (can(&Can::Many) || self.connections() <= MANY)
    }
}

/// What a scenario has made of a server.
pub enum Begun<'a> {
    /// All is done.
    Done(Figures),
    /// It is ready to work, in turns with others.
    Ready(Box<dyn Stand + 'a>),
}

/// [`Scenario::most_rounds`] of work that repeats itself within a run, or waits.
const FEW_ROUNDS: usize = 3;

/// More connections at once are only for servers that [can have them](Can::Many).
const MANY: usize = 5_000;

/// [`Scenario::compiling`] of work that is mostly a server's own code.
const COMPILING: Duration = Duration::from_millis(1_500);

/// Connections to servers side by side: below what a process may open where nothing is set, 20,000.
const OPEN: usize = 16_000;

/// What a row of the table begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// The work and its measures.
    pub name: String,
    /// What [`Figures::cost`] counts.
    pub unit: &'static str,
    /// What Bellgate is to reach.
    pub goal: Option<Goal>,
}

/// What Bellgate is to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Cost at most so many times the limit's.
    Ratio(f64),
    /// Cost, and the 99th percentile of arrival, at most so many times the limit's.
    RatioWithTail(f64),
    /// Cost at most this, in the row's unit.
    Cost(f64),
    /// Cost below every other server's of the same round.
    Ahead,
}

/// What came out of one run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Figures {
    /// Processor time of the server for a unit of work, µs, or what else the row's unit says.
    pub cost: f64,
    /// Time from sending to the last arrival, or to each where messages are paced, µs: the median,
    /// the 99th percentile and the most; 0 where none is taken.
    pub median: f64,
    /// See `median`.
    pub p99: f64,
    /// See `median`.
    pub max: f64,
    /// Other figures of the run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Also>,
}

/// A figure beside the cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Also {
    /// What it is, with its unit.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// The most that Bellgate may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<f64>,
}

impl Figures {
    /// A cost alone.
    pub fn of(cost: f64) -> Self {
        Self {
            cost,
            ..Self::default()
        }
    }

    /// Processor time in nanoseconds, for so many units of work.
    fn spent(nanoseconds: u64, units: usize) -> Self {
        Self::of(nanoseconds as f64 / 1000.0 / units as f64)
    }

    /// As what came of a server that is done.
    fn done<'a>(self) -> Begun<'a> {
        Begun::Done(self)
    }

    /// With times.
    fn with_times(self, mut times: Vec<Duration>) -> Self {
        times.sort();
        let micros =
            |time: Option<&Duration>| time.map_or(0.0, |time| time.as_nanos() as f64 / 1000.0);
        let at = |part: usize| micros(times.get(times.len() * part / 100));
        Self {
            median: at(50),
            p99: at(99),
            max: micros(times.last()),
            ..self
        }
    }

    /// With one more figure.
    fn also(mut self, name: &'static str, value: f64, goal: Option<f64>) -> Self {
        self.also.push(Also { name, value, goal });
        self
    }
}

/// What some work took.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spent {
    /// Processor time of the server, nanoseconds.
    pub nanoseconds: u64,
    /// How much was done.
    pub units: usize,
    /// How long single steps took, where that is timed.
    pub times: Vec<Duration>,
}

impl Spent {
    /// Without times.
    fn new(nanoseconds: u64, units: usize) -> Self {
        Self {
            nanoseconds,
            units,
            times: Vec::new(),
        }
    }

    /// With how long each step took, which did so many units.
    fn timed(nanoseconds: u64, each: usize, times: Vec<Duration>) -> Self {
        Self {
            nanoseconds,
            units: times.len() * each,
            times,
        }
    }

    /// And what more work took.
    fn add(&mut self, more: Self) {
        self.nanoseconds += more.nanoseconds;
        self.units += more.units;
        self.times.extend(more.times);
    }

    /// What a unit cost.
    fn figures(self) -> Figures {
        Figures::spent(self.nanoseconds, self.units).with_times(self.times)
    }
}

/// The middle of values; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
