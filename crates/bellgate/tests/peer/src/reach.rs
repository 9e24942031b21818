//! Where a server is.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::http::Request;

/// Any connected stream.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connected stream.
pub type Stream = Box<dyn Duplex>;

/// Where a server is, and what each request to it carries.
#[derive(Clone)]
pub struct Reach {
    to: To,
    /// The Host header.
    pub(crate) host: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) path: String,
    is_abrupt: bool,
}

#[derive(Clone)]
enum To {
    Tcp(SocketAddr),
    Tls(SocketAddr, Arc<rustls::ClientConfig>),
    Unix(PathBuf),
}

impl Reach {
    /// A server on TCP.
    pub fn tcp(addr: SocketAddr) -> Self {
        Self::new(To::Tcp(addr), addr.to_string())
    }

    /// A server as it names itself: `http://127.0.0.1:5001` or `unix:/path`.
    pub fn url(url: &str) -> Self {
        if let Some(path) = url.strip_prefix("unix:") {
            return Self::new(To::Unix(path.into()), "localhost".to_owned());
        }
        let addr = url.split_once("://").expect("a URL has a scheme").1;
        Self::tcp(addr.parse().expect("a server names its address"))
    }

    /// A server on TCP that speaks TLS, as `localhost`.
    pub fn tls(addr: SocketAddr, config: Arc<rustls::ClientConfig>) -> Self {
        Self::new(To::Tls(addr, config), format!("localhost:{}", addr.port()))
    }

    fn new(to: To, host: String) -> Self {
        Self {
            to,
            host,
            headers: Vec::new(),
            path: "/socket.io/".to_owned(),
            is_abrupt: false,
        }
    }

    /// Every request carries this header too.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The page of this origin makes the requests.
    #[must_use]
    pub fn from_origin(self, origin: &str) -> Self {
        self.with_header("Origin", origin)
    }

    /// Engine.IO is at this path.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Connections end by a reset, as those of a process that is killed with unread data.
    #[must_use]
    pub fn abruptly(mut self) -> Self {
        self.is_abrupt = true;
        self
    }

    /// The address, where it is one of IP.
    pub fn addr(&self) -> SocketAddr {
        match &self.to {
            To::Tcp(addr) | To::Tls(addr, _) => *addr,
            To::Unix(path) => panic!("{} is no IP address", path.display()),
        }
    }

    /// A connected stream.
    pub async fn connect(&self) -> io::Result<Stream> {
        Ok(match &self.to {
            To::Tcp(addr) => Box::new(self.connect_tcp(*addr).await?),
            To::Unix(path) => Box::new(UnixStream::connect(path).await?),
            To::Tls(addr, config) => {
                let connector = tokio_rustls::TlsConnector::from(Arc::clone(config));
                let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
                Box::new(
                    connector
                        .connect(name, self.connect_tcp(*addr).await?)
                        .await?,
                )
            }
        })
    }

    async fn connect_tcp(&self, addr: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        if self.is_abrupt {
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        }
        Ok(stream)
    }

    /// Begins a request.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self, method, path)
    }

    /// Begins a GET.
    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    /// Begins a POST.
    pub fn post(&self, path: &str) -> Request {
        self.request("POST", path)
    }
}
