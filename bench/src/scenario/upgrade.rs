//! An upgrade storm: clients open by polling, join, and upgrade to WebSocket, as fast as they come.

use std::io;

use super::{About, Figures, Goal, Scenario, share};
use crate::candidate::{Can, Candidate};
use crate::crowd::gather;
use crate::process::Server;
use crate::wire::polling::Polling;
use crate::wire::session::{VISITOR, upgrade};

/// So many clients.
pub(super) struct Upgrade {
    pub(super) clients: usize,
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

    fn connections(&self) -> usize {
        self.clients
    }

    fn run(&self, candidate: &Candidate, part: usize) -> io::Result<Figures> {
        let server = Server::start(candidate)?;
        let clients = share(self.clients, part);
        let storm = |clients| gather(clients, |_| upgrade(&Polling::join(server.addr, VISITOR)?));
        drop(storm(clients / 10)?);
        let before = server.processor()?;
        let _upgraded = storm(clients)?;
        let used = server.processor()? - before;
        Ok(Figures::spent(used, clients))
    }
}
