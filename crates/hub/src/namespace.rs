//! The namespaces that exist. Everything else names one by its number.

use std::sync::Arc;

/// The number of a namespace: its place in [`Namespaces`].
pub(crate) type NamespaceId = u32;

/// A handful of names, so a scan is the fastest way to find one.
#[derive(Default)]
pub(crate) struct Namespaces {
    names: Vec<Namespace>,
}

struct Namespace {
    name: Arc<str>,
    sockets: usize,
}

impl Namespaces {
    /// Adds a name; one that is there already stays as it is.
    pub(crate) fn define(&mut self, name: &str) {
        if self.find(name).is_none() {
            self.names.push(Namespace {
                name: name.into(),
                sockets: 0,
            });
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<NamespaceId> {
        let place = self.names.iter().position(|known| &*known.name == name)?;
        NamespaceId::try_from(place).ok()
    }

    pub(crate) fn name(&self, id: NamespaceId) -> Option<&Arc<str>> {
        self.names.get(id as usize).map(|known| &known.name)
    }

    /// Notes that a socket joined.
    pub(crate) fn joined(&mut self, id: NamespaceId) {
        if let Some(known) = self.names.get_mut(id as usize) {
            known.sockets += 1;
        }
    }

    /// Notes that a joined socket is gone.
    pub(crate) fn left(&mut self, id: NamespaceId) {
        if let Some(known) = self.names.get_mut(id as usize) {
            known.sockets = known.sockets.saturating_sub(1);
        }
    }

    /// All numbers.
    pub(crate) fn ids(&self) -> impl Iterator<Item = NamespaceId> + use<> {
        0..NamespaceId::try_from(self.names.len()).unwrap_or(NamespaceId::MAX)
    }

    /// Each name with its joined sockets.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.names.iter().map(|known| (&known.name, known.sockets))
    }
}
