//! Connections that are cut: what the server keeps of them.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::{About, Begun, FEW_ROUNDS, Figures, Goal, Scenario};
use crate::candidate::{Can, Candidate};
use crate::crowd::gather;
use crate::gauges::Gauges;
use crate::process::Server;
use crate::wire::session::join;

/// How long the server may take to notice.
const NOTICE: Duration = Duration::from_secs(20);

/// So many are cut before anything is measured.
const FEW: usize = 100;

/// MiB that the process may hold in the end over what it held in the beginning: a fifteenth of what so many take.
const OVER: f64 = 1.0;

/// What has not given back memory for so long has given back what it will.
const QUIET: Duration = Duration::from_secs(2);

/// How often it is looked at meanwhile.
const POLL: Duration = Duration::from_millis(100);

/// So many connections, joined and cut with a reset, four times.
pub(super) struct Abrupt {
    pub(super) connections: usize,
}

impl Scenario for Abrupt {
    fn about(&self) -> About {
        About {
            name: format!("{} connections cut, again and again", self.connections),
            unit: "bytes kept for each",
            // Pages that come and go are up to 0.6 MiB, 32 bytes for each of two times 10,000; a session that leaks is
            // 150 bytes at least.
            goal: Some(Goal::Cost(32.0)),
        }
    }

    fn needs(&self) -> &'static [Can] {
        &[Can::Settings]
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn most_rounds(&self) -> usize {
        FEW_ROUNDS
    }

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let (server, gauges) = Gauges::start(candidate)?;
        let cut = |count| {
            let streams = gather(count, |_| join(server.addr))?;
            let held = server.resident()?;
            for stream in streams {
                // Dropped at once, which now sends a reset.
                SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            }
            for gauge in ["bellgate_connections", "bellgate_namespace_connections"] {
                gauges.wait(gauge, 0.0, NOTICE)?;
            }
            io::Result::Ok((held, settled(&server)?))
        };
        // A process that has done all this once has its code in memory.
        let (_, start) = cut(FEW)?;
        let count = self.connections;
        let (held, first) = cut(count)?;
        let (_, second) = cut(count)?;
        let (_, third) = cut(count)?;
        let (_, fourth) = cut(count)?;
        // Pages come and go, so the lesser of two says what is kept.
        let (before, end) = (first.min(second), third.min(fourth));
        let more = end.saturating_sub(before);
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let over = mib(end.saturating_sub(start));
        Ok(Figures::of(more as f64 / (2 * count) as f64)
            .also("MiB at the start", mib(start), None)
            .also("while all were there", mib(held), None)
            .also("after the first time", mib(first), None)
            .also("the second", mib(second), None)
            .also("the third", mib(third), None)
            .also("the fourth", mib(fourth), None)
            .also("in the end over the start", over, Some(OVER))
            .done())
    }
}

/// What the process holds once it has given back what it will: when it has not fallen for [`QUIET`].
fn settled(server: &Server) -> io::Result<u64> {
    let (mut least, mut since) = (server.resident()?, Instant::now());
    while since.elapsed() < QUIET {
        thread::sleep(POLL);
        let now = server.resident()?;
        if now < least {
            (least, since) = (now, Instant::now());
        }
    }
    Ok(least)
}
