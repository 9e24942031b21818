//! What an Engine.IO request is, and what it gets (Engine.IO protocol 4; error numbers as in
//! `engine.io/lib/server.ts`).
//!
//! Order of the checks: query, transport, origin, session or handshake. A request of a session
//! that lives on another shard is handed over whole before anything of it is read.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery, Transport};
use bellgate_gate::origin::{Binding, page_headers};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::sync::oneshot;

use super::compress::Compressing;
use super::query::Query;
use super::upgrade::{upgrade, wants_websocket};
use super::{Arrival, BoxError, Handover, Judged, Purpose, Reply, answer, in_band, poll, post};
use crate::app::{App, Opening};
use crate::config::Permit;
use crate::server::Shared;
use crate::shard::inlet::Inlet;
use crate::shard::{Local, Seat, now};
use crate::sid::{NODE, Sid};
use crate::websocket::lane;

/// Everything that a request of this shard needs.
pub struct Endpoint<A: App> {
    pub(crate) local: Local<A>,
    pub(crate) shared: Arc<Shared<A::Command>>,
    pub(crate) index: u16,
}

impl<A: App> Clone for Endpoint<A> {
    fn clone(&self) -> Self {
        Self {
            local: self.local.clone(),
            shared: Arc::clone(&self.shared),
            index: self.index,
        }
    }
}

impl<A: App> Endpoint<A> {
    /// Answers one Engine.IO request; never fails, never panics, and carries the CORS headers always.
    pub(crate) async fn handle<B>(&self, request: Request<B>, judged: Judged, mount: usize) -> Reply
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let reply = self.decide(request, &judged, mount).await;
        let mut reply = reply.unwrap_or_else(|refusal| {
            self.note(&refusal, &judged);
            Reply::Answer(answer::refusal(&refusal, judged.request_id))
        });
        let (Reply::Answer(response) | Reply::Upgrade(response, _)) = &mut reply;
        answer::finish(response, &judged);
        let is_read = is_told(&judged) && response.status() != StatusCode::FORBIDDEN;
        if is_read || is_by_status(&judged) {
            page_headers(&judged.live.origins, &judged.facts, response.headers_mut());
        }
        reply
    }

    /// Counts a refusal and tells the log.
    fn note(&self, refusal: &Refusal, judged: &Judged) {
        self.local.borrow().net.stats.count_refusal(refusal.code());
        judged.tell(refusal);
    }

    async fn decide<B>(
        &self,
        request: Request<B>,
        judged: &Judged,
        mount: usize,
    ) -> Result<Reply, Refusal>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        if request.method() == Method::OPTIONS {
            return match &judged.verdict.refusal {
                Some(refusal) if !is_told(judged) && !is_by_status(judged) => Err(refusal.clone()),
                _ => Ok(Reply::Answer(answer::preflight())),
            };
        }
        let query = Query::parse(request.uri().query().unwrap_or_default())?;
        let transport = transport(judged, query.transport)?;
        let Some(sid) = query.sid else {
            return match &judged.verdict.refusal {
                None => self.handshake(&request, &query, transport, judged, mount),
                Some(refusal) => self.refuse(&request, &query, transport, judged, refusal),
            };
        };
        if in_band::is_of_refusal(sid) {
            // The client looks once more for what it was just refused; the log has told it.
            let unknown = answer::refusal(&Refusal::SessionUnknown {}, judged.request_id);
            return Ok(Reply::Answer(unknown));
        }
        let sid = Sid::parse(sid)
            .filter(|sid| sid.node == NODE)
            .ok_or(Refusal::SessionUnknown {})?;
        if sid.shard != self.index {
            return self.hand_over(request, judged, mount, sid.shard).await;
        }
        self.of_session(request, judged, &sid, transport).await
    }

    /// A handshake of a refused origin: told inside the protocol where a page is to read it.
    fn refuse<B>(
        &self,
        request: &Request<B>,
        query: &Query<'_>,
        transport: Transport,
        judged: &Judged,
        refusal: &Refusal,
    ) -> Result<Reply, Refusal> {
        let is_handshake = request.method() == Method::GET && query.eio == Some("4");
        if !is_handshake || !is_told(judged) {
            return Err(refusal.clone());
        }
        let namespaces = &self.shared.config.namespaces;
        let packets = in_band::packets(namespaces, self.index, refusal, judged)?;
        let reply = match transport {
            Transport::Polling => Reply::Answer(answer::text(in_band::payload(&packets))),
            Transport::Websocket => {
                let (response, _) = upgrade(request.headers(), None)?;
                let purpose = Purpose::Refuse {
                    why: refusal.clone(),
                    said: in_band::frames(&packets),
                };
                let arrival = Arrival {
                    shard: self.index,
                    deflate: false,
                    purpose,
                };
                Reply::Upgrade(response, Box::new(arrival))
            }
        };
        self.note(refusal, judged);
        Ok(reply)
    }

    /// A request without a sid: it opens a session, if it may.
    fn handshake<B>(
        &self,
        request: &Request<B>,
        query: &Query<'_>,
        transport: Transport,
        judged: &Judged,
        mount: usize,
    ) -> Result<Reply, Refusal> {
        if request.method() != Method::GET {
            return Err(wrong_method(request.method()));
        }
        if query.eio != Some("4") {
            let version = query
                .eio
                .unwrap_or("none")
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(8)
                .collect();
            return Err(Refusal::ProtocolVersion { version });
        }
        let upgrade = match transport {
            Transport::Polling if wants_websocket(request.headers()) => {
                return Err(Refusal::BadRequest {
                    detail: "a WebSocket handshake asks for transport=polling".into(),
                });
            }
            Transport::Polling => None,
            Transport::Websocket => Some(upgrade(
                request.headers(),
                judged.live.engine.deflate_threshold,
            )?),
        };
        if self.shared.draining.load(Ordering::Acquire) {
            return Err(Refusal::ServerDraining {});
        }
        let admission = self.shared.config.admission.as_ref();
        let permit = match admission.map(|admission| admission.admit(&judged.facts, now())) {
            None => Permit::free(),
            Some(Ok(permit)) => permit,
            Some(Err((refusal, wait))) => {
                self.note(&refusal, judged);
                let answer = answer::refusal_until(&refusal, judged.request_id, Some(wait));
                return Ok(Reply::Answer(answer));
            }
        };
        let limit = judged.live.max_connections;
        let seat = Seat::take(&self.shared.sessions, limit, permit);
        let seat = seat.ok_or_else(|| Refusal::ServerFull {
            limit: limit.to_string(),
        })?;
        let opening = Opening {
            facts: Box::new((*judged.facts).clone()),
            request_id: judged.request_id,
            transport,
            mount,
        };
        if let Some((response, deflate)) = upgrade {
            let purpose = Purpose::Open(Box::new(opening), seat);
            return Ok(Reply::Upgrade(
                response,
                Box::new(Arrival {
                    shard: self.index,
                    deflate,
                    purpose,
                }),
            ));
        }
        let mut binding = Binding::default();
        binding.admit(&judged.facts)?;
        let now = now();
        let mut shard = self.local.borrow();
        let id = shard.open(transport, seat, binding, opening, now)?;
        let conn = shard.net.conn_mut(id).ok_or(Refusal::SessionUnknown {})?;
        // The request that opens a session is its first poll.
        let body = conn
            .session
            .take_payload()
            .ok_or(Refusal::SessionUnknown {})?;
        shard.net.stats.bytes_out.add(body.len() as u64);
        shard.net.touch(id);
        shard.settle(now);
        Ok(Reply::Answer(answer::text(body)))
    }

    /// Moves a request to the shard that holds its session, and brings the answer back.
    async fn hand_over<B>(
        &self,
        request: Request<B>,
        judged: &Judged,
        mount: usize,
        to: u16,
    ) -> Result<Reply, Refusal>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let remote = self
            .shared
            .remotes
            .get(usize::from(to))
            .ok_or(Refusal::SessionUnknown {})?;
        self.local.borrow().net.stats.handovers.add(1);
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        let handover = Box::new(Handover {
            request,
            judged: judged.clone(),
            mount,
        });
        let (sender, receiver) = oneshot::channel();
        if !remote.send(Inlet::Request(handover, sender)) {
            return Err(Refusal::SessionUnknown {});
        }
        // The owner drops the sender only when it goes down.
        receiver.await.map_err(|_| Refusal::ServerShutdown {})
    }

    /// A request of a session of this shard.
    async fn of_session<B>(
        &self,
        request: Request<B>,
        judged: &Judged,
        sid: &Sid,
        transport: Transport,
    ) -> Result<Reply, Refusal>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<BoxError>,
    {
        let found = self.local.borrow().net.find(sid);
        let id = found.ok_or(Refusal::SessionUnknown {})?;
        let (parts, body) = request.into_parts();
        let is_upgrade = transport == Transport::Websocket || wants_websocket(&parts.headers);
        if let Some(refusal) = &judged.verdict.refusal
            && (is_upgrade || parts.method == Method::POST)
            && self.refuse_by_poll(judged, id, refusal)
        {
            if is_upgrade {
                return Err(refusal.clone());
            }
            self.note(refusal, judged);
        } else {
            self.admit(judged, id)?;
        }
        if is_upgrade {
            return self.probe(&parts, judged, id);
        }
        self.show(judged, id)?;
        match parts.method {
            Method::GET => {
                let threshold = judged.live.engine.deflate_threshold;
                let compressing = Compressing::of(&parts.headers, threshold);
                // What a read buffer of hyper's is kept for must not wait.
                drop((parts, body));
                let body = poll::wait(&self.local, id).await?;
                Ok(Reply::Answer(compressing.answer(body)))
            }
            Method::POST => {
                post::receive(&self.local, id, judged, &parts.headers, body).await?;
                Ok(Reply::Answer(answer::text(b"ok".to_vec())))
            }
            method => Err(wrong_method(&method)),
        }
    }

    /// Refuses a session whose first Origin comes with a POST or an upgrade: its page opened it by a
    /// GET without one, as behind one TLS name, and reads why by its next poll (contract §3).
    fn refuse_by_poll(&self, judged: &Judged, id: ConnId, refusal: &Refusal) -> bool {
        if !is_told(judged) {
            return false;
        }
        let namespaces = &self.shared.config.namespaces;
        let told = self.local.with(id, |conn, now| {
            if conn.binding.is_bound() {
                return false;
            }
            // The POST and the probe come side by side; the second finds the session refused.
            if !conn.session.is_closed() {
                for message in in_band::refusals(namespaces, refusal, judged) {
                    // A queue that takes no more ends the session, which tells the page enough.
                    let _ = conn.session.send(Rc::new(message), Delivery::Regular);
                }
                conn.session.close(refusal.clone(), now);
            }
            true
        });
        told.unwrap_or(false)
    }

    /// Checks that the request's origin is the session's.
    fn admit(&self, judged: &Judged, id: ConnId) -> Result<(), Refusal> {
        let bound = self.local.with(id, |conn, now| {
            // A deadline that has passed counts, whenever the timer task gets to it.
            if conn.session.poll_deadline().is_some_and(|at| at <= now) {
                conn.session.handle_timeout(now);
            }
            let bound = match &judged.verdict.refusal {
                None => conn.binding.admit(&judged.facts),
                Some(refusal) => Err(refusal.clone()),
            };
            bound.inspect_err(|refusal| conn.session.abort(refusal.clone()))
        });
        bound.ok_or(Refusal::SessionUnknown {})?
    }

    /// Shows the application a poll or a POST before anything of it is read.
    fn show(&self, judged: &Judged, id: ConnId) -> Result<(), Refusal> {
        let now = now();
        self.local.borrow().handle_request(id, &judged.facts, now)
    }

    /// A WebSocket handshake for a session: the probe of an upgrade.
    fn probe(&self, parts: &Parts, judged: &Judged, id: ConnId) -> Result<Reply, Refusal> {
        if parts.method != Method::GET {
            return Err(wrong_method(&parts.method));
        }
        let compressed = judged.live.engine.deflate_threshold;
        let (response, deflate) = upgrade(&parts.headers, compressed)?;
        let purpose = self.local.with(id, |conn, now| {
            if conn.session.is_closed() {
                return None;
            }
            // An answer of 4xx breaks clients that race; the stream is accepted and closed instead.
            Some(match conn.session.handle_probe_open(now) {
                Ok(()) => Purpose::Probe(id),
                Err(why) => Purpose::Refuse {
                    why,
                    said: Vec::new(),
                },
            })
        });
        let purpose = purpose.flatten().ok_or(Refusal::SessionUnknown {})?;
        Ok(Reply::Upgrade(
            response,
            Box::new(Arrival {
                shard: self.index,
                deflate,
                purpose,
            }),
        ))
    }

    /// The session of this shard that a GET polls.
    pub(crate) fn polled<B>(&self, request: &Request<B>) -> Option<ConnId> {
        let query = Query::parse(request.uri().query()?).ok()?;
        let sid = Sid::parse(query.sid?)?;
        (request.method() == Method::GET)
            .then(|| self.local.borrow().net.find(&sid))
            .flatten()
    }

    /// Ends a session whose answer was taken out of its queue and reached nobody.
    pub(crate) fn abandon(&self, id: ConnId) {
        self.local.with(id, |conn, _| {
            conn.session.abort(Refusal::TransportClosed {});
        });
    }

    /// Puts a stream to its purpose, on this shard or on the one it belongs to.
    pub(crate) fn arrive(
        &self,
        arrival: Box<Arrival>,
        socket: crate::socket::Socket,
        read: Vec<u8>,
    ) {
        if arrival.shard == self.index {
            lane::attach(&self.local, *arrival, socket, read);
            return;
        }
        let Some(remote) = self.shared.remotes.get(usize::from(arrival.shard)) else {
            return;
        };
        match socket.into_portable() {
            Ok(socket) => {
                remote.send(Inlet::Lane {
                    arrival,
                    socket,
                    read,
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a stream could not move to the shard of its session");
            }
        }
    }
}

/// Whether the request's refusal is told inside the protocol.
fn is_told(judged: &Judged) -> bool {
    judged.live.refusals.is_for(&judged.facts, &judged.verdict)
}

/// Whether the request's refusal is a status that its page may read.
fn is_by_status(judged: &Judged) -> bool {
    let refusals = judged.live.refusals;
    refusals.is_by_status(&judged.facts, &judged.verdict)
}

fn wrong_method(method: &Method) -> Refusal {
    Refusal::HandshakeMethod {
        method: method.as_str().chars().take(16).collect(),
    }
}

pub(super) fn transport(judged: &Judged, name: Option<&str>) -> Result<Transport, Refusal> {
    let transports = &judged.live.engine.transports;
    match name {
        Some("polling") if transports.polling => Ok(Transport::Polling),
        Some("websocket") if transports.websocket => Ok(Transport::Websocket),
        other => {
            let named: String = other
                .unwrap_or("none")
                .chars()
                .filter(char::is_ascii_graphic)
                .take(32)
                .collect();
            Err(Refusal::TransportUnknown { transport: named })
        }
    }
}
