//! Two runs beside each other: whether what one says of a server lies within what the other says.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::report::{LIMIT, OWN, Row, figure, spread};

/// An earlier run, as its `latest.json` has it.
#[derive(Debug, Deserialize)]
pub struct Earlier {
    header: Made,
    rows: Vec<Entry>,
}

/// Of what a run was made.
#[derive(Debug, Deserialize)]
struct Made {
    commit: String,
}

/// One row of a run.
#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    unit: String,
    cells: Vec<Cell>,
}

/// One server's figures in a row.
#[derive(Debug, Deserialize)]
struct Cell {
    server: String,
    runs: Vec<Round>,
}

/// One server's figure of a round.
#[derive(Debug, Deserialize)]
struct Round {
    cost: f64,
}

/// The least and the most of a server's rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    least: f64,
    most: f64,
}

impl Earlier {
    /// Reads a run's `latest.json`.
    pub fn read(file: &Path) -> io::Result<Self> {
        let about = |error: &dyn std::fmt::Display| {
            let text = format!("{} is no earlier run of this: {error}", file.display());
            io::Error::other(text)
        };
        let text = fs::read_to_string(file).map_err(|error| about(&error))?;
        serde_json::from_str(&text).map_err(|error| about(&error))
    }

    /// What of the rows lies apart from this run, in words.
    pub fn beside(&self, rows: &[Row]) -> io::Result<String> {
        let rows: Vec<Entry> = serde_json::from_value(serde_json::to_value(rows)?)?;
        Ok(self.compare(&rows))
    }

    fn compare(&self, rows: &[Entry]) -> String {
        let (mut own, mut all, mut apart) = (Count::default(), Count::default(), String::new());
        for row in rows {
            let Some(before) = self.rows.iter().find(|before| before.name == row.name) else {
                continue;
            };
            for (server, now) in row.spreads() {
                let mut spreads = before.spreads().into_iter();
                let Some((_, before)) = spreads.find(|(name, _)| *name == server) else {
                    continue;
                };
                let agrees = now.overlaps(before);
                all.count(agrees);
                if server == OWN {
                    own.count(agrees);
                }
                if !agrees {
                    // Writing to a String cannot fail.
                    let _ = writeln!(apart, "  {}, {server}: {before} then, {now} now", row.name);
                }
            }
        }
        let commit = &self.header.commit;
        format!(
            "beside the run of {commit}, the spreads of {} of {} figures overlap, of Bellgate's {} of {}{}\n{apart}",
            all.agree,
            all.compared,
            own.agree,
            own.compared,
            if apart.is_empty() { "" } else { "; apart are" },
        )
    }
}

/// How many were compared, and how many of them agree.
#[derive(Debug, Default)]
struct Count {
    compared: usize,
    agree: usize,
}

impl Count {
    fn count(&mut self, agrees: bool) {
        self.compared += 1;
        self.agree += usize::from(agrees);
    }
}

impl Entry {
    /// What is compared of each server: its figures as they are, but times as ratios to those of the limit in the same
    /// rounds, or where it took no part to Bellgate's, since machines drift between two runs.
    fn spreads(&self) -> Vec<(&str, Spread)> {
        let is_time = self.unit.starts_with("µs");
        let cell = |name| self.cells.iter().find(|cell| cell.server == name);
        let has_runs = |cell: &&Cell| !cell.runs.is_empty();
        let base = cell(LIMIT).filter(has_runs).or_else(|| cell(OWN));
        let base = base.filter(|_| is_time);
        let spread = |cell: &Cell| match base {
            Some(base) => {
                let pairs = cell.runs.iter().zip(&base.runs);
                Spread::of(pairs.map(|(run, base)| run.cost / base.cost))
            }
            None => Spread::of(cell.runs.iter().map(|run| run.cost)),
        };
        let cells = self.cells.iter();
        let others = cells.filter(|cell| base.is_none_or(|base| base.server != cell.server));
        others
            .filter_map(|cell| Some((cell.server.as_str(), spread(cell)?)))
            .collect()
    }
}

impl Spread {
    /// None of no figures, or where a ratio has no meaning.
    fn of(figures: impl Iterator<Item = f64>) -> Option<Self> {
        let figures: Vec<f64> = figures.collect();
        if figures.is_empty() || !figures.iter().all(|figure| figure.is_finite()) {
            return None;
        }
        let [_, least, most] = spread(figures);
        Some(Self { least, most })
    }

    fn overlaps(self, other: Self) -> bool {
        self.least <= other.most && other.least <= self.most
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} to {}", figure(self.least), figure(self.most))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(name: &str, unit: &str, cells: &[(&str, &[f64])]) -> Value {
        let cells = cells.iter().map(|(server, costs)| {
            let runs = costs.iter().map(|cost| json!({ "cost": cost }));
            json!({ "server": server, "runs": runs.collect::<Vec<_>>() })
        });
        json!({ "name": name, "unit": unit, "cells": cells.collect::<Vec<_>>() })
    }

    /// What is said of two runs of one row.
    fn said(unit: &str, before: &[(&str, &[f64])], now: &[(&str, &[f64])]) -> String {
        let earlier = json!({ "header": { "commit": "abc" }, "rows": [row("work", unit, before)] });
        let earlier: Earlier = serde_json::from_value(earlier).unwrap();
        let now: Vec<Entry> = serde_json::from_value(json!([row("work", unit, now)])).unwrap();
        earlier.compare(&now)
    }

    #[test]
    fn figures_whose_spreads_overlap_agree_and_others_are_named() {
        let text = said(
            "bytes",
            &[("bellgate", &[10.0, 12.0]), ("other", &[50.0, 51.0])],
            &[("bellgate", &[12.0, 14.0]), ("other", &[52.0, 53.0])],
        );
        assert_eq!(
            text,
            "beside the run of abc, the spreads of 1 of 2 figures overlap, of Bellgate's 1 of 1; apart are\n  \
             work, other: 50.0 to 51.0 then, 52.0 to 53.0 now\n"
        );
    }

    #[test]
    fn times_are_compared_as_ratios_to_the_limit_of_the_same_round() {
        // Everything takes twice as long.
        let text = said(
            "µs a unit",
            &[("limit", &[1.0, 2.0]), ("bellgate", &[1.1, 2.4])],
            &[("limit", &[2.0, 4.0]), ("bellgate", &[2.3, 4.5])],
        );
        assert!(
            text.ends_with("of 1 of 1 figures overlap, of Bellgate's 1 of 1\n"),
            "{text}"
        );
    }

    #[test]
    fn times_without_a_limit_are_compared_as_ratios_to_bellgates() {
        let text = said(
            "µs a unit",
            &[("limit", &[]), ("bellgate", &[1.0]), ("other", &[2.0])],
            &[("limit", &[]), ("bellgate", &[3.0]), ("other", &[3.1])],
        );
        assert!(
            text.contains("other: 2.00 to 2.00 then, 1.03 to 1.03 now"),
            "{text}"
        );
        assert!(text.contains("of 0 of 1 figures"), "{text}");
    }

    #[test]
    fn what_one_run_has_alone_is_not_compared() {
        let text = said("bytes", &[("other", &[1.0])], &[("bellgate", &[2.0])]);
        assert!(text.contains("of 0 of 0 figures"), "{text}");
    }

    #[test]
    fn a_file_that_is_no_run_is_named() {
        let error = Earlier::read(Path::new(file!())).unwrap_err().to_string();
        assert!(error.contains("is no earlier run of this"), "{error}");
    }
}
