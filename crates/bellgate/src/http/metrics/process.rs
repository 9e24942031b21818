//! What the operating system says about this process.

use std::fmt::Error;

use super::page::Page;

/// What the operating system says about this process, under the usual names.
#[derive(Debug)]
pub(super) struct Process {
    cpu_seconds: f64,
    resident_bytes: u64,
    open_fds: u64,
    max_fds: u64,
    threads: u64,
}

impl Process {
    /// None where there is no /proc.
    pub(super) fn read() -> Option<Self> {
        let me = procfs::process::Process::myself().ok()?;
        let stat = me.stat().ok()?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "ticks of a process fit a float's 53 bits"
        )]
        let cpu_seconds = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        Some(Self {
            cpu_seconds,
            resident_bytes: stat.rss * procfs::page_size(),
            open_fds: me.fd_count().ok()? as u64,
            max_fds: limit.current.unwrap_or(u64::MAX),
            threads: u64::try_from(stat.num_threads).unwrap_or(0),
        })
    }

    pub(super) fn encode(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        page.seconds_counter("process_cpu", "User and system CPU time", self.cpu_seconds)?;
        page.gauge(
            "process_resident_memory_bytes",
            "Resident memory",
            self.resident_bytes,
        )?;
        page.gauge("process_open_fds", "Open descriptors", self.open_fds)?;
        page.gauge(
            "process_max_fds",
            "Most descriptors that may be open",
            self.max_fds,
        )?;
        page.gauge("process_threads", "Threads", self.threads)
    }
}
