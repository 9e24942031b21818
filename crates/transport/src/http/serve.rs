//! One HTTP connection: hyper until it closes, or until its stream becomes a WebSocket.

use std::convert::Infallible;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bellgate_gate::Peer;
use http::header::{CONNECTION, HeaderValue, UPGRADE};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Either};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWrite as _;

use super::endpoint::Endpoint;
use super::guard::{Course, Guarded};
use super::poll::Asked;
use super::{Arrival, Fallback, Judged, Reply, ResponseBody, answer};
use crate::app::App;
use crate::socket::Socket;

/// Most headers of a request, and most bytes of its head.
const HEADERS: usize = 100;
const HEAD_BYTES: usize = 16 * 1024;

/// Serves requests on a stream until it ends. Written by hand: an `async fn` would keep its arguments,
/// and what it does at the end, beside what serves for as long as the connection lives.
#[expect(
    clippy::large_enum_variant,
    reason = "a task has one of these, which serves until its end"
)]
pub(crate) enum Connection<A: App> {
    Serving(http1::Connection<TokioIo<Guarded>, Visitor<A>>),
    Closing(Socket),
    Over,
}

impl<A: App> Connection<A> {
    pub(crate) fn new(
        endpoint: Endpoint<A>,
        fallback: Fallback,
        socket: Socket,
        peer: Peer,
    ) -> Self {
        let visitor = Visitor {
            endpoint,
            fallback,
            peer,
            course: Course::begin(),
        };
        let stream = TokioIo::new(Guarded::new(socket, Rc::clone(&visitor.course)));
        let mut http = http1::Builder::new();
        http.header_read_timeout(None)
            .max_headers(HEADERS)
            .max_buf_size(HEAD_BYTES);
        Self::Serving(http.serve_connection(stream, visitor))
    }

    /// Hands the stream over to where it goes on; else it is to be closed.
    fn leave(&mut self) {
        let Self::Serving(http) = mem::replace(self, Self::Over) else {
            return;
        };
        let parts = http.into_parts();
        let visitor = parts.service;
        let socket = parts.io.into_inner().into_inner();
        match visitor.course.arrival() {
            Some(arrival) => visitor
                .endpoint
                .arrive(arrival, socket, parts.read_buf.to_vec()),
            None => *self = Self::Closing(socket),
        }
    }
}

impl<A: App> Future for Connection<A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            match this {
                Self::Serving(http) => match ready!(http.poll_without_shutdown(cx)) {
                    Ok(()) => this.leave(),
                    Err(error) => {
                        tracing::debug!(%error, "an HTTP connection ended early");
                        *this = Self::Over;
                    }
                },
                Self::Closing(socket) => {
                    // A client that is gone already makes this fail, which changes nothing.
                    let _ = ready!(Pin::new(socket).poll_shutdown(cx));
                    *this = Self::Over;
                }
                Self::Over => return Poll::Ready(()),
            }
        }
    }
}

/// Who speaks on one connection, and what its requests are answered by.
pub(crate) struct Visitor<A: App> {
    endpoint: Endpoint<A>,
    fallback: Fallback,
    peer: Peer,
    course: Rc<Course>,
}

impl<A: App> Service<Request<Incoming>> for Visitor<A> {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Paced<A>;

    fn call(&self, request: Request<Incoming>) -> Paced<A> {
        let (parts, body) = request.into_parts();
        let shared = &self.endpoint.shared;
        let judged = Judged::read(shared.judging(), &parts, &self.peer, shared.request_id());
        let request = Request::from_parts(parts, body);
        self.course.served();
        Paced {
            serving: Serving::begin(self, request, judged),
            course: Rc::clone(&self.course),
        }
    }
}

/// A request that is being served, after which the connection waits for the next one.
pub(crate) struct Paced<A: App> {
    serving: Serving<A>,
    course: Rc<Course>,
}

impl<A: App> Future for Paced<A> {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let response = match &mut this.serving {
            Serving::Poll(asked) => ready!(Pin::new(asked).poll(cx)).map(Either::Left),
            Serving::Whole(answering) => ready!(answering.as_mut().poll(cx)),
        };
        this.course.answered();
        Poll::Ready(Ok(response))
    }
}

/// A request that is being served. hyper keeps it beside its buffers for as long as it takes, so that
/// what polls do not need stands elsewhere.
enum Serving<A: App> {
    Poll(Asked<A>),
    Whole(Pin<Box<dyn Future<Output = Response<ResponseBody>>>>),
}

impl<A: App> Serving<A> {
    /// Decides which; nothing is done for it before the first poll.
    fn begin(visitor: &Visitor<A>, request: Request<Incoming>, judged: Judged) -> Self {
        let endpoint = &visitor.endpoint;
        endpoint.local.borrow().net.stats.requests.add(1);
        let mount = endpoint.shared.mount(request.uri().path());
        if mount.is_some()
            && let Some(asked) = Asked::of(endpoint, &request, &judged)
        {
            return Self::Poll(asked);
        }
        let endpoint = endpoint.clone();
        let (fallback, course) = (Rc::clone(&visitor.fallback), Rc::clone(&visitor.course));
        Self::Whole(Box::pin(async move {
            let wants_upgrade = request.headers().contains_key(UPGRADE);
            match endpoint.route(request, judged, mount, &fallback).await {
                Served::Answer(mut response) => {
                    if wants_upgrade {
                        // A proxy may take the stream for switched already, and pass on what
                        // is no request of its own judgement.
                        let close = HeaderValue::from_static("close");
                        response.headers_mut().insert(CONNECTION, close);
                    }
                    response
                }
                Served::Upgrade(response, arrival) => {
                    course.switched(arrival);
                    response
                }
            }
        }))
    }
}

/// An answer for hyper, and what becomes of the stream.
enum Served {
    Answer(Response<ResponseBody>),
    Upgrade(Response<ResponseBody>, Box<Arrival>),
}

impl<A: App> Endpoint<A> {
    async fn route(
        &self,
        request: Request<Incoming>,
        judged: Judged,
        mount: Option<usize>,
        fallback: &Fallback,
    ) -> Served {
        if let Some(mount) = mount {
            return match self.handle(request, judged, mount).await {
                Reply::Answer(response) => Served::Answer(response.map(Either::Left)),
                Reply::Upgrade(response, arrival) => {
                    Served::Upgrade(response.map(Either::Left), arrival)
                }
            };
        }
        let mut request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        request.extensions_mut().insert(judged.clone());
        let mut response = fallback(request).await;
        answer::finish(&mut response, &judged);
        Served::Answer(response)
    }
}
