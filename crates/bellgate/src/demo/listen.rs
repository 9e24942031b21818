//! The listeners of the page: both loopback addresses, since a browser may try either for
//! `localhost` (RFC 6761 §6.3).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

/// Binds the port on loopback. The error names what is taken.
pub(super) async fn loopback(port: u16) -> Result<Vec<TcpListener>, String> {
    let mut listeners = Vec::new();
    for addr in [
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
    ] {
        match TcpListener::bind(addr).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(taken(addr)),
            // A machine may speak one of the two families only.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {}
            Err(error) => return Err(format!("the page cannot listen on {addr}: {error}")),
        }
    }
    if listeners.is_empty() {
        return Err(format!(
            "no loopback address can be listened on at port {port}"
        ));
    }
    Ok(listeners)
}

/// Binds `preferred` on loopback, or else a port that is free, and says which.
pub(super) async fn loopback_near(preferred: u16) -> Result<(u16, Vec<TcpListener>), String> {
    let mut port = preferred;
    for _ in 0..ATTEMPTS {
        if let Ok(listeners) = loopback(port).await {
            return Ok((port, listeners));
        }
        port = free().await.map_err(|error| error.to_string())?;
    }
    Err("no port is free for the page of another origin".to_owned())
}

/// Times that a port which was free for one family may be taken for the other.
const ATTEMPTS: u32 = 8;

async fn free() -> io::Result<u16> {
    let addrs = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    ];
    TcpListener::bind(&addrs[..])
        .await?
        .local_addr()
        .map(|addr| addr.port())
}

fn taken(addr: SocketAddr) -> String {
    format!(
        "{addr} is taken: another program listens there. Stop it, or set FLASK_PORT to a free port for the page"
    )
}

#[cfg(test)]
mod tests {
    use super::{loopback, loopback_near};

    #[tokio::test]
    async fn a_taken_port_is_named_with_the_setting_to_change() {
        let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = other.local_addr().unwrap().port();
        let why = loopback(port).await.unwrap_err();
        assert!(why.contains(&format!("127.0.0.1:{port} is taken")), "{why}");
        assert!(why.contains("FLASK_PORT"), "{why}");
    }

    #[tokio::test]
    async fn where_the_preferred_port_is_taken_another_one_is_found() {
        let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = other.local_addr().unwrap().port();
        let (port, listeners) = loopback_near(taken).await.unwrap();
        assert_ne!(port, taken);
        for listener in listeners {
            assert_eq!(listener.local_addr().unwrap().port(), port);
        }
    }
}
