//! One client in one namespace, and the table of all of them.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellgate_engine::{ConnId, Table, take};
use smallvec::SmallVec;

use crate::namespace::NamespaceId;
use crate::rooms::RoomRef;
use crate::target::Member;

/// A socket of this shard. It stays unique after the socket is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId {
    index: u32,
    generation: u32,
}

impl SocketId {
    /// Its place in the table.
    pub(crate) const fn index(self) -> u32 {
        self.index
    }
}

/// The public name of a joined socket: 128 random bits in base64url, kept inline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sid([u8; Sid::LEN]);

impl Sid {
    const LEN: usize = 22;

    fn random(random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut bytes = [0; 16];
        random(&mut bytes);
        let mut text = [b'A'; Self::LEN];
        // 16 bytes make 22 letters without padding, so the slice is never too short.
        let _ = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
        Self(text)
    }

    fn read(text: &str) -> Option<Self> {
        text.as_bytes().try_into().ok().map(Self)
    }

    /// As the client knows it.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Display for Sid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the hub keeps of one client in one namespace. Without rooms beyond its user's it owns no heap.
pub(crate) struct Socket {
    pub(crate) conn: ConnId,
    pub(crate) namespace: NamespaceId,
    generation: u32,
    /// `None` while the application has not answered the CONNECT.
    sid: Option<Sid>,
    pub(crate) member: Arc<Member>,
    /// Where it sits in each of its rooms; the first is the whole namespace.
    pub(crate) rooms: SmallVec<[RoomRef; 2]>,
    /// The ack ids that it owes, ascending.
    pub(crate) owed: Vec<u64>,
}

impl Socket {
    pub(crate) fn is_joined(&self) -> bool {
        self.sid.is_some()
    }

    /// The id of the socket that is, or was, at this place.
    pub(crate) const fn id(&self, index: u32) -> SocketId {
        SocketId {
            index,
            generation: self.generation,
        }
    }

    pub(crate) fn sid(&self) -> Option<Sid> {
        self.sid
    }

    /// Takes `id` off what it owes; `false` if it does not owe it.
    pub(crate) fn settle(&mut self, id: u64) -> bool {
        let found = self.owed.binary_search(&id);
        if let Ok(place) = found {
            self.owed.remove(place);
            if self.owed.is_empty() {
                self.owed = Vec::new();
            }
        }
        found.is_ok()
    }
}

/// All sockets of the shard.
#[derive(Default)]
pub(crate) struct Sockets {
    table: Table<Socket>,
    by_sid: HashMap<Sid, u32>,
    generations: u32,
    /// The one that all visitors are.
    visitor: Arc<Member>,
}

impl Sockets {
    /// A socket that waits for the application's word.
    pub(crate) fn insert(&mut self, conn: ConnId, namespace: NamespaceId) -> u32 {
        self.generations = self.generations.wrapping_add(1);
        small(self.table.insert(Socket {
            conn,
            namespace,
            generation: self.generations,
            sid: None,
            member: Arc::clone(&self.visitor),
            rooms: SmallVec::new(),
            owed: Vec::new(),
        }))
    }

    /// The member as sockets hold it: what all visitors are is there once.
    pub(crate) fn shared(&self, member: Member) -> Arc<Member> {
        if member == *self.visitor {
            Arc::clone(&self.visitor)
        } else {
            Arc::new(member)
        }
    }

    /// Gives the socket its public name. The same name twice would take 2^64 sockets.
    pub(crate) fn name(&mut self, index: u32, random: &mut dyn FnMut(&mut [u8])) -> Option<Sid> {
        let socket = self.table.get_mut(index as usize)?;
        let sid = Sid::random(random);
        socket.sid = Some(sid);
        self.by_sid.insert(sid, index);
        Some(sid)
    }

    pub(crate) fn remove(&mut self, index: u32) -> Option<Socket> {
        let socket = self.table.remove(index as usize)?;
        if let Some(sid) = socket.sid
            && self.by_sid.get(&sid) == Some(&index)
        {
            take(&mut self.by_sid, &sid);
        }
        Some(socket)
    }

    pub(crate) fn get(&self, index: u32) -> Option<&Socket> {
        self.table.get(index as usize)
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut Socket> {
        self.table.get_mut(index as usize)
    }

    /// A socket that is still there.
    pub(crate) fn at(&self, id: SocketId) -> Option<&Socket> {
        let socket = self.get(id.index)?;
        (socket.generation == id.generation).then_some(socket)
    }

    /// The place of a socket that is still there.
    pub(crate) fn find(&self, id: SocketId) -> Option<u32> {
        self.at(id).map(|_| id.index)
    }

    pub(crate) fn id(&self, index: u32) -> Option<SocketId> {
        self.get(index).map(|socket| socket.id(index))
    }

    pub(crate) fn by_sid(&self, sid: &str) -> Option<u32> {
        self.by_sid.get(&Sid::read(sid)?).copied()
    }

    /// Joined and waiting ones.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }
}

/// The name that events carry.
pub(crate) fn shared_sid(socket: &Socket) -> Arc<str> {
    socket.sid.as_ref().map_or("", Sid::as_str).into()
}

/// Places fit 32 bits: memory ends long before four thousand million sockets, rooms or members.
pub(crate) fn small(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use crate::conn::Conn;
    use crate::rooms::Seat;

    use super::Socket;

    /// What an idle connection costs here, beside its user's room: the design's budget is 3 KiB in all.
    #[test]
    fn a_socket_and_its_connection_stay_small() {
        assert!(size_of::<Socket>() <= 168, "{}", size_of::<Socket>());
        assert!(
            size_of::<Option<Conn>>() <= 96,
            "{}",
            size_of::<Option<Conn>>()
        );
        assert_eq!(size_of::<Seat>(), 16);
    }
}
