//! The table: what each unit of work cost each server, and how it stands to the limit.

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
    /// From the runs of each server; the first is the limit.
    pub fn new(about: About, runs: Vec<(String, Vec<Figures>)>) -> Self {
        let limit: Vec<f64> = runs
            .first()
            .map(|(_, runs)| runs.iter().map(|run| run.cost).collect())
            .unwrap_or_default();
        let cells = runs.into_iter().enumerate().map(|(index, (server, runs))| {
            let costs: Vec<f64> = runs.iter().map(|run| run.cost).collect();
            let ratios = costs.iter().zip(&limit).map(|(cost, limit)| cost / limit);
            Cell {
                server,
                ratio: (index > 0 && !limit.is_empty() && !costs.is_empty())
                    .then(|| spread(ratios.collect())[0]),
                cost: spread(costs),
                runs,
            }
        });
        Self {
            name: about.name,
            unit: about.unit,
            goal: about.goal,
            cells: cells.collect(),
        }
    }
}

/// Median, least and most.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or_default();
    [
        at(values.len() / 2),
        at(0),
        at(values.len().saturating_sub(1)),
    ]
}

/// The rows as text.
pub fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} ({})", row.name, row.unit);
        for cell in &row.cells {
            if cell.runs.is_empty() {
                let _ = writeln!(text, "  {:<16} {:>10}", cell.server, "–");
                continue;
            }
            let [median, least, most] = cell.cost;
            let _ = write!(
                text,
                "  {:<16} {median:>10.2}  ({least:.2} to {most:.2})",
                cell.server
            );
            if let Some(ratio) = cell.ratio {
                let _ = write!(text, "  {ratio:.2} × the limit");
            }
            let times = |pick: fn(&Figures) -> f64| spread(cell.runs.iter().map(pick).collect())[0];
            let (half, p99) = (times(|run| run.median), times(|run| run.p99));
            if p99 > 0.0 {
                let _ = write!(text, "  arrival {half:.0} µs, p99 {p99:.0} µs");
            }
            for (index, also) in cell
                .runs
                .first()
                .iter()
                .flat_map(|run| &run.also)
                .enumerate()
            {
                let values = cell.runs.iter().filter_map(|run| run.also.get(index));
                let [median, ..] = spread(values.map(|also| also.value).collect());
                let _ = write!(text, "  {} {median:.2}", also.name);
            }
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_median_of_the_pairs() {
        let runs = |costs: [f64; 3]| {
            costs
                .map(|cost| Figures {
                    cost,
                    ..Figures::default()
                })
                .to_vec()
        };
        let row = Row::new(
            About {
                name: "connect".to_owned(),
                unit: "µs a cycle",
                goal: None,
            },
            vec![
                ("limit".to_owned(), runs([1.0, 2.0, 4.0])),
                ("other".to_owned(), runs([2.0, 2.0, 6.0])),
            ],
        );
        assert_eq!(row.cells[0].ratio, None);
        let told = text(&[row]);
        let line = told.lines().last().unwrap();
        assert!(
            line.ends_with("2.00  (2.00 to 6.00)  1.50 × the limit"),
            "{told}"
        );
    }
}
