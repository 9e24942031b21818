//! The embedding program's handlers, shared by all shards.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::emitter::Emitter;
use super::engine::EngineHandler;
use super::handlers::Handlers;

/// Handlers by namespace, and plain Engine.IO endpoints by path.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) namespaces: BTreeMap<String, Handlers>,
    pub(crate) engines: Vec<(String, Arc<EngineHandler>)>,
    /// Where Socket.IO is answered beside `SOCKETIO_PATH`.
    pub(crate) paths: Vec<String>,
    pub(crate) emitter: Emitter,
}

impl Program {
    /// The plain endpoint behind a mount: 0 is Socket.IO's path, then the plain ones in order, then Socket.IO's
    /// other paths.
    pub(crate) fn engine_endpoint(&self, mount: usize) -> Option<&Arc<EngineHandler>> {
        self.engines
            .get(mount.checked_sub(1)?)
            .map(|(_, handler)| handler)
    }
}
