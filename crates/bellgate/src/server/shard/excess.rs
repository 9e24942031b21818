//! What a shard does with events that come too fast, with users that are blocked for it, and with those that
//! have too many connections.

use std::sync::Arc;
use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery, Outlet as _};
use bellgate_hub::{Member, SocketId};
use bellgate_transport::Io;
use serde_json::Value;

use super::ShardApp;
use crate::server::args::Args;
use crate::server::command::Command;
use crate::server::throttle::{Excess, Full, Place, Sender};

impl ShardApp {
    /// Whether an event comes too fast.
    pub(super) fn throttled(
        &mut self,
        conn: ConnId,
        socket: SocketId,
        now: Instant,
    ) -> Result<(), Excess> {
        let sender = || {
            let member = self.hub.member(socket);
            let client = self.clients.get(conn);
            Sender {
                shard: self.ways.index,
                conn,
                user: member.and_then(|member| member.user.as_ref()),
                address: client.and_then(|client| client.handshake.address),
            }
        };
        let namespace = || self.hub.namespace(socket);
        self.throttle
            .event(&mut self.visitors, sender, namespace, now)
    }

    /// Tells of an event that came too fast: whoever waits for an answer, and the page.
    pub(super) fn refuse_event(
        &mut self,
        socket: SocketId,
        ack: Option<u64>,
        excess: &Excess,
        io: &mut Io<'_>,
    ) {
        let why = &excess.why;
        let user = self
            .hub
            .member(socket)
            .and_then(|member| member.user.clone());
        let action = if excess.is_last { "closed" } else { "refused" };
        self.tell_incident(socket, user.as_deref(), why, action);
        let mut data = why.data(self.request_id(socket), Some(excess.retry_after));
        if let Some(data) = data.as_object_mut() {
            // Whole seconds beside the milliseconds, as `Retry-After` has them.
            let seconds =
                excess.retry_after.as_secs() + u64::from(excess.retry_after.subsec_nanos() > 0);
            data.insert("retry_after".to_owned(), seconds.into());
        }
        self.answer_refused(socket, ack, why, data, io);
        if excess.is_last
            && let Some(conn) = self.hub.conn(socket)
        {
            io.close(conn, why.clone());
        }
    }

    /// Tells whoever waits for an event's answer, and the page, that it is refused.
    pub(super) fn answer_refused(
        &mut self,
        socket: SocketId,
        ack: Option<u64>,
        why: &Refusal,
        data: Value,
        io: &mut Io<'_>,
    ) {
        io.count_refusal(why.code());
        if let Some(id) = ack {
            let answer = serde_json::json!([{"error": why.code().name(), "data": data}]);
            self.hub.ack(socket, id, &answer.to_string(), &[], io);
        }
        let array = Args::from(data).event("bell:error");
        self.hub.emit(socket, &array, &[], Delivery::Regular, io);
    }

    /// Lets a socket in as this member, if there is no block and no cap against it; whether it is in.
    pub(super) fn let_in(&mut self, socket: SocketId, member: Member, io: &mut Io<'_>) -> bool {
        let Some(user) = member.user.clone() else {
            return self.hub.accept(socket, member, io);
        };
        if self.refuse_blocked(socket, &user, io) || self.refuse_capped(socket, &user, io) {
            return false;
        }
        self.throttle.expect(&user);
        let conn = self.hub.conn(socket);
        let is_in = self.hub.accept(socket, member, io);
        if let Some(conn) = conn.filter(|_| !is_in) {
            self.uncount(&user, conn, socket);
        }
        is_in
    }

    /// Refuses a user that is blocked; whether it was.
    fn refuse_blocked(&mut self, socket: SocketId, user: &Arc<str>, io: &mut Io<'_>) -> bool {
        let Some((why, left)) = self.throttle.user_blocked(user, io.now) else {
            return false;
        };
        self.tell_incident(socket, Some(user), &why, "refused");
        let payload = why.connect_error(self.request_id(socket), Some(left));
        io.count_refusal(why.code());
        self.hub.refuse(socket, &payload, io);
        true
    }

    /// Counts a user who joins, and refuses one connection too many; whether it was.
    fn refuse_capped(&mut self, socket: SocketId, user: &Arc<str>, io: &mut Io<'_>) -> bool {
        let (Some(conn), Some(namespace)) = (self.hub.conn(socket), self.hub.namespace(socket))
        else {
            return false;
        };
        let place = Place {
            shard: self.ways.index,
            conn,
        };
        match self.throttle.join(user, place, socket, namespace) {
            Ok(()) => false,
            Err(Full::Refused(why)) => {
                self.tell_incident(socket, Some(user), &why, "refused");
                let payload = why.connect_error(self.request_id(socket), None);
                io.count_refusal(why.code());
                self.hub.refuse(socket, &payload, io);
                true
            }
            Err(Full::Evicts(oldest, why)) => {
                self.tell_incident(socket, Some(user), &why, "evicted");
                if let Some(shard) = self.ways.shards.get(usize::from(oldest.shard)) {
                    shard.command(Command::Evict(oldest.conn, why));
                }
                false
            }
        }
    }

    /// A user has left a namespace, or could not join it.
    pub(super) fn uncount(&self, user: &str, conn: ConnId, socket: SocketId) {
        let shard = self.ways.index;
        self.throttle.leave(user, Place { shard, conn }, socket);
    }
}
