//! Packets and ends of lanes.

use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_wire::Packet;

use super::{Handled, Session};
use crate::config::Transport;
use crate::phase::{Action, Lane, Phase, Stage, action};
use crate::upgrade::Probe;

impl Session {
    /// A WebSocket for this session was opened. It counts as a probe until `5`.
    ///
    /// Errors: [`Refusal::UpgradeRefused`] where upgrades are off, another probe is under way or the
    /// session is on a WebSocket already; nothing changes for the session, and the driver answers
    /// 101 and closes that socket (hardening §1, E25). [`Refusal::SessionUnknown`] where it has ended.
    pub fn handle_probe_open(&mut self, now: Instant) -> Result<(), Refusal> {
        self.expire(now);
        let detail = match self.phase {
            Phase::Closed(_) => return Err(Refusal::SessionUnknown {}),
            _ if !self.config.is_upgradable() => "upgrades are turned off",
            Phase::Probing(_) => "another upgrade is under way",
            Phase::Websocket => "it is on a WebSocket already",
            Phase::Polling => {
                let probe = Probe::open(self.config.upgrade_timeout, now);
                self.phase = Phase::Probing(Box::new(probe));
                return Ok(());
            }
        };
        Err(upgrade_refused(detail))
    }

    /// A packet arrived on a lane.
    ///
    /// An error closes the session with that refusal, except on [`Lane::Probe`], where it ends the
    /// upgrade alone and the driver closes the probe's socket, and on a lane that the session has
    /// left, where nothing changes. Packets to a session that the server is just ending are ignored.
    pub fn handle_packet<'a>(
        &mut self,
        lane: Lane,
        packet: Packet<'a>,
        now: Instant,
    ) -> Result<Handled<'a>, Refusal> {
        self.expire(now);
        let stage = self.phase.stage();
        match action(stage, lane, &packet, self.is_posting) {
            Action::Deliver => Ok(deliver(packet)),
            Action::Heard => self.heard(lane, now),
            Action::Goodbye => {
                self.goodbye(now);
                Ok(Handled::Closed)
            }
            Action::AnswerProbe => {
                if let Phase::Probing(probe) = &mut self.phase {
                    probe.answer();
                }
                Ok(Handled::ProbePong)
            }
            Action::Upgrade => {
                match &mut self.phase {
                    Phase::Closed(tombstone) => tombstone.change(),
                    phase => *phase = Phase::Websocket,
                }
                Ok(Handled::Upgraded)
            }
            Action::LeaveProbe => {
                self.leave_probe();
                Err(Refusal::TransportClosed {})
            }
            Action::WrongLane => self.wrong_lane(lane, &packet),
            Action::OutOfPlace => self.refuse(lane, out_of_place(&packet, stage)),
        }
    }

    /// A lane's socket is gone. A probe's end leaves the session on polling; the end of the session's
    /// WebSocket closes it with `why` and discards the queue. Polling has no socket of its own: see
    /// [`Session::handle_poll_aborted`].
    pub fn handle_lane_closed(&mut self, lane: Lane, why: Refusal, now: Instant) {
        self.expire(now);
        match lane {
            Lane::Probe => self.leave_probe(),
            Lane::Websocket if self.transport() == Transport::Websocket => {
                self.outbox.clear();
                self.abort(why);
            }
            Lane::Websocket | Lane::Polling => {}
        }
    }

    fn heard<'a>(&mut self, lane: Lane, now: Instant) -> Result<Handled<'a>, Refusal> {
        if self.heartbeat.handle_pong(&self.config, now) {
            return Ok(Handled::Nothing);
        }
        let what = "pongs".to_owned();
        self.refuse(lane, Refusal::HeartbeatFlood { what })
    }

    fn refuse<'a>(&mut self, lane: Lane, why: Refusal) -> Result<Handled<'a>, Refusal> {
        match lane {
            Lane::Probe => self.leave_probe(),
            Lane::Polling | Lane::Websocket => self.fail(why.clone()),
        }
        Err(why)
    }

    fn wrong_lane<'a>(&mut self, lane: Lane, packet: &Packet<'_>) -> Result<Handled<'a>, Refusal> {
        match &self.phase {
            Phase::Closed(tombstone) if tombstone.is_farewell() && lane != Lane::Probe => {
                if !matches!(packet, Packet::Close) {
                    return Ok(Handled::Nothing);
                }
                self.end_farewell();
                Ok(Handled::Closed)
            }
            Phase::Closed(_) => Err(Refusal::SessionUnknown {}),
            _ if lane == Lane::Probe => Err(upgrade_refused("this is not its upgrade")),
            _ => Err(Refusal::BadRequest {
                detail: "the session is on another transport".to_owned(),
            }),
        }
    }

    /// Back to polling; the deflate of the probe goes with it.
    pub(super) fn leave_probe(&mut self) {
        match &mut self.phase {
            Phase::Probing(_) => {
                self.phase = Phase::Polling;
                self.is_deflated = false;
            }
            Phase::Closed(tombstone) => tombstone.changing_until = None,
            Phase::Polling | Phase::Websocket => {}
        }
    }
}

fn deliver(packet: Packet<'_>) -> Handled<'_> {
    match packet {
        Packet::Text(text) => Handled::Text(text),
        Packet::Binary(data) => Handled::Binary(data),
        _ => Handled::Nothing,
    }
}

fn out_of_place(packet: &Packet<'_>, stage: Stage) -> Refusal {
    Refusal::PacketOutOfPlace {
        packet: packet.name().to_owned(),
        state: stage.name().to_owned(),
    }
}

fn upgrade_refused(detail: &str) -> Refusal {
    Refusal::UpgradeRefused {
        detail: detail.to_owned(),
    }
}
