//! The adapter of one process keeps the promises of all adapters.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bellgate_cluster::suite::{self, Bed};
use bellgate_cluster::{Inlet, Local};
use bellgate_hub::{Adapter, Command};

#[test]
fn the_shards_of_one_process_keep_all_promises() {
    suite::run(|inlets| Bed::new(vec![Arc::new(Local::new(inlets))]));
}

/// Forgets one shard now and then.
struct Forgetful {
    inlets: Vec<Inlet>,
    turn: AtomicUsize,
}

impl Adapter for Forgetful {
    fn dispatch(&self, command: Arc<Command>) {
        let forgotten = self.turn.fetch_add(1, Ordering::Relaxed) % (self.inlets.len() * 7);
        for (place, inlet) in self.inlets.iter().enumerate() {
            if place != forgotten {
                inlet(command.clone());
            }
        }
    }

    fn shards(&self) -> usize {
        self.inlets.len()
    }
}

#[test]
#[should_panic(expected = "left == right")]
fn the_suite_notices_an_adapter_that_forgets() {
    suite::run(|inlets| {
        Bed::new(vec![Arc::new(Forgetful {
            inlets,
            turn: AtomicUsize::new(0),
        })])
    });
}

#[test]
fn an_adapter_without_shards_hands_nothing_on() {
    let adapter = Local::new(Vec::new());
    adapter.dispatch(Arc::new(Command::Disconnect {
        ns: "/".into(),
        who: Vec::new(),
        close: false,
    }));
    assert_eq!(adapter.shards(), 0);
}
