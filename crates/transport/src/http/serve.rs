//! One HTTP connection: hyper until it closes, or until its stream becomes a WebSocket.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bellgate_gate::Peer;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue, UPGRADE};
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Either};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::endpoint::Endpoint;
use super::guard::{Guarded, Pace};
use super::poll::Asked;
use super::{Arrival, BoxError, Fallback, Judged, Reply, ResponseBody, answer};
use crate::app::App;
use crate::socket::Socket;

/// Most headers of a request, and most bytes of its head.
const HEADERS: usize = 100;
const HEAD_BYTES: usize = 16 * 1024;

/// Serves requests on a stream until it ends.
pub(crate) async fn connection<A: App>(
    endpoint: Endpoint<A>,
    fallback: Fallback,
    socket: Socket,
    peer: Peer,
) {
    let arrival: Arrivals = Rc::default();
    let pace = Pace::begin();
    let service = {
        let endpoint = endpoint.clone();
        let arrival = Rc::clone(&arrival);
        let pace = pace.clone();
        service_fn(move |request: Request<Incoming>| {
            let (parts, body) = request.into_parts();
            let shared = &endpoint.shared;
            let judged = Judged::read(shared.judging(), &parts, &peer, shared.request_id());
            let request = Request::from_parts(parts, body);
            pace.served();
            let serving = Serving::begin(&endpoint, request, judged, &fallback, &arrival);
            let pace = pace.clone();
            Paced { serving, pace }
        })
    };
    let mut http = http1::Builder::new();
    http.header_read_timeout(None)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES);
    let serving = http.serve_connection(TokioIo::new(Guarded::new(socket, pace)), service);
    let ended = serving.without_shutdown().await;
    let purpose = arrival.borrow_mut().take();
    match (ended, purpose) {
        (Ok(parts), Some(purpose)) => {
            endpoint.arrive(
                purpose,
                parts.io.into_inner().into_inner(),
                parts.read_buf.to_vec(),
            );
        }
        (Ok(parts), None) => {
            let mut socket = parts.io.into_inner().into_inner();
            // A client that is gone already makes this fail, which changes nothing.
            let _ = tokio::io::AsyncWriteExt::shutdown(&mut socket).await;
        }
        (Err(error), _) => tracing::debug!(%error, "an HTTP connection ended early"),
    }
}

/// Where an upgrade leaves what its stream is for.
type Arrivals = Rc<RefCell<Option<Box<Arrival>>>>;

/// A request that is being served, after which the connection waits for the next one.
struct Paced<A: App> {
    serving: Serving<A>,
    pace: Pace,
}

impl<A: App> Future for Paced<A> {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let response = match &mut this.serving {
            Serving::Poll(asked) => ready!(Pin::new(asked).poll(cx)).map(Either::Left),
            Serving::Whole(answering) => ready!(answering.as_mut().poll(cx)),
        };
        this.pace.answered();
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
    fn begin<B>(
        endpoint: &Endpoint<A>,
        request: Request<B>,
        judged: Judged,
        fallback: &Fallback,
        arrival: &Arrivals,
    ) -> Self
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        endpoint.local.borrow().net.stats.requests.add(1);
        let mount = endpoint.shared.mount(request.uri().path());
        if mount.is_some()
            && let Some(asked) = Asked::of(endpoint, &request, &judged)
        {
            return Self::Poll(asked);
        }
        let (endpoint, fallback, arrival) =
            (endpoint.clone(), Rc::clone(fallback), Rc::clone(arrival));
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
                Served::Upgrade(response, purpose) => {
                    *arrival.borrow_mut() = Some(purpose);
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
    async fn route<B>(
        &self,
        request: Request<B>,
        judged: Judged,
        mount: Option<usize>,
        fallback: &Fallback,
    ) -> Served
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
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
