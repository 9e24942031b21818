//! Ways in which a session ends. All lead through [`Session::end`], so that closed stays closed.

use std::time::Instant;

use bellgate_codes::Refusal;

use super::Session;
use crate::config::Transport;
use crate::phase::Phase;
use crate::tombstone::{Last, Tombstone};

impl Session {
    /// The server ends the session in good order: what is queued is written first.
    ///
    /// On polling the next poll brings it, then `6` and `1`; it is kept for 30 s (hardening §1.2, 7
    /// and 8). On a WebSocket the driver writes [`Session::gather`] until it is empty, then the close
    /// frame of [`Session::closed_by`]. A probe is given up, unless it was answered: then its client is
    /// about to leave polling, and is told on whichever it turns to. A session that is closed stays as it
    /// is.
    pub fn close(&mut self, why: Refusal, now: Instant) {
        let mut tombstone = Tombstone::farewell(why, self.transport(), now);
        if let Phase::Probing(probe) = &self.phase
            && probe.is_answered()
        {
            tombstone.change_until(probe.until());
        }
        self.end(tombstone);
    }

    /// The session ends at once and what is queued is discarded. A waiting GET is told `1`. On a
    /// WebSocket the rest of a message that is partly written stays, so that a close frame may follow
    /// it; a driver that rather cuts the socket says so by [`Session::handle_lane_closed`].
    pub fn abort(&mut self, why: Refusal) {
        self.outbox.discard();
        self.end(Tombstone::failed(why, self.transport(), self.is_waiting));
    }

    /// Why the session ended; `None` while it is open.
    pub fn closed_by(&self) -> Option<&Refusal> {
        match &self.phase {
            Phase::Closed(tombstone) => Some(&tombstone.why),
            _ => None,
        }
    }

    /// Whether the session has ended and has nothing left to tell: its place may be given away.
    pub fn is_finished(&self, now: Instant) -> bool {
        match &self.phase {
            Phase::Closed(tombstone) => {
                tombstone.is_over(now)
                    || (tombstone.last == Last::Nothing && self.outbox.is_empty())
            }
            _ => false,
        }
    }

    /// Ends the session by an error of its peer.
    pub(super) fn fail(&mut self, why: Refusal) {
        if !self.is_closed() {
            self.abort(why);
        }
    }

    /// The client ended the session.
    pub(super) fn goodbye(&mut self, now: Instant) {
        self.outbox.clear();
        self.end(Tombstone::goodbye(self.transport(), now));
    }

    /// The client said goodbye while the server was ending the session: nothing is told any more,
    /// except to a poll that waits.
    pub(super) fn end_farewell(&mut self) {
        self.outbox.clear();
        if let Phase::Closed(tombstone) = &mut self.phase {
            tombstone.until = None;
            tombstone.changing_until = None;
            tombstone.last = match (tombstone.transport, self.is_waiting) {
                (Transport::Polling, true) => Last::Noop,
                _ => Last::Nothing,
            };
        }
    }

    fn end(&mut self, tombstone: Tombstone) {
        if !self.is_closed() {
            self.phase = Phase::Closed(Box::new(tombstone));
        }
    }
}
