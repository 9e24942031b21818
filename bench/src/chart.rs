//! The table as a picture: an SVG with bars on a logarithmic axis, one group for each kind of work.
//!
//! Written by hand: chart libraries draw text without a title, a description or classes, so what they
//! make neither tells a screen reader anything nor follows the reader's light or dark theme.

use std::fmt::Write as _;

use crate::report::{Cell, LIMIT, OWN, Row, Verdict, figure};
use crate::scenario::Goal;

/// Measures of the picture, in pixels.
const WIDTH: f64 = 1000.0;
const LEFT: f64 = 24.0;
/// Where bars begin, and where the longest ends.
const BARS: (f64, f64) = (24.0, 850.0);
const BAR: f64 = 13.0;
const GAP: f64 = 3.0;
const HEAD: f64 = 26.0;
const AFTER: f64 = 14.0;
/// Between a bar or a goal and the label beside it.
const APART: f64 = 6.0;
/// Room for a letter of a label, more than any font of its size takes on average.
const LETTER: f64 = 7.0;

/// Colours by server for light paper and for dark, Bellgate's first; more servers begin anew.
const COLOURS: [(&str, &str); 9] = [
    ("#0b5fc0", "#5aa9ff"),
    ("#9a9a9a", "#8a8a8a"),
    ("#c2571a", "#f0904f"),
    ("#8a6d00", "#d9b72e"),
    ("#2f7d32", "#6cc070"),
    ("#007c89", "#3fc3d0"),
    ("#7b3fb5", "#bb8cf0"),
    ("#b3245e", "#f2739f"),
    ("#5b4a3f", "#bba694"),
];

/// The rows as SVG; `about` says on which machine they were measured, and with what.
pub fn svg(rows: &[Row], about: &str) -> String {
    let (beside_limit, rest): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| has(row, LIMIT));
    let rest: Vec<&Row> = rest.into_iter().filter(|row| has(row, OWN)).collect();
    let mut drawing = Drawing::of(rows);
    drawing.heading(about);
    drawing.section("Cost, as a multiple of the limit's", &beside_limit, LIMIT);
    drawing.section(
        "Where there is no limit to compare with, as a multiple of Bellgate's",
        &rest,
        OWN,
    );
    drawing.finish(&summary(rows))
}

/// Whether others can be a multiple of what this server has in a row. Memory may not have grown at all.
fn has(row: &Row, base: &str) -> bool {
    row.cell(base).and_then(Cell::figure) > Some(0.0)
}

/// What the picture shows, in a sentence for those who do not see it.
fn summary(rows: &[Row]) -> String {
    let count = |verdict| {
        let rows = rows.iter().filter(|row| row.verdict() == Some(verdict));
        rows.count()
    };
    format!(
        "{} kinds of work; Bellgate reaches {} goals and misses {}. The same figures stand in latest.txt.",
        rows.len(),
        count(Verdict::Met),
        count(Verdict::Missed)
    )
}

/// What is drawn so far.
struct Drawing {
    body: String,
    y: f64,
    /// Servers in the order of their colours.
    servers: Vec<String>,
}

/// Places values between the ends of the bars, on a logarithmic axis.
struct Axis {
    least: f64,
    most: f64,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = values.fold((1.0_f64, 2.0_f64), |(least, most), value| {
            (least.min(value), most.max(value))
        });
        Self {
            least: least.max(0.01) * 0.7,
            most: most * 1.1,
        }
    }

    fn x(&self, value: f64) -> f64 {
        let part = (value.max(self.least) / self.least).ln() / (self.most / self.least).ln();
        BARS.0 + part.min(1.0) * (BARS.1 - BARS.0)
    }

    /// 1, 2 and 5 with their tens, as far as they lie on the axis.
    fn ticks(&self) -> Vec<f64> {
        let wide = self.most / self.least > 200.0;
        let steps: &[f64] = if wide { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let tens = (-2..7).map(|ten| 10_f64.powi(ten));
        tens.flat_map(|ten| steps.iter().map(move |step| ten * step))
            .filter(|tick| (self.least..self.most).contains(tick))
            .collect()
    }
}

impl Drawing {
    fn of(rows: &[Row]) -> Self {
        let mut servers = vec![OWN.to_owned()];
        for cell in rows.iter().flat_map(|row| &row.cells) {
            if cell.server != LIMIT && !cell.runs.is_empty() && !servers.contains(&cell.server) {
                servers.push(cell.server.clone());
            }
        }
        Self {
            body: String::new(),
            y: 0.0,
            servers,
        }
    }

    fn text(&mut self, x: f64, class: &str, text: &str) {
        let (y, text) = (self.y, escape(text));
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            self.body,
            r#"<text x="{x:.1}" y="{y:.1}" class="{class}">{text}</text>"#
        );
    }

    fn heading(&mut self, about: &str) {
        self.y += 38.0;
        self.text(LEFT, "title", "What a unit of work costs the server");
        self.y += 24.0;
        self.text(LEFT, "small", about);
        self.y += 20.0;
        self.text(
            LEFT,
            "small",
            "Shorter is better. The axis is logarithmic; a red line is the most that Bellgate may cost.",
        );
        self.y += 30.0;
        let mut x = LEFT;
        for (colour, server) in self.servers.clone().iter().enumerate() {
            let wide = 26.0 + 8.0 * server.chars().count() as f64;
            if x + wide > WIDTH - LEFT {
                x = LEFT;
                self.y += 22.0;
            }
            self.rect(x, 13.0, colour);
            self.y += 11.0;
            self.text(x + 18.0, "name", server);
            self.y -= 11.0;
            x += wide + 8.0;
        }
        self.y += 24.0;
    }

    fn rect(&mut self, x: f64, width: f64, colour: usize) {
        let (y, colour) = (self.y, colour % COLOURS.len());
        let _ = writeln!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{BAR}" class="s{colour}"/>"#
        );
    }

    fn line(&mut self, x: f64, from: f64, to: f64, class: &str) {
        let _ = writeln!(
            self.body,
            r#"<line x1="{x:.1}" x2="{x:.1}" y1="{from:.1}" y2="{to:.1}" class="{class}"/>"#
        );
    }

    /// Rows as multiples of what `base` has in them.
    fn section(&mut self, title: &str, rows: &[&Row], base: &str) {
        if rows.is_empty() {
            return;
        }
        self.y += 30.0;
        self.text(LEFT, "section", title);
        let values = rows.iter().flat_map(|row| {
            let cells = row
                .cells
                .iter()
                .filter_map(|cell| multiple(row, cell, base));
            cells.chain(goal(row, base))
        });
        let axis = Axis::of(values);
        self.y += 26.0;
        for tick in axis.ticks() {
            let label = format!("{}×", short(tick));
            self.text(axis.x(tick), "tick", &label);
        }
        self.y += 6.0;
        let top = self.y;
        let grid = self.body.len();
        for row in rows {
            self.group(row, base, &axis);
        }
        // The grid lies under the bars.
        let bars = self.body.split_off(grid);
        for tick in axis.ticks() {
            let is_base = (tick - 1.0).abs() < f64::EPSILON;
            self.line(
                axis.x(tick),
                top,
                self.y,
                if is_base { "one" } else { "grid" },
            );
        }
        self.body.push_str(&bars);
    }

    /// One row: its name, and a bar for each server that took part.
    fn group(&mut self, row: &Row, base: &str, axis: &Axis) {
        self.y += HEAD;
        let verdict = match row.verdict() {
            Some(Verdict::Met) => " – goal reached",
            Some(Verdict::Missed) => " – goal MISSED",
            None => "",
        };
        let costs = row.cell(base).map_or_else(String::new, |cell| {
            format!(" – {base} {} {}", figure(cell.cost[0]), row.unit)
        });
        self.text(LEFT, "row", &format!("{}{costs}{verdict}", row.name));
        self.y += 7.0;
        let top = self.y;
        let goal = goal(row, base).map(|goal| axis.x(goal));
        for (colour, server) in self.servers.clone().iter().enumerate() {
            let Some((cell, value)) = row
                .cell(server)
                .and_then(|cell| Some((cell, multiple(row, cell, base)?)))
            else {
                continue;
            };
            let end = axis.x(value);
            self.rect(BARS.0, end - BARS.0, colour);
            self.y += BAR - 2.5;
            let label = format!("{}× · {}", short(value), figure(cell.cost[0]));
            self.text(beside(end, goal, &label), "value", &label);
            self.y += GAP + 2.5;
        }
        if let Some(goal) = goal {
            self.line(goal, top - 3.0, self.y, "goal");
        }
        self.y += AFTER - HEAD / 2.0;
    }

    fn finish(self, summary: &str) -> String {
        let height = self.y + 24.0;
        let style = style();
        let (body, summary) = (self.body, escape(summary));
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0}" width="{WIDTH}" height="{height:.0}" role="img" aria-labelledby="title description">
<title id="title">What a unit of work costs each server, beside the limit</title>
<desc id="description">{summary}</desc>
<style>{style}</style>
<rect width="100%" height="100%" class="paper"/>
{body}</svg>
"#
        )
    }
}

/// Where the label of a bar that ends there begins: behind the goal, where the goal would cross it.
fn beside(end: f64, goal: Option<f64>, label: &str) -> f64 {
    let room = 2.0 * APART + LETTER * label.chars().count() as f64;
    let crosses = |goal: &f64| (end..end + room).contains(goal);
    goal.filter(crosses).unwrap_or(end) + APART
}

/// What a server's cost is to that of the row's base; none for the base itself, or without runs.
fn multiple(row: &Row, cell: &Cell, base: &str) -> Option<f64> {
    if base == LIMIT {
        return cell.figure().and(cell.ratio);
    }
    Some(cell.figure()? / row.cell(base)?.figure()?)
}

/// Where the goal lies, as a multiple of the base.
fn goal(row: &Row, base: &str) -> Option<f64> {
    match row.goal? {
        Goal::Ratio(most) | Goal::RatioWithTail(most) => (base == LIMIT).then_some(most),
        Goal::Cost(most) => Some(most / row.cell(base)?.figure()?),
        Goal::Ahead => None,
    }
}

/// A multiple with two digits behind its point, or fewer where it is large.
fn short(value: f64) -> String {
    if value >= 10.0 {
        return figure(value.round()).replace(".0", "");
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn style() -> String {
    let mut style = String::from(
        "text{font:13px system-ui,'Segoe UI','DejaVu Sans',sans-serif;fill:#222}\
         .paper{fill:#fff}.title{font-size:22px;font-weight:600}.section{font-size:17px;font-weight:600}\
         .row{font-weight:600;paint-order:stroke;stroke:#fff;stroke-width:5px}.small,.tick,.value{fill:#555}.tick{text-anchor:middle;font-size:12px}\
         .value{font-size:12px}.grid{stroke:#ddd}.one{stroke:#888;stroke-width:1.5}\
         .goal{stroke:#d00000;stroke-width:2.5}",
    );
    let mut dark = String::from(
        "text{fill:#e8e8e8}.paper{fill:#16181c}.small,.tick,.value{fill:#b5b8be}.grid{stroke:#33363c}\
         .row{stroke:#16181c}.one{stroke:#8a8d93}.goal{stroke:#ff6b6b}",
    );
    for (index, (light, own)) in COLOURS.iter().enumerate() {
        let _ = write!(style, ".s{index}{{fill:{light}}}");
        let _ = write!(dark, ".s{index}{{fill:{own}}}");
    }
    format!("{style}@media(prefers-color-scheme:dark){{{dark}}}")
}
