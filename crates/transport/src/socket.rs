//! One stream type for all that can be accepted, so that drivers are written once.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::tls::TlsStream;

/// A client that has gone is an error and no signal. Where there is no such flag, the signal is the program's
/// to ignore, as Rust's own start does.
#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: SendFlags = SendFlags::empty();

/// Any stream that can be read and written.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connected stream.
pub enum Socket {
    /// Plain TCP.
    Tcp(TcpStream),
    /// A unix socket.
    Unix(UnixStream),
    /// TLS over TCP, driven by this crate so that it can move between shards.
    Tls(Box<TlsStream>),
    /// A stream of an embedding server; it stays on the reactor that accepted it.
    Foreign(Box<dyn Duplex>),
}

/// A [`Socket`] detached from its reactor, on its way to another shard.
pub enum Portable {
    /// Plain TCP.
    Tcp(std::net::TcpStream),
    /// A unix socket.
    Unix(std::os::unix::net::UnixStream),
    /// TLS over TCP with the state of the connection.
    Tls(std::net::TcpStream, Box<rustls::ServerConnection>),
    /// A stream that cannot leave its reactor, but can be used from afar.
    Foreign(Box<dyn Duplex>),
}

impl Socket {
    /// Takes the socket off this thread's reactor.
    pub fn into_portable(self) -> io::Result<Portable> {
        Ok(match self {
            Self::Tcp(stream) => Portable::Tcp(stream.into_std()?),
            Self::Unix(stream) => Portable::Unix(stream.into_std()?),
            Self::Tls(stream) => {
                let (tcp, tls) = stream.into_parts();
                Portable::Tls(tcp.into_std()?, tls)
            }
            Self::Foreign(stream) => Portable::Foreign(stream),
        })
    }

    /// Puts the socket on this thread's reactor. Must be called inside a runtime.
    pub fn from_portable(portable: Portable) -> io::Result<Self> {
        Ok(match portable {
            Portable::Tcp(stream) => Self::Tcp(TcpStream::from_std(stream)?),
            Portable::Unix(stream) => Self::Unix(UnixStream::from_std(stream)?),
            Portable::Tls(tcp, tls) => Self::Tls(Box::new(TlsStream::from_parts(
                TcpStream::from_std(tcp)?,
                tls,
            ))),
            Portable::Foreign(stream) => Self::Foreign(stream),
        })
    }
}

macro_rules! each {
    ($socket:expr, $stream:ident => $call:expr) => {
        match $socket {
            Socket::Tcp($stream) => $call,
            Socket::Unix($stream) => $call,
            Socket::Tls($stream) => $call,
            Socket::Foreign($stream) => $call,
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Sent without a look at what the reactor knows of the socket, which is mostly in no cache when
        // thousands are written to, one after the other. It is asked where the socket takes nothing.
        if let Self::Tcp(stream) = &*self {
            match send(stream, buf, NO_SIGNAL) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                sent => return Poll::Ready(sent.map_err(io::Error::from)),
            }
        }
        each!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, stream => stream.is_write_vectored())
    }
}
