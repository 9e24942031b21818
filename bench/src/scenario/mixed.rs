//! A day in small: broadcasts at a pace, clients that come and go, and some that do not read.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::paced::pace;
use super::{About, Figures, Scenario, share};
use crate::candidate::Candidate;
use crate::crowd::{Crowd, gather};
use crate::process::Server;
use crate::wire::session::join;

/// Clients that come and go, a second.
const CHURN: u32 = 100;
/// Clients that do not read.
const SLOW: usize = 10;

/// Broadcasts at a pace to so many healthy clients.
pub(super) struct Mixed {
    pub(super) connections: usize,
    pub(super) bytes: usize,
    pub(super) broadcasts: usize,
}

impl Scenario for Mixed {
    fn about(&self) -> About {
        About {
            name: format!(
                "mixed, {} × {} B paced, {CHURN} a second come and go, {SLOW} do not read",
                self.connections, self.bytes
            ),
            unit: "µs a delivery",
            goal: None,
        }
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let server = Server::start(candidate)?;
        let mut crowd = Crowd::join(server.addr, self.connections)?;
        let _slow = gather(SLOW, |_| join(server.addr))?;
        let broadcasts = share(self.broadcasts, part.min(2));
        let is_over = AtomicBool::new(false);
        let before = server.processor()?;
        let (arrivals, come) = thread::scope(|scope| {
            let churn = scope.spawn(|| churn(server.addr, &is_over));
            let arrivals = pace(&mut crowd, self.bytes, broadcasts);
            is_over.store(true, Ordering::Relaxed);
            let come = churn.join();
            let come = come.map_err(|_| io::Error::other("a thread of the load panicked"))?;
            io::Result::Ok((arrivals?, come?))
        })?;
        let used = server.processor()? - before;
        Ok(Figures::spent(used, arrivals.len())
            .with_times(arrivals)
            .also("came and went", come as f64, None))
    }
}

/// Has clients come and go at their pace until it is over; how many.
fn churn(server: SocketAddr, is_over: &AtomicBool) -> io::Result<usize> {
    let mut due = Instant::now();
    let mut come = 0;
    while !is_over.load(Ordering::Relaxed) {
        drop(join(server)?);
        come += 1;
        due += Duration::from_secs(1) / CHURN;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(come)
}
