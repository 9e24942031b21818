//! What operators do with somebody's connections: each shard does it with those that it holds.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Outlet as _, Transport};
use bellgate_hub::{Answer, Event, Order, SocketId, Target, Whose};
use bellgate_notify::rfc3339;
use bellgate_transport::Io;
use serde_json::{Value, json};

use super::ShardApp;
use super::live::date;
use crate::server::throttle::is_same_block;
use crate::server::visit::Clocks;

impl ShardApp {
    /// A command of the adapter.
    pub(super) fn take_in(&mut self, command: &bellgate_hub::Command, io: &mut Io<'_>) {
        let bellgate_hub::Command::Order {
            token,
            whose,
            order,
        } = command
        else {
            let events = self.hub.handle_command(command, io.now, io);
            return self.dispatch_all(None, events, io);
        };
        let conns = self.conns_of(whose);
        let answers = conns.iter().filter_map(|conn| self.describe(*conn, io));
        let answers = answers.collect();
        if let (Whose::User(user), Order::End | Order::Block { .. } | Order::Refresh { .. }) =
            (whose, order)
        {
            self.terms.access.outside.forget(user);
        }
        match order {
            Order::Describe => {}
            Order::End => self.end_all(&conns, &Refusal::ServerDisconnect {}, io),
            Order::Block { lasts, reason } => {
                // Set before anybody goes: whoever comes back finds it.
                let why = self
                    .throttle
                    .block(whose, *lasts, reason.as_deref(), io.now);
                if let Some(why) = why {
                    self.end_all(&conns, &why, io);
                }
            }
            Order::Refresh { roles } => {
                for conn in &conns {
                    self.refresh(*conn, whose, roles.as_deref(), io);
                }
            }
            Order::Unblock => {
                self.throttle.unblock(whose, io.now);
            }
        }
        self.program.emitter.take_in(Event::Acked {
            token: *token,
            answers,
            missing: 0,
        });
    }

    fn conns_of(&self, whose: &Whose) -> Vec<ConnId> {
        match whose {
            Whose::User(user) => self.hub.conns_in(&Target::User(Arc::clone(user))),
            Whose::Address(ip) => self.conns_at(*ip),
        }
    }

    /// Those of an address, on plain Engine.IO too.
    fn conns_at(&self, ip: IpAddr) -> Vec<ConnId> {
        let clients = self.clients.iter();
        let clients = clients.map(|(conn, client)| (conn, client.handshake.address));
        let plain = self.plain.iter();
        let plain = plain.map(|(conn, plain)| (conn, plain.handshake.address));
        clients
            .chain(plain)
            .filter(|(_, address)| address.is_some_and(|address| is_same_block(address, ip)))
            .map(|(conn, _)| conn)
            .filter(|conn| self.visitors.has_address(*conn))
            .collect()
    }

    /// `41` for each namespace, then the end.
    pub(super) fn end_all(&mut self, conns: &[ConnId], why: &Refusal, io: &mut Io<'_>) {
        for conn in conns {
            if self.plain.get(*conn).is_some() {
                io.close(*conn, why.clone());
                continue;
            }
            let events = self.hub.end(*conn, why.clone(), io.now, io);
            self.dispatch_all(Some(*conn), events, io);
        }
    }

    /// The application has changed somebody's login. What it says of roles holds at once; without that, what
    /// the login rests on is asked for again, or the connection comes back with the credentials that it has by
    /// now.
    fn refresh(
        &mut self,
        conn: ConnId,
        whose: &Whose,
        roles: Option<&[Arc<str>]>,
        io: &mut Io<'_>,
    ) {
        match (whose, roles) {
            (Whose::User(user), Some(roles)) => self.give_roles(conn, user, roles, io),
            _ => self.ask_anew(conn, true, io),
        }
    }

    /// One connection: the id of its session for the log, and what operators may know of it. Plain Engine.IO has
    /// no user and no namespaces.
    fn describe(&self, conn: ConnId, io: &Io<'_>) -> Option<Answer> {
        let client = self.clients.get(conn);
        let handshake = match client {
            Some(client) => &*client.handshake,
            None => &self.plain.get(conn)?.handshake,
        };
        let visit = client.and_then(|client| client.visit.as_ref());
        let identity = visit.and_then(|visit| visit.identity());
        let sockets = self.hub.sockets(conn);
        let joined: Vec<Value> = sockets
            .into_iter()
            .filter_map(|socket| self.describe_socket(socket))
            .collect();
        let told = json!({
            "session": handshake.request_id,
            "address": handshake.address,
            "origin": handshake.origin,
            "transport": io.transport(conn).map(Transport::name),
            "connected_at": client.map(|client| at(client.opened, io.now)),
            "provider": identity.map(|identity| identity.provider.name()),
            "expires_at": identity.and_then(|identity| identity.expires_at).map(date),
            "namespaces": joined,
        });
        let session = Arc::from(&*handshake.request_id);
        let told = std::iter::once(&*told.to_string()).collect();
        Some((session, told, Vec::new()))
    }

    fn describe_socket(&self, socket: SocketId) -> Option<Value> {
        let (mut roles, mut topics, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
        for target in self.hub.rooms(socket) {
            match target {
                Target::Role(name) => roles.push(name),
                Target::Topic(name) => topics.push(name),
                Target::Room(name) => rooms.push(name),
                Target::All | Target::User(_) | Target::Socket(_) => {}
            }
        }
        for names in [&mut roles, &mut topics, &mut rooms] {
            names.sort();
        }
        let texts = |names: &[Arc<str>]| names.iter().map(|name| json!(**name)).collect::<Value>();
        Some(json!({
            "namespace": &**self.hub.namespace(socket)?,
            "sid": self.hub.sid(socket)?.as_str(),
            "user": self.hub.member(socket)?.user.as_deref(),
            "roles": texts(&roles),
            "topics": texts(&topics),
            "rooms": texts(&rooms),
        }))
    }
}

/// A moment of the shard's clock, as JSON writes it.
fn at(moment: Instant, now: Instant) -> String {
    let past = now.saturating_duration_since(moment).as_millis();
    let unix = i128::from(Clocks::now(now).unix) * 1000;
    rfc3339(i64::try_from(unix - i128::try_from(past).unwrap_or_default()).unwrap_or_default())
}
