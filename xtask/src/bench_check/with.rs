//! With what is counted.

use std::fs;

use serde::{Deserialize, Serialize};

use super::output;
use crate::run::{Outcome, command, root};

/// With what it was counted: each of these moves the counts without a change of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct With {
    rustc: String,
    valgrind: String,
    libc: String,
    target_cpu: String,
    processor: String,
}

impl With {
    pub(super) fn here() -> Outcome<Self> {
        let first = |program: &str, argument: &str| {
            let text = output(&mut command(program, &[argument]))?;
            Ok::<_, String>(text.lines().next().unwrap_or_default().trim().to_owned())
        };
        Ok(Self {
            rustc: first("rustc", "--version")?,
            valgrind: first("valgrind", "--version")?,
            libc: first("getconf", "GNU_LIBC_VERSION")?,
            target_cpu: target_cpu(),
            processor: processor().to_owned(),
        })
    }

    pub(super) fn text(&self) -> String {
        let Self {
            rustc,
            valgrind,
            libc,
            target_cpu,
            processor,
        } = self;
        format!("{rustc}, {valgrind}, {libc}, target-cpu {target_cpu}, a processor {processor}")
    }
}

/// The processor that the build is for, as the flags in the environment or in the workspace's configuration
/// name it.
fn target_cpu() -> String {
    let config = fs::read_to_string(root().join(".cargo/config.toml"));
    let flags = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"].map(std::env::var);
    let places = flags.iter().map(Result::as_ref).filter_map(Result::ok);
    let mut named = places
        .chain(config.as_ref().ok())
        .filter_map(|text| text.split_once("target-cpu="));
    let is_part = |letter: &char| letter.is_ascii_alphanumeric() || "-_.".contains(*letter);
    match named.next() {
        Some((_, rest)) => rest.chars().take_while(is_part).collect(),
        None => "generic".to_owned(),
    }
}

/// What the C library and searches choose their code by.
fn processor() -> &'static str {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    if text.split_whitespace().any(|flag| flag == "avx2") {
        "with AVX2"
    } else {
        "without AVX2"
    }
}
