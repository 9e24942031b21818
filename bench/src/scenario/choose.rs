//! Scenarios by their names, with the sizes that they have.

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

/// What is done otherwise than a whole run does it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes {
    /// Connections, in place of each scenario's own numbers.
    pub connections: Option<usize>,
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
            broadcasts: 50,
        }),
        "echo" => Box::new(Echo {
            connections: sizes.or(50),
            outstanding: 16,
            each: 5_000,
        }),
        "connect" => Box::new(Connect { cycles: 3_000 }),
        "login" => Box::new(Login { cycles: 5_000 }),
        "upgrade" => Box::new(Upgrade {
            clients: sizes.or(2_000),
        }),
        "reconnect" => Box::new(Reconnect {
            clients: sizes.or(10_000),
        }),
        "mixed" => Box::new(Mixed {
            connections: sizes.or(1_000),
            bytes: 256,
            broadcasts: 40,
        }),
        "slow" => Box::new(Slow {
            connections: sizes.or(1_000),
            broadcasts: 400,
            pairs: 5,
        }),
        "abrupt" => Box::new(Abrupt {
            connections: sizes.or(10_000),
        }),
        "quiet" => Box::new(Quiet {
            connections: sizes.or(1_000),
        }),
        _ => return None,
    })
}

impl Sizes {
    fn or(self, own: usize) -> usize {
        self.connections.unwrap_or(own)
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
    for (bytes, outstanding) in [(64, 1), (64, 4), (64, 16), (512, 4), (512, 16)] {
        all.push(Box::new(Fanout {
            connections: sizes.or(1_000),
            to: To::All,
            bytes,
            outstanding,
            events: 50 * outstanding.min(4),
        }));
    }
    let rest = [
        (8_000, To::All, 4, 50),
        (1_000, To::Room(10), 4, 6_000),
        (10_000, To::User, 4, 4_000),
    ];
    for (own, to, outstanding, events) in rest {
        // With a number of its own this is a row from above.
        if to == To::All && sizes.connections.is_some() {
            continue;
        }
        all.push(Box::new(Fanout {
            connections: sizes.or(own),
            to,
            bytes: 64,
            outstanding,
            events,
        }));
    }
    all
}

fn polling(sizes: Sizes) -> Scenarios {
    vec![
        Box::new(PollingFanout {
            connections: sizes.or(1_000),
            bytes: 64,
            broadcasts: 30,
        }),
        Box::new(PollingEcho {
            connections: sizes.or(50),
            each: 200,
        }),
    ]
}

fn shards(sizes: Sizes) -> Scenarios {
    vec![
        Box::new(Shards {
            connections: sizes.or(1_000),
            broadcasts: 400,
        }),
        Box::new(HandOver {
            connections: sizes.or(200),
            each: 100,
        }),
    ]
}
