//! A running `bellgate`.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bellgate_peer::{PATIENCE, Reach, eventually};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_bellgate");

/// Any free ports, and two shards unless a test says otherwise.
const BASE: [(&str, &str); 3] = [
    ("SOCKETIO_PORT", "0"),
    ("BELLGATE_ADMIN_ADDR", "127.0.0.1:0"),
    ("BELLGATE_SHARDS", "2"),
];

/// A process that is ended with the test.
pub(crate) struct Program {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
    /// The public listener.
    pub(crate) reach: Reach,
}

impl Program {
    /// Starts the server with these settings and waits until it listens.
    pub(crate) async fn start(environment: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), environment).await
    }

    /// As [`Self::start`], in a folder that the test has filled.
    pub(crate) async fn start_in(folder: TempDir, environment: &[(&str, &str)]) -> Self {
        let mut program = Self::spawn(Command::new(BINARY), folder, environment);
        program.reach = Reach::url(&program.told("listening on ").await);
        program
    }

    /// As [`Self::start_in`], with arguments.
    pub(crate) async fn start_with(
        folder: TempDir,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(BINARY);
        command.args(arguments);
        let mut program = Self::spawn(command, folder, environment);
        program.reach = Reach::url(&program.told("listening on ").await);
        program
    }

    /// As [`Self::start`], with at most this many open files.
    pub(crate) async fn start_limited(files: u32, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("ulimit -n {files}; exec \"$0\""), BINARY]);
        let mut program = Self::spawn(command, tempfile::tempdir().unwrap(), environment);
        program.reach = Reach::url(&program.told("listening on ").await);
        program
    }

    /// As [`Self::start`], for a log that is no JSON: waits until its text tells where the server is.
    pub(crate) async fn start_unparsed(environment: &[(&str, &str)]) -> Self {
        let program = Self::start_silent(environment);
        eventually("the log to tell where the server is", async || {
            program.lines().concat().contains("listening on ")
        })
        .await;
        program
    }

    /// Starts the server without waiting for anything.
    pub(crate) fn start_silent(environment: &[(&str, &str)]) -> Self {
        Self::spawn(
            Command::new(BINARY),
            tempfile::tempdir().unwrap(),
            environment,
        )
    }

    fn spawn(mut command: Command, folder: TempDir, environment: &[(&str, &str)]) -> Self {
        let mut child = command
            .current_dir(folder.path())
            .env_clear()
            .envs(BASE)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (lines, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(lines).lines() {
                let Ok(line) = line else { return };
                kept.lock().unwrap().push(line);
            }
        });
        Self {
            child,
            log,
            folder,
            reach: Reach::tcp(([127, 0, 0, 1], 0).into()),
        }
    }

    /// The admin listener.
    pub(crate) async fn admin(&self) -> Reach {
        let url = self.told("metrics at ").await;
        Reach::url(url.strip_suffix("/metrics").unwrap())
    }

    /// Waits until the public listener has begun this many requests: then a GET waits there.
    pub(crate) async fn until_requests(&self, count: usize) {
        let admin = self.admin().await;
        let line = format!("bellgate_http_requests_total {count}\n");
        eventually(&line, async || {
            admin.get("/metrics").send().await.text().contains(&line)
        })
        .await;
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its working directory.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The lines of the log so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// The lines of the log so far, each as JSON.
    pub(crate) fn log(&self) -> Vec<Value> {
        let lines = self.lines();
        let parsed = lines.iter().map(|line| serde_json::from_str(line));
        parsed.collect::<Result<_, _>>().unwrap_or_else(|error| {
            panic!("{error} in a line of {lines:#?}");
        })
    }

    /// Waits for a log line whose message begins like this; the rest of the message.
    pub(crate) async fn told(&self, beginning: &str) -> String {
        let mut found = None;
        eventually(&format!("{beginning:?} in the log"), async || {
            found = self.log().iter().find_map(|line| {
                let message = line["message"].as_str()?;
                message.strip_prefix(beginning).map(str::to_owned)
            });
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the process to end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the process to end", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }

    /// Whether the process is still there.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already, as many tests want it to.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the log was: {:#?}", self.lines());
        }
    }
}

/// What a command printed, and how it ended.
pub(crate) struct Printed {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command that ends by itself, in an empty folder.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Printed {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(BINARY)
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out = read_all(child.stdout.take().unwrap());
    let err = read_all(child.stderr.take().unwrap());
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{arguments:?} does not end by itself");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Printed {
        status: status.code().unwrap(),
        out: out.join().unwrap(),
        err: err.join().unwrap(),
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}
