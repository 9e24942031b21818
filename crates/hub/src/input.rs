//! What clients send: Engine.IO messages in, events for the application out.
//!
//! The protocol is taken strictly (hardening §1.1): whatever a well-behaved client never does ends
//! the connection, apart from what crosses a disconnect by the server on its way.

use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery, Outlet};
use bellgate_wire::socket::{Assembled, Assembly, Kind, SocketPacket, encode};
use bellgate_wire::{Arguments, Message};
use bytes::Bytes;
use compact_str::CompactString;

use crate::conn::Partial;
use crate::event::Event;
use crate::hub::Hub;
use crate::socket::{SocketId, shared_sid};

/// The plain refusal that the official test suite compares byte for byte (hardening §1, S5).
const INVALID_NAMESPACE: &str = r#"{"message":"Invalid namespace"}"#;

/// Where a packet is for.
#[derive(Clone, Copy)]
enum Addressee {
    Socket(SocketId),
    /// The client was disconnected a moment ago and may not know it.
    Nobody,
}

impl Hub {
    /// A text message of a connection: one Socket.IO packet. What breaks the protocol closes the
    /// connection through `out`. `request_id` goes into refusals, for whoever compares logs.
    pub fn handle_text<O: Outlet + ?Sized>(
        &mut self,
        conn: ConnId,
        text: &str,
        request_id: &str,
        now: Instant,
        out: &mut O,
    ) -> Option<Event> {
        // Filled where it stands: an event is large to be moved.
        let mut event = None;
        if let Err(why) = self.read_text(conn, text, request_id, now, out, &mut event) {
            self.fail(conn, why, out);
        }
        event
    }

    /// A binary message of a connection: the next attachment of the binary packet before it.
    pub fn handle_binary<O: Outlet + ?Sized>(
        &mut self,
        conn: ConnId,
        data: &[u8],
        now: Instant,
        out: &mut O,
    ) -> Option<Event> {
        let mut event = None;
        if let Err(why) = self.read_binary(conn, data, now, &mut event) {
            self.fail(conn, why, out);
        }
        event
    }

    fn read_text<O: Outlet + ?Sized>(
        &mut self,
        conn: ConnId,
        text: &str,
        request_id: &str,
        now: Instant,
        out: &mut O,
        event: &mut Option<Event>,
    ) -> Result<(), Refusal> {
        let Some(reading) = self.conns.live_mut(conn) else {
            return Ok(());
        };
        if reading.partial.is_some() {
            return Err(out_of_place("text", "waiting for attachments"));
        }
        // Read where it stands: a packet is large to be moved.
        let decoded = SocketPacket::decode(text, &self.config.limits);
        let packet = match decoded {
            Ok(ref packet) => packet,
            Err(why) => return Err(why),
        };
        match packet.kind {
            Kind::Connect => *event = self.handle_connect(conn, packet, request_id, out)?,
            Kind::ConnectError => return Err(out_of_place(packet.kind.name(), "any")),
            Kind::Disconnect => *event = self.handle_disconnect(conn, packet.namespace, now)?,
            Kind::BinaryEvent | Kind::BinaryAck => {
                self.addressee(conn, packet.namespace, packet.kind, now)?;
                self.begin_partial(conn, packet, now)?;
            }
            kind => {
                let addressee = self.addressee(conn, packet.namespace, kind, now)?;
                let args = packet.arguments();
                let name = packet.name.as_deref().map(CompactString::from);
                self.handle_content(addressee, packet.id, name, args, Vec::new(), event);
            }
        }
        Ok(())
    }

    fn read_binary(
        &mut self,
        conn: ConnId,
        data: &[u8],
        now: Instant,
        event: &mut Option<Event>,
    ) -> Result<(), Refusal> {
        let Some(reading) = self.conns.live_mut(conn) else {
            return Ok(());
        };
        let Some(partial) = &mut reading.partial else {
            return Err(out_of_place("binary", "without a binary event"));
        };
        if !partial.assembly.push(data)? {
            return Ok(());
        }
        let Some(partial) = reading.partial.take() else {
            return Ok(());
        };
        self.handle_assembled(conn, partial.assembly.finish(), now, event)
    }

    fn begin_partial(
        &mut self,
        conn: ConnId,
        packet: &SocketPacket<'_>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let assembly = Assembly::begin(packet, &self.config.limits)?;
        let deadline = now + self.config.attachment_timeout;
        if let Some(reading) = self.conns.live_mut(conn) {
            reading.partial = Some(Box::new(Partial { assembly, deadline }));
        }
        Ok(())
    }

    fn handle_assembled(
        &mut self,
        conn: ConnId,
        whole: Assembled,
        now: Instant,
        event: &mut Option<Event>,
    ) -> Result<(), Refusal> {
        let addressee = self.addressee(conn, &whole.namespace, whole.kind, now)?;
        let Assembled {
            id,
            name,
            args,
            attachments,
            ..
        } = whole;
        self.handle_content(addressee, id, name, args, attachments, event);
        Ok(())
    }

    /// Events and acks go to joined sockets only.
    fn addressee(
        &mut self,
        conn: ConnId,
        namespace: &str,
        kind: Kind,
        now: Instant,
    ) -> Result<Addressee, Refusal> {
        let id = self.namespaces.find(namespace);
        let (Some(id), Some(reading)) = (id, self.conns.get(conn)) else {
            return Err(out_of_place(kind.name(), "not connected"));
        };
        match reading.socket_in(id) {
            Some(index) => match self.sockets.get(index).filter(|found| found.is_joined()) {
                Some(found) => Ok(Addressee::Socket(found.id(index))),
                None => Err(out_of_place(
                    kind.name(),
                    "waiting for the answer to CONNECT",
                )),
            },
            None if reading.was_kicked(id, now) => Ok(Addressee::Nobody),
            None => Err(out_of_place(kind.name(), "not connected")),
        }
    }

    /// A whole packet, text or binary: an event has a name, an ack none.
    fn handle_content(
        &mut self,
        addressee: Addressee,
        id: Option<u64>,
        name: Option<CompactString>,
        args: Arguments,
        attachments: Vec<Bytes>,
        event: &mut Option<Event>,
    ) {
        let Addressee::Socket(socket) = addressee else {
            return;
        };
        match (name, id) {
            (Some(name), ack) => {
                *event = Some(Event::Received {
                    socket,
                    name,
                    args,
                    attachments,
                    ack,
                });
            }
            (None, Some(id)) => *event = self.handle_ack(socket.index(), id, args, attachments),
            (None, None) => {}
        }
    }

    /// An answer counts once; one that nobody waits for is no offence, it may just be late.
    fn handle_ack(
        &mut self,
        socket: u32,
        id: u64,
        args: Arguments,
        attachments: Vec<Bytes>,
    ) -> Option<Event> {
        let owing = self.sockets.get_mut(socket)?;
        if !owing.settle(id) {
            return None;
        }
        let answer = (shared_sid(owing), args, attachments);
        self.acks.answer(id, answer)
    }

    fn handle_connect<O: Outlet + ?Sized>(
        &mut self,
        conn: ConnId,
        packet: &SocketPacket<'_>,
        request_id: &str,
        out: &mut O,
    ) -> Result<Option<Event>, Refusal> {
        let Some(namespace) = self.namespaces.find(packet.namespace) else {
            self.refuse_unknown(conn, packet.namespace, request_id, out);
            return Ok(None);
        };
        let limit = self.config.sockets_per_conn;
        let Some(asking) = self.conns.live_mut(conn) else {
            return Ok(None);
        };
        if asking.socket_in(namespace).is_some() {
            return Err(out_of_place("CONNECT", "connected or connecting"));
        }
        if asking.sockets_len() >= limit {
            return Err(Refusal::SocketLimit {
                what: "namespaces".into(),
                limit: limit.to_string(),
            });
        }
        let index = self.sockets.insert(conn, namespace);
        asking.add(namespace, index);
        let Some(socket) = self.sockets.id(index) else {
            return Ok(None);
        };
        Ok(Some(Event::Connect {
            socket,
            namespace: self.namespaces.name(namespace).cloned().unwrap_or_default(),
            auth: packet.data.map(str::to_owned),
        }))
    }

    fn refuse_unknown<O: Outlet + ?Sized>(
        &self,
        conn: ConnId,
        namespace: &str,
        request_id: &str,
        out: &mut O,
    ) {
        let text = if self.config.plain_refusals {
            encode::connect_error(namespace, INVALID_NAMESPACE)
        } else {
            let why = Refusal::NamespaceUnknown {
                namespace: namespace.to_owned(),
            };
            encode::connect_error(namespace, &why.connect_error(request_id, None))
        };
        out.send(conn, &Message::text(&text).into(), Delivery::Regular);
    }

    /// The client leaves a namespace; the transport stays, also after the last one.
    fn handle_disconnect(
        &mut self,
        conn: ConnId,
        namespace: &str,
        now: Instant,
    ) -> Result<Option<Event>, Refusal> {
        let addressee = self.addressee(conn, namespace, Kind::Disconnect, now)?;
        let Addressee::Socket(socket) = addressee else {
            return Ok(None);
        };
        let mut events = Vec::new();
        let reason = Refusal::ClientDisconnect {}.code().row().reason;
        self.dissolve(socket.index(), reason, &mut events);
        let mut events = events.into_iter();
        let first = events.next();
        self.acks.keep(events, now);
        Ok(first)
    }

    pub(crate) fn is_joined(&self, socket: u32) -> bool {
        self.sockets
            .get(socket)
            .is_some_and(crate::socket::Socket::is_joined)
    }
}

fn out_of_place(packet: &str, state: &str) -> Refusal {
    Refusal::PacketOutOfPlace {
        packet: packet.into(),
        state: state.into(),
    }
}
