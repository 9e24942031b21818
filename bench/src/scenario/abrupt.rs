//! Connections that are cut: what the server keeps of them.

use std::io;
use std::time::Duration;

use socket2::SockRef;

use super::{About, Figures, Goal, Scenario};
use crate::candidate::{Can, Candidate};
use crate::crowd::gather;
use crate::gauges::Gauges;
use crate::wire::session::join;

/// How long the server may take to notice.
const NOTICE: Duration = Duration::from_secs(20);

/// So many connections, joined and cut with a reset, four times.
pub(super) struct Abrupt {
    pub(super) connections: usize,
}

impl Scenario for Abrupt {
    fn about(&self) -> About {
        About {
            name: format!("{} connections cut, again and again", self.connections),
            unit: "bytes kept for each",
            // An allocator's crumbs; a session that leaks is 150 bytes at least.
            goal: Some(Goal::Cost(16.0)),
        }
    }

    fn needs(&self) -> &'static [Can] {
        &[Can::Settings]
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let (server, gauges) = Gauges::start(candidate)?;
        let count = self.connections / part.max(1);
        let round = || {
            let streams = gather(count, |_| join(server.addr))?;
            let held = server.resident()?;
            for stream in streams {
                // Dropped at once, which now sends a reset.
                SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            }
            for gauge in ["bellgate_connections", "bellgate_namespace_connections"] {
                gauges.wait(gauge, 0.0, NOTICE)?;
            }
            io::Result::Ok((held, server.resident()?))
        };
        let (held, first) = round()?;
        let (_, second) = round()?;
        let (_, third) = round()?;
        let (_, fourth) = round()?;
        // An allocator gives back when it pleases, so the lesser of two says what is kept.
        let more = third.min(fourth).saturating_sub(first.min(second));
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        Ok(Figures::of(more as f64 / (2 * count) as f64)
            .also("MiB while all were there", mib(held), None)
            .also("after the first time", mib(first), None)
            .also("the second", mib(second), None)
            .also("the third", mib(third), None)
            .also("the fourth", mib(fourth), None))
    }
}
