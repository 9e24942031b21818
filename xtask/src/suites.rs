//! `cargo xtask suites`: the official suites of the Socket.IO project, from a folder of the user's.
//!
//! They are not ours and not copied. Their address is fixed: `http://localhost:3000`.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::build::{CONFORMANCE_SERVER, Profile};
use crate::count::Count;
use crate::run::{Outcome, Step, command};
use crate::setup;

/// Each suite's folder and how many tests it has; fewer means that it did not run whole.
const SUITES: [(&str, usize); 2] = [("v4-test-suite", 25), ("v5-test-suite", 32)];

/// The suites' own port.
const PORT: u16 = 3000;

/// Runs `cargo xtask suites --from DIR [--times N] [--server PROGRAM]`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let option = |name: &str| {
        arguments
            .iter()
            .position(|argument| argument == name)
            .and_then(|at| arguments.get(at + 1))
    };
    let from = PathBuf::from(
        option("--from").ok_or("suites needs --from DIR, the folder with the official suites")?,
    );
    let times: usize = option("--times")
        .map_or(Ok(1), |times| times.parse())
        .map_err(|error| format!("--times: {error}"))?;
    let server = if let Some(program) = option("--server") {
        PathBuf::from(program)
    } else {
        Profile::Ci.build(&[CONFORMANCE_SERVER])?;
        Profile::Ci.program(CONFORMANCE_SERVER)
    };
    setup::programs(&["node", "npm"])?;
    let mut folders = Vec::new();
    for (name, tests) in SUITES {
        let folder = find(&from, name, 4)
            .ok_or_else(|| format!("there is no {name} in {}", from.display()))?;
        if !folder.join("node_modules").is_dir() {
            Step::new(&format!("npm ci in {name}"))
                .must(command("npm", &["ci"]).current_dir(&folder))?;
        }
        folders.push((name, folder, tests));
    }
    let _server = Server::start(&server)?;
    rounds(&folders, times)
}

fn rounds(folders: &[(&str, PathBuf, usize)], times: usize) -> Outcome {
    let mut sum = Count::default();
    let mut is_ok = true;
    for round in 1..=times {
        for (name, folder, tests) in folders {
            let done = Step::new(&format!("{name} round {round}"))
                .run(command("npm", &["test"]).current_dir(folder))?;
            let count = Count::of_mocha(&done.output);
            let is_whole =
                done.is_ok && count.passed == *tests && count.failed + count.skipped == 0;
            if !is_whole {
                println!("{}", done.output);
            }
            println!(
                "{name} round {round} {count}, {:.1?}{}",
                done.took,
                if is_whole { "" } else { "  <- failed" }
            );
            is_ok &= is_whole;
            sum += count;
        }
    }
    println!("{sum}");
    if is_ok {
        Ok(())
    } else {
        Err("the official suites did not pass whole".to_owned())
    }
}

/// The server under test, ended when this goes.
struct Server(Child);

impl Server {
    /// Starts the program and waits until it listens where the suites look.
    fn start(program: &Path) -> Outcome<Self> {
        let child = command(program, &[])
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let mut server = Self(child);
        let end = Instant::now() + Duration::from_secs(10);
        let listens = |address: SocketAddr| {
            TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
        };
        while !(listens((Ipv4Addr::LOCALHOST, PORT).into())
            || listens((Ipv6Addr::LOCALHOST, PORT).into()))
        {
            if server.0.try_wait().is_ok_and(|ended| ended.is_some()) || Instant::now() > end {
                return Err(format!(
                    "{} does not listen on port {PORT}",
                    program.display()
                ));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder of this name in `folder`, at most `depth` levels down.
fn find(folder: &Path, name: &str, depth: usize) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    let here = entries.iter().find(|path| path.ends_with(name)).cloned();
    here.or_else(|| {
        if depth == 0 {
            None
        } else {
            entries.iter().find_map(|path| find(path, name, depth - 1))
        }
    })
}
