//! What a shard does with events that come too fast, and with users that are blocked for it.

use std::sync::Arc;
use std::time::Instant;

use bellgate_engine::{ConnId, Delivery, Outlet as _};
use bellgate_hub::SocketId;
use bellgate_transport::Io;

use super::ShardApp;
use crate::server::args::Args;
use crate::server::throttle::{Excess, Sender};

impl ShardApp {
    /// Whether an event comes too fast.
    pub(super) fn throttled(
        &mut self,
        conn: ConnId,
        socket: SocketId,
        now: Instant,
    ) -> Result<(), Excess> {
        let member = self.hub.member(socket);
        let client = self.clients.get(conn);
        let sender = Sender {
            conn,
            user: member.and_then(|member| member.user.as_ref()),
            address: client.and_then(|client| client.handshake.address),
        };
        self.throttle.event(&mut self.visitors, sender, now)
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
        io.count_refusal(why.code());
        let mut data = why.data(self.request_id(socket), Some(excess.retry_after));
        if let Some(data) = data.as_object_mut() {
            // Whole seconds beside the milliseconds, as `Retry-After` has them.
            let seconds =
                excess.retry_after.as_secs() + u64::from(excess.retry_after.subsec_nanos() > 0);
            data.insert("retry_after".to_owned(), seconds.into());
        }
        if let Some(id) = ack {
            let answer = serde_json::json!([{"error": why.code().name(), "data": data}]);
            self.hub
                .ack(socket, id, &answer.to_string(), Vec::new(), io);
        }
        let array = Args::from(data).event("bell:error");
        self.hub
            .emit(socket, &array, Vec::new(), Delivery::Regular, io);
        if excess.is_last
            && let Some(conn) = self.hub.conn(socket)
        {
            io.close(conn, why.clone());
        }
    }

    /// Refuses a user that is blocked; whether it was.
    pub(super) fn refuse_blocked(
        &mut self,
        socket: SocketId,
        user: &Arc<str>,
        io: &mut Io<'_>,
    ) -> bool {
        let Some((why, left)) = self.throttle.user_blocked(user, io.now) else {
            return false;
        };
        let payload = why.connect_error(self.request_id(socket), Some(left));
        io.count_refusal(why.code());
        self.hub.refuse(socket, &payload, io);
        true
    }
}
