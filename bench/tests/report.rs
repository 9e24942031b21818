//! The table: ratios, gaps and goals.

use bellgate_bench::report::{Row, Verdict, text};
use bellgate_bench::scenario::{About, Figures, Goal};

fn runs(costs: &[f64]) -> Vec<Figures> {
    costs.iter().copied().map(Figures::of).collect()
}

/// Servers with the costs of their runs.
type Servers = [(&'static str, &'static [f64])];

fn row(goal: Option<Goal>, servers: &Servers) -> Row {
    let servers = servers.iter();
    let about = About {
        name: "work".to_owned(),
        unit: "µs a unit",
        goal,
    };
    Row::new(
        about,
        servers
            .map(|(name, costs)| ((*name).to_owned(), runs(costs)))
            .collect(),
    )
}

#[test]
fn a_ratio_is_the_median_of_the_pairs() {
    let row = row(
        None,
        &[("limit", &[1.0, 2.0, 4.0]), ("other", &[2.0, 2.0, 6.0])],
    );
    assert_eq!(row.cells[0].ratio, None);
    assert_eq!(row.cells[1].ratio, Some(1.5));
    let told = text(&[row]);
    let line = told.lines().last().unwrap();
    assert!(
        line.ends_with("2.00  (2.00 to 6.00)  1.50 × the limit"),
        "{told}"
    );
}

#[test]
fn a_row_without_the_limit_has_figures_and_no_ratio() {
    for servers in [
        &[("bellgate", &[1.5][..])][..],
        &[("limit", &[][..]), ("bellgate", &[1.5][..])][..],
    ] {
        let row = row(Some(Goal::Ratio(1.2)), servers);
        assert_eq!(row.verdict(), None);
        let told = text(&[row]);
        assert!(told.contains("1.50"), "{told}");
        assert!(told.contains("goal: 1.2 × the limit: not judged"), "{told}");
        assert!(!told.contains("1.50 × the limit"), "{told}");
    }
}

#[test]
fn a_server_that_took_no_part_is_a_dash() {
    let told = text(&[row(None, &[("limit", &[1.0]), ("other", &[])])]);
    let line = told.lines().last().unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        ["other", "–"],
        "{told}"
    );
}

#[test]
fn a_missed_goal_is_marked_and_a_reached_one_is_not() {
    let cases: [(Goal, &Servers, Verdict); 7] = [
        (
            Goal::Ratio(1.2),
            &[("limit", &[1.0]), ("bellgate", &[1.2])],
            Verdict::Met,
        ),
        (
            Goal::Ratio(1.2),
            &[("limit", &[1.0]), ("bellgate", &[1.3])],
            Verdict::Missed,
        ),
        (Goal::Cost(3072.0), &[("bellgate", &[3072.0])], Verdict::Met),
        (
            Goal::Cost(3072.0),
            &[("bellgate", &[3073.0])],
            Verdict::Missed,
        ),
        // The limit is nobody to be ahead of.
        (
            Goal::Ahead,
            &[("limit", &[1.0]), ("bellgate", &[2.0]), ("other", &[3.0])],
            Verdict::Met,
        ),
        (
            Goal::Ahead,
            &[("bellgate", &[2.0]), ("other", &[1.9])],
            Verdict::Missed,
        ),
        // Round by round: a machine that was slow in the second weighs on both.
        (
            Goal::Ahead,
            &[("bellgate", &[3.0, 6.0, 6.0]), ("other", &[4.0, 7.0, 5.0])],
            Verdict::Met,
        ),
    ];
    for (goal, servers, wanted) in cases {
        let row = row(Some(goal), servers);
        assert_eq!(row.verdict(), Some(wanted), "{goal:?}");
        let told = text(&[row]);
        assert_eq!(told.contains("MISSED"), wanted == Verdict::Missed, "{told}");
    }
}

#[test]
fn a_goal_for_the_tail_judges_the_tail_too() {
    let with_p99 = |cost, p99| Figures {
        p99,
        ..Figures::of(cost)
    };
    for (p99, wanted) in [(11.0, Verdict::Met), (13.0, Verdict::Missed)] {
        let about = About {
            name: "paced".to_owned(),
            unit: "µs a delivery",
            goal: Some(Goal::RatioWithTail(1.2)),
        };
        let runs = vec![
            ("limit".to_owned(), vec![with_p99(1.0, 10.0)]),
            ("bellgate".to_owned(), vec![with_p99(1.0, p99)]),
        ];
        assert_eq!(Row::new(about, runs).verdict(), Some(wanted));
    }
}
