//! The shards of one process.

use std::sync::Arc;

use bellgate_hub::{Adapter, Command};

/// The way into one shard: puts a command into its queue, and wakes it where it sleeps.
pub type Inlet = Box<dyn Fn(Arc<Command>) + Send + Sync>;

/// Hands each command to every shard of the process. A command is shared, never copied.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use bellgate_cluster::{Inlet, Local};
/// use bellgate_hub::{Adapter, Command, Target};
///
/// let inbox = Arc::new(Mutex::new(Vec::new()));
/// let into = inbox.clone();
/// let inlet: Inlet = Box::new(move |command| into.lock().unwrap().push(command));
///
/// let adapter = Local::new(vec![inlet]);
/// adapter.dispatch(Arc::new(Command::Disconnect {
///     ns: "/".into(),
///     who: vec![Target::User("7".into())],
///     close: true,
/// }));
/// assert_eq!(adapter.shards(), 1);
/// assert_eq!(inbox.lock().unwrap().len(), 1);
/// ```
pub struct Local {
    inlets: Vec<Inlet>,
}

impl Local {
    /// An adapter over the shards behind `inlets`. An inlet must not block.
    pub fn new(inlets: Vec<Inlet>) -> Self {
        Self { inlets }
    }
}

impl Adapter for Local {
    fn dispatch(&self, command: Arc<Command>) {
        if let Some((last, others)) = self.inlets.split_last() {
            for inlet in others {
                inlet(command.clone());
            }
            last(command);
        }
    }

    fn shards(&self) -> usize {
        self.inlets.len()
    }
}
