//! Rooms: an address of a namespace and the dense list of those who are in it.
//!
//! Room and socket know each other's place in their lists, so taking one out is two swaps: join is
//! O(rooms of that socket), leave and disconnect too, a broadcast is O(members), and nothing
//! depends on how many rooms or sockets there are (design §4.5).

use std::collections::HashMap;
use std::sync::Arc;

use bellgate_engine::{ConnId, Table, take};
use smallvec::SmallVec;

use crate::namespace::NamespaceId;
use crate::socket::{Sockets, small};
use crate::target::Target;

/// A member of a room. The connection stands here too, so that a broadcast reads nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) conn: ConnId,
    pub(crate) socket: u32,
    /// Which of the socket's [`RoomRef`]s points back here.
    back: u32,
}

/// A room of a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoomRef {
    room: u32,
    /// Which of the room's [`Seat`]s is the socket's.
    seat: u32,
}

struct Room {
    namespace: NamespaceId,
    target: Target,
    seats: SmallVec<[Seat; 1]>,
}

/// The rooms of all namespaces of a shard. A room exists as long as somebody is in it.
#[derive(Default)]
pub(crate) struct Rooms {
    table: Table<Room>,
    index: Vec<HashMap<Target, u32>>,
}

impl Rooms {
    /// Puts a socket into a room; nothing changes if it is there.
    pub(crate) fn join(&mut self, sockets: &mut Sockets, socket: u32, target: Target) {
        let Some(joining) = sockets.get_mut(socket) else {
            return;
        };
        let room = self.find_or_make(joining.namespace, target);
        let Some(entry) = self.table.get_mut(room as usize) else {
            return;
        };
        if joining.rooms.iter().any(|known| known.room == room) {
            return;
        }
        let seat = small(entry.seats.len());
        entry.seats.push(Seat {
            conn: joining.conn,
            socket,
            back: small(joining.rooms.len()),
        });
        joining.rooms.push(RoomRef { room, seat });
    }

    /// Takes a socket out of a room; nothing changes if it is not there.
    pub(crate) fn leave(&mut self, sockets: &mut Sockets, socket: u32, target: &Target) {
        let Some(leaving) = sockets.get(socket) else {
            return;
        };
        let Some(room) = self.find(leaving.namespace, target) else {
            return;
        };
        if let Some(back) = leaving.rooms.iter().position(|known| known.room == room) {
            self.unseat(sockets, socket, back);
        }
    }

    /// Takes a socket out of all its rooms.
    pub(crate) fn leave_all(&mut self, sockets: &mut Sockets, socket: u32) {
        while let Some(last) = sockets
            .get(socket)
            .and_then(|leaving| leaving.rooms.len().checked_sub(1))
        {
            self.unseat(sockets, socket, last);
        }
    }

    /// Whether the socket sits in the room.
    pub(crate) fn is_in(&self, sockets: &Sockets, socket: u32, target: &Target) -> bool {
        sockets.get(socket).is_some_and(|asked| {
            self.find(asked.namespace, target)
                .is_some_and(|room| asked.rooms.iter().any(|known| known.room == room))
        })
    }

    /// The rooms of a socket, the namespace itself left out.
    pub(crate) fn of<'a>(
        &'a self,
        sockets: &'a Sockets,
        socket: u32,
    ) -> impl Iterator<Item = &'a Target> {
        let rooms = sockets.get(socket).map_or(&[][..], |asked| &asked.rooms);
        rooms
            .iter()
            .filter_map(|known| self.table.get(known.room as usize))
            .map(|room| &room.target)
            .filter(|target| **target != Target::All)
    }

    /// Who an address reaches in a namespace, each once.
    pub(crate) fn seats(
        &self,
        sockets: &Sockets,
        namespace: NamespaceId,
        target: &Target,
    ) -> &[Seat] {
        match target {
            Target::Socket(sid) => self.own_seat(sockets, namespace, sid).unwrap_or_default(),
            _ => self
                .find(namespace, target)
                .and_then(|room| self.table.get(room as usize))
                .map_or(&[], |room| &room.seats),
        }
    }

    /// The name of a room as the room itself holds it, so that all its members share one text.
    pub(crate) fn shared_text(&self, namespace: NamespaceId, target: &Target) -> Option<Arc<str>> {
        let (key, _) = self.index.get(namespace as usize)?.get_key_value(target)?;
        match key {
            Target::All => None,
            Target::User(text)
            | Target::Role(text)
            | Target::Topic(text)
            | Target::Room(text)
            | Target::Socket(text) => Some(text.clone()),
        }
    }

    /// How many rooms have somebody in them, the namespaces left out.
    pub(crate) fn len(&self) -> usize {
        let everybody = self
            .index
            .iter()
            .filter(|rooms| rooms.contains_key(&Target::All));
        self.table.len().saturating_sub(everybody.count())
    }

    /// The seat that a socket has in its namespace: the only one that every joined socket has.
    fn own_seat(&self, sockets: &Sockets, namespace: NamespaceId, sid: &str) -> Option<&[Seat]> {
        let socket = sockets.get(sockets.by_sid(sid)?)?;
        if socket.namespace != namespace {
            return None;
        }
        let place = socket.rooms.first()?;
        let seat = place.seat as usize;
        let room = self.table.get(place.room as usize)?;
        room.seats.get(seat..=seat)
    }

    fn find(&self, namespace: NamespaceId, target: &Target) -> Option<u32> {
        self.index.get(namespace as usize)?.get(target).copied()
    }

    fn find_or_make(&mut self, namespace: NamespaceId, target: Target) -> u32 {
        if let Some(room) = self.find(namespace, &target) {
            return room;
        }
        let room = small(self.table.insert(Room {
            namespace,
            target: target.clone(),
            seats: SmallVec::new(),
        }));
        let place = namespace as usize;
        if self.index.len() <= place {
            self.index.resize_with(place + 1, HashMap::new);
        }
        if let Some(rooms) = self.index.get_mut(place) {
            rooms.insert(target, room);
        }
        room
    }

    /// Two swaps: the last room of the socket takes the freed place, the last member of the room too.
    fn unseat(&mut self, sockets: &mut Sockets, socket: u32, back: usize) {
        let Some(leaving) = sockets.get_mut(socket) else {
            return;
        };
        let left = leaving.rooms.swap_remove(back);
        if let Some(moved) = leaving.rooms.get(back)
            && let Some(seat) = self.seat_mut(*moved)
        {
            seat.back = small(back);
        }
        let Some(room) = self.table.get_mut(left.room as usize) else {
            return;
        };
        room.seats.swap_remove(left.seat as usize);
        if let Some(moved) = room.seats.get(left.seat as usize)
            && let Some(neighbour) = sockets.get_mut(moved.socket)
            && let Some(place) = neighbour.rooms.get_mut(moved.back as usize)
        {
            place.seat = left.seat;
        }
        self.tidy(left.room);
    }

    fn seat_mut(&mut self, place: RoomRef) -> Option<&mut Seat> {
        self.table
            .get_mut(place.room as usize)?
            .seats
            .get_mut(place.seat as usize)
    }

    /// An empty room vanishes, one that was far larger gives memory back.
    fn tidy(&mut self, place: u32) {
        let Some(room) = self.table.get_mut(place as usize) else {
            return;
        };
        let length = room.seats.len();
        if length > 0 {
            if room.seats.capacity() > SPARE && room.seats.capacity() / 4 > length {
                room.seats.shrink_to_fit();
            }
            return;
        }
        if let Some(rooms) = self.index.get_mut(room.namespace as usize) {
            take(rooms, &room.target);
        }
        self.table.remove(place as usize);
    }
}

/// Lists up to this length are never shrunk: the gain is smaller than the copying.
const SPARE: usize = 64;
