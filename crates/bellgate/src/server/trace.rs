//! A connection as its log lines know it: what `SOCKETIO_DEBUG` shows of handshake, upgrade, join, event
//! names and end, and beside it who the connection belongs to.
//!
//! Lines of one connection share `session`, the id of the request that opened it: it stands in that
//! request's answer, and whoever reads it cannot take the session over, as with a sid. Payloads,
//! tokens and cookies are never told.

use std::sync::Arc;
use std::time::Instant;

use bellgate_codes::Refusal;
use bellgate_engine::Transport;
use bellgate_gate::escape_for_log;
use bellgate_gate::identity::{Identities, Need};
use bellgate_hub::{Event, Member};

use super::handlers::Handshake;
use super::security::{self, Incident};
use super::visit::{Clocks, Look, Visit};

/// Most bytes of a name that came from the network.
pub(super) const NAME: usize = 128;

/// Whether anything of this is shown. To be asked where finding out what to show costs something.
pub(super) fn is_on() -> bool {
    tracing::enabled!(tracing::Level::DEBUG)
}

/// A connection that joins namespaces.
pub(super) struct Client {
    pub(super) handshake: Arc<Handshake>,
    /// Who it belongs to; none where no user can be known.
    pub(super) visit: Option<Box<Visit>>,
    pub(super) opened: Instant,
}

impl Client {
    /// A session has opened.
    pub(super) fn open(
        handshake: Handshake,
        visit: Option<Visit>,
        transport: Transport,
        now: Instant,
    ) -> Self {
        tracing::debug!(
            session = handshake.request_id,
            transport = transport.name(),
            origin = handshake.origin,
            client = handshake.address.map(|address| address.to_string()),
            "a session opens"
        );
        Self {
            handshake: Arc::new(handshake),
            visit: visit.map(Box::new),
            opened: now,
        }
    }

    pub(super) fn upgraded(&self) {
        tracing::debug!(session = self.handshake.request_id, "moved to a WebSocket");
    }

    /// What a request of the session has brought: an error where it is another user's, or what is to be
    /// found out first.
    pub(super) fn look(
        &mut self,
        identities: &Identities,
        look: &Look,
        clocks: Clocks,
    ) -> Result<Option<Need>, Refusal> {
        let Some(visit) = self.visit.as_mut() else {
            return Ok(None);
        };
        let looked = visit.look(identities, look, clocks);
        looked.inspect_err(|changed| self.tell_changed(changed))
    }

    /// When the time of its login comes to a point.
    pub(super) fn poll_deadline(&self) -> Option<Instant> {
        self.visit.as_ref()?.poll_deadline()
    }

    /// The hub says what a client did.
    pub(super) fn did(&self, event: &Event) {
        let session = &*self.handshake.request_id;
        match event {
            Event::Connect { namespace, .. } => {
                tracing::debug!(session, namespace = &**namespace, "asks to join");
            }
            Event::Received {
                name,
                ack,
                attachments,
                ..
            } => {
                let event = escape_for_log(name.as_bytes(), NAME);
                let (wants_ack, attachments) = (ack.is_some(), attachments.len());
                tracing::debug!(session, event, wants_ack, attachments, "sent an event");
            }
            Event::Disconnected {
                namespace, reason, ..
            } => {
                tracing::debug!(session, namespace = &**namespace, reason, "left");
            }
            Event::Acked { .. } | Event::Counted { .. } => {}
        }
    }

    pub(super) fn joined(&self, namespace: &str, member: &Member) {
        if is_on() {
            let user = member.user.as_ref();
            let user = user.map(|user| escape_for_log(user.as_bytes(), NAME));
            let session = &*self.handshake.request_id;
            tracing::debug!(session, namespace, user = user.as_deref(), "joined");
        }
    }

    /// Tells who is let in by `report` only.
    pub(super) fn tell_reported(&self) {
        let visit = self.visit.as_ref();
        let Some(refusal) = visit.and_then(|visit| visit.reported()) else {
            return;
        };
        tracing::warn!(
            session = self.handshake.request_id,
            code = refusal.code().name(),
            origin = self.handshake.origin,
            "would be refused: {}; {}",
            refusal.cause(),
            refusal.fix()
        );
    }

    /// A request brought another user's login: a stolen session, or somebody who logged in anew.
    pub(super) fn tell_changed(&self, refusal: &Refusal) {
        security::tell(refusal, &self.incident(), "closed");
    }

    /// Whom a security event of this connection is about.
    pub(super) fn incident(&self) -> Incident<'_> {
        Incident {
            user: self.visit.as_ref().and_then(|visit| visit.user()),
            address: self.handshake.address,
            origin: self.handshake.origin.as_deref(),
            request_id: Some(&self.handshake.request_id),
            ..Incident::default()
        }
    }

    pub(super) fn refused(&self, code: &str) {
        tracing::debug!(session = self.handshake.request_id, code, "may not join");
    }

    /// The session has ended.
    pub(super) fn closed(&self, why: &Refusal, now: Instant) {
        let lasted = now.saturating_duration_since(self.opened);
        tracing::debug!(
            session = self.handshake.request_id,
            code = why.code().name(),
            reason = why.code().row().reason,
            lasted_ms = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX),
            "a session ends: {}",
            why.cause()
        );
    }
}
