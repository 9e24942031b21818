//! Reads what a test runner counted out of what it printed.

use std::ops::AddAssign;

/// How many tests there were, by their end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Tests that passed.
    pub(crate) passed: usize,
    /// Tests that failed or ended otherwise than by passing.
    pub(crate) failed: usize,
    /// Tests that were not run.
    pub(crate) skipped: usize,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)
        } else {
            Ok(())
        }
    }
}

impl Count {
    /// The sum of cargo's `test result:` lines.
    pub(crate) fn of_cargo(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output
            .lines()
            .filter_map(|line| line.trim().strip_prefix("test result: "))
        {
            sum += Self {
                passed: before(line, "passed"),
                failed: before(line, "failed"),
                skipped: before(line, "ignored"),
            };
        }
        sum
    }

    /// The closing lines of node's test runner in TAP: `# pass 3`.
    pub(crate) fn of_node(output: &str) -> Self {
        let behind = |word: &str| {
            let numbers = output.lines().filter_map(|line| {
                line.strip_prefix("# ")?
                    .strip_prefix(word)?
                    .trim()
                    .parse::<usize>()
                    .ok()
            });
            numbers.sum::<usize>()
        };
        Self {
            passed: behind("pass "),
            failed: behind("fail ") + behind("cancelled "),
            skipped: behind("skipped ") + behind("todo "),
        }
    }

    /// pytest's last line: `12 passed, 1 failed in 3.2s`.
    pub(crate) fn of_pytest(output: &str) -> Self {
        let is_last = |line: &&str| {
            line.contains(" in ")
                && ["passed", "failed", "error", "skipped"]
                    .iter()
                    .any(|word| line.contains(word))
        };
        let line = output.lines().rev().find(is_last).unwrap_or("");
        let failed = ["failed", "error", "errors"]
            .map(|word| before(line, word))
            .iter()
            .sum();
        let skipped = ["skipped", "xfailed", "xpassed"]
            .map(|word| before(line, word))
            .iter()
            .sum();
        Self {
            passed: before(line, "passed"),
            failed,
            skipped,
        }
    }

    /// Mocha's `25 passing` and `1 failing`.
    pub(crate) fn of_mocha(output: &str) -> Self {
        let last = |word: &str| {
            output
                .lines()
                .rev()
                .map(|line| before(line, word))
                .find(|count| *count > 0)
                .unwrap_or(0)
        };
        Self {
            passed: last("passing"),
            failed: last("failing"),
            skipped: last("pending"),
        }
    }
}

/// The number in front of `word` in a line, 0 where there is none.
fn before(line: &str, word: &str) -> usize {
    let words: Vec<&str> = line
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    words
        .windows(2)
        .find_map(|pair| match pair {
            [number, name] if *name == word => number.parse().ok(),
            _ => None,
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn the_lines_of_cargo_are_summed() {
        let output = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured\nnoise\ntest result: FAILED. 1 passed; 2 failed; 0 ignored";
        assert_eq!(
            Count::of_cargo(output),
            Count {
                passed: 13,
                failed: 2,
                skipped: 1
            }
        );
    }

    #[test]
    fn cancelled_and_todo_tests_of_node_do_not_count_as_passed() {
        let output = "# tests 9\n# pass 4\n# fail 1\n# cancelled 2\n# skipped 1\n# todo 1\n";
        assert_eq!(
            Count::of_node(output),
            Count {
                passed: 4,
                failed: 3,
                skipped: 2
            }
        );
    }

    #[test]
    fn errors_of_pytest_are_failures() {
        assert_eq!(
            Count::of_pytest("=== 3 failed, 12 passed, 2 skipped, 1 error in 3.21s ==="),
            Count {
                passed: 12,
                failed: 4,
                skipped: 2
            }
        );
        assert_eq!(Count::of_pytest("no tests ran in 0.01s"), Count::default());
    }

    #[test]
    fn mocha_counts_passing_and_failing() {
        assert_eq!(
            Count::of_mocha("\n  24 passing (9s)\n  1 failing\n"),
            Count {
                passed: 24,
                failed: 1,
                skipped: 0
            }
        );
    }

    #[test]
    fn the_closing_line_names_skipped_tests_only_where_there_are_any() {
        assert_eq!(
            Count {
                passed: 2,
                failed: 0,
                skipped: 0
            }
            .to_string(),
            "2 passed, 0 failed"
        );
        assert_eq!(
            Count {
                passed: 2,
                failed: 0,
                skipped: 1
            }
            .to_string(),
            "2 passed, 0 failed, 1 skipped"
        );
    }
}
