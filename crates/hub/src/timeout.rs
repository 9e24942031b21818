//! What becomes overdue.

use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Outlet};

use crate::event::Event;
use crate::hub::Hub;

impl Hub {
    /// When [`Hub::handle_timeout`] is due for this connection: no namespace joined in time, or
    /// attachments that do not come.
    pub fn poll_deadline(&self, conn: ConnId) -> Option<Instant> {
        self.conns.get(conn)?.deadline()
    }

    /// Closes the connection if something is overdue. What that ends is told by [`Hub::close`].
    pub fn handle_timeout<O: Outlet + ?Sized>(
        &mut self,
        conn: ConnId,
        now: Instant,
        out: &mut O,
    ) -> Vec<Event> {
        let Some(late) = self.conns.live_mut(conn) else {
            return Vec::new();
        };
        let is_due = |deadline: Instant| deadline <= now;
        if late.connect_by.is_some_and(is_due) {
            let after = format!("{:?}", self.config.connect_timeout);
            self.fail(conn, Refusal::ConnectTimeout { after }, out);
        } else if late.partial.as_ref().is_some_and(|p| is_due(p.deadline)) {
            let why = Refusal::MessageTimeout {
                what: "a binary event".into(),
                after: format!("{:?}", self.config.attachment_timeout),
            };
            self.fail(conn, why, out);
        }
        Vec::new()
    }

    /// When [`Hub::handle_ack_timeout`] is due; in the past if an answer is complete and untold.
    pub fn poll_ack_deadline(&self) -> Option<Instant> {
        self.acks.deadline()
    }

    /// Every publication whose answers are complete or overdue.
    pub fn handle_ack_timeout(&mut self, now: Instant) -> Vec<Event> {
        let mut events = self.acks.take_untold();
        while let Some((id, receivers, event)) = self.acks.expire(now) {
            for receiver in receivers {
                if let Some(index) = self.sockets.find(receiver)
                    && let Some(owing) = self.sockets.get_mut(index)
                {
                    owing.settle(id);
                }
            }
            events.push(event);
        }
        events
    }
}
