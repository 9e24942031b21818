//! The embedding program's handlers, shared by all shards.

use std::sync::Arc;

use indexmap::IndexMap;

use super::emitter::Emitter;
use super::engine::EngineHandler;
use super::handlers::Handlers;

/// Handlers by namespace, and plain Engine.IO endpoints by path.
#[derive(Default)]
pub(crate) struct Program {
    /// Each shard's hub has them in this order, and sockets know theirs by its place.
    pub(crate) namespaces: IndexMap<String, Handlers>,
    pub(crate) engines: Vec<(String, Arc<EngineHandler>)>,
    /// Where Socket.IO is answered beside `SOCKETIO_PATH`.
    pub(crate) paths: Vec<String>,
    pub(crate) emitter: Emitter,
}

impl Program {
    /// What is done in the namespace at this place.
    pub(crate) fn handlers(&self, namespace: usize) -> Option<&Handlers> {
        let (_, handlers) = self.namespaces.get_index(namespace)?;
        Some(handlers)
    }

    /// The plain endpoint behind a mount: 0 is Socket.IO's path, then the plain ones in order, then Socket.IO's
    /// other paths.
    pub(crate) fn engine_endpoint(&self, mount: usize) -> Option<&Arc<EngineHandler>> {
        self.engines
            .get(mount.checked_sub(1)?)
            .map(|(_, handler)| handler)
    }
}
