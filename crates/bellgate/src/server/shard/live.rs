//! What becomes of a connection while it is open: its login nears its end, or is another one by now
//! (contract §4, expiry and change).
//!
//! [`ShardApp::judge_anew`] is the one way for whatever has changed. A connection that is to come back is
//! closed below the namespaces, never by `41`: a stock client then connects anew by itself.

use std::sync::Arc;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery, Outlet as _};
use bellgate_gate::identity::{Brought, Credentials, Found, Identity, Standing};
use bellgate_hub::{Member, SocketId};
use bellgate_notify::rfc3339;
use bellgate_transport::Io;
use serde_json::{Value, json};

use super::ShardApp;
use crate::server::args::Args;
use crate::server::visit::{Clocks, Due};

impl ShardApp {
    /// The time of a connection's login has come to a point.
    pub(super) fn login_due(&mut self, conn: ConnId, io: &mut Io<'_>) {
        let clocks = Clocks::now(io.now);
        let client = self.clients.get_mut(conn);
        let Some(visit) = client.and_then(|client| client.visit.as_mut()) else {
            return;
        };
        match visit.handle_timeout(clocks) {
            Due::Nothing => {}
            Due::Expiring(end) => {
                let left = end.saturating_add(1).saturating_sub(clocks.unix);
                let told = json!({
                    "expires_at": date(end),
                    "expires_in_ms": left.saturating_mul(1000),
                });
                self.tell(conn, "bell:expiring", told, io);
            }
            Due::Recheck => {
                visit.recheck_after(self.terms.access.recheck(), clocks);
                self.ask_anew(conn, false, io);
            }
            Due::Over(ended) => io.close(conn, ended),
        }
    }

    /// A connection's login has come to this by now, or to nothing, for this reason.
    ///
    /// Namespaces that it may not be in any more are left at once, with their rooms; in the others its
    /// roles are those that it has now, and the page is told by `bell:session`. Without a login, and as
    /// another user, the connection ends.
    pub(super) fn judge_anew(
        &mut self,
        conn: ConnId,
        login: Result<Identity, Refusal>,
        io: &mut Io<'_>,
    ) {
        let client = self.clients.get_mut(conn);
        let Some(visit) = client.and_then(|client| client.visit.as_mut()) else {
            return;
        };
        let renewed = login.and_then(|identity| {
            let before = visit.renew(identity.clone(), Clocks::now(io.now))?;
            Ok(before.map(|before| (before, identity)))
        });
        match renewed {
            Ok(Some((before, identity))) => {
                if (&before.roles, &before.topics) != (&identity.roles, &identity.topics) {
                    self.change_member(conn, &before, &identity, io);
                }
                if before != identity {
                    let told = json!({
                        "user": identity.user,
                        "roles": identity.roles,
                        "expires_at": identity.expires_at.map(date),
                    });
                    self.tell(conn, "bell:session", told, io);
                }
            }
            // A visitor's.
            Ok(None) => {}
            Err(why) => {
                if matches!(why, Refusal::IdentityChanged {})
                    && let Some(client) = self.clients.get(conn)
                {
                    client.tell_changed(&why);
                }
                io.close(conn, why);
            }
        }
    }

    /// `bell:renew {token}`: the page brings a fresh token, so that its login goes on without a
    /// reconnect. The ack is `{expires_at}`, or as of any event that is refused.
    pub(super) fn renew(
        &mut self,
        conn: ConnId,
        socket: SocketId,
        ack: Option<u64>,
        payload: &str,
        io: &mut Io<'_>,
    ) {
        match self.renewed(conn, socket, payload, io) {
            Ok(identity) => {
                let client = self.clients.get(conn);
                let visit = client.and_then(|client| client.visit.as_ref());
                let is_same = visit.and_then(|visit| visit.user()) == Some(&*identity.user);
                let answer = json!([{"expires_at": identity.expires_at.map(date)}]);
                if let Some(id) = ack.filter(|_| is_same) {
                    self.hub.ack(socket, id, &answer.to_string(), &[], io);
                }
                self.judge_anew(conn, Ok(identity), io);
            }
            Err(why) => {
                self.tell_incident(socket, None, &why, "refused");
                let data = why.data(self.request_id(socket), None);
                self.answer_refused(socket, ack, &why, data, io);
                if let Some(last) = self.one_too_many(conn, &why, io) {
                    io.close(conn, last);
                }
            }
        }
    }

    /// Whose token a renewal brings.
    fn renewed(
        &self,
        conn: ConnId,
        socket: SocketId,
        payload: &str,
        io: &Io<'_>,
    ) -> Result<Identity, Refusal> {
        let client = self.clients.get(conn);
        let visit = client.and_then(|client| client.visit.as_ref());
        if visit.and_then(|visit| visit.identity()).is_none() {
            let namespace = self.hub.namespace(socket).map(ToString::to_string);
            return Err(Refusal::AuthRequired {
                namespace: namespace.unwrap_or_default(),
            });
        }
        let brought = Brought::by_connect(Some(payload), false);
        let access = &self.terms.access;
        let nothing = || Refusal::TokenInvalid {
            detail: "bell:renew brings no token that is read here".to_owned(),
        };
        if !access.identities.reads_tokens() || !brought.has_token() {
            return Err(nothing());
        }
        let now = Clocks::now(io.now).unix;
        match access.find_at_hand(&Credentials::default(), &brought, now) {
            Some(Found::Known(Standing::User(user))) => Ok(user.identity),
            Some(Found::Known(Standing::Visitor { because })) => {
                Err(because.unwrap_or_else(nothing))
            }
            Some(Found::Refused(why)) => Err(why),
            // Its key is being fetched: the next try, or the next connection, finds it.
            Some(Found::Needs(_)) | None => Err(Refusal::AuthUnavailable {
                what: "the key of this token".to_owned(),
            }),
        }
    }

    /// The application says which roles a user has by now: for each of the user's connections, whose
    /// login keeps them until it says otherwise itself.
    pub(super) fn give_roles(
        &mut self,
        conn: ConnId,
        user: &Arc<str>,
        roles: &[Arc<str>],
        io: &mut Io<'_>,
    ) {
        let client = self.clients.get(conn);
        let visit = client.and_then(|client| client.visit.as_ref());
        let identity = visit.and_then(|visit| visit.identity());
        if let Some(identity) = identity.filter(|identity| *identity.user == **user) {
            let given = roles.iter().map(ToString::to_string).collect();
            let identities = &self.terms.access.identities;
            let identity = identities.with_roles(identity.clone(), given);
            return self.judge_anew(conn, Ok(identity), io);
        }
        // A handler of the program has said who it is.
        for socket in self.sockets_of(conn, user) {
            self.set_roles(socket, roles.to_vec());
        }
        let told = json!({"user": &**user, "roles": texts(roles), "expires_at": Value::Null});
        self.tell(conn, "bell:session", told, io);
    }

    /// Leaves the namespaces that ask for more than the roles of now, and has these and the topics of now in
    /// the others. Where a handler of the program gave others than the login did, it keeps them.
    fn change_member(&mut self, conn: ConnId, before: &Identity, now: &Identity, io: &mut Io<'_>) {
        for socket in self.sockets_of(conn, &now.user) {
            let (Some(namespace), Some(member)) =
                (self.hub.namespace(socket), self.hub.member(socket))
            else {
                continue;
            };
            let handlers = self.program.namespaces.get(&**namespace);
            let is_handled = handlers.is_some_and(|handlers| handlers.connect.is_some());
            if !is_handled && !self.terms.access.admits_roles(namespace, &now.roles) {
                let events = self.hub.disconnect(socket, false, io.now, io);
                self.dispatch_all(Some(conn), events, io);
                continue;
            }
            let next = |held: &[Arc<str>], before: &[String], now: &[String]| {
                let is_given = held.iter().map(|name| &**name).eq(before);
                if is_handled && !is_given {
                    held.to_vec()
                } else {
                    now.iter().map(|name| name.as_str().into()).collect()
                }
            };
            let member = Member {
                user: member.user.clone(),
                roles: next(&member.roles, &before.roles, &now.roles),
                topics: next(&member.topics, &before.topics, &now.topics),
            };
            self.hub.set_member(socket, member);
        }
    }

    fn set_roles(&mut self, socket: SocketId, roles: Vec<Arc<str>>) {
        if let Some(member) = self.hub.member(socket) {
            let member = Member {
                roles,
                ..Member::clone(member)
            };
            self.hub.set_member(socket, member);
        }
    }

    /// The sockets of a connection that this user has joined with.
    fn sockets_of(&self, conn: ConnId, user: &str) -> Vec<SocketId> {
        let mut sockets = self.hub.sockets(conn);
        sockets.retain(|socket| {
            let member = self.hub.member(*socket);
            member.is_some_and(|member| member.user.as_deref() == Some(user))
        });
        sockets
    }

    /// Tells a page something in each namespace that it has joined: it listens in any of them.
    pub(super) fn tell(&mut self, conn: ConnId, event: &str, told: Value, io: &mut Io<'_>) {
        let array = Args::from(told).event(event);
        for socket in self.hub.sockets(conn) {
            self.hub.emit(socket, &array, &[], Delivery::Regular, io);
        }
    }
}

/// The event by which a client brings a new token: its first argument.
pub(super) const RENEWAL: &str = "bell:renew";

/// A second of Unix time, as JSON writes it.
pub(super) fn date(unix: u64) -> String {
    rfc3339(i64::try_from(unix).map_or(i64::MAX, |unix| unix.saturating_mul(1000)))
}

fn texts(names: &[Arc<str>]) -> Value {
    names.iter().map(|name| json!(**name)).collect()
}
