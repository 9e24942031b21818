//! Starts programs, with a line of progress and a log for each. Start with [`Step`].

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a command ends with: nothing, or a sentence for people.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The longest that one step may take; a hang must not become a silent one.
const STEP_LIMIT: Duration = Duration::from_secs(20 * 60);

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A command to run in the workspace's folder.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null());
    command
}

/// `cargo` with these arguments, the same cargo that runs this program.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    command(
        std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        arguments,
    )
}

/// One program run to its end, its output in a log.
pub(crate) struct Step {
    name: String,
    log: PathBuf,
}

/// How a step ended.
pub(crate) struct Done {
    /// Whether the exit status was 0.
    pub(crate) is_ok: bool,
    /// All that the program printed, stdout and stderr as they came.
    pub(crate) output: String,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Step {
    /// A step with a name for its progress line; its log is in `target/xtask`.
    pub(crate) fn new(name: &str) -> Self {
        let file: String = name
            .chars()
            .map(|letter| {
                if letter.is_alphanumeric() {
                    letter
                } else {
                    '-'
                }
            })
            .collect();
        Self {
            name: name.to_owned(),
            log: target().join("xtask").join(format!("{file}.log")),
        }
    }

    /// Runs the program and fails, with its output, unless it ends with 0.
    pub(crate) fn must(&self, command: &mut Command) -> Outcome {
        let done = self.run(command)?;
        println!(
            "{} {} {:.1?}",
            self.name,
            if done.is_ok { "ok" } else { "FAILED" },
            done.took
        );
        if done.is_ok {
            Ok(())
        } else {
            Err(format!("{}\n{} failed", done.output, self.name))
        }
    }

    /// Runs the program and returns what it printed, whatever its exit status.
    pub(crate) fn run(&self, command: &mut Command) -> Outcome<Done> {
        let started = Instant::now();
        println!("{} …", self.name);
        let log = self.open_log()?;
        let errors = log
            .try_clone()
            .map_err(|error| format!("{}: {error}", self.log.display()))?;
        let mut child = command
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| {
                format!(
                    "{}: {} cannot be started: {error}",
                    self.name,
                    command.get_program().display()
                )
            })?;
        let status = wait(&mut child, STEP_LIMIT);
        let mut output = fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|error| format!("{}: {error}", self.log.display()))?;
        if status.is_none() {
            output.push_str("\nended, because it took too long");
        }
        Ok(Done {
            is_ok: status.is_some_and(|status| status.success()),
            output,
            took: started.elapsed(),
        })
    }

    fn open_log(&self) -> Outcome<File> {
        let folder = self.log.parent().unwrap_or(&self.log);
        fs::create_dir_all(folder)
            .and_then(|()| File::create(&self.log))
            .map_err(|error| format!("{}: {error}", self.log.display()))
    }
}

/// Waits for the end of a program; after `limit` it is killed and there is no status.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(50)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}
