//! The phases of a session, and the table that says what a packet means in each.

use bellgate_wire::Packet;

use crate::config::Transport;
use crate::tombstone::Tombstone;
use crate::upgrade::Probe;

/// Where a packet came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The body of a POST.
    Polling,
    /// The session's own WebSocket.
    Websocket,
    /// A WebSocket that has not become the session's own.
    Probe,
}

/// What a session is doing, with what only that phase needs; the rare ones live apart, so that an
/// idle session stays small.
#[derive(Debug)]
pub(crate) enum Phase {
    Polling,
    Probing(Box<Probe>),
    Websocket,
    Closed(Box<Tombstone>),
}

impl Phase {
    /// The phase as the table of transitions knows it.
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Polling => Stage::Polling,
            Self::Probing(probe) if probe.is_answered() => Stage::Probed,
            Self::Probing(_) => Stage::Probing,
            Self::Websocket => Stage::Websocket,
            Self::Closed(tombstone) if tombstone.changing_until.is_some() => Stage::Changing,
            Self::Closed(_) => Stage::Closed,
        }
    }

    /// The transport that carries messages, or carried them to the end.
    pub(crate) fn transport(&self) -> Transport {
        match self {
            Self::Polling | Self::Probing(_) => Transport::Polling,
            Self::Websocket => Transport::Websocket,
            Self::Closed(tombstone) => tombstone.transport,
        }
    }
}

/// A phase without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// On polling, no upgrade under way.
    Polling,
    /// A probe's WebSocket is open, `2probe` has not come.
    Probing,
    /// `3probe` was sent, `5` has not come.
    Probed,
    /// On a WebSocket.
    Websocket,
    /// Ended by the server while [`Stage::Probed`]; `5` has not come.
    Changing,
    /// Ended.
    Closed,
}

impl Stage {
    /// The name that refusals carry.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Probing => "probing",
            Self::Probed => "probed",
            Self::Websocket => "websocket",
            Self::Changing | Self::Closed => "closed",
        }
    }
}

/// What a packet asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// A message for the application.
    Deliver,
    /// The answer to a ping.
    Heard,
    /// The client ends the session.
    Goodbye,
    /// `2probe` on the probe: answer it.
    AnswerProbe,
    /// `5` after an answered probe: its WebSocket becomes the session's.
    Upgrade,
    /// The client gives the probe up.
    LeaveProbe,
    /// The lane is not, or no longer, one of this session: the packet does not count.
    WrongLane,
    /// The packet may not come here.
    OutOfPlace,
}

/// The table of transitions (Engine.IO 4; hardening §1.1). Refused for any state: what only a server
/// sends (`0`, `2`, `6`), and `5` without an answered probe.
///
/// `is_posting`: a POST that began before an upgrade may still bring its messages after it.
pub(crate) fn action(stage: Stage, lane: Lane, packet: &Packet<'_>, is_posting: bool) -> Action {
    match (stage, lane) {
        (Stage::Polling | Stage::Probing | Stage::Probed, Lane::Polling)
        | (Stage::Websocket, Lane::Websocket) => on_session(packet),
        (Stage::Websocket, Lane::Polling) if is_posting => on_session(packet),
        (Stage::Probing, Lane::Probe) => match packet {
            Packet::Ping("probe") => Action::AnswerProbe,
            Packet::Pong(_) => Action::Heard,
            Packet::Close => Action::LeaveProbe,
            _ => Action::OutOfPlace,
        },
        (Stage::Probed | Stage::Changing, Lane::Probe) => match packet {
            Packet::Upgrade => Action::Upgrade,
            Packet::Pong(_) => Action::Heard,
            Packet::Close => Action::LeaveProbe,
            _ => Action::OutOfPlace,
        },
        _ => Action::WrongLane,
    }
}

fn on_session(packet: &Packet<'_>) -> Action {
    match packet {
        Packet::Text(_) | Packet::Binary(_) => Action::Deliver,
        Packet::Pong(_) => Action::Heard,
        Packet::Close => Action::Goodbye,
        Packet::Open(_) | Packet::Ping(_) | Packet::Upgrade | Packet::Noop => Action::OutOfPlace,
    }
}

#[cfg(test)]
mod tests {
    use bellgate_wire::Packet;

    use super::Action::{
        AnswerProbe, Deliver, Goodbye, Heard, LeaveProbe, OutOfPlace, Upgrade, WrongLane,
    };
    use super::{Action, Lane, Stage, action};

    /// Columns: `0`, `1`, `2`, `2probe`, `3`, `4`, `5`, `6`.
    #[rustfmt::skip]
    const TABLE: [(Stage, Lane, [Action; 8]); 18] = {
        const S: [Action; 8] = [OutOfPlace, Goodbye, OutOfPlace, OutOfPlace, Heard, Deliver, OutOfPlace, OutOfPlace];
        const W: [Action; 8] = [WrongLane; 8];
        [
            (Stage::Polling,   Lane::Polling,   S),
            (Stage::Polling,   Lane::Websocket, W),
            (Stage::Polling,   Lane::Probe,     W),
            (Stage::Probing,   Lane::Polling,   S),
            (Stage::Probing,   Lane::Websocket, W),
            (Stage::Probing,   Lane::Probe, [OutOfPlace, LeaveProbe, OutOfPlace, AnswerProbe, Heard, OutOfPlace, OutOfPlace, OutOfPlace]),
            (Stage::Probed,    Lane::Polling,   S),
            (Stage::Probed,    Lane::Websocket, W),
            (Stage::Probed,    Lane::Probe, [OutOfPlace, LeaveProbe, OutOfPlace, OutOfPlace, Heard, OutOfPlace, Upgrade, OutOfPlace]),
            (Stage::Websocket, Lane::Polling,   W),
            (Stage::Websocket, Lane::Websocket, S),
            (Stage::Websocket, Lane::Probe,     W),
            (Stage::Changing,  Lane::Polling,   W),
            (Stage::Changing,  Lane::Websocket, W),
            (Stage::Changing,  Lane::Probe, [OutOfPlace, LeaveProbe, OutOfPlace, OutOfPlace, Heard, OutOfPlace, Upgrade, OutOfPlace]),
            (Stage::Closed,    Lane::Polling,   W),
            (Stage::Closed,    Lane::Websocket, W),
            (Stage::Closed,    Lane::Probe,     W),
        ]
    };

    #[test]
    fn each_packet_means_in_each_state_what_the_table_says() {
        let packets = [
            Packet::Open("{}"),
            Packet::Close,
            Packet::Ping(""),
            Packet::Ping("probe"),
            Packet::Pong(""),
            Packet::Text("x"),
            Packet::Upgrade,
            Packet::Noop,
        ];
        for (stage, lane, row) in TABLE {
            for (packet, expected) in packets.iter().zip(row) {
                let found = action(stage, lane, packet, false);
                assert_eq!(
                    found,
                    expected,
                    "{} on {lane:?} while {}",
                    packet.name(),
                    stage.name()
                );
            }
        }
    }

    #[test]
    fn a_post_that_began_before_the_upgrade_still_delivers_after_it() {
        let text = Packet::Text("x");
        assert_eq!(
            action(Stage::Websocket, Lane::Polling, &text, true),
            Deliver
        );
    }
}
