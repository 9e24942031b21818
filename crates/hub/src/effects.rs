//! What the application does to one socket.

use std::sync::Arc;
use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery, Outlet};
use bellgate_wire::Message;
use bellgate_wire::socket::encode;
use bytes::Bytes;

use crate::event::Event;
use crate::hub::Hub;
use crate::socket::{Socket, SocketId};
use crate::target::{Member, Target};

impl Hub {
    /// Lets a waiting socket in: it joins the rooms of `member`, and the client gets its `sid`.
    /// `false`, and nothing done, if it does not wait (any more).
    pub fn accept<O: Outlet + ?Sized>(
        &mut self,
        socket: SocketId,
        member: Member,
        out: &mut O,
    ) -> bool {
        let Some(index) = self.waiting(socket) else {
            return false;
        };
        let Some(sid) = self.sockets.name(index, &mut *self.random) else {
            return false;
        };
        let Some((conn, namespace)) = self.place(index) else {
            return false;
        };
        if let Some(joined) = self.conns.get_mut(conn) {
            joined.connect_by = None;
        }
        self.namespaces.joined(namespace);
        self.rooms.join(&mut self.sockets, index, Target::All);
        self.set_rooms_of(index, member);
        let payload = format!(r#"{{"sid":"{}"}}"#, sid.as_str());
        self.write(index, Delivery::Regular, out, |namespace| {
            Message::text(&encode::connect(namespace, &payload))
        });
        true
    }

    /// Keeps a waiting socket out: the client gets `payload_json`, the transport stays open and the
    /// time to join a namespace goes on.
    pub fn refuse<O: Outlet + ?Sized>(
        &mut self,
        socket: SocketId,
        payload_json: &str,
        out: &mut O,
    ) {
        let Some(index) = self.waiting(socket) else {
            return;
        };
        self.write(index, Delivery::Regular, out, |namespace| {
            Message::text(&encode::connect_error(namespace, payload_json))
        });
        self.dissolve(index, "", &mut Vec::new());
    }

    /// Puts a joined socket into a room. Refused for a socket that is gone or going, above
    /// [`crate::HubConfig::rooms_per_socket`], and for [`Target::Socket`], which is one socket's
    /// own address.
    pub fn join(&mut self, socket: SocketId, room: Target) -> Result<(), Refusal> {
        let index = self.joined(socket).ok_or(Refusal::ClientDisconnect {})?;
        self.join_at(index, room)
    }

    /// Takes a socket out of a room; nothing happens if it is not there. The namespace itself
    /// ([`Target::All`]) can only be left by [`Hub::disconnect`].
    pub fn leave(&mut self, socket: SocketId, room: &Target) {
        if let Some(index) = self.sockets.find(socket) {
            self.leave_at(index, room);
        }
    }

    /// Gives a joined socket another member: implicit rooms that it has no more are left, new ones
    /// are joined, rooms that were joined by hand stay. For roles that changed on a live socket.
    pub fn set_member(&mut self, socket: SocketId, member: Member) {
        let Some(index) = self.joined(socket) else {
            return;
        };
        let Some(former) = self.sockets.get(index).map(|found| found.member.clone()) else {
            return;
        };
        let kept: Vec<Target> = member.targets().collect();
        for lost in former.targets().filter(|target| !kept.contains(target)) {
            self.rooms.leave(&mut self.sockets, index, &lost);
        }
        self.set_rooms_of(index, member);
    }

    /// Sends an event to one socket: `array_json` is `["name",…]`.
    pub fn emit<O: Outlet + ?Sized>(
        &mut self,
        socket: SocketId,
        array_json: &str,
        attachments: &[Bytes],
        delivery: Delivery,
        out: &mut O,
    ) {
        let Some(receiver) = self.receiver(socket) else {
            return;
        };
        self.write_to(receiver, delivery, out, |namespace| {
            Message::event(namespace, None, array_json, attachments)
        });
    }

    /// Answers the event that came with the ack id `id`: `array_json` is `[…]`.
    pub fn ack<O: Outlet + ?Sized>(
        &mut self,
        socket: SocketId,
        id: u64,
        array_json: &str,
        attachments: &[Bytes],
        out: &mut O,
    ) {
        let Some(receiver) = self.receiver(socket) else {
            return;
        };
        self.write_to(receiver, Delivery::Regular, out, |namespace| {
            Message::ack(namespace, id, array_json, attachments)
        });
    }

    /// Disconnects a socket; with `close_transport` every namespace of its connection, and then the
    /// transport. What the client sent before it knew is ignored for 10 s from `now`.
    pub fn disconnect<O: Outlet + ?Sized>(
        &mut self,
        socket: SocketId,
        close_transport: bool,
        now: Instant,
        out: &mut O,
    ) -> Vec<Event> {
        let Some(conn) = self.conn(socket) else {
            return Vec::new();
        };
        if !close_transport {
            let mut events = Vec::new();
            if let Some(index) = self.joined(socket) {
                self.kick(index, now, out, &mut events);
            }
            return events;
        }
        self.end(conn, Refusal::ServerDisconnect {}, now, out)
    }

    /// Takes a connection out of all its namespaces, tells its client of each, and ends it.
    pub fn end<O: Outlet + ?Sized>(
        &mut self,
        conn: ConnId,
        why: Refusal,
        now: Instant,
        out: &mut O,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        let all: Vec<u32> = self
            .conns
            .get(conn)
            .map(|ending| ending.sockets().collect())
            .unwrap_or_default();
        for index in &all {
            self.rooms.leave_all(&mut self.sockets, *index);
        }
        for index in all {
            self.kick(index, now, out, &mut events);
        }
        self.fail(conn, why, out);
        events
    }

    fn kick<O: Outlet + ?Sized>(
        &mut self,
        index: u32,
        now: Instant,
        out: &mut O,
        events: &mut Vec<Event>,
    ) {
        let Some((conn, namespace)) = self.place(index) else {
            return;
        };
        if self.is_joined(index) {
            self.write(index, Delivery::Regular, out, |namespace| {
                Message::text(&encode::disconnect(namespace))
            });
        }
        let reason = Refusal::ServerDisconnect {}.code().row().reason;
        self.dissolve(index, reason, events);
        if let Some(kicked) = self.conns.get_mut(conn) {
            kicked.kick(namespace, now);
        }
    }

    pub(crate) fn join_at(&mut self, index: u32, room: Target) -> Result<(), Refusal> {
        if let Target::Socket(_) = &room {
            return Err(Refusal::FieldInvalid {
                pointer: "/rooms".into(),
                detail: "a socket's own address is no room for others".into(),
            });
        }
        let limit = self.config.rooms_per_socket;
        let held = self.sockets.get(index).map_or(0, |found| found.rooms.len());
        // The namespace itself stands in the list and does not count.
        if held > limit && !self.rooms.is_in(&self.sockets, index, &room) {
            return Err(Refusal::SocketLimit {
                what: "rooms".into(),
                limit: limit.to_string(),
            });
        }
        self.rooms.join(&mut self.sockets, index, room);
        Ok(())
    }

    pub(crate) fn leave_at(&mut self, index: u32, room: &Target) {
        if *room != Target::All {
            self.rooms.leave(&mut self.sockets, index, room);
        }
    }

    /// Joins the member's rooms and keeps it, its texts shared with those of the rooms.
    fn set_rooms_of(&mut self, index: u32, mut member: Member) {
        for target in member.targets() {
            self.rooms.join(&mut self.sockets, index, target);
        }
        let Some((_, namespace)) = self.place(index) else {
            return;
        };
        let rooms = &self.rooms;
        let share = |text: &mut Arc<str>, kind: fn(Arc<str>) -> Target| {
            if let Some(shared) = rooms.shared_text(namespace, &kind(text.clone())) {
                *text = shared;
            }
        };
        member
            .user
            .iter_mut()
            .for_each(|text| share(text, Target::User));
        member
            .roles
            .iter_mut()
            .for_each(|text| share(text, Target::Role));
        member
            .topics
            .iter_mut()
            .for_each(|text| share(text, Target::Topic));
        member.roles.shrink_to_fit();
        member.topics.shrink_to_fit();
        let member = self.sockets.shared(member);
        if let Some(found) = self.sockets.get_mut(index) {
            found.member = member;
        }
    }

    /// Sends one socket a message of its own.
    fn write<O: Outlet + ?Sized>(
        &self,
        index: u32,
        delivery: Delivery,
        out: &mut O,
        message: impl FnOnce(&str) -> Message,
    ) {
        if let Some(found) = self.sockets.get(index) {
            self.write_to(found, delivery, out, message);
        }
    }

    fn write_to<O: Outlet + ?Sized>(
        &self,
        receiver: &Socket,
        delivery: Delivery,
        out: &mut O,
        message: impl FnOnce(&str) -> Message,
    ) {
        if let Some(namespace) = self.namespaces.name(receiver.namespace) {
            out.send(receiver.conn, &message(namespace).into(), delivery);
        }
    }

    /// A socket that may be sent to and may join rooms.
    fn receiver(&self, socket: SocketId) -> Option<&Socket> {
        self.live(socket).filter(|found| found.is_joined())
    }

    /// As [`Hub::receiver`], its place.
    fn joined(&self, socket: SocketId) -> Option<u32> {
        self.receiver(socket).map(|_| socket.index())
    }

    /// The place of a socket that waits for the application's word.
    fn waiting(&self, socket: SocketId) -> Option<u32> {
        let found = self.live(socket)?;
        (!found.is_joined()).then_some(socket.index())
    }

    /// A socket whose connection goes on.
    fn live(&self, socket: SocketId) -> Option<&Socket> {
        let found = self.sockets.at(socket)?;
        self.goes_on(found).then_some(found)
    }

    pub(crate) fn is_live(&self, index: u32) -> bool {
        self.sockets
            .get(index)
            .is_some_and(|found| self.goes_on(found))
    }

    fn goes_on(&self, socket: &Socket) -> bool {
        let conn = self.conns.get(socket.conn);
        conn.is_some_and(|conn| !conn.is_closing)
    }

    fn place(&self, index: u32) -> Option<(ConnId, crate::namespace::NamespaceId)> {
        let found = self.sockets.get(index)?;
        Some((found.conn, found.namespace))
    }
}
