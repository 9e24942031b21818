//! What a closed session still has to tell, and for how long.
//!
//! A client learns of the end on its own transport: over a WebSocket by the close frame, over
//! polling by the answer to a poll. That poll may come late, so its answer is kept for a while.

use std::time::{Duration, Instant};

use bellgate_codes::Refusal;

use crate::config::Transport;

/// How long a client's goodbye is remembered: its `1` and its poll are sent together and may arrive
/// in either order (hardening §1, E21).
const GOODBYE: Duration = Duration::from_secs(1);

/// How long the close packet of the server waits for a poll (hardening §1.2, 8), and queued
/// messages for their WebSocket.
const FAREWELL: Duration = Duration::from_secs(30);

/// The end of a session.
#[derive(Debug)]
pub(crate) struct Tombstone {
    /// Why it ended.
    pub(crate) why: Refusal,
    /// The transport it had.
    pub(crate) transport: Transport,
    /// What one more poll is answered with.
    pub(crate) last: Last,
    /// When nothing more is told. `None`: only to a poll that waits already.
    pub(crate) until: Option<Instant>,
    /// Until when a probe that was answered may still become the session's WebSocket. Its client has
    /// stopped polling: a stock one whose probe ends there neither polls again nor comes back, until it
    /// misses a ping.
    pub(crate) changing_until: Option<Instant>,
}

/// The answer to one last poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// None: the session is unknown.
    Nothing,
    /// `6`, because the client itself said goodbye.
    Noop,
    /// `1`.
    Close,
    /// All that is queued, and by the poll after that `6` and `1`.
    Drain,
}

impl Tombstone {
    /// The client said `1`: one poll is told, be it waiting or late.
    pub(crate) fn goodbye(transport: Transport, now: Instant) -> Self {
        let is_polling = transport == Transport::Polling;
        Self {
            why: Refusal::TransportClosed {},
            transport,
            last: if is_polling {
                Last::Noop
            } else {
                Last::Nothing
            },
            until: is_polling.then(|| now + GOODBYE),
            changing_until: None,
        }
    }

    /// The server ends the session after all that is queued.
    pub(crate) fn farewell(why: Refusal, transport: Transport, now: Instant) -> Self {
        Self {
            why,
            transport,
            last: match transport {
                Transport::Polling => Last::Drain,
                Transport::Websocket => Last::Nothing,
            },
            until: Some(now + FAREWELL),
            changing_until: None,
        }
    }

    /// The session failed: a waiting poll is told `1`, later ones find nothing.
    pub(crate) fn failed(why: Refusal, transport: Transport, is_waiting: bool) -> Self {
        Self {
            why,
            transport,
            last: if is_waiting {
                Last::Close
            } else {
                Last::Nothing
            },
            until: None,
            changing_until: None,
        }
    }

    /// The client may still change to its probe, for no longer than there is something to tell.
    pub(crate) fn change_until(&mut self, until: Instant) {
        self.changing_until = self.until.map(|end| end.min(until));
    }

    /// The client has changed to its WebSocket: what is left to tell goes there.
    pub(crate) fn change(&mut self) {
        self.transport = Transport::Websocket;
        self.last = Last::Nothing;
        self.changing_until = None;
    }

    /// When there is something to do next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.until, self.changing_until]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether the server ended the session in good order, so that late input is no fault.
    pub(crate) fn is_farewell(&self) -> bool {
        self.last == Last::Drain || (self.transport == Transport::Websocket && self.until.is_some())
    }

    /// Whether its time is over.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now >= until)
    }
}
