//! A day in small: broadcasts at a pace, clients that come and go, and some that do not read.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::paced::Pace;
use super::{About, Begun, Figures, Scenario, Spent, Stand};
use crate::candidate::Candidate;
use crate::crowd::{Crowd, gather};
use crate::process::Server;
use crate::wire::session::join;

/// Clients that come and go, a second.
const CHURN: u32 = 100;
/// Clients that do not read.
const SLOW: usize = 10;

/// Broadcasts at a pace to so many healthy clients, for so long.
pub(super) struct Mixed {
    pub(super) connections: usize,
    pub(super) bytes: usize,
    pub(super) time: Duration,
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

    fn time(&self) -> Duration {
        self.time
    }

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let server = Server::start(candidate)?;
        let crowd = Crowd::join(server.addr, self.connections)?;
        let slow = gather(SLOW, |_| join(server.addr))?;
        let bytes = self.bytes;
        Ok(Begun::Ready(Box::new(Day {
            pace: Pace {
                server,
                crowd,
                bytes,
            },
            _slow: slow,
            come: 0,
        })))
    }
}

/// The paced ones, those that do not read, and how many others have come and gone.
struct Day {
    pace: Pace,
    _slow: Vec<TcpStream>,
    come: usize,
}

impl Stand for Day {
    fn turn(&mut self, time: Duration) -> io::Result<Spent> {
        let addr = self.pace.server.addr;
        let is_over = AtomicBool::new(false);
        let (spent, come) = thread::scope(|scope| {
            let churn = scope.spawn(|| churn(addr, &is_over));
            let spent = self.pace.turn(time);
            is_over.store(true, Ordering::Relaxed);
            let come = churn.join();
            let come = come.map_err(|_| io::Error::other("a thread of the load panicked"))?;
            io::Result::Ok((spent?, come?))
        })?;
        self.come += come;
        Ok(spent)
    }

    fn figures(&mut self, spent: Spent) -> io::Result<Figures> {
        let figures = spent.figures();
        Ok(figures.also("came and went", self.come as f64, None))
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
