//! GET and POST of a polling session.

use std::time::Instant;

use bellgate_codes::Refusal;

use super::Session;
use crate::config::Transport;
use crate::outbox::Control;
use crate::phase::Phase;
use crate::tombstone::Last;

impl Session {
    /// A GET arrived. Ok: [`Session::take_payload`] answers it, now or later.
    ///
    /// Errors: [`Refusal::PollOverlap`] where another GET waits; that closes the session and ends the
    /// waiting one with `1` (hardening §1, E12). [`Refusal::BadRequest`] after an upgrade, which the
    /// session survives (E24). [`Refusal::SessionUnknown`] where it has ended and has told so.
    pub fn handle_poll(&mut self, now: Instant) -> Result<(), Refusal> {
        self.expire(now);
        let is_waiting = self.is_waiting;
        match &mut self.phase {
            Phase::Websocket => return Err(moved()),
            Phase::Closed(tombstone) => {
                if is_waiting || tombstone.last == Last::Nothing || tombstone.is_over(now) {
                    return Err(Refusal::SessionUnknown {});
                }
            }
            Phase::Polling | Phase::Probing(_) if is_waiting => {
                self.fail(Refusal::PollOverlap {});
                return Err(Refusal::PollOverlap {});
            }
            Phase::Polling => {}
            Phase::Probing(probe) => probe.handle_poll(now),
        }
        self.is_waiting = true;
        Ok(())
    }

    /// The client of the waiting GET left. The session closes with it (hardening §1, E13): whether
    /// the answer would have arrived is unknown, and a client comes back by itself.
    pub fn handle_poll_aborted(&mut self, now: Instant) {
        self.expire(now);
        if !std::mem::take(&mut self.is_waiting) {
            return;
        }
        match &mut self.phase {
            Phase::Polling | Phase::Probing(_) => self.fail(Refusal::TransportClosed {}),
            Phase::Closed(tombstone) if tombstone.until.is_none() => tombstone.last = Last::Nothing,
            Phase::Websocket | Phase::Closed(_) => {}
        }
    }

    /// A POST arrived; its packets follow by [`Session::handle_packet`], then
    /// [`Session::handle_post_end`].
    ///
    /// Errors: [`Refusal::PostOverlap`] where another one is under way, which closes the session, as
    /// the order of their packets is undefined; the others as for [`Session::handle_poll`]. A session
    /// that the server is just ending takes a POST and ignores its packets.
    pub fn handle_post_begin(&mut self, now: Instant) -> Result<(), Refusal> {
        self.expire(now);
        match &self.phase {
            Phase::Websocket => return Err(moved()),
            Phase::Closed(tombstone) => {
                if !tombstone.is_farewell() || tombstone.is_over(now) {
                    return Err(Refusal::SessionUnknown {});
                }
            }
            Phase::Polling | Phase::Probing(_) if self.is_posting => {
                self.fail(Refusal::PostOverlap {});
                return Err(Refusal::PostOverlap {});
            }
            Phase::Polling | Phase::Probing(_) => {}
        }
        self.is_posting = true;
        Ok(())
    }

    /// The POST under way was read to its end, or given up.
    pub fn handle_post_end(&mut self) {
        self.is_posting = false;
    }

    /// The answer to the waiting GET, if there is one already. Each packet is given out once, so a
    /// driver that cannot write the answer ends the session by [`Session::abort`].
    pub fn take_payload(&mut self) -> Option<Vec<u8>> {
        if !self.has_answer() {
            return None;
        }
        self.is_waiting = false;
        let payload = match &mut self.phase {
            Phase::Polling => self.outbox.drain_answer(),
            Phase::Probing(_) if !self.outbox.is_empty() => self.outbox.drain_answer(),
            Phase::Probing(probe) => {
                probe.count_noop();
                Control::Noop.polling().to_vec()
            }
            // The queue belongs to the WebSocket; only the leftover poll ends here.
            Phase::Websocket => Control::Noop.polling().to_vec(),
            // A stock client acts on a close packet at once and on events in its next turn: in one
            // payload the close would overtake them, a `41` among them.
            Phase::Closed(tombstone)
                if tombstone.last == Last::Drain && !self.outbox.is_empty() =>
            {
                self.outbox.drain_answer()
            }
            Phase::Closed(tombstone) => match std::mem::replace(&mut tombstone.last, Last::Nothing)
            {
                Last::Drain => {
                    tombstone.changing_until = None;
                    Control::farewell()
                }
                Last::Close => Control::Close.polling().to_vec(),
                Last::Noop | Last::Nothing => Control::Noop.polling().to_vec(),
            },
        };
        Some(payload)
    }

    /// Whether a GET waits and there is an answer to it.
    pub(super) fn has_answer(&self) -> bool {
        self.is_waiting
            && match &self.phase {
                Phase::Polling => !self.outbox.is_empty(),
                Phase::Probing(probe) => probe.is_noop_due() || !self.outbox.is_empty(),
                // A poll that was left over from the upgrade ends whatever the queue holds.
                Phase::Websocket => true,
                Phase::Closed(tombstone) => {
                    tombstone.last != Last::Nothing || tombstone.transport == Transport::Websocket
                }
            }
    }
}

/// Polling of a session that left it.
fn moved() -> Refusal {
    Refusal::BadRequest {
        detail: "the session has moved to a WebSocket".to_owned(),
    }
}
