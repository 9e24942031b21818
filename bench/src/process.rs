//! A server under test, pinned to a core, and what the kernel says of it.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::candidate::Candidate;

/// The core of the server under test.
pub const SERVER_CORE: &str = "0";
/// The core of the load generator.
pub const LOAD_CORE: &str = "1";
/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);

/// A server whose processor time is the same after this has come to rest.
const REST: Duration = Duration::from_millis(1);
/// How often it is looked at: some have timers of their own, and never rest.
const RESTS: usize = 10;

/// A server that runs; killed when dropped.
pub struct Server {
    child: Child,
    candidate: Candidate,
    more: Vec<String>,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Server {
    /// Starts a server on a free port, and waits until it listens.
    pub fn start(candidate: &Candidate) -> io::Result<Self> {
        Self::start_with(candidate, &[])
    }

    /// As [`Server::start`], with more arguments.
    pub fn start_with(candidate: &Candidate, more: &[String]) -> io::Result<Self> {
        let addr = free()?;
        let mut server = Self {
            child: spawn(candidate, addr, more)?,
            candidate: candidate.clone(),
            more: more.to_vec(),
            addr,
        };
        server.wait()?;
        Ok(server)
    }

    /// Kills it and starts it anew at the same address.
    pub fn restart(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = spawn(&self.candidate, self.addr, &self.more)?;
        self.wait()
    }

    /// Waits until it listens.
    fn wait(&mut self) -> io::Result<()> {
        let program = self.candidate.program.display();
        let begun = Instant::now();
        while TcpStream::connect(self.addr).is_err() {
            if let Some(status) = self.child.try_wait()? {
                let text = format!("{program} ended at once: {status}");
                return Err(io::Error::other(text));
            }
            if begun.elapsed() > START {
                let text = format!("{program} does not listen");
                return Err(io::Error::other(text));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Does some work with it; the processor time that it spent on that, in nanoseconds, and what came of it.
    pub fn spent<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<(u64, T)> {
        let before = self.processor()?;
        let done = work()?;
        Ok((self.at_rest()?.saturating_sub(before), done))
    }

    /// Its processor time once that stands still: its client has the last answer before it has cleared up behind it.
    fn at_rest(&self) -> io::Result<u64> {
        let mut last = self.processor()?;
        for _ in 0..RESTS {
            std::thread::sleep(REST);
            let now = self.processor()?;
            if now == last {
                break;
            }
            last = now;
        }
        Ok(last)
    }

    /// Processor time of all its threads that live, in nanoseconds (`schedstat`: clock ticks are
    /// too coarse).
    fn processor(&self) -> io::Result<u64> {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let first = text.split_whitespace().next().unwrap_or_default();
            sum += first.parse::<u64>().unwrap_or_default();
        }
        Ok(sum)
    }

    /// Bytes of memory that it holds.
    pub fn resident(&self) -> io::Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most bytes of memory that it has held.
    pub fn peak(&self) -> io::Result<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.map(|kib| kib * 1024)
            .ok_or_else(|| io::Error::other(format!("the kernel does not say {name}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the scenario has seen.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ports below those that the kernel gives to connections (`ip_local_port_range`).
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// An address that nobody listens on, each time another one. It is asked for, not bound: a listener of
/// ours would live on for a moment in any child that is just being started, and be taken for the server.
pub fn free() -> io::Result<SocketAddr> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let count = u32::from(PORTS.end - PORTS.start);
    for _ in 0..count {
        // Two processes start far apart.
        let next = NEXT
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(std::process::id().wrapping_mul(97));
        let offset = u16::try_from(next % count).unwrap_or_default();
        let addr = SocketAddr::from(([127, 0, 0, 1], PORTS.start + offset));
        if TcpStream::connect(addr).is_err() {
            return Ok(addr);
        }
    }
    Err(io::Error::other("no port is free"))
}

fn spawn(candidate: &Candidate, addr: SocketAddr, more: &[String]) -> io::Result<Child> {
    Command::new("taskset")
        .args(["-c", SERVER_CORE])
        .arg(&candidate.program)
        .args(&candidate.before)
        .arg(addr.port().to_string())
        .args(&candidate.after)
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
}

/// Pins this process to the core of the load generator.
pub fn pin_load() -> io::Result<()> {
    let id = std::process::id().to_string();
    let status = Command::new("taskset")
        .args(["-c", "-p", LOAD_CORE, &id])
        .stdout(Stdio::null())
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(
        "this machine has no second core to load from",
    ))
}

/// Has this process, and the servers that it starts, open as many files as the system lets it.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
