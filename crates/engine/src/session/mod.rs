//! The server half of one Engine.IO session: packets and `now` in, payloads and bytes out.

mod ending;
mod packets;
mod polling;
mod sending;
mod time;

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Instant;

use bellgate_wire::Message;

use crate::config::{EngineConfig, Transport};
use crate::handshake::handshake_json;
use crate::heartbeat::Heartbeat;
use crate::outbox::Outbox;
use crate::phase::Phase;

/// One session. A driver calls, in any order that its sockets bring:
///
/// - for polling: [`Session::handle_poll`] and then [`Session::take_payload`] whenever
///   [`Session::has_output`]; [`Session::handle_post_begin`], [`Session::handle_packet`] for each
///   packet, [`Session::handle_post_end`];
/// - for a WebSocket: [`Session::handle_probe_open`] for one that comes to a polling session,
///   [`Session::handle_packet`], and [`Session::gather`] with [`Session::consume`] for writing;
/// - always: [`Session::handle_timeout`] at [`Session::poll_deadline`], which may change with every call.
///
/// Errors say why the request or the socket is refused. After each call [`Session::is_closed`] says
/// whether the session went with it, and [`Session::is_probing`] whether a probe is still wanted.
/// A closed session never opens again; it may be dropped once [`Session::is_finished`].
pub struct Session {
    config: Rc<EngineConfig>,
    outbox: Outbox,
    heartbeat: Heartbeat,
    phase: Phase,
    /// A GET waits for its answer.
    is_waiting: bool,
    /// A POST is under way.
    is_posting: bool,
    /// The WebSocket lane, or the probe that may become it, negotiated permessage-deflate.
    is_deflated: bool,
}

/// What a packet that was in its place asks the driver to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Handled<'a> {
    /// Nothing.
    Nothing,
    /// A text message for the application, without Engine.IO's `4`.
    Text(&'a str),
    /// A binary message for the application.
    Binary(Cow<'a, [u8]>),
    /// Write `3probe` on the probe. A waiting poll ends now: ask [`Session::take_payload`].
    ProbePong,
    /// The probe is the session's WebSocket now: its packets come by [`crate::Lane::Websocket`], the
    /// queue goes there. A poll that still waits ends now: ask [`Session::take_payload`].
    Upgraded,
    /// The client said goodbye; the session is closed, and so is its WebSocket, at once.
    Closed,
}

impl Session {
    /// A fresh session whose first packet, `0{…}`, is queued. On polling the request that opens it
    /// counts as its first poll, so [`Session::take_payload`] answers it.
    pub fn open(transport: Transport, sid: &str, config: &Rc<EngineConfig>, now: Instant) -> Self {
        let mut outbox = Outbox::default();
        outbox.push(Rc::new(Message::open(&handshake_json(
            transport, sid, config,
        ))));
        Self {
            outbox,
            heartbeat: Heartbeat::start(config, now),
            phase: match transport {
                Transport::Polling => Phase::Polling,
                Transport::Websocket => Phase::Websocket,
            },
            config: Rc::clone(config),
            is_waiting: transport == Transport::Polling,
            is_posting: false,
            is_deflated: false,
        }
    }

    /// The transport that carries messages; for a closed session the one it had last.
    pub fn transport(&self) -> Transport {
        self.phase.transport()
    }

    /// Whether the session has ended. It may still have something to tell: see [`Session::is_finished`].
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed(_))
    }

    /// Whether a probe is under way; it may be so for a moment after the end. Once this turns false
    /// without [`Handled::Upgraded`], the driver closes the probe's socket.
    pub fn is_probing(&self) -> bool {
        match &self.phase {
            Phase::Polling | Phase::Websocket => false,
            Phase::Probing(_) => true,
            Phase::Closed(tombstone) => tombstone.changing_until.is_some(),
        }
    }

    /// Whether a GET waits for its answer.
    pub fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// Whether the WebSocket lane, or the probe that may become it, negotiated permessage-deflate.
    /// To be said once, before the lane's first byte is gathered; a later call changes nothing
    /// while a message is partly written.
    pub fn set_deflate(&mut self, is_deflated: bool) {
        if !self.outbox.is_begun() {
            self.is_deflated = is_deflated;
        }
    }

    /// From how many bytes on frames of the present lane are deflated.
    fn deflate(&self) -> Option<usize> {
        self.config.deflate_threshold.filter(|_| self.is_deflated)
    }
}

#[cfg(test)]
mod tests {
    use super::Session;

    #[test]
    fn a_session_is_small() {
        assert!(
            size_of::<Session>() <= 160,
            "{} bytes, and there are a hundred thousand of them",
            size_of::<Session>()
        );
    }
}
