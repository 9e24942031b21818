//! The face of the hub: what a driver calls, and in which order.

use std::sync::Arc;
use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Outlet};

use crate::acks::Acks;
use crate::config::HubConfig;
use crate::conn::Conns;
use crate::event::Event;
use crate::namespace::Namespaces;
use crate::rooms::Rooms;
use crate::socket::{Sid, SocketId, Sockets, shared_sid};
use crate::target::{Member, Target};

/// Fills a slice with bytes that nobody can guess.
pub type Random = Box<dyn FnMut(&mut [u8])>;

/// Namespaces, rooms and acks of one shard.
///
/// A driver calls [`Hub::open`] when a session opens, [`Hub::handle_text`] and
/// [`Hub::handle_binary`] for its Engine.IO messages, and [`Hub::close`] once when the session is
/// gone, also after the hub itself closed it through the [`Outlet`]. It sleeps until
/// [`Hub::poll_deadline`] of each connection and [`Hub::poll_ack_deadline`], and calls
/// [`Hub::handle_timeout`] and [`Hub::handle_ack_timeout`] then.
pub struct Hub {
    pub(crate) config: HubConfig,
    pub(crate) random: Random,
    pub(crate) namespaces: Namespaces,
    pub(crate) conns: Conns,
    pub(crate) sockets: Sockets,
    pub(crate) rooms: Rooms,
    pub(crate) acks: Acks,
}

/// What is known of a socket that has joined a namespace.
#[derive(Debug, Clone, Copy)]
pub struct Joined<'a> {
    /// The name that the client knows itself by.
    pub sid: Sid,
    /// The place of the namespace in the order in which they were defined.
    pub namespace: usize,
    /// Who it belongs to.
    pub member: &'a Arc<Member>,
}

/// How much a hub holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubStats {
    /// Each namespace with its joined sockets.
    pub namespaces: Vec<(Arc<str>, usize)>,
    /// Connections, joined to a namespace or not.
    pub connections: usize,
    /// Sockets that are joined or wait for the application's word.
    pub sockets: usize,
    /// Rooms with somebody in them, users, roles and topics included.
    pub rooms: usize,
    /// Publications that wait for answers of clients.
    pub pending_acks: usize,
}

impl Hub {
    /// A hub without connections; `random` is where the names of sockets come from.
    pub fn new(config: HubConfig, random: Random) -> Self {
        Self {
            config,
            random,
            namespaces: Namespaces::default(),
            conns: Conns::default(),
            sockets: Sockets::default(),
            rooms: Rooms::default(),
            acks: Acks::default(),
        }
    }

    /// Lets clients join `name`. Twice is once; only defined namespaces can be joined.
    pub fn define_namespace(&mut self, name: &str) {
        self.namespaces.define(name);
    }

    /// Limits and times for what comes from now on.
    pub fn reconfigure(&mut self, config: HubConfig) {
        self.config = config;
    }

    /// A session opened: it must join a namespace within [`HubConfig::connect_timeout`].
    pub fn open(&mut self, conn: ConnId, now: Instant) {
        if let Some(forgotten) = self.conns.in_slot(conn.slot) {
            let events = self.dissolve_all(forgotten, "transport error");
            self.acks.keep(events, now);
        }
        self.conns
            .open(conn, now.checked_add(self.config.connect_timeout));
    }

    /// The session is gone: every room is left, then one [`Event::Disconnected`] for each joined
    /// socket; what they still owed counts as missing.
    pub fn close(&mut self, conn: ConnId, why: &Refusal) -> Vec<Event> {
        self.dissolve_all(conn, why.code().row().reason)
    }

    /// Who the socket belongs to, once it is joined.
    pub fn member(&self, socket: SocketId) -> Option<&Arc<Member>> {
        let found = self.sockets.at(socket)?;
        found.is_joined().then_some(&found.member)
    }

    /// All that a handle on the socket needs, once it is joined.
    pub fn joined_as(&self, socket: SocketId) -> Option<Joined<'_>> {
        let found = self.sockets.at(socket)?;
        Some(Joined {
            sid: found.sid()?,
            namespace: found.namespace as usize,
            member: &found.member,
        })
    }

    /// The name that the client knows itself by, once it is joined.
    pub fn sid(&self, socket: SocketId) -> Option<Sid> {
        self.sockets.at(socket)?.sid()
    }

    /// The namespace that the socket joined or asks for.
    pub fn namespace(&self, socket: SocketId) -> Option<&Arc<str>> {
        let found = self.sockets.at(socket)?;
        self.namespaces.name(found.namespace)
    }

    /// The connection that the socket travels on.
    pub fn conn(&self, socket: SocketId) -> Option<ConnId> {
        Some(self.sockets.at(socket)?.conn)
    }

    /// The joined sockets of a connection, in the order of their CONNECTs.
    pub fn sockets(&self, conn: ConnId) -> Vec<SocketId> {
        let Some(held) = self.conns.get(conn) else {
            return Vec::new();
        };
        held.sockets()
            .filter_map(|index| self.sockets.get(index).map(|found| (index, found)))
            .filter(|(_, found)| found.is_joined())
            .map(|(index, found)| found.id(index))
            .collect()
    }

    /// The connections with a socket in `room`, whatever its namespace; each once.
    pub fn conns_in(&self, room: &Target) -> Vec<ConnId> {
        let namespaces = self.namespaces.ids();
        let seats = namespaces.flat_map(|id| self.rooms.seats(&self.sockets, id, room));
        let mut conns: Vec<ConnId> = seats.map(|seat| seat.conn).collect();
        conns.sort_unstable();
        conns.dedup();
        conns
    }

    /// The rooms of the socket, those of its user, roles and topics included, in no order.
    pub fn rooms(&self, socket: SocketId) -> Vec<Target> {
        self.sockets
            .find(socket)
            .map(|found| self.rooms.of(&self.sockets, found).cloned().collect())
            .unwrap_or_default()
    }

    /// How much there is.
    pub fn stats(&self) -> HubStats {
        let namespaces = self.namespaces.counts();
        HubStats {
            namespaces: namespaces.map(|(name, n)| (name.clone(), n)).collect(),
            connections: self.conns.len(),
            sockets: self.sockets.len(),
            rooms: self.rooms.len(),
            pending_acks: self.acks.len(),
        }
    }

    /// Ends a connection that broke a rule. The driver calls [`Hub::close`] when it is gone.
    pub(crate) fn fail<O: Outlet + ?Sized>(&mut self, conn: ConnId, why: Refusal, out: &mut O) {
        if let Some(ending) = self.conns.live_mut(conn) {
            ending.is_closing = true;
            ending.partial = None;
            out.close(conn, why);
        }
    }

    /// Takes one socket out of everything; tells of it if it was joined.
    pub(crate) fn dissolve(&mut self, socket: u32, reason: &'static str, events: &mut Vec<Event>) {
        self.rooms.leave_all(&mut self.sockets, socket);
        let Some(gone) = self.sockets.remove(socket) else {
            return;
        };
        if let Some(conn) = self.conns.get_mut(gone.conn) {
            conn.remove(socket);
        }
        if !gone.is_joined() {
            return;
        }
        self.namespaces.left(gone.namespace);
        events.push(Event::Disconnected {
            socket: gone.id(socket),
            conn: gone.conn,
            sid: shared_sid(&gone),
            namespace: self
                .namespaces
                .name(gone.namespace)
                .cloned()
                .unwrap_or_default(),
            member: Arc::unwrap_or_clone(gone.member),
            reason,
        });
        events.extend(gone.owed.iter().filter_map(|id| self.acks.lose(*id)));
    }

    fn dissolve_all(&mut self, conn: ConnId, reason: &'static str) -> Vec<Event> {
        let Some(gone) = self.conns.close(conn) else {
            return Vec::new();
        };
        // All rooms of all its sockets first: nothing that is told of one may reach another.
        for socket in gone.sockets() {
            self.rooms.leave_all(&mut self.sockets, socket);
        }
        let mut events = Vec::with_capacity(gone.sockets_len());
        for socket in gone.sockets() {
            self.dissolve(socket, reason, &mut events);
        }
        events
    }
}
