//! The table: what each unit of work cost each server, how it stands to the limit, and whether goals are
//! reached.

use std::fmt::Write as _;

use serde::Serialize;

use crate::scenario::{About, Figures, Goal};

/// All runs of one scenario.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The scenario's name.
    pub name: String,
    /// What the figures count.
    pub unit: &'static str,
    /// What Bellgate is to reach.
    pub goal: Option<Goal>,
    /// By server, in the order of the columns.
    pub cells: Vec<Cell>,
}

/// One server's runs of a scenario; none where it took no part.
#[derive(Debug, Clone, Serialize)]
pub struct Cell {
    /// The server.
    pub server: String,
    /// Its runs, in the order in which they were made.
    pub runs: Vec<Figures>,
    /// The median cost, the least and the most.
    pub cost: [f64; 3],
    /// Median of the ratios to the limit, run by run; none for the limit itself.
    pub ratio: Option<f64>,
}

impl Row {
    /// From the runs of each server.
    pub fn new(about: About, runs: Vec<(String, Vec<Figures>)>) -> Self {
        let limit = runs.iter().find(|(server, _)| server == LIMIT);
        let limit = limit.map(|(_, runs)| runs.clone()).unwrap_or_default();
        let cells = runs.into_iter().map(|(server, runs)| Cell {
            ratio: ratio(&runs, &limit).filter(|_| server != LIMIT),
            server,
            cost: spread(runs.iter().map(|run| run.cost).collect()),
            runs,
        });
        Self {
            name: about.name,
            unit: about.unit,
            goal: about.goal,
            cells: cells.collect(),
        }
    }
}

/// How many times another server's a cost is: the median of the ratios, round by round.
fn ratio(runs: &[Figures], of: &[Figures]) -> Option<f64> {
    let pairs = runs.iter().zip(of).filter(|(_, of)| of.cost > 0.0);
    let ratios: Vec<f64> = pairs.map(|(run, of)| run.cost / of.cost).collect();
    (!ratios.is_empty()).then(|| spread(ratios)[0])
}

/// Median, least and most.
pub(crate) fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or_default();
    [
        at(values.len() / 2),
        at(0),
        at(values.len().saturating_sub(1)),
    ]
}

/// Whether a goal is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Met,
    /// It is not.
    Missed,
}

impl Cell {
    /// The median of what the runs say, by a figure of theirs.
    fn median(&self, pick: impl Fn(&Figures) -> Option<f64>) -> Option<f64> {
        let values: Vec<f64> = self.runs.iter().filter_map(pick).collect();
        (!values.is_empty()).then(|| spread(values)[0])
    }

    /// The median cost; none where the server took no part.
    pub fn figure(&self) -> Option<f64> {
        (!self.runs.is_empty()).then_some(self.cost[0])
    }
}

impl Row {
    /// A server's cell, if it took part.
    pub fn cell(&self, server: &str) -> Option<&Cell> {
        let mut cells = self.cells.iter();
        cells.find(|cell| cell.server == server && !cell.runs.is_empty())
    }

    /// Whether Bellgate reaches the goal; none where there is no goal, or nothing to judge it by.
    pub fn verdict(&self) -> Option<Verdict> {
        let own = self.cell(OWN)?;
        let is_met = match self.goal? {
            Goal::Ratio(most) => own.ratio? <= most,
            Goal::RatioWithTail(most) => {
                let p99 = |cell: &Cell| cell.median(|run| Some(run.p99));
                let tail = p99(own)? / p99(self.cell(LIMIT)?)?;
                own.ratio? <= most && tail <= most
            }
            Goal::Cost(most) => own.figure()? <= most,
            Goal::Ahead => {
                let others = self.cells.iter().filter(|cell| !is_ours(&cell.server));
                let ratios = others.filter_map(|other| ratio(&own.runs, &other.runs));
                ratios.max_by(f64::total_cmp)? < 1.0
            }
        };
        Some(if is_met {
            Verdict::Met
        } else {
            Verdict::Missed
        })
    }

    /// The goal in words, and whether it is reached.
    fn goal_text(&self) -> Option<String> {
        let goal = match self.goal? {
            Goal::Ratio(most) => format!("{most} × the limit"),
            Goal::RatioWithTail(most) => format!("{most} × the limit, p99 too"),
            Goal::Cost(most) => format!("{} {}", figure(most), self.unit),
            Goal::Ahead => "less than every other server".to_owned(),
        };
        Some(format!("{goal}: {}", said(self.verdict())))
    }
}

fn said(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Met) => "reached",
        Some(Verdict::Missed) => "MISSED",
        None => "not judged",
    }
}

/// The name that Bellgate has in the table.
pub const OWN: &str = "bellgate";
/// The name that the limit has in the table.
pub const LIMIT: &str = "limit";

/// Whether a server is one of this project's.
pub fn is_ours(server: &str) -> bool {
    server == OWN || server.starts_with(LIMIT)
}

/// A figure with three digits, or all of them where it has more.
pub fn figure(value: f64) -> String {
    let digits = match value.abs() {
        ..1.0 => 3,
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    let whole = text.split('.').next().unwrap_or(&text).len();
    if digits > 0 || whole <= 3 {
        return text;
    }
    // Thousands apart.
    let mut apart = String::new();
    for (index, digit) in text.chars().enumerate() {
        if index > 0 && (whole - index).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

/// The rows as text.
pub fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} ({})", row.name, row.unit);
        for cell in &row.cells {
            line(&mut text, cell);
        }
        if let Some(goal) = row.goal_text() {
            let _ = writeln!(text, "  goal: {goal}");
        }
    }
    text
}

fn line(text: &mut String, cell: &Cell) {
    let Some(median) = cell.figure() else {
        let _ = writeln!(text, "  {:<16} {:>10}", cell.server, "–");
        return;
    };
    let [_, least, most] = cell.cost.map(figure);
    let _ = write!(
        text,
        "  {:<16} {:>10}  ({least} to {most})",
        cell.server,
        figure(median)
    );
    if let Some(ratio) = cell.ratio {
        let _ = write!(text, "  {ratio:.2} × the limit");
    }
    let times = |pick: fn(&Figures) -> f64| cell.median(|run| Some(pick(run))).unwrap_or_default();
    let (half, p99) = (times(|run| run.median), times(|run| run.p99));
    if p99 > 0.0 {
        let _ = write!(text, "  arrival {half:.0} µs, p99 {p99:.0} µs");
    }
    let also = cell.runs.first().map(|run| run.also.as_slice());
    for (index, also) in also.unwrap_or_default().iter().enumerate() {
        let value = cell.median(|run| run.also.get(index).map(|also| also.value));
        let value = value.unwrap_or_default();
        let _ = write!(text, "  {} {}", also.name, figure(value));
        if let Some(most) = also.goal.filter(|_| cell.server == OWN) {
            let verdict = if value <= most {
                Verdict::Met
            } else {
                Verdict::Missed
            };
            let _ = write!(text, " (goal {}: {})", figure(most), said(Some(verdict)));
        }
    }
    text.push('\n');
}
