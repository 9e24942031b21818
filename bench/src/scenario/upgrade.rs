//! An upgrade storm: clients open by polling, join, and upgrade to WebSocket, as fast as they come.

use std::io;
use std::time::Duration;

use super::{About, Begun, COMPILING, Goal, Scenario, Spent, Stand};
use crate::candidate::{Can, Candidate};
use crate::crowd::gather_for;
use crate::process::Server;
use crate::wire::polling::Polling;
use crate::wire::session::{VISITOR, upgrade};

/// For so long.
pub(super) struct Upgrade {
    pub(super) time: Duration,
}

impl Scenario for Upgrade {
    fn about(&self) -> About {
        About {
            name: "open by polling, join, upgrade, one echo".to_owned(),
            unit: "µs an upgrade",
            goal: Some(Goal::Ahead),
        }
    }

    fn needs(&self) -> &'static [Can] {
        &[Can::Poll]
    }

    /// About as many as there are at once.
    fn connections(&self) -> usize {
        2_000
    }

    fn time(&self) -> Duration {
        self.time
    }

    fn compiling(&self) -> Duration {
        COMPILING
    }

    fn begin(&self, candidate: &Candidate) -> io::Result<Begun<'_>> {
        let server = Server::start(candidate)?;
        Ok(Begun::Ready(Box::new(Storm(server))))
    }
}

/// A server that many come to at once.
struct Storm(Server);

impl Stand for Storm {
    fn turn(&mut self, time: Duration) -> io::Result<Spent> {
        let Self(server) = self;
        let (nanoseconds, upgraded) =
            server.spent(|| gather_for(time, || upgrade(&Polling::join(server.addr, VISITOR)?)))?;
        let units = upgraded.len();
        // They stay until the turn is over, so that their end costs nothing while others come, and no longer: the
        // clients of many fast servers would be more files than a process may open.
        server.spent(|| {
            drop(upgraded);
            Ok(())
        })?;
        Ok(Spent::new(nanoseconds, units))
    }
}
