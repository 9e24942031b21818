//! The picture of the table.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails the test that runs it"
)]

use bellgate_bench::chart::svg;
use bellgate_bench::report::Row;
use bellgate_bench::scenario::{About, Figures, Goal};

fn row(name: &str, goal: Option<Goal>, servers: &[(&str, &[f64])]) -> Row {
    let about = About {
        name: name.to_owned(),
        unit: "µs a unit",
        goal,
    };
    let of = |costs: &[f64]| costs.iter().copied().map(Figures::of).collect();
    let servers = servers.iter();
    Row::new(
        about,
        servers
            .map(|(name, costs)| ((*name).to_owned(), of(costs)))
            .collect(),
    )
}

fn count(picture: &str, part: &str) -> usize {
    picture.matches(part).count()
}

#[test]
fn each_server_that_took_part_has_a_bar_and_a_name() {
    let servers: &[(&str, &[f64])] = &[
        ("limit", &[1.0]),
        ("bellgate", &[1.1]),
        ("a & <b>", &[5.0]),
        ("absent", &[]),
    ];
    let picture = svg(&[row("work", None, servers)], "a machine");
    // A square in the legend and a bar.
    assert_eq!(count(&picture, r#"class="s0"/>"#), 2, "{picture}");
    assert_eq!(count(&picture, r#"class="s1"/>"#), 2);
    assert!(picture.contains("a &amp; &lt;b&gt;</text>"), "{picture}");
    assert!(!picture.contains("absent"));
    assert!(picture.contains("work – limit 1.00 µs a unit</text>"));
    assert!(picture.contains("1.1× · 1.10</text>") && picture.contains("5× · 5.00</text>"));
}

#[test]
fn a_row_without_the_limit_is_drawn_beside_bellgate() {
    let servers: &[(&str, &[f64])] = &[("bellgate", &[2.0]), ("other", &[6.0])];
    let picture = svg(&[row("work", None, servers)], "");
    assert!(picture.contains("as a multiple of Bellgate"));
    assert!(!picture.contains("as a multiple of the limit"));
    assert!(picture.contains("3× · 6.00</text>"), "{picture}");
}

#[test]
fn a_limit_of_nothing_is_no_measure() {
    let servers: &[(&str, &[f64])] = &[("limit", &[0.0]), ("bellgate", &[2.0]), ("other", &[6.0])];
    let picture = svg(&[row("idle", Some(Goal::Cost(4.0)), servers)], "");
    assert!(picture.contains("as a multiple of Bellgate") && picture.contains("3× · 6.00</text>"));
    assert!(
        !picture.contains("inf") && !picture.contains("NaN"),
        "{picture}"
    );
}

#[test]
fn a_goal_has_a_mark_and_a_missed_one_is_said() {
    let servers: &[(&str, &[f64])] = &[("limit", &[1.0]), ("bellgate", &[2.0])];
    let goal = |goal| svg(&[row("work", goal, servers)], "");
    let missed = goal(Some(Goal::Ratio(1.2)));
    assert_eq!(count(&missed, r#"class="goal""#), 1);
    assert!(missed.contains("goal MISSED"));
    assert!(missed.contains("reaches 0 goals and misses 1"));
    let met = goal(Some(Goal::Ratio(2.0)));
    assert!(met.contains("goal reached") && !met.contains("MISSED"));
    let none = goal(None);
    assert_eq!(count(&none, r#"class="goal""#), 0);
    assert!(!none.contains("goal reached"));
}

#[test]
fn a_goal_crosses_no_label() {
    // Bars that end far before the goal, right before it, at it and behind it.
    for cost in [1.0, 3.5, 4.5, 5.0, 5.5, 40.0] {
        let servers: &[(&str, &[f64])] = &[("limit", &[1.0]), ("bellgate", &[cost])];
        let picture = svg(&[row("work", Some(Goal::Ratio(5.0)), servers)], "");
        let goal = x_before(&picture, r#"class="goal""#, "x1");
        let label = x_before(&picture, r#"class="value""#, "x");
        // Its twelve letters or fewer are narrower than this.
        assert!(
            goal < label || goal > label + 80.0,
            "{cost}: the goal at {goal} crosses the label at {label}"
        );
        assert!(label + 80.0 < 1000.0, "{cost}: {label}");
    }
}

/// The last attribute of this name before a mark.
fn x_before(picture: &str, mark: &str, name: &str) -> f64 {
    let (before, _) = picture.split_once(mark).unwrap();
    let (_, value) = before.rsplit_once(&format!(" {name}=\"")).unwrap();
    value.split('"').next().unwrap().parse().unwrap()
}

#[test]
fn it_tells_what_it_shows_and_runs_no_script() {
    let picture = svg(&[], "a machine");
    assert!(
        picture.contains("<title id=\"title\">") && picture.contains("<desc id=\"description\">")
    );
    assert!(picture.contains("prefers-color-scheme:dark"));
    assert!(!picture.contains("<script") && !picture.contains("href"));
}
