//! The border between a shard and the application that it carries.
//!
//! A shard owns sockets, sessions and timers. What messages mean is the [`App`]'s business: it is
//! called with complete messages and answers through [`Io`], never by awaiting anything.

use std::rc::Rc;
use std::time::{Duration, Instant};

use bellgate_codes::{Code, Refusal};
use bellgate_engine::{ConnId, Delivery, Outlet, Transport};
use bellgate_gate::{Origin, RequestFacts};
use bellgate_wire::Message;

use crate::request_id::RequestId;
use crate::shard::net::Net;

/// What is known about a connection when its session opens.
#[derive(Debug)]
pub struct Opening {
    /// The opening request, as the gate read it.
    pub facts: Box<RequestFacts>,
    /// The id that the request's answer and log lines carry.
    pub request_id: RequestId,
    /// The transport that opened the session.
    pub transport: Transport,
    /// Which of the configured Engine.IO paths was asked for (index).
    pub mount: usize,
}

/// The application half of a shard. All calls come from the shard's thread, one at a time.
pub trait App: Sized + 'static {
    /// What other threads send to this shard's application.
    type Command: Send + 'static;

    /// A session has opened.
    fn handle_open(&mut self, conn: ConnId, opening: Opening, io: &mut Io<'_>);
    /// A poll or a POST of the session has come from an admitted origin; nothing of it is read yet. A
    /// refusal ends the session at once: what waits in it is not for whoever asks.
    fn handle_request(
        &mut self,
        _conn: ConnId,
        _facts: &RequestFacts,
        _io: &Io<'_>,
    ) -> Result<(), Refusal> {
        Ok(())
    }
    /// The packets of a POST follow, the request being one of its session's; or they are all told, and
    /// what comes next came another way.
    fn handle_post(&mut self, _conn: ConnId, _facts: Option<&RequestFacts>) {}
    /// A text message arrived.
    fn handle_text(&mut self, conn: ConnId, text: &str, io: &mut Io<'_>);
    /// A binary message arrived.
    fn handle_binary(&mut self, conn: ConnId, data: &[u8], io: &mut Io<'_>);
    /// The session has moved from polling to a WebSocket.
    fn handle_upgrade(&mut self, conn: ConnId);
    /// The session has ended; nothing can be sent to it any more.
    fn handle_close(&mut self, conn: ConnId, why: &Refusal, io: &mut Io<'_>);
    /// A deadline of this connection has passed.
    fn handle_timeout(&mut self, conn: ConnId, io: &mut Io<'_>);
    /// The connection's next deadline of the application.
    fn poll_deadline(&self, conn: ConnId) -> Option<Instant>;
    /// The next deadline that belongs to no single connection.
    fn poll_shard_deadline(&self) -> Option<Instant>;
    /// That deadline has passed.
    fn handle_shard_timeout(&mut self, io: &mut Io<'_>);
    /// A command from another thread, or from a task of this shard.
    fn handle_command(&mut self, command: Self::Command, io: &mut Io<'_>);
    /// The server is going down and will close this connection after `delay`.
    fn handle_drain(&mut self, conn: ConnId, delay: Duration, io: &mut Io<'_>);
    /// Called about once a second, for gauges.
    fn handle_gauges(&mut self);
}

/// How an [`App`] reaches connections during a call.
pub struct Io<'a> {
    /// The time of this call.
    pub now: Instant,
    pub(crate) net: &'a mut Net,
}

impl<'a> Io<'a> {
    pub(crate) fn new(net: &'a mut Net, now: Instant) -> Self {
        Self { now, net }
    }

    /// Whether one of the connection's requests brought an admitted origin, so that its cookies count.
    pub fn is_bound(&self, conn: ConnId) -> bool {
        self.origin(conn).is_some()
    }

    /// The admitted origin that one of the connection's requests brought.
    pub fn origin(&self, conn: ConnId) -> Option<&Origin> {
        self.net.conn(conn)?.binding.origin()
    }

    /// Has [`App::poll_deadline`] asked once more for a connection whose deadline a command has moved; after
    /// what a client sends that is done anyway.
    pub fn reschedule(&mut self, conn: ConnId) {
        self.net.touch(conn);
    }

    /// Counts a refusal that an application tells by itself.
    pub fn count_refusal(&self, code: Code) {
        self.net.stats.count_refusal(code);
    }

    /// The transport that a connection uses now.
    pub fn transport(&self, conn: ConnId) -> Option<Transport> {
        self.net.conn(conn).map(|conn| conn.session.transport())
    }
}

impl Outlet for Io<'_> {
    fn send(&mut self, to: ConnId, message: &Rc<Message>, delivery: Delivery) {
        self.net.send(to, message, delivery);
    }

    fn broadcast(&mut self, to: ConnId, message: &Rc<Message>, delivery: Delivery) {
        self.net.broadcast(to, message, delivery);
    }

    fn close(&mut self, conn: ConnId, why: Refusal) {
        self.net.close(conn, why, self.now);
    }
}
