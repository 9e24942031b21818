//! Scenarios by their names, with the sizes that they have.

use std::time::Duration;

use super::Scenario;
use super::abrupt::Abrupt;
use super::connect::Connect;
use super::echo::Echo;
use super::fanout::{Fanout, To};
use super::idle::{Idle, Kind};
use super::login::Login;
use super::mixed::Mixed;
use super::paced::Paced;
use super::polling::{PollingEcho, PollingFanout};
use super::quiet::Quiet;
use super::reconnect::Reconnect;
use super::shards::{HandOver, Shards};
use super::slow::Slow;
use super::upgrade::Upgrade;

/// Scenarios as the table has them.
pub(super) type Scenarios = Vec<Box<dyn Scenario>>;

/// The names, in the order of the table.
pub const NAMES: [&str; 14] = [
    "idle",
    "fanout",
    "paced",
    "echo",
    "connect",
    "login",
    "polling",
    "upgrade",
    "reconnect",
    "mixed",
    "slow",
    "abrupt",
    "quiet",
    "shards",
];

/// How long a server works for a row, in turns with the others.
const TIME: Duration = Duration::from_millis(320);

/// What is done otherwise than a whole run does it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes {
    /// Connections, in place of each scenario's own numbers.
    pub connections: Option<usize>,
    /// The part of the work that is done: 10 is a tenth, 1 and 0 are all.
    pub part: u32,
}

/// The scenarios of a name; none where it has no meaning.
pub fn choose(name: &str, sizes: Sizes) -> Option<Vec<Box<dyn Scenario>>> {
    match name {
        "idle" => Some(idle(sizes)),
        "fanout" => Some(fanout(sizes)),
        "polling" => Some(polling(sizes)),
        "shards" => Some(shards(sizes)),
        _ => single(name, sizes).map(|scenario| vec![scenario]),
    }
}

/// The scenarios that are one row.
fn single(name: &str, sizes: Sizes) -> Option<Box<dyn Scenario>> {
    Some(match name {
        "paced" => Box::new(Paced {
            connections: sizes.or(1_000),
            bytes: 256,
            time: sizes.share(2 * TIME),
        }),
        "echo" => Box::new(Echo {
            connections: sizes.or(50),
            outstanding: 16,
            time: sizes.share(TIME),
        }),
        "connect" => Box::new(Connect {
            time: sizes.share(TIME),
        }),
        "login" => Box::new(Login {
            turns: 50 / sizes.part.clamp(1, 50) as usize,
        }),
        "upgrade" => Box::new(Upgrade {
            time: sizes.share(TIME),
        }),
        "reconnect" => Box::new(Reconnect {
            clients: sizes.many(10_000),
        }),
        "mixed" => Box::new(Mixed {
            connections: sizes.or(1_000),
            bytes: 256,
            time: sizes.share(2 * TIME),
        }),
        "slow" => Box::new(Slow {
            connections: sizes.or(1_000),
            time: sizes.share(3 * TIME),
            pairs: 5,
        }),
        "abrupt" => Box::new(Abrupt {
            connections: sizes.many(10_000),
        }),
        "quiet" => Box::new(Quiet {
            connections: sizes.or(1_000),
            // Each client is pinged once.
            time: sizes.share(Duration::from_secs(25)),
        }),
        _ => return None,
    })
}

impl Sizes {
    fn or(self, own: usize) -> usize {
        self.connections.unwrap_or(own)
    }

    /// Connections that are the work themselves.
    fn many(self, own: usize) -> usize {
        let share = own / self.part.clamp(1, 100) as usize;
        self.or(share)
    }

    fn share(self, time: Duration) -> Duration {
        time / self.part.max(1)
    }
}

fn idle(sizes: Sizes) -> Scenarios {
    let rows = [
        (Kind::Visitor, 1_000),
        (Kind::Visitor, 8_000),
        (Kind::User, 1_000),
        (Kind::User, 8_000),
        (Kind::Tls, 1_000),
        (Kind::BetweenPolls, 1_000),
        (Kind::BetweenPolls, 8_000),
        (Kind::Hanging, 1_000),
    ];
    let mut all = Scenarios::new();
    for (kind, own) in rows {
        // With a number of its own there is one row of each kind.
        if sizes.connections.is_none() || own == 1_000 {
            let connections = sizes.or(own);
            all.push(Box::new(Idle { connections, kind }));
        }
    }
    all
}

fn fanout(sizes: Sizes) -> Scenarios {
    let mut all = Scenarios::new();
    let rows = [
        (1_000, To::All, 64, 1),
        (1_000, To::All, 64, 4),
        (1_000, To::All, 64, 16),
        (1_000, To::All, 512, 4),
        (1_000, To::All, 512, 16),
        (8_000, To::All, 64, 4),
        (1_000, To::Room(10), 64, 4),
        (10_000, To::User, 64, 4),
    ];
    for (own, to, bytes, outstanding) in rows {
        // With a number of its own this is a row from above.
        if own == 8_000 && sizes.connections.is_some() {
            continue;
        }
        // As many events as with fewer take longer.
        let time = if own == 8_000 { 4 * TIME } else { TIME };
        all.push(Box::new(Fanout {
            connections: sizes.or(own),
            to,
            bytes,
            outstanding,
            time: sizes.share(time),
        }));
    }
    all
}

fn polling(sizes: Sizes) -> Scenarios {
    vec![
        Box::new(PollingFanout {
            connections: sizes.or(1_000),
            bytes: 64,
            time: sizes.share(TIME),
        }),
        Box::new(PollingEcho {
            connections: sizes.or(50),
            time: sizes.share(TIME),
        }),
    ]
}

fn shards(sizes: Sizes) -> Scenarios {
    vec![
        Box::new(Shards {
            connections: sizes.or(1_000),
            time: sizes.share(3 * TIME),
        }),
        Box::new(HandOver {
            connections: sizes.or(200),
            time: sizes.share(3 * TIME),
        }),
    ]
}
