//! HTTP/1.1 by hyper: the Engine.IO endpoint, and everything else to the fallback service.
//!
//! [`serve`] runs one connection, [`endpoint`] decides what an Engine.IO request is, [`poll`] and
//! [`post`] are its two data requests, [`answer`] words all responses.

pub mod answer;
pub(crate) mod compress;
pub mod endpoint;
pub(crate) mod guard;
mod in_band;
pub(crate) mod poll;
pub(crate) mod post;
pub(crate) mod query;
pub mod serve;
mod upgrade;

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use bellgate_codes::Refusal;
use bellgate_engine::ConnId;
use bellgate_gate::origin::{Verdict, judge};
use bellgate_gate::{Peer, RequestFacts};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};

use crate::app::Opening;
use crate::config::Live;
use crate::refusals::RefusalLog;
use crate::request_id::RequestId;
use crate::shard::{Seat, now};

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// A request body that can move to another shard.
pub type RequestBody = UnsyncBoxBody<Bytes, BoxError>;
/// A response: Engine.IO answers are whole, the fallback's may stream.
pub type ResponseBody = Either<Full<Bytes>, UnsyncBoxBody<Bytes, BoxError>>;

/// Serves the paths that are not Engine.IO's. The request carries [`Judged`] as an extension.
pub type Fallback =
    Rc<dyn Fn(Request<RequestBody>) -> Pin<Box<dyn Future<Output = Response<ResponseBody>>>>>;

/// What the gate said about a request; an extension for the fallback service.
#[derive(Clone)]
pub struct Judged {
    /// The request as the gate read it.
    pub facts: Arc<RequestFacts>,
    /// Whether its origin may come in.
    pub verdict: Arc<Verdict>,
    /// The id in the answer's `X-Request-Id` and in log lines.
    pub request_id: RequestId,
    /// What it was judged by, and is answered by, whatever is reloaded meanwhile.
    pub live: Arc<Live>,
    log: Arc<RefusalLog>,
}

impl Judged {
    /// Reads and judges a request, and tells the log where it comes in only because refusals are
    /// reported.
    pub fn read(
        (live, log): (Arc<Live>, Arc<RefusalLog>),
        parts: &http::request::Parts,
        peer: &Peer,
        request_id: RequestId,
    ) -> Self {
        let mut facts = RequestFacts::read(parts, peer, &live.proxies);
        facts.read_csrf(&parts.headers, &live.csrf_headers);
        let verdict = judge(&live.origins, &facts);
        let judged = Self {
            facts: Arc::new(facts),
            verdict: Arc::new(verdict),
            request_id,
            live,
            log,
        };
        judged.log.report(&judged, now());
        judged
    }

    /// Tells the log that this request is refused.
    pub fn tell(&self, refusal: &Refusal) {
        self.log.tell(refusal, self, now());
    }
}

/// A request on its way to the shard of its session.
pub struct Handover {
    pub(crate) request: Request<RequestBody>,
    pub(crate) judged: Judged,
    pub(crate) mount: usize,
}

/// The endpoint's answer to a request.
pub enum Reply {
    /// An HTTP answer.
    Answer(Response<Full<Bytes>>),
    /// `101`, and what the stream is for afterwards.
    Upgrade(Response<Full<Bytes>>, Box<Arrival>),
}

/// A stream that has just become a WebSocket.
pub struct Arrival {
    /// The shard that it belongs to.
    pub(crate) shard: u16,
    /// The client takes compressed frames.
    pub(crate) deflate: bool,
    pub(crate) purpose: Purpose,
}

/// What a new WebSocket is for.
pub(crate) enum Purpose {
    /// It opens a session.
    Open(Box<Opening>, Seat),
    /// It probes for the upgrade of this session.
    Probe(ConnId),
    /// It was accepted only to be closed readably.
    Refuse {
        /// Why.
        why: Refusal,
        /// Frames that stand before the close frame.
        said: Vec<u8>,
    },
}
