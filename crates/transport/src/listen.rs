//! Listening sockets.
//!
//! On TCP every shard binds the same address with `SO_REUSEPORT`, and the kernel spreads the
//! connections. That option would also let a second server take half of them silently, so the
//! first shard listens without it, and only then lets the others in: a taken port is an error that
//! names it. What has been bound is not closed again before all listen: a process that is being
//! started meanwhile holds a copy of every socket until it runs its own program.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use socket2::{Domain, Protocol, Socket, Type};

use crate::config::ListenAddr;

/// Connections that the kernel holds for a shard until it accepts them.
const BACKLOG: i32 = 4096;

/// Why the server cannot listen.
#[derive(Debug)]
pub enum ListenError {
    /// Another program listens there.
    Taken {
        /// The address as it would be written in the settings.
        addr: String,
    },
    /// The host name has no address.
    Unresolved {
        /// The name.
        host: String,
        /// What the resolver said.
        error: io::Error,
    },
    /// The system refuses for another reason.
    Refused {
        /// The address as it would be written in the settings.
        addr: String,
        /// What the system said.
        error: io::Error,
    },
}

impl std::fmt::Display for ListenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Taken { addr } => write!(
                f,
                "{addr} is taken: another program listens there. Stop it, or set SOCKETIO_HOST and SOCKETIO_PORT to a free address"
            ),
            Self::Unresolved { host, error } => {
                write!(f, "the host {host} has no address: {error}")
            }
            Self::Refused { addr, error } => write!(f, "cannot listen on {addr}: {error}"),
        }
    }
}

impl std::error::Error for ListenError {}

/// Listeners for every shard.
pub(crate) enum Listeners {
    /// For each shard one listener for each address.
    PerShard(Vec<Vec<TcpListener>>),
    /// One unix listener, whose streams are handed out.
    Unix(UnixListener, SocketFile),
}

/// Holds a port that the system chose, until the listeners have it.
#[derive(Debug)]
pub struct Reserved(#[expect(dead_code, reason = "held for its drop")] Option<Socket>);

/// Chooses the port where the address leaves it to the system, so that whoever starts the server
/// knows it beforehand. Drop the reservation once the server listens.
pub fn reserve(listen: ListenAddr) -> Result<(ListenAddr, Reserved), ListenError> {
    let ListenAddr::Tcp { host, port: 0 } = &listen else {
        return Ok((listen, Reserved(None)));
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let resolved = resolve(bare, 0).map_err(|error| ListenError::Unresolved {
        host: host.clone(),
        error,
    })?;
    let refused = |error: io::Error| ListenError::Refused {
        addr: format!("{host}:0"),
        error,
    };
    let addr = *resolved
        .first()
        .ok_or_else(|| refused(io::ErrorKind::AddrNotAvailable.into()))?;
    // Bound and not listening: others can't be given the port, and the listeners may share it.
    let held = socket(addr).map_err(refused)?;
    held.set_reuse_port(true).map_err(refused)?;
    held.bind(&addr.into()).map_err(refused)?;
    let port = held
        .local_addr()
        .map_err(refused)?
        .as_socket()
        .map_or(0, |addr| addr.port());
    Ok((
        ListenAddr::Tcp {
            host: host.clone(),
            port,
        },
        Reserved(Some(held)),
    ))
}

/// Binds everything, or nothing.
pub(crate) fn bind(
    listen: &ListenAddr,
    shards: usize,
) -> Result<(Listeners, Vec<String>), ListenError> {
    match listen {
        ListenAddr::Tcp { host, port } => bind_tcp(host, *port, shards),
        ListenAddr::Unix(path) => {
            let addr = format!("unix:{}", path.display());
            let (listener, file) = unix(path).map_err(|error| refusal(addr.clone(), error))?;
            Ok((Listeners::Unix(listener, file), vec![addr]))
        }
    }
}

fn bind_tcp(host: &str, port: u16, shards: usize) -> Result<(Listeners, Vec<String>), ListenError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addrs = resolve(bare, port).map_err(|error| ListenError::Unresolved {
        host: host.to_owned(),
        error,
    })?;
    let refused = |addr: SocketAddr| move |error| refusal(addr.to_string(), error);
    let mut per_shard: Vec<Vec<TcpListener>> = (0..shards).map(|_| Vec::new()).collect();
    let mut bound = Vec::new();
    let mut chosen = port;
    let several = addrs.len() > 1;
    for mut addr in addrs {
        addr.set_port(chosen);
        let first = match first(addr) {
            Ok(first) => first,
            // A name may have an address of a family that this machine does not speak.
            Err(error) if several && error.kind() == io::ErrorKind::AddrNotAvailable => continue,
            Err(error) => return Err(refused(addr)(error)),
        };
        addr = first.local_addr().map_err(refused(addr))?;
        chosen = addr.port();
        let mut first = Some(first);
        for listeners in &mut per_shard {
            let listener = first.take().map_or_else(|| further(addr), Ok);
            listeners.push(listener.map_err(refused(addr))?);
        }
        bound.push(format!("http://{addr}"));
    }
    if bound.is_empty() {
        let error = io::ErrorKind::AddrNotAvailable.into();
        return Err(ListenError::Refused {
            addr: format!("{host}:{port}"),
            error,
        });
    }
    Ok((Listeners::PerShard(per_shard), bound))
}

fn refusal(addr: String, error: io::Error) -> ListenError {
    match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken { addr },
        _ => ListenError::Refused { addr, error },
    }
}

/// The addresses of a host. `localhost` is both loopback addresses whatever the system's table says
/// (RFC 6761 §6.3): a browser may try either.
fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![
            (Ipv4Addr::LOCALHOST, port).into(),
            (Ipv6Addr::LOCALHOST, port).into(),
        ]);
    }
    let mut addrs: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    addrs.sort();
    addrs.dedup();
    Ok(addrs)
}

/// Listens where nobody else does (with port 0, where the system says), and lets the other shards in
/// from then on.
fn first(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(addr)?;
    socket.bind(&addr.into())?;
    // Listening finds a second server that shares the port by SO_REUSEPORT, which binding may not.
    socket.listen(BACKLOG)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Listens beside the first.
fn further(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(addr)?;
    socket.set_reuse_port(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn socket(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    Ok(socket)
}

/// Listens at a path, not blocking. The file has the mode that the process's umask gives it; one that
/// nobody answers at is left from a server that was killed, and is replaced.
pub fn unix(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path) => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        other => other,
    }?;
    listener.set_nonblocking(true)?;
    Ok((listener, SocketFile(path.to_owned())))
}

fn is_stale(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    let refused = UnixStream::connect(path)
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    is_socket && refused
}

/// The file of a unix socket; removed when this is dropped.
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A new server may have replaced it; then there is nothing of ours to remove.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Raises the number of descriptors that this process may hold as far as allowed; returns it.
pub fn raise_descriptor_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let raised = setrlimit(Resource::Nofile, wanted).map_or(limit.current, |()| limit.maximum);
    raised.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{bind, reserve};
    use crate::config::ListenAddr;

    fn any_port() -> ListenAddr {
        ListenAddr::Tcp {
            host: "127.0.0.1".to_owned(),
            port: 0,
        }
    }

    /// A child process has every descriptor of its parent until it runs its own program, also a
    /// listening socket that the parent closes meanwhile.
    #[test]
    fn a_free_port_is_free_although_the_process_starts_others_meanwhile() {
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    Command::new("true").status().unwrap();
                }
            });
            let refused = (0..2000).find_map(|_| {
                let (listen, reserved) = reserve(any_port()).unwrap();
                let bound = bind(&listen, 2);
                drop(reserved);
                bound.err()
            });
            done.store(true, Ordering::Relaxed);
            assert!(refused.is_none(), "{refused:?}");
        });
    }
}
