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

fn taken(addr: SocketAddr) -> String {
    format!(
        "{addr} is taken: another program listens there. Stop it, or set FLASK_PORT to a free port for the page"
    )
}

#[cfg(test)]
mod tests {
    use super::loopback;

    #[tokio::test]
    async fn a_taken_port_is_named_with_the_setting_to_change() {
        let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = other.local_addr().unwrap().port();
        let why = loopback(port).await.unwrap_err();
        assert!(why.contains(&format!("127.0.0.1:{port} is taken")), "{why}");
        assert!(why.contains("FLASK_PORT"), "{why}");
    }
}
