//! Deadlines.

use std::time::Instant;

use bellgate_codes::Refusal;

use super::Session;
use crate::heartbeat::Beat;
use crate::outbox::Control;
use crate::phase::Phase;
use crate::tombstone::Last;

impl Session {
    /// Does what is due: sends a ping, closes the session where the last one was not answered, gives
    /// a probe up ([`Session::is_probing`] turns false: the driver closes its socket with
    /// [`Refusal::UpgradeTimeout`]), ends a held poll, forgets what a closed session had to tell.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Closed(tombstone) => {
                tombstone.changing_until.take_if(|until| now >= *until);
                if tombstone.is_over(now) {
                    tombstone.last = Last::Nothing;
                    self.outbox.clear();
                }
                return;
            }
            Phase::Probing(probe) => {
                if probe.handle_timeout(now) {
                    self.leave_probe();
                }
            }
            Phase::Polling | Phase::Websocket => {}
        }
        let beat = self.heartbeat.check(&self.config, now);
        self.follow(beat);
    }

    /// When [`Session::handle_timeout`] is to be called next. `None`: never, the session has ended.
    pub fn poll_deadline(&self) -> Option<Instant> {
        let heartbeat = self.heartbeat.deadline();
        match &self.phase {
            Phase::Polling | Phase::Websocket => Some(heartbeat),
            Phase::Probing(probe) => Some(heartbeat.min(probe.deadline())),
            Phase::Closed(tombstone) => tombstone.deadline().filter(|_| !self.has_told()),
        }
    }

    /// Input comes to a session only while it lives: one whose time was over before the timer ran is
    /// dead at that very moment (hardening §1, E18).
    pub(super) fn expire(&mut self, now: Instant) {
        if !self.is_closed() {
            let beat = self.heartbeat.expire(&self.config, now);
            self.follow(beat);
        }
    }

    fn follow(&mut self, beat: Beat) {
        match beat {
            Beat::Quiet => {}
            Beat::Ping => self.outbox.push_control(Control::Ping),
            Beat::Dead => self.fail(Refusal::PingTimeout {
                after: format!("{:?}", self.config.ping_timeout),
            }),
        }
    }

    fn has_told(&self) -> bool {
        matches!(&self.phase, Phase::Closed(tombstone) if tombstone.last == Last::Nothing)
            && self.outbox.is_empty()
    }
}
