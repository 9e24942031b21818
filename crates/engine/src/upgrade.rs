//! A probe: the WebSocket that may become the session's, and what polls are told meanwhile.
//!
//! While a probe is under way polling stays the session's transport: pending messages go out by a
//! poll, never by the probe, so nothing can be sent twice. Once `2probe` was answered polls no
//! longer wait, because the client sends `5` only when its last poll has ended (Engine.IO 4, upgrade).

use std::time::{Duration, Instant};

/// How many polls a probed session ends at once. A client that reads `6` before `3probe` polls once
/// or twice more and should not lose time by it.
const PROMPT_NOOPS: u8 = 4;

/// How long later polls wait for their `6`: a client whose probe is stuck would otherwise poll in a
/// tight loop until the upgrade times out (hardening §1.2, 14: within 100 ms).
const NOOP_PAUSE: Duration = Duration::from_millis(100);

/// State of one upgrade.
#[derive(Debug)]
pub(crate) struct Probe {
    /// When the upgrade is given up.
    deadline: Instant,
    /// `3probe` was sent.
    is_answered: bool,
    /// Polls that were ended by `6`.
    noops: u8,
    /// Until when the waiting poll is held back.
    hold: Option<Instant>,
}

impl Probe {
    pub(crate) fn open(timeout: Duration, now: Instant) -> Self {
        Self {
            deadline: now + timeout,
            is_answered: false,
            noops: 0,
            hold: None,
        }
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.is_answered
    }

    pub(crate) fn answer(&mut self) {
        self.is_answered = true;
    }

    /// A poll came in.
    pub(crate) fn handle_poll(&mut self, now: Instant) {
        self.hold = (self.is_answered && self.noops >= PROMPT_NOOPS).then(|| now + NOOP_PAUSE);
    }

    /// Whether a waiting poll ends now although nothing is queued.
    pub(crate) fn is_noop_due(&self) -> bool {
        self.is_answered && self.hold.is_none()
    }

    /// A poll was ended by `6`.
    pub(crate) fn count_noop(&mut self) {
        self.noops = self.noops.saturating_add(1);
    }

    /// When the upgrade is given up.
    pub(crate) fn until(&self) -> Instant {
        self.deadline
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.hold
            .map_or(self.deadline, |hold| hold.min(self.deadline))
    }

    /// Lets the held poll go where it is time. True: the whole upgrade is over.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> bool {
        if self.hold.is_some_and(|hold| now >= hold) {
            self.hold = None;
        }
        now >= self.deadline
    }
}
