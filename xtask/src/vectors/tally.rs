//! What became of the cases of one file.

use std::fmt;

use serde_json::Value;

/// What became of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As the real package has it.
    Passed,
    /// Not as the real package has it, and permitted by the case's text or by the formats' rules.
    Permitted,
    /// Not a matter of this gateway.
    Skipped,
    /// Neither; what was expected and what came.
    Failed(String),
}

impl Outcome {
    /// `Passed`, or `Failed` with both sides.
    pub fn same<T: PartialEq + fmt::Debug>(came: &T, expected: &T) -> Self {
        if came == expected {
            Self::Passed
        } else {
            Self::Failed(format!("expected {expected:?}, came {came:?}"))
        }
    }

    /// Lets a case's `gateway` text speak. It may always be refused then; and a text that says
    /// `MUST NOT` takes back what the real package does.
    #[must_use]
    pub fn or_gateway(self, case: &Value, is_refused: bool) -> Self {
        let Some(gateway) = case.get("gateway").and_then(Value::as_str) else {
            return self;
        };
        match self {
            Self::Passed if gateway.contains("MUST NOT") && !is_refused => {
                Self::Failed(gateway.to_owned())
            }
            Self::Failed(_) if is_refused => Self::Permitted,
            other => other,
        }
    }
}

/// The outcomes of a file's cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many cases came out as with the real package.
    pub passed: usize,
    /// How many came out otherwise and may.
    pub permitted: usize,
    /// How many are not a matter of this gateway.
    pub skipped: usize,
    /// Which failed, and how.
    pub failed: Vec<(String, String)>,
}

impl Tally {
    /// Counts one case.
    pub fn count(&mut self, id: &str, outcome: Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Permitted => self.permitted += 1,
            Outcome::Skipped => self.skipped += 1,
            Outcome::Failed(why) => self.failed.push((id.to_owned(), why)),
        }
    }
}

/// `N passed, N failed`, what was permitted or skipped if anything was, and a line for each failure.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed.len())?;
        for (count, word) in [(self.permitted, "permitted"), (self.skipped, "skipped")] {
            if count > 0 {
                write!(f, ", {count} {word}")?;
            }
        }
        for (id, why) in &self.failed {
            write!(f, "\n  {id}: {why}")?;
        }
        Ok(())
    }
}
