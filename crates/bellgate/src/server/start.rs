//! From a [`Server`] to threads that run.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use bellgate_cluster::{Inlet, Local};
use bellgate_gate::{Peer, PeerAddr};
use bellgate_hub::Hub;
use bellgate_transport::config::ListenAddr;
use bellgate_transport::http::answer::finish;
use bellgate_transport::{Admission, Handle, ListenError, TransportConfig};

use super::command::Command;
use super::doors::Doors;
use super::emitter::Emitter;
use super::gauges::Gauges;
use super::outside::Outside;
use super::running::{Running, Settled, hold_connections, live, terms, tls};
use super::security;
use super::shard::ShardApp;
use super::socket::Ways;
use super::stores::Stores;
use super::throttle::Throttle;
use super::{Program, Server};
use crate::config::Address;
use crate::http::{self, Api};

/// Why a server cannot start. The text says what to change.
#[derive(Debug)]
pub enum StartError {
    /// The address cannot be listened on.
    Listen(ListenError),
    /// The admin address cannot be listened on.
    Admin(String),
    /// The TLS files cannot be used.
    Tls(String),
    /// A Redis cannot be used. One that does not answer is no such thing.
    Redis(String),
    /// Whoever knows the users cannot be asked at all. One that does not answer is no such thing.
    Outside(String),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listen(error) => error.fmt(f),
            Self::Admin(text) => write!(f, "BELLGATE_ADMIN_ADDR: {text}"),
            Self::Tls(text) => write!(f, "SOCKETIO_TLS_CERT, SOCKETIO_TLS_KEY: {text}"),
            Self::Redis(text) | Self::Outside(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for StartError {}

impl From<ListenError> for StartError {
    fn from(error: ListenError) -> Self {
        Self::Listen(error)
    }
}

impl Server {
    /// Listens and runs. Must be called inside a tokio runtime, which serves the admin listener.
    pub async fn start(mut self) -> Result<Running, StartError> {
        let mut settled = Settled {
            public: self.settings.listen.public.clone(),
            shards: self.shards(),
            files: bellgate_transport::listen::raise_descriptor_limit(),
            plain_refusals: self.plain_refusals,
        };
        hold_connections(&mut self.settings, &settled, None);
        let settings = &self.settings;
        let tls = tls(settings)?;
        let listen = match &settings.listen.public {
            Address::Tcp { host, port } => ListenAddr::Tcp {
                host: host.clone(),
                port: *port,
            },
            Address::Unix(path) => ListenAddr::Unix(path.clone()),
        };
        let (listen, reserved) = bellgate_transport::listen::reserve(listen)?;
        if let ListenAddr::Tcp { host, port } = &listen {
            settled.public = Address::Tcp {
                host: host.clone(),
                port: *port,
            };
            self.settings.listen.public = settled.public.clone();
        }
        // Before anything runs, so that nothing is left running where it fails.
        let admin = match self.settings.listen.admin.clone() {
            Some(address) => {
                let bound = http::admin::bind(&address).await;
                Some((address, bound.map_err(StartError::Admin)?))
            }
            None => None,
        };
        let secure = tls.is_some();
        let throttle = Arc::new(Throttle::new(&self.settings));
        let stores = Stores::open(&self.settings)?;
        let doors = self.doors(&throttle, &stores)?;
        let config = self.transport(Some(listen), tls, &doors);
        let (api, shards) = self.run(config, &throttle, &doors, stores)?;
        drop(reserved);
        let admin = admin.map(|(address, bound)| http::admin::serve(&address, bound, &api));
        let bound = shards
            .bound
            .iter()
            .map(|url| match url.strip_prefix("http://") {
                Some(rest) if secure => format!("https://{rest}"),
                _ => url.clone(),
            });
        Ok(Running {
            bound: bound.collect(),
            admin,
            emitter: api.emitter.clone(),
            api,
            settled,
            throttle,
            doors,
            shards,
        })
    }

    /// Runs the shards without a listener of their own, for an axum application to merge.
    ///
    /// The application must be served with `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn mount(self) -> Result<Mounted, StartError> {
        let throttle = Arc::new(Throttle::new(&self.settings));
        let stores = Stores::open(&self.settings)?;
        let doors = self.doors(&throttle, &stores)?;
        let config = self.transport(None, None, &doors);
        let (api, shards) = self.run(config, &throttle, &doors, stores)?;
        Ok(Mounted { shards, api })
    }

    /// What handshakes and connections go by at first.
    fn doors(&self, throttle: &Arc<Throttle>, stores: &Stores) -> Result<Arc<Doors>, StartError> {
        let outside = Outside::open(&self.settings, stores).map_err(StartError::Outside)?;
        let terms = Arc::new(terms(&self.settings, self.plain_refusals, outside));
        Ok(Arc::new(Doors::new(Arc::clone(throttle), terms)))
    }

    fn shards(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.settings.listen.shards.unwrap_or_else(cores)
    }

    /// The namespaces, `/` first.
    fn namespaces(&self) -> Vec<String> {
        let mut names: Vec<String> = self.program.namespaces.keys().cloned().collect();
        names.sort();
        names
    }

    fn transport(
        &self,
        listen: Option<ListenAddr>,
        tls: Option<Arc<rustls::ServerConfig>>,
        doors: &Arc<Doors>,
    ) -> TransportConfig {
        let settings = &self.settings;
        let mut paths = vec![settings.sessions.path.clone()];
        paths.extend(self.program.engines.iter().map(|(path, _)| path.clone()));
        paths.extend(self.program.paths.iter().cloned());
        TransportConfig {
            listen,
            shards: self.shards(),
            paths,
            namespaces: self.namespaces(),
            admission: Some(Arc::clone(doors) as Arc<dyn Admission>),
            on_refused: Some(Arc::new(security::tell_request)),
            live: live(settings, tls),
        }
    }

    fn run(
        self,
        config: TransportConfig,
        throttle: &Arc<Throttle>,
        doors: &Arc<Doors>,
        stores: Stores,
    ) -> Result<(Arc<Api>, bellgate_transport::Running<Command>), StartError> {
        let Self {
            settings,
            program,
            on_reload,
            ..
        } = self;
        stores.share_limits(&settings, throttle);
        let terms = doors.terms();
        let program: Arc<Program> = Arc::new(program);
        let gauges: Arc<Vec<Arc<Gauges>>> =
            Arc::new((0..config.shards.max(1)).map(|_| Arc::default()).collect());
        let api = Arc::new(Api::new(
            &settings,
            program.emitter.clone(),
            Arc::clone(&gauges),
            Arc::clone(throttle),
            stores,
            Arc::clone(doors),
            on_reload,
        ));
        let shards = {
            let (program, api) = (Arc::clone(&program), Arc::clone(&api));
            let throttle = Arc::clone(throttle);
            bellgate_transport::start::<ShardApp, _>(config, move |index, handle| {
                let hub = Hub::new(terms.hub.clone(), Box::new(random));
                let me = handle.remotes().get(usize::from(index)).cloned();
                let gauges = gauges
                    .get(usize::from(index))
                    .map(Arc::clone)
                    .unwrap_or_default();
                let ways = Ways {
                    shard: me.unwrap_or_else(bellgate_transport::Remote::nowhere),
                    index,
                    shards: handle.remotes().to_vec(),
                    program: Arc::clone(&program),
                };
                let (program, throttle) = (Arc::clone(&program), Arc::clone(&throttle));
                (
                    ShardApp::new(hub, program, ways, gauges, Arc::clone(&terms), throttle),
                    http::fallback(&api),
                )
            })?
        };
        connect(&program.emitter, &shards.handle);
        api.attach(shards.handle.clone());
        Ok((api, shards))
    }
}

/// The ids of sockets come from the operating system.
fn random(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        // Ids that can be guessed would let one client speak for another.
        tracing::error!("the system has no random bytes");
        std::process::abort();
    }
}

/// Joins the emitter with the shards.
fn connect(emitter: &Emitter, handle: &Handle<Command>) {
    let inlets = handle
        .remotes()
        .iter()
        .cloned()
        .map(|remote| Box::new(move |command| remote.command(Command::Hub(command))) as Inlet);
    emitter.connect(Box::new(Local::new(inlets.collect())));
}

/// A server without a listener, inside an axum application. It runs until [`Mounted::shut_down`].
pub struct Mounted {
    shards: bellgate_transport::Running<Command>,
    api: Arc<Api>,
}

impl Mounted {
    /// The routes to merge: the Engine.IO paths and the HTTP API. What is asked for at any other
    /// path is the application's to answer.
    pub fn router(&self) -> axum::Router {
        let handle = self.shards.handle.clone();
        let mut router = http::routes(&self.api).layer(from_fn_with_state(handle.clone(), judged));
        for path in &handle.config().paths {
            let bare = path.strip_suffix('/').filter(|bare| !bare.is_empty());
            for path in [Some(path.as_str()), bare].into_iter().flatten() {
                router = router.route(path, any(serve).with_state(handle.clone()));
            }
        }
        router
    }

    /// Sends from anywhere.
    pub fn emitter(&self) -> &Emitter {
        &self.api.emitter
    }

    /// Closes all sessions within the drain window and waits for the end.
    pub async fn shut_down(self) {
        self.shards.handle.drain();
        self.shards.wait().await;
    }
}

/// Answers an Engine.IO request of the application.
async fn serve(
    State(handle): State<Handle<Command>>,
    ConnectInfo(addr): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    match handle.serve(request, &plain(addr)).await {
        Some(response) => response.into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Does for the HTTP API what the transport does at a listener of its own: judges the request's
/// origin before, and writes the headers that every answer carries.
async fn judged(
    State(handle): State<Handle<Command>>,
    ConnectInfo(addr): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let judged = handle.judge(&parts, &plain(addr));
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(judged.clone());
    let mut response = next.run(request).await;
    finish(&mut response, &judged);
    response
}

/// The application's listener speaks no TLS; a proxy in front tells by forwarded headers.
const fn plain(addr: SocketAddr) -> Peer {
    Peer {
        addr: PeerAddr::Ip(addr),
        tls: false,
    }
}
