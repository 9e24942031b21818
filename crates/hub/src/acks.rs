//! Events that wait for answers of clients.
//!
//! One counter a shard gives the ids, so that all receivers of a broadcast share one message. What
//! a socket owes stands in the socket; here stands who asked, until all have answered, are gone, or
//! the time is over. Nothing is left afterwards (hardening §3 row 45).

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use crate::command::AckRequest;
use crate::event::{Answer, Event};
use crate::socket::SocketId;

/// All questions that are open.
#[derive(Default)]
pub(crate) struct Acks {
    last: u64,
    open: HashMap<u64, Question>,
    deadlines: BTreeSet<(Instant, u64)>,
    /// Answers that are complete, and nobody was told.
    untold: Vec<Event>,
    untold_since: Option<Instant>,
}

struct Question {
    request: AckRequest,
    receivers: Vec<SocketId>,
    waiting: usize,
    missing: usize,
    answers: Vec<Answer>,
}

impl Question {
    fn into_event(self) -> Event {
        Event::Acked {
            token: self.request.token,
            answers: self.answers,
            missing: self.missing + self.waiting,
        }
    }
}

impl Acks {
    /// The id for a message that asks. Client libraries count from 0 as well: ids are per sender.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Opens a question to `receivers`, beside `missing` that could not be asked. Without a
    /// receiver it is answered at once.
    pub(crate) fn ask(
        &mut self,
        id: u64,
        request: AckRequest,
        receivers: Vec<SocketId>,
        missing: usize,
    ) -> Option<Event> {
        let question = Question {
            request,
            waiting: receivers.len(),
            receivers,
            missing,
            answers: Vec::new(),
        };
        if question.waiting == 0 {
            return Some(question.into_event());
        }
        self.deadlines.insert((request.deadline, id));
        self.open.insert(id, question);
        None
    }

    /// One receiver answered. The caller knows that it owed this.
    pub(crate) fn answer(&mut self, id: u64, answer: Answer) -> Option<Event> {
        let question = self.open.get_mut(&id)?;
        question.answers.push(answer);
        self.one_less(id)
    }

    /// One receiver is gone.
    pub(crate) fn lose(&mut self, id: u64) -> Option<Event> {
        let question = self.open.get_mut(&id)?;
        question.missing += 1;
        self.one_less(id)
    }

    /// Takes out one question whose time is over, with those who were asked.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<(u64, Vec<SocketId>, Event)> {
        let (deadline, id) = *self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        self.deadlines.remove(&(deadline, id));
        let mut question = self.open.remove(&id)?;
        let receivers = std::mem::take(&mut question.receivers);
        Some((id, receivers, question.into_event()))
    }

    /// Keeps events that the call at hand cannot return for the next [`Acks::take_untold`].
    pub(crate) fn keep(&mut self, events: impl IntoIterator<Item = Event>, now: Instant) {
        self.untold.extend(events);
        if !self.untold.is_empty() {
            self.untold_since.get_or_insert(now);
        }
    }

    pub(crate) fn take_untold(&mut self) -> Vec<Event> {
        self.untold_since = None;
        std::mem::take(&mut self.untold)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let first = self.deadlines.first().map(|(deadline, _)| *deadline);
        self.untold_since.into_iter().chain(first).min()
    }

    /// How many questions are open.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    fn one_less(&mut self, id: u64) -> Option<Event> {
        let question = self.open.get_mut(&id)?;
        question.waiting = question.waiting.saturating_sub(1);
        if question.waiting > 0 {
            return None;
        }
        let question = self.open.remove(&id)?;
        self.deadlines.remove(&(question.request.deadline, id));
        Some(question.into_event())
    }
}
