//! The file of counts, `bench/instructions.json`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::told;
use super::with::With;
use crate::run::Outcome;

/// The file of counts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Recorded {
    /// With what they were taken.
    pub(super) with: With,
    /// In the order in which `hot` lists them.
    pub(super) paths: Vec<Measured>,
}

/// What a unit of a path costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Measured {
    /// The path's name.
    pub(super) path: String,
    pub(super) instructions: f64,
    pub(super) allocations: f64,
}

impl Recorded {
    pub(super) fn read(file: &Path) -> Outcome<Self> {
        let text = fs::read_to_string(file).map_err(|error| told(file, &error))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
    }

    pub(super) fn write(&self, file: &Path) -> Outcome {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        fs::write(file, text + "\n").map_err(|error| told(file, &error))
    }
}
