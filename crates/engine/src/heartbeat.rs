//! Pings, their answers and the one deadline of both (Engine.IO 4, heartbeat).
//!
//! The server pings; there is no ping before the first interval, so a client that never answers is
//! dead at exactly interval + timeout. The next ping counts from the answer to the one before. The
//! heartbeat knows nothing of transports: it goes on unchanged through an upgrade.
//!
//! A driver that comes late has stalled, and the client is not to blame for it: its answer may lie
//! unread in the kernel. So lateness beyond [`STALL`] is given back once for each ping
//! (hardening §4, row 4); below it, deadlines stay exact.

use std::time::{Duration, Instant};

use crate::config::EngineConfig;

/// How late a driver may be before it counts as stalled.
const STALL: Duration = Duration::from_millis(100);

/// How many pongs beyond the one that was asked for a client may send between two pings.
const SURPLUS_PONGS: u8 = 32;

/// The timer of one session.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    at: Instant,
    state: State,
    surplus: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The next ping is due at the deadline.
    Resting,
    /// A ping is out; without an answer the client is dead at the deadline.
    Waiting,
    /// As `Waiting`, but the driver's own stall was added already.
    Extended,
}

/// What the clock asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nothing is due.
    Quiet,
    /// Send a ping now.
    Ping,
    /// The last ping was not answered in time.
    Dead,
}

impl Heartbeat {
    /// Starts with a rest of one interval.
    pub(crate) fn start(config: &EngineConfig, now: Instant) -> Self {
        Self {
            at: now + config.ping_interval,
            state: State::Resting,
            surplus: 0,
        }
    }

    /// When [`Heartbeat::check`] has something to say.
    pub(crate) fn deadline(&self) -> Instant {
        self.at
    }

    /// Whether a ping is due or overdue, and moves on if so.
    pub(crate) fn check(&mut self, config: &EngineConfig, now: Instant) -> Beat {
        if self.state != State::Resting || now < self.at {
            return self.expire(config, now);
        }
        let due = if self.stall(config, now).is_some() {
            now
        } else {
            self.at
        };
        self.at = due + config.ping_timeout;
        self.state = State::Waiting;
        self.surplus = 0;
        Beat::Ping
    }

    /// Whether the client is dead at `now`. Never pings, so input may ask it before it is taken.
    pub(crate) fn expire(&mut self, config: &EngineConfig, now: Instant) -> Beat {
        if self.state == State::Resting || now < self.at {
            return Beat::Quiet;
        }
        match self.stall(config, now) {
            Some(late) if self.state == State::Waiting => {
                self.at = now + late.min(config.ping_timeout);
                self.state = State::Extended;
                Beat::Quiet
            }
            _ => Beat::Dead,
        }
    }

    /// Takes an answer. False: the client answers far more than it was asked.
    ///
    /// Only the answer to a ping moves the deadline; surplus ones are counted (hardening §3, row 16).
    pub(crate) fn handle_pong(&mut self, config: &EngineConfig, now: Instant) -> bool {
        if self.state == State::Resting {
            self.surplus = self.surplus.saturating_add(1);
            return self.surplus <= SURPLUS_PONGS;
        }
        self.at = now + config.ping_interval;
        self.state = State::Resting;
        true
    }

    /// By how much the driver is too late for its lateness to be an ordinary timer's.
    fn stall(&self, config: &EngineConfig, now: Instant) -> Option<Duration> {
        let late = now.saturating_duration_since(self.at);
        (late > STALL.min(config.ping_timeout / 2)).then_some(late)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Beat, Heartbeat};
    use crate::config::{EngineConfig, Transports};
    use crate::testing::beginning;

    const MS: Duration = Duration::from_millis(1);

    fn config() -> EngineConfig {
        EngineConfig {
            ping_interval: 300 * MS,
            ping_timeout: 200 * MS,
            upgrade_timeout: 10_000 * MS,
            send_buffer: 1 << 20,
            max_payload: 1_000_000,
            transports: Transports {
                polling: true,
                websocket: true,
            },
            allow_upgrades: true,
            deflate_threshold: None,
        }
    }

    fn started() -> (EngineConfig, Instant, Heartbeat) {
        let (config, zero) = (config(), beginning());
        let heartbeat = Heartbeat::start(&config, zero);
        (config, zero, heartbeat)
    }

    #[test]
    fn no_ping_comes_before_the_first_interval_is_over() {
        let (config, zero, mut heartbeat) = started();
        assert_eq!(heartbeat.check(&config, zero), Beat::Quiet);
        assert_eq!(heartbeat.check(&config, zero + 299 * MS), Beat::Quiet);
        assert_eq!(heartbeat.check(&config, zero + 300 * MS), Beat::Ping);
        assert_eq!(
            heartbeat.check(&config, zero + 300 * MS),
            Beat::Quiet,
            "one ping, not two"
        );
    }

    #[test]
    fn a_silent_client_is_dead_at_exactly_interval_plus_timeout() {
        let (config, zero, mut heartbeat) = started();
        assert_eq!(heartbeat.check(&config, zero + 307 * MS), Beat::Ping);
        assert_eq!(heartbeat.expire(&config, zero + 499 * MS), Beat::Quiet);
        assert_eq!(
            heartbeat.expire(&config, zero + 500 * MS),
            Beat::Dead,
            "a timer 7 ms late moves nothing"
        );
    }

    #[test]
    fn the_next_ping_counts_from_the_answer() {
        let (config, zero, mut heartbeat) = started();
        heartbeat.check(&config, zero + 300 * MS);
        assert!(heartbeat.handle_pong(&config, zero + 450 * MS));
        assert_eq!(heartbeat.deadline(), zero + 750 * MS);
        assert_eq!(
            heartbeat.check(&config, zero + 749 * MS),
            Beat::Quiet,
            "not early after a pong"
        );
        assert_eq!(heartbeat.check(&config, zero + 750 * MS), Beat::Ping);
    }

    #[test]
    fn surplus_pongs_never_move_the_deadline_and_the_thirty_third_is_refused() {
        let (config, zero, mut heartbeat) = started();
        for _ in 0..32 {
            assert!(heartbeat.handle_pong(&config, zero + 10 * MS));
        }
        assert_eq!(heartbeat.deadline(), zero + 300 * MS);
        assert!(!heartbeat.handle_pong(&config, zero + 10 * MS));
    }

    #[test]
    fn each_ping_forgives_the_surplus_before_it() {
        let (config, zero, mut heartbeat) = started();
        for _ in 0..32 {
            heartbeat.handle_pong(&config, zero);
        }
        heartbeat.check(&config, zero + 300 * MS);
        for _ in 0..33 {
            assert!(heartbeat.handle_pong(&config, zero + 310 * MS));
        }
    }

    #[test]
    fn a_stalled_driver_gives_the_client_its_stall_back_once() {
        let (config, zero, mut heartbeat) = started();
        heartbeat.check(&config, zero + 300 * MS);
        assert_eq!(
            heartbeat.check(&config, zero + 650 * MS),
            Beat::Quiet,
            "150 ms too late to judge"
        );
        assert_eq!(heartbeat.deadline(), zero + 800 * MS);
        assert_eq!(heartbeat.check(&config, zero + 799 * MS), Beat::Quiet);
        assert_eq!(
            heartbeat.check(&config, zero + 1200 * MS),
            Beat::Dead,
            "once, not for ever"
        );
    }

    #[test]
    fn a_ping_sent_late_by_a_stall_gets_its_whole_timeout() {
        let (config, zero, mut heartbeat) = started();
        assert_eq!(heartbeat.check(&config, zero + 600 * MS), Beat::Ping);
        assert_eq!(heartbeat.deadline(), zero + 800 * MS);
    }
}
