//! The operator's socket: bound on TCP or as a unix socket, and served with a bound on everything
//! that a caller could hold on to. Start with [`bind`].
//!
//! A connection carries one request, and the answer says so (`Connection: close`). hyper has one
//! deadline for a head that is slow and for a connection that merely waits for its next request;
//! were such ones kept, a scrape could meet a connection that is being cut. A scraper that comes
//! every few seconds doesn't notice a connection more.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use axum::serve::Listener;
use bellgate_transport::listen::{SocketFile, unix};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::config::Address;

/// Time for the head of a request, as at the public listener.
const HEAD: Duration = Duration::from_secs(5);
/// Time for a connection as a whole: for a caller who does not take his answer.
const WHOLE: Duration = Duration::from_secs(30);
/// Most connections at once; whoever comes later waits for one to end.
const CONNECTIONS: usize = 64;
/// Most headers of a request, and most bytes of its head, as at the public listener.
const HEADERS: usize = 100;
const HEAD_BYTES: usize = 16 * 1024;

/// A socket that is bound and not served yet.
pub(crate) enum Bound {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, SocketFile),
}

/// Binds the address. The error says what to change.
pub(crate) async fn bind(address: &Address) -> Result<Bound, String> {
    let bound = match address {
        Address::Tcp { host, port } => bind_tcp(host, *port).await,
        Address::Unix(path) => bind_unix(path),
    };
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{address} is taken: another program listens there. Choose a free one, or off")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

async fn bind_tcp(host: &str, port: u16) -> io::Result<Bound> {
    let listener = TcpListener::bind((host, port)).await?;
    let addr = listener.local_addr()?;
    Ok(Bound::Tcp(listener, addr))
}

fn bind_unix(path: &Path) -> io::Result<Bound> {
    let (listener, file) = unix(path)?;
    Ok(Bound::Unix(UnixListener::from_std(listener)?, file))
}

/// The admin listener while it is served: until it is stopped, whatever becomes of this.
pub(crate) struct Listening {
    at: Option<SocketAddr>,
    task: JoinHandle<()>,
}

impl Listening {
    /// Serves a bound socket in a task of its own.
    pub(super) fn serve(bound: Bound, router: Router) -> Self {
        match bound {
            Bound::Tcp(listener, addr) => Self {
                at: Some(addr),
                task: tokio::spawn(accept(listener, router, |caller| Some(caller.ip()))),
            },
            Bound::Unix(listener, file) => Self {
                at: None,
                task: tokio::spawn(async move {
                    // Removed with this task.
                    let _file = file;
                    accept(listener, router, |_| None).await;
                }),
            },
        }
    }

    /// Its address, where it is one of IP.
    pub(crate) const fn at(&self) -> Option<SocketAddr> {
        self.at
    }

    /// Ends it, and waits until its address is free.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        // It was told to end: that it did not end by itself is no news.
        let _ = (&mut self.task).await;
    }
}

/// Who has connected: an extension of each request; none on a unix socket.
#[derive(Clone, Copy)]
pub(super) struct Caller(pub(super) Option<IpAddr>);

/// Takes connections in for ever. Those that are open end with this task.
async fn accept<L: Listener>(
    mut listener: L,
    router: Router,
    address: fn(L::Addr) -> Option<IpAddr>,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut open = JoinSet::new();
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        let (stream, caller) = listener.accept().await;
        let router = router.clone().layer(Extension(Caller(address(caller))));
        open.spawn(async move {
            // Nobody is left to be told of a caller who was too slow.
            let _ = tokio::time::timeout(WHOLE, answer(stream, router)).await;
            drop(place);
        });
        while open.try_join_next().is_some() {}
    }
}

/// Answers the one request of a connection.
async fn answer(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, router: Router) {
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .keep_alive(false)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = serving.await {
        tracing::debug!(%error, "a connection to the admin listener ended early");
    }
}
