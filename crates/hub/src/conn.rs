//! One transport connection and the table of all of them, by the transport's own slots.

use std::time::{Duration, Instant};

use bellgate_engine::{ConnId, Slots};
use bellgate_wire::socket::Assembly;
use smallvec::SmallVec;

use crate::namespace::NamespaceId;

/// How long what a client sent before it saw that the server had disconnected it is forgiven
/// (hardening §1.1, kick race).
const KICK_RACE: Duration = Duration::from_secs(10);

/// What the hub keeps of one connection.
pub(crate) struct Conn {
    /// The hub asked for the end: nothing is read or promised any more.
    pub(crate) is_closing: bool,
    /// When a first namespace must be joined; `None` once one was.
    pub(crate) connect_by: Option<Instant>,
    /// Its sockets, joined and waiting; the first stands inline.
    sockets: SmallVec<[(NamespaceId, u32); 2]>,
    /// A binary packet whose attachments are awaited.
    pub(crate) partial: Option<Box<Partial>>,
    /// Namespaces that the server took from it lately, and until when that is forgiven.
    kicked: Vec<(NamespaceId, Instant)>,
}

/// A binary packet that is not whole.
pub(crate) struct Partial {
    pub(crate) assembly: Assembly,
    pub(crate) deadline: Instant,
}

impl Conn {
    pub(crate) fn sockets(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.sockets.iter().map(|(_, socket)| *socket)
    }

    pub(crate) fn socket_in(&self, namespace: NamespaceId) -> Option<u32> {
        let found = self.sockets.iter().find(|(known, _)| *known == namespace)?;
        Some(found.1)
    }

    pub(crate) fn add(&mut self, namespace: NamespaceId, socket: u32) {
        self.sockets.push((namespace, socket));
        self.kicked.retain(|(known, _)| *known != namespace);
    }

    pub(crate) fn remove(&mut self, socket: u32) {
        self.sockets.retain(|(_, known)| *known != socket);
    }

    pub(crate) fn sockets_len(&self) -> usize {
        self.sockets.len()
    }

    /// Notes that the server took a namespace from the client.
    pub(crate) fn kick(&mut self, namespace: NamespaceId, now: Instant) {
        self.kicked
            .retain(|(known, until)| *known != namespace && *until > now);
        self.kicked.push((namespace, now + KICK_RACE));
    }

    /// Whether the client may not know yet that it is out.
    pub(crate) fn was_kicked(&self, namespace: NamespaceId, now: Instant) -> bool {
        let mut kicked = self.kicked.iter();
        kicked.any(|(known, until)| *known == namespace && *until > now)
    }

    /// The next moment at which something is overdue.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.is_closing {
            return None;
        }
        let partial = self.partial.as_ref().map(|partial| partial.deadline);
        self.connect_by.into_iter().chain(partial).min()
    }
}

/// All connections of the shard.
#[derive(Default)]
pub(crate) struct Conns {
    slots: Slots<Conn>,
    marks: Marks,
}

impl Conns {
    /// Puts a fresh connection into its slot.
    pub(crate) fn open(&mut self, id: ConnId, connect_by: Option<Instant>) {
        let conn = Conn {
            is_closing: false,
            connect_by,
            sockets: SmallVec::new(),
            partial: None,
            kicked: Vec::new(),
        };
        self.slots.insert(id, conn);
        self.marks.reach(self.slots.end());
    }

    /// The connection that holds a slot now, whatever its generation.
    pub(crate) fn in_slot(&self, slot: u32) -> Option<ConnId> {
        self.slots.in_slot(slot)
    }

    pub(crate) fn close(&mut self, id: ConnId) -> Option<Conn> {
        let closed = self.slots.remove(id);
        // The table has given back what a crowd needed that is gone.
        if self.marks.last.len() > self.slots.capacity() {
            self.marks.shrink(self.slots.end());
        }
        closed
    }

    pub(crate) fn get(&self, id: ConnId) -> Option<&Conn> {
        self.slots.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Conn> {
        self.slots.get_mut(id)
    }

    /// The connection, unless its end is under way.
    pub(crate) fn live_mut(&mut self, id: ConnId) -> Option<&mut Conn> {
        self.get_mut(id).filter(|conn| !conn.is_closing)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The marks, for a walk over connections that visits each once.
    pub(crate) fn marks(&mut self) -> &mut Marks {
        &mut self.marks
    }
}

/// Which walk visited which slot last: unions and except-lists need no set of their own.
#[derive(Default)]
pub(crate) struct Marks {
    last: Vec<u64>,
    walk: u64,
}

impl Marks {
    /// Has room for slots below `end`.
    fn reach(&mut self, end: usize) {
        if self.last.len() < end {
            self.last.resize(end, 0);
        }
    }

    /// Keeps those below `end`, and room for as many again.
    fn shrink(&mut self, end: usize) {
        self.last.truncate(end);
        self.last.shrink_to(end * 2);
    }

    /// Begins a walk: nobody was visited.
    pub(crate) fn begin(&mut self) {
        self.walk += 1;
    }

    /// `true` at the first visit of this walk.
    pub(crate) fn visit(&mut self, conn: ConnId) -> bool {
        self.last
            .get_mut(conn.slot as usize)
            .is_some_and(|last| std::mem::replace(last, self.walk) != self.walk)
    }
}

#[cfg(test)]
mod tests {
    use bellgate_engine::ConnId;

    use super::Conns;

    /// What is kept of a crowd that is gone, at most.
    const SMALL: usize = 1024;

    fn id(slot: u32) -> ConnId {
        ConnId {
            slot,
            generation: 1,
        }
    }

    #[test]
    fn a_crowd_that_is_gone_gives_its_room_back_and_may_return() {
        let mut conns = Conns::default();
        let crowd = || (0..20_000).map(id);
        for round in 1..3 {
            crowd().for_each(|conn| conns.open(conn, None));
            conns.marks().begin();
            assert!(
                crowd().all(|conn| conns.marks().visit(conn)),
                "round {round}"
            );
            crowd().skip(1).for_each(|conn| drop(conns.close(conn)));
            assert!(conns.slots.capacity() <= SMALL);
            assert!(conns.marks.last.capacity() <= SMALL);
            assert!(conns.get(id(0)).is_some());
            assert_eq!(conns.len(), 1);
        }
    }
}
