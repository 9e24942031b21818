//! What stands in line behind a handler that has to wait.

use std::collections::VecDeque;

use bellgate_codes::Refusal;
use bellgate_wire::Limits;

use crate::server::call::Call;

/// Most events of one connection that stand in line.
const CALLS: usize = 1000;

/// How many of the largest messages they may come to in bytes.
const MESSAGES: usize = 4;

/// The line of one connection.
#[derive(Default)]
pub(super) struct Line {
    pub(super) calls: VecDeque<Call>,
    /// Bytes that the client sent for them.
    bytes: usize,
}

impl Line {
    /// Puts a call at the end; an error where the line becomes too long by it.
    pub(super) fn push(&mut self, call: Call, limits: &Limits) -> Result<(), Refusal> {
        let most_bytes = MESSAGES.saturating_mul(limits.message_bytes);
        self.bytes = self.bytes.saturating_add(call.bytes());
        self.calls.push_back(call);
        let (what, limit) = if self.calls.len() > CALLS {
            ("events that wait", CALLS)
        } else if self.bytes > most_bytes {
            ("bytes of events that wait", most_bytes)
        } else {
            return Ok(());
        };
        let (what, limit) = (what.to_owned(), limit.to_string());
        Err(Refusal::SocketLimit { what, limit })
    }
}
