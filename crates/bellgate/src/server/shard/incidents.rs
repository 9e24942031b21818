//! What of a socket is told to whoever watches over security.

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Outlet as _};
use bellgate_hub::SocketId;
use bellgate_transport::Io;

use super::ShardApp;
use crate::server::handlers::Refused;
use crate::server::security::{self, Incident};

impl ShardApp {
    /// A socket may not join: its client is told, and whoever watches. A client that goes on with bad
    /// credentials is closed.
    pub(super) fn refuse(&mut self, socket: SocketId, refused: &Refused, io: &mut Io<'_>) {
        let payload = refused.payload(self.request_id(socket));
        let conn = self.hub.conn(socket);
        if let Some(client) = self.client(socket) {
            client.refused(refused.code().name());
        }
        let mut last = None;
        if let (Refused::Code(why), Some(conn)) = (refused, conn) {
            self.tell_incident(socket, None, why, "refused");
            last = self.one_too_many(conn, why, io);
        }
        self.hub.refuse(socket, &payload, io);
        if let (Some(conn), Some(why)) = (conn, last) {
            io.close(conn, why);
        }
    }

    /// Counts what a connection was refused for. Why it is to end, where it goes on with bad credentials.
    pub(super) fn one_too_many(
        &self,
        conn: ConnId,
        refused: &Refusal,
        io: &Io<'_>,
    ) -> Option<Refusal> {
        let client = self.clients.get(conn)?;
        let address = client.handshake.address;
        let address = address.filter(|_| self.visitors.has_address(conn));
        let user = client.incident().user;
        self.throttle
            .note_refused(refused.code(), address, user, io.now)
    }

    /// Tells of something that a socket was refused, and of what has come of it. `user`: who asks, where
    /// the login does not say it.
    pub(super) fn tell_incident(
        &self,
        socket: SocketId,
        user: Option<&str>,
        why: &Refusal,
        action: &'static str,
    ) {
        let Some(client) = self.client(socket) else {
            return;
        };
        let sid = self.hub.sid(socket);
        let known = client.incident();
        let incident = Incident {
            user: user.or(known.user),
            namespace: self.hub.namespace(socket).map(|name| &**name),
            sid: sid.as_ref().map(bellgate_hub::Sid::as_str),
            ..known
        };
        security::tell(why, &incident, action);
    }
}
