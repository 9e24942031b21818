//! Starting the shards, and taking them down again.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use bellgate_gate::Peer;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tokio::sync::{mpsc, oneshot};

use crate::app::App;
use crate::config::{Live, TransportConfig};
use crate::http::{BoxError, Fallback, Handover, Judged, Reply};
use crate::listen::{self, ListenError, Listeners, SocketFile};
use crate::refusals::RefusalLog;
use crate::request_id::RequestId;
use crate::shard::inlet::{Inlet, Remote};
use crate::shard::run::{Listening, run};
use crate::sid::Sid;
use crate::socket::{Portable, Socket};
use crate::stats::{ShardStats, Totals};

/// What all shards of a server share.
pub(crate) struct Shared<C> {
    pub(crate) config: TransportConfig,
    live: ArcSwap<Live>,
    pub(crate) refusals: Arc<RefusalLog>,
    pub(crate) remotes: Vec<Remote<C>>,
    pub(crate) sessions: Arc<AtomicUsize>,
    pub(crate) draining: AtomicBool,
    pub(crate) stats: Vec<Arc<ShardStats>>,
    /// For each shard: a polling session is left, so that listeners are still needed.
    polling: Vec<AtomicBool>,
    requests: AtomicU64,
    boot: u32,
}

impl<C> Shared<C> {
    /// What holds now of the part that a reload may change.
    pub(crate) fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Which Engine.IO path this is, with or without its last slash; compared byte for byte.
    pub(crate) fn mount(&self, path: &str) -> Option<usize> {
        self.config
            .paths
            .iter()
            .position(|mount| path == mount || mount.strip_suffix('/') == Some(path))
    }

    pub(crate) fn set_polling(&self, shard: u16, is_any: bool) {
        if let Some(polling) = self.polling.get(usize::from(shard)) {
            polling.store(is_any, Ordering::Release);
        }
    }

    pub(crate) fn is_any_polling(&self) -> bool {
        self.polling
            .iter()
            .any(|polling| polling.load(Ordering::Acquire))
    }

    /// What a request is judged by, and where its refusal is told.
    pub(crate) fn judging(&self) -> (Arc<Live>, Arc<RefusalLog>) {
        (self.live(), Arc::clone(&self.refusals))
    }

    /// A fresh request id.
    pub(crate) fn request_id(&self) -> RequestId {
        RequestId::new(self.boot, self.requests.fetch_add(1, Ordering::Relaxed))
    }
}

/// Reaches a running server from any thread.
pub struct Handle<C>(Arc<Shared<C>>);

impl<C> Clone for Handle<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Send + 'static> Handle<C> {
    /// Every shard, for commands.
    pub fn remotes(&self) -> &[Remote<C>] {
        &self.0.remotes
    }

    /// Sessions open now.
    pub fn sessions(&self) -> usize {
        self.0.sessions.load(Ordering::Acquire)
    }

    /// Whether the server is going down.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// The counters of each shard.
    pub fn stats(&self) -> &[Arc<ShardStats>] {
        &self.0.stats
    }

    /// The counters of all shards together.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.0
            .stats
            .iter()
            .for_each(|stats| stats.add_to(&mut totals));
        totals
    }

    /// The configuration that the server was started with.
    pub fn config(&self) -> &TransportConfig {
        &self.0.config
    }

    /// What holds now of the part that a reload may change.
    pub fn live(&self) -> Arc<Live> {
        self.0.live()
    }

    /// From now on requests are judged, streams accepted and sessions opened by this. What is open
    /// stays as it is.
    pub fn reload(&self, live: Live) {
        let live = Arc::new(live);
        self.0.live.store(Arc::clone(&live));
        for remote in &self.0.remotes {
            remote.send(Inlet::Reload(Arc::clone(&live)));
        }
    }

    /// Begins to go down: no new session, and each open one is closed at a time of its own within
    /// the drain window. The shards end when none is left.
    pub fn drain(&self) {
        if !self.0.draining.swap(true, Ordering::AcqRel) {
            let window = self.0.live().drain_window;
            for remote in &self.0.remotes {
                remote.send(Inlet::Drain(window));
            }
        }
    }

    /// Reads and judges a request of an embedding HTTP server, and gives it an id.
    pub fn judge(&self, parts: &http::request::Parts, peer: &Peer) -> Judged {
        Judged::read(self.0.judging(), parts, peer, self.0.request_id())
    }

    /// Answers one request of an embedding HTTP server. `None`: the path is not Engine.IO's.
    ///
    /// After a `101` the stream has to be brought by the returned future.
    pub async fn serve<B>(
        &self,
        mut request: Request<B>,
        peer: &Peer,
    ) -> Option<Response<Full<Bytes>>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mount = self.0.mount(request.uri().path())?;
        let upgrade = request
            .extensions_mut()
            .remove::<hyper::upgrade::OnUpgrade>();
        let (parts, body) = request.into_parts();
        let judged = self.judge(&parts, peer);
        let request = Request::from_parts(parts, body.map_err(Into::into).boxed_unsync());
        let shard = self.shard_of(&request);
        let (sender, receiver) = oneshot::channel();
        let handover = Box::new(Handover {
            request,
            judged,
            mount,
        });
        self.0
            .remotes
            .get(shard)?
            .send(Inlet::Request(handover, sender));
        match receiver.await.ok()? {
            Reply::Answer(response) => Some(response),
            Reply::Upgrade(response, arrival) => {
                let handle = self.clone();
                tokio::spawn(async move {
                    let Some(upgrade) = upgrade else { return };
                    let Ok(upgraded) = upgrade.await else { return };
                    let Some((socket, read)) = foreign(upgraded) else {
                        return;
                    };
                    if let Some(remote) = handle.0.remotes.get(usize::from(arrival.shard)) {
                        remote.send(Inlet::Lane {
                            arrival,
                            socket,
                            read,
                        });
                    }
                });
                Some(response)
            }
        }
    }

    /// The shard of the session that a request names; a fresh session goes to the emptiest.
    fn shard_of<B>(&self, request: &Request<B>) -> usize {
        let query = request.uri().query().unwrap_or_default();
        let sid = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("sid="))
            .and_then(Sid::parse);
        let load = |stats: &Arc<ShardStats>| {
            stats.sessions_polling.read() + stats.sessions_websocket.read()
        };
        match sid {
            Some(sid) => usize::from(sid.shard),
            None => self
                .0
                .stats
                .iter()
                .enumerate()
                .min_by_key(|(_, stats)| load(stats))
                .map_or(0, |(index, _)| index),
        }
    }
}

/// A stream of an embedding server: plain TCP is taken off its reactor, anything else stays there.
fn foreign(upgraded: hyper::upgrade::Upgraded) -> Option<(Portable, Vec<u8>)> {
    use hyper_util::rt::TokioIo;
    use hyper_util::server::conn::auto::upgrade::downcast;
    match downcast::<TokioIo<tokio::net::TcpStream>>(upgraded) {
        Ok(parts) => {
            let portable = Socket::Tcp(parts.io.into_inner()).into_portable().ok()?;
            Some((portable, parts.read_buf.to_vec()))
        }
        Err(upgraded) => Some((
            Portable::Foreign(Box::new(TokioIo::new(upgraded))),
            Vec::new(),
        )),
    }
}

/// A server whose shards run.
pub struct Running<C> {
    /// Reaches the shards.
    pub handle: Handle<C>,
    /// Where it listens, as URLs.
    pub bound: Vec<String>,
    /// Closed when the last shard has dropped its end.
    ended: mpsc::Receiver<Infallible>,
    _socket_file: Option<SocketFile>,
}

impl<C> Running<C> {
    /// Waits until every shard has ended, after [`Handle::drain`].
    pub async fn wait(mut self) {
        // Nothing is ever sent: a shard that ends, by a panic too, drops its end.
        let _ = self.ended.recv().await;
    }
}

/// Binds the listeners and starts the shards. `make` is called on each shard's own thread and
/// makes its application and its fallback service.
pub fn start<A, F>(config: TransportConfig, make: F) -> Result<Running<A::Command>, ListenError>
where
    A: App,
    F: Fn(u16, Handle<A::Command>) -> (A, Fallback) + Send + Sync + 'static,
{
    let shards = config.shards.max(1);
    let (listeners, bound) = match &config.listen {
        Some(listen) => {
            listen::bind(listen, shards).map(|(listeners, bound)| (Some(listeners), bound))?
        }
        None => (None, Vec::new()),
    };
    let (remotes, inlets): (Vec<_>, Vec<_>) = (0..shards).map(|_| Remote::channel()).unzip();
    let mut boot = [0; 4];
    // Without random bits request ids are unique in this process only.
    let _ = getrandom::fill(&mut boot);
    let shared = Arc::new(Shared {
        refusals: Arc::new(RefusalLog::new(config.on_refused.clone())),
        live: ArcSwap::from_pointee(config.live.clone()),
        config,
        remotes,
        sessions: Arc::default(),
        draining: AtomicBool::new(false),
        stats: (0..shards).map(|_| Arc::default()).collect(),
        polling: (0..shards).map(|_| AtomicBool::new(true)).collect(),
        requests: AtomicU64::new(1),
        boot: u32::from_be_bytes(boot),
    });
    let (mut listening, socket_file) = spread(listeners, shards);
    let make = Arc::new(make);
    let (alive, ended) = mpsc::channel(1);
    for (index, inlet) in (0u16..).zip(inlets) {
        let (shared, make, alive) = (Arc::clone(&shared), Arc::clone(&make), alive.clone());
        let listening = listening.pop().unwrap_or(Listening::None);
        std::thread::Builder::new()
            .name(format!("shard-{index}"))
            .spawn(move || {
                let _alive = alive;
                let (app, fallback) = make(index, Handle(Arc::clone(&shared)));
                run::<A>(index, shared, inlet, listening, app, fallback);
            })
            .map_err(|error| ListenError::Refused {
                addr: format!("shard {index}"),
                error,
            })?;
    }
    Ok(Running {
        handle: Handle(shared),
        bound,
        ended,
        _socket_file: socket_file,
    })
}

/// Gives each shard its listeners; the last entry is for shard 0.
fn spread(listeners: Option<Listeners>, shards: usize) -> (Vec<Listening>, Option<SocketFile>) {
    match listeners {
        None => (Vec::new(), None),
        Some(Listeners::PerShard(per_shard)) => (
            per_shard.into_iter().rev().map(Listening::Tcp).collect(),
            None,
        ),
        Some(Listeners::Unix(listener, file)) => {
            let mut listening: Vec<Listening> = (1..shards).map(|_| Listening::None).collect();
            listening.push(Listening::Unix(listener));
            (listening, Some(file))
        }
    }
}
