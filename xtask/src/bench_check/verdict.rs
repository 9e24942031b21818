//! What is too much, and the table.

use std::fmt::Write as _;

use super::record::Measured;

/// Allocations have three digits behind the point; the last may not rise, since a delivery of a broadcast is
/// a thousandth of it.
const ALLOCATION: f64 = 0.000_5;

fn find<'a>(paths: &'a [Measured], name: &str) -> Option<&'a Measured> {
    paths.iter().find(|path| path.path == name)
}

fn change(now: f64, before: f64) -> f64 {
    if before > 0.0 {
        (now / before - 1.0) * 100.0
    } else {
        0.0
    }
}

/// What each path takes, beside the record.
pub(super) fn table(paths: &[Measured], recorded: &[Measured]) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\n{:<34}{:>13}{:>11}{:>10}{:>13}{:>10}",
        "a unit of", "instructions", "recorded", "change", "allocations", "recorded"
    );
    for path in paths {
        let _ = write!(text, "{:<34}{:>13.1}", path.path, path.instructions);
        let _ = match find(recorded, &path.path) {
            Some(before) => writeln!(
                text,
                "{:>11.1}{:>+8.1} %{:>13.3}{:>10.3}",
                before.instructions,
                change(path.instructions, before.instructions),
                path.allocations,
                before.allocations
            ),
            None => writeln!(text, "{:>11}{:>10}{:>13.3}", "new", "", path.allocations),
        };
    }
    text
}

/// What must not be, and what is better than the record says.
pub(super) fn verdict(
    paths: &[Measured],
    recorded: &[Measured],
    tolerance: f64,
) -> (Vec<String>, Vec<String>) {
    let (mut wrong, mut better) = (Vec::new(), Vec::new());
    for path in paths {
        let name = &path.path;
        let Some(before) = find(recorded, name) else {
            wrong.push(format!("{name}: not recorded yet (--record)"));
            continue;
        };
        let (now, was) = (path.instructions, before.instructions);
        let change = change(now, was);
        let line = format!("{name}: {now:.0} instructions, recorded {was:.0} ({change:+.1} %)");
        if change > tolerance {
            wrong.push(line);
        } else if change < -tolerance {
            better.push(line);
        }
        let (now, was) = (path.allocations, before.allocations);
        let line = format!("{name}: {now:.3} allocations, recorded {was:.3}");
        if now > was + ALLOCATION {
            wrong.push(line);
        } else if now < was - ALLOCATION {
            better.push(line);
        }
    }
    for gone in recorded {
        if find(paths, &gone.path).is_none() {
            wrong.push(format!("{}: recorded, but no path (--record)", gone.path));
        }
    }
    (wrong, better)
}

#[cfg(test)]
mod tests {
    use super::{Measured, table, verdict};

    fn path(name: &str, instructions: f64, allocations: f64) -> Measured {
        Measured {
            path: name.to_owned(),
            instructions,
            allocations,
        }
    }

    #[test]
    fn a_rise_is_wrong_and_a_fall_is_to_be_recorded() {
        let before = [path("echo", 1000.0, 2.0)];
        let judge = |instructions, allocations| {
            let (wrong, better) = verdict(&[path("echo", instructions, allocations)], &before, 3.0);
            (wrong.len(), better.len())
        };
        assert_eq!(judge(1000.0, 2.0), (0, 0));
        assert_eq!(judge(1029.0, 2.0), (0, 0));
        assert_eq!(judge(1031.0, 2.0), (1, 0));
        assert_eq!(judge(969.0, 2.0), (0, 1));
        assert_eq!(judge(1000.0, 2.001), (1, 0));
        assert_eq!(judge(1100.0, 1.0), (1, 1));
        assert!(table(&[path("echo", 1031.0, 2.0)], &before).contains("+3.1 %"));
    }

    #[test]
    fn a_path_that_is_new_or_gone_asks_for_a_record() {
        let (old, new) = ([path("old", 1.0, 0.0)], [path("new", 1.0, 0.0)]);
        let (wrong, better) = verdict(&new, &old, 3.0);
        assert_eq!((wrong.len(), better.len()), (2, 0));
        assert!(table(&new, &old).contains("new"));
    }
}
