//! What is kept of a run: the rows, the table, the chart, and a line of history.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::candidate::Candidate;
use crate::chart::svg;
use crate::report::{Row, text};

/// Where and with what a run was made.
#[derive(Debug, Clone, Serialize)]
pub struct Header {
    /// Seconds since 1970.
    pub at: u64,
    /// The machine.
    pub machine: Machine,
    /// What compiled Bellgate.
    pub rustc: String,
    /// Bellgate's commit, with a `+` where files were changed.
    pub commit: String,
    /// Every server's version, by its name.
    pub servers: Map<String, Value>,
}

/// The machine that a run was made on.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's model.
    pub processor: String,
    /// How many cores it has.
    pub cores: usize,
    /// The kernel's release.
    pub kernel: String,
    /// Memory in bytes.
    pub memory: u64,
}

impl Header {
    /// Of the present machine and these servers.
    pub fn now(servers: &[Candidate]) -> Self {
        let at = SystemTime::now().duration_since(UNIX_EPOCH);
        let commit = said(
            "git",
            &[
                "describe",
                "--always",
                "--abbrev=10",
                "--dirty=+",
                "--exclude=*",
            ],
        );
        let names = servers.iter().map(|server| {
            let version = server.version.clone().unwrap_or_else(|| commit.clone());
            (server.name.to_owned(), Value::from(version))
        });
        Self {
            at: at.map_or(0, |at| at.as_secs()),
            machine: Machine::this(),
            rustc: said("rustc", &["--version"]),
            servers: names.collect(),
            commit,
        }
    }

    /// In a line.
    pub fn line(&self) -> String {
        let Machine {
            processor,
            cores,
            kernel,
            memory,
        } = &self.machine;
        format!(
            "Bellgate {} ({}) on {processor}, {cores} cores, {} GiB, Linux {kernel}",
            self.commit,
            self.rustc.split(" (").next().unwrap_or_default(),
            memory.div_ceil(1 << 30)
        )
    }
}

impl Machine {
    fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let processors = read("/proc/cpuinfo");
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            let value = line.and_then(|line| line.split_once(':'));
            value.map_or_else(
                || "unknown".to_owned(),
                |(_, value)| value.trim().to_owned(),
            )
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let kib = memory.split(' ').next().and_then(|kib| kib.parse().ok());
        Self {
            processor: field(&processors, "model name"),
            cores: processors.matches("\nprocessor").count() + usize::from(!processors.is_empty()),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            memory: kib.unwrap_or(0_u64) * 1024,
        }
    }
}

/// What a program says, in the folder of the sources; "unknown" where it cannot be run.
fn said(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|| "unknown".to_owned())
}

/// The file that has all figures of a run.
pub const LATEST: &str = "latest.json";

/// Writes `latest.json`, `latest.txt` and `latest.svg` to a folder, for a run that may go on.
pub fn write(folder: &Path, header: &Header, rows: &[Row]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let all = json!({ "header": header, "rows": rows });
    fs::write(
        folder.join(LATEST),
        serde_json::to_string_pretty(&all)? + "\n",
    )?;
    let mut table = header.line() + "\n";
    for (name, version) in &header.servers {
        let version = version.as_str().unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(table, "  {name:<16} {version}");
    }
    fs::write(folder.join("latest.txt"), table + "\n" + &text(rows))?;
    fs::write(folder.join("latest.svg"), svg(rows, &header.line()))
}

/// Appends a line to `history.jsonl` of a folder: the median of each server in each row.
pub fn append(folder: &Path, header: &Header, rows: &[Row]) -> io::Result<()> {
    let mut medians = Map::new();
    for row in rows {
        let cells = row.cells.iter();
        let of = cells.filter_map(|cell| Some((cell.server.clone(), Value::from(cell.figure()?))));
        medians.insert(row.name.clone(), Value::Object(of.collect()));
    }
    let line = json!({
        "at": header.at,
        "commit": header.commit,
        "machine": header.machine,
        "rows": medians,
    });
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("history.jsonl"))?;
    writeln!(file, "{line}")
}
