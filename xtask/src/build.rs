//! Builds the programs that the outside suites drive.

use std::path::PathBuf;

use crate::run::{Outcome, Step, cargo, target};

/// Which build of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Release without link-time optimisation (`.cargo/config.toml`): it builds in less than half the time.
    Ci,
    /// What ships.
    Release,
}

/// The server of the official suites and of our own.
pub(crate) const CONFORMANCE_SERVER: &str = "bellgate-conformance-server";

impl Profile {
    const fn name(self) -> &'static str {
        match self {
            Self::Ci => "ci",
            Self::Release => "release",
        }
    }

    /// Builds the programs; the examples are built with the crates' tests.
    pub(crate) fn build(self, packages: &[&str]) -> Outcome {
        let mut build = cargo(&["build", "--bins", "--profile", self.name()]);
        for package in packages {
            build.args(["-p", package]);
        }
        Step::new(&format!("build {}", self.name())).must(&mut build)
    }

    /// The path of a built program.
    pub(crate) fn program(self, name: &str) -> PathBuf {
        target().join(self.name()).join(name)
    }
}
