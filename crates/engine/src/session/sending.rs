//! The way out: the send queue and the WebSocket that empties it.

use std::rc::Rc;

use bellgate_codes::Refusal;
use bellgate_wire::Message;
use smallvec::SmallVec;

use super::Session;
use crate::config::Transport;
use crate::conn::Delivery;

impl Session {
    /// Queues a message; a closed session takes it and does nothing.
    ///
    /// A volatile message is dropped where the client cannot take it right now: on a WebSocket with a
    /// queue, on polling without a waiting GET. It replaces a volatile one that waits at the end of
    /// the queue, and never overtakes a regular one (hardening §1.2, 24).
    ///
    /// Errors: [`Refusal::SlowConsumer`] where the queue would pass the send buffer even without its
    /// volatile messages; the session is closed (contract §10). A single message to an empty queue
    /// may be larger: whoever has taken everything is not slow.
    pub fn send(&mut self, message: Rc<Message>, delivery: Delivery) -> Result<(), Refusal> {
        if self.is_closed() {
            return Ok(());
        }
        if delivery == Delivery::Volatile {
            let may_append = self.is_writable(message.len());
            self.outbox.offer(message, may_append);
            return Ok(());
        }
        if self.is_over_limit(message.len()) {
            self.make_room(message.len())?;
        }
        self.outbox.push(message);
        Ok(())
    }

    /// Drops what may be left out; a session whose queue is too long even so is closed.
    #[cold]
    fn make_room(&mut self, len: usize) -> Result<(), Refusal> {
        self.outbox.drop_volatile();
        if !self.is_over_limit(len) {
            return Ok(());
        }
        let why = Refusal::SlowConsumer {
            queued: (self.outbox.bytes() + len).to_string(),
            limit: self.config.send_buffer.to_string(),
        };
        self.fail(why.clone());
        Err(why)
    }

    /// Bytes that wait for the client, counted as plain WebSocket frames; a message that is partly
    /// written counts whole.
    pub fn queued_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    /// Whether there is something to write to the session's WebSocket, or to answer a waiting GET of
    /// a polling session with, now.
    pub fn has_output(&self) -> bool {
        match self.transport() {
            Transport::Polling => self.has_answer(),
            Transport::Websocket => !self.outbox.is_empty(),
        }
    }

    /// Shows the bytes that the WebSocket has not taken, front first, until `limit` bytes are
    /// reached: at least one slice where there is anything. Nothing on polling.
    pub fn gather<'a>(&'a self, out: &mut SmallVec<[&'a [u8]; 16]>, limit: usize) {
        if self.transport() == Transport::Websocket {
            self.outbox.gather(out, limit, self.deflate());
        }
    }

    /// The socket took this many bytes of what [`Session::gather`] shows.
    pub fn consume(&mut self, written: usize) {
        if self.transport() == Transport::Websocket {
            let deflate = self.deflate();
            self.outbox.consume(written, deflate);
        }
    }

    fn is_over_limit(&self, more: usize) -> bool {
        let queued = self.outbox.bytes();
        queued > 0 && queued.saturating_add(more) > self.config.send_buffer
    }

    /// Whether a volatile message of this length may be queued.
    fn is_writable(&self, len: usize) -> bool {
        match self.transport() {
            Transport::Polling => self.is_waiting && !self.is_over_limit(len),
            Transport::Websocket => self.outbox.is_empty(),
        }
    }
}
