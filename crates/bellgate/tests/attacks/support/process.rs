//! The released program as a process of its own, whose memory, descriptors and log can be looked at.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bellgate_peer::Reach;

use super::Target;
use super::http::{fetch, get};
use super::lab::{address, honest};
use super::wait::{SOON, until};

/// The key that the program is given.
pub(crate) const KEY: &str = "attack-key-0123456789abcdef";

/// A running `bellgate`, killed when dropped.
pub(crate) struct Process {
    child: Child,
    folder: tempfile::TempDir,
    pub(crate) target: Target,
    /// The operator's listener.
    pub(crate) admin: Target,
}

impl Process {
    /// Starts it on free ports, with these settings besides.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the log");
        let log = File::create(folder.path().join("log")).expect("a file in it");
        let child = Command::new(env!("CARGO_BIN_EXE_bellgate"))
            .env_clear()
            .envs([
                ("SOCKETIO_PORT", "0"),
                ("BELLGATE_ADMIN_ADDR", "127.0.0.1:0"),
                ("BELLGATE_SHARDS", "2"),
                ("BELLGATE_LOG_FORMAT", "json"),
                ("SOCKETIO_RATE_LIMITING", "false"),
                // Attackers here are quicker than thousands of browsers.
                ("BELLGATE_HANDSHAKE_RATE", "1000000/second"),
                (
                    "BELLGATE_API_KEYS",
                    &format!("attack:{KEY}:publish+emit+read"),
                ),
            ])
            .envs(settings.iter().copied())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program was built");
        let nowhere = Target::from(([127, 0, 0, 1], 0));
        let mut process = Self {
            child,
            folder,
            target: nowhere,
            admin: nowhere,
        };
        until(SOON, async || {
            let log = process.log();
            let url = |before: &str| {
                let (_, behind) = log.split_once(before)?;
                behind.split(['"', '/']).next().map(address)
            };
            let found = url("listening on http://").zip(url("metrics at http://"));
            match found {
                Some((target, admin)) => {
                    (process.target, process.admin) = (target, admin);
                    None
                }
                None => Some(format!("no address in the log: {log}")),
            }
        })
        .await;
        process.warm_up().await;
        process
    }

    /// Has every shard and the operator's listener serve: what they keep open is open then, so that
    /// descriptors can be compared. The kernel spreads connections over two shards evenly.
    async fn warm_up(&self) {
        for _ in 0..24 {
            fetch(self.target, &get("/healthz", "")).await;
        }
        self.sessions().await;
        // What served them is closed once the count stays the same.
        let (mut last, mut same) = (0, 0);
        until(SOON, async || {
            let now = self.descriptors();
            same = if now == last { same + 1 } else { 0 };
            last = now;
            (same < 15).then(|| format!("{now} descriptors, not yet at rest"))
        })
        .await;
    }

    /// Everything that it has logged.
    pub(crate) fn log(&self) -> String {
        let path: PathBuf = self.folder.path().join("log");
        let bytes = std::fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The way to it for a client that keeps the rules.
    pub(crate) fn reach(&self) -> Reach {
        Reach::tcp(self.target)
    }

    /// The codes of the security events in its log, oldest first.
    pub(crate) fn told(&self) -> Vec<String> {
        let log = self.log();
        // The last line may still be on its way.
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let events = whole
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line is JSON"))
            .filter(|line| line["target"] == "security");
        let code = |event: serde_json::Value| event["code"].as_str().map(str::to_owned);
        events.filter_map(code).collect()
    }

    /// Waits until its log tells exactly these security events of what has happened since there were
    /// `before`, in this order.
    pub(crate) async fn must_tell(&self, before: usize, codes: &[&str]) {
        until(SOON, async || {
            let told = self.told();
            let since = &told[before..];
            (since.len() < codes.len()).then(|| format!("{since:?} instead of {codes:?}"))
        })
        .await;
        assert_eq!(self.told()[before..], *codes);
    }

    /// No secret is in what it has logged. A failure names the first letters only.
    pub(crate) fn must_not_tell<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) {
        let log = self.log();
        for secret in secrets {
            assert!(secret.len() > 12, "{secret:?} may stand there by chance");
            let beginning = &secret[..12];
            assert!(!log.contains(secret), "the log tells {beginning:?}…");
        }
    }

    /// Bytes of memory that it holds now.
    pub(crate) fn resident(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most bytes that it held since [`Process::forget_peak`].
    pub(crate) fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Begins to look for the peak anew.
    pub(crate) fn forget_peak(&self) {
        let path = format!("/proc/{}/clear_refs", self.child.id());
        std::fs::write(path, "5").expect("a process of one's own can be told to forget");
    }

    /// Time of the processor that it has used, in steps of a tick (10 ms).
    pub(crate) fn processor(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = std::fs::read_to_string(path).expect("it runs");
        let (_, fields) = text.rsplit_once(')').expect("the name stands in brackets");
        // utime and stime (proc_pid_stat(5)), counted behind the name.
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|text| text.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Descriptors that it holds.
    pub(crate) fn descriptors(&self) -> usize {
        let path = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(path).expect("it runs").count()
    }

    /// A gauge or counter of its metrics page; 0 where there is none.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let host = format!("Host: {}\r\n", self.admin);
        let page = get("/metrics", "");
        let page = String::from_utf8(page).expect("ASCII");
        let page = page.replacen("Host: localhost\r\n", &host, 1);
        let text = fetch(self.admin, page.as_bytes()).await.text();
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts are whole and small"
        )]
        value.map_or(0, |value| value as u64)
    }

    /// Sessions that are open, by its own gauges.
    pub(crate) async fn sessions(&self) -> u64 {
        self.metric("bellgate_connections{transport=\"polling\"}")
            .await
            + self
                .metric("bellgate_connections{transport=\"websocket\"}")
                .await
    }

    /// Waits until its gauges tell of no session and it holds no more descriptors than `before`.
    pub(crate) async fn falls_to(&self, before: usize, limit: Duration) {
        until(limit, async || {
            let (sessions, descriptors) = (self.sessions().await, self.descriptors());
            // The question itself may still hold one.
            (sessions > 0 || descriptors > before + 1).then(|| {
                format!("{sessions} sessions and {descriptors} descriptors, {before} before")
            })
        })
        .await;
    }

    /// What every attack must leave: it runs, serves honest clients, and nothing has panicked.
    pub(crate) async fn must_be_unharmed(&mut self) {
        honest(self.target).await;
        self.must_run().await;
    }

    /// The same where nobody is served who is not logged in: the test has its own honest users.
    pub(crate) async fn must_run(&mut self) {
        assert_eq!(fetch(self.target, &get("/healthz", "")).await.status, 200);
        assert_eq!(self.child.try_wait().expect("our own child"), None);
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
    }

    /// A value of `/proc/PID/status` in bytes.
    fn status(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).expect("it runs");
        let mut lines = text.lines();
        let line = lines.find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.expect("a number of kB") * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has seen already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
