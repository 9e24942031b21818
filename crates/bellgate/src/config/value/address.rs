//! Addresses to listen on: `host:port`, or `unix:/path`.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

/// Where a listener is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A host name or address, without brackets, and a port (0: any free one).
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
}

impl Address {
    /// The same host with another port; a unix socket has none and stays.
    #[must_use]
    pub fn with_port(self, port: u16) -> Self {
        match self {
            Self::Tcp { host, .. } => Self::Tcp { host, port },
            unix @ Self::Unix(_) => unix,
        }
    }

    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Tcp { host, .. } => {
                host.eq_ignore_ascii_case("localhost")
                    || host
                        .parse::<std::net::IpAddr>()
                        .is_ok_and(|address| address.is_loopback())
            }
            Self::Unix(_) => true,
        }
    }

    /// `SOCKETIO_HOST` as one would write it: without the port.
    pub(super) fn host(&self) -> String {
        match self {
            Self::Tcp { host, .. } => host.clone(),
            Self::Unix(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A host without a port, or `unix:/path`.
///
/// # Errors
/// The reason, as a fragment.
pub(super) fn parse_host(text: &str) -> Result<Address, String> {
    let text = text.trim();
    if let Some(unix) = unix(text) {
        return unix;
    }
    let host = host(text)?;
    Ok(Address::Tcp { host, port: 0 })
}

/// `host:port`, or `unix:/path`.
///
/// # Errors
/// The reason, as a fragment.
pub(super) fn parse(text: &str) -> Result<Address, String> {
    let text = text.trim();
    if let Some(unix) = unix(text) {
        return unix;
    }
    let wanted = "is no address: write host:port, [::1]:port or unix:/path";
    let (written, port) = text.rsplit_once(':').ok_or(wanted)?;
    let port = match port.parse::<u16>() {
        Ok(number) if !port.starts_with('+') => number,
        _ => return Err(wanted.to_owned()),
    };
    if written.contains(':') && !written.starts_with('[') {
        return Err("needs brackets around an IPv6 address".to_owned());
    }
    let host = host(written)?;
    Ok(Address::Tcp { host, port })
}

fn unix(text: &str) -> Option<Result<Address, String>> {
    let path = Path::new(text.strip_prefix("unix:")?);
    Some(if path.is_absolute() {
        Ok(Address::Unix(path.to_owned()))
    } else {
        Err("needs an absolute path after unix:".to_owned())
    })
}

fn host(text: &str) -> Result<String, String> {
    let bracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Ok(address) = bracketed.unwrap_or(text).parse::<Ipv6Addr>() {
        return Ok(address.to_string());
    }
    if text.contains("://") {
        return Err("is a URL: write the host alone".to_owned());
    }
    if text.contains(':') {
        return Err("is no host; a port has a setting of its own".to_owned());
    }
    let known = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if text.is_empty() || text.len() > 253 || !text.chars().all(known) {
        return Err("is no host name and no address".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn hosts_ports_and_sockets_are_told_apart() {
        assert_eq!(parse("127.0.0.1:5002"), Ok(tcp("127.0.0.1", 5002)));
        assert_eq!(parse("[::1]:5002"), Ok(tcp("::1", 5002)));
        assert_eq!(parse("localhost:0"), Ok(tcp("localhost", 0)));
        assert_eq!(
            parse("unix:/run/b.sock"),
            Ok(Address::Unix("/run/b.sock".into()))
        );
        assert_eq!(parse_host("::"), Ok(tcp("::", 0)));
        assert_eq!(parse_host("[::1]"), Ok(tcp("::1", 0)));
        assert_eq!(
            parse_host("unix:/x").unwrap().with_port(5),
            Address::Unix("/x".into())
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "5002",
            "host",
            ":5002",
            "::1:5002",
            "host:x",
            "host:70000",
            "host:+1",
            "a b:1",
            "unix:x",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in [
            "",
            "http://localhost",
            "localhost:5001",
            "a b",
            "unix:",
            "hö",
            "a/b",
        ] {
            assert!(parse_host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_what_only_this_machine_reaches() {
        for (text, loopback) in [
            ("127.0.0.9:1", true),
            ("[::1]:1", true),
            ("LOCALHOST:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("unix:/x", true),
        ] {
            assert_eq!(parse(text).unwrap().is_loopback(), loopback, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_written_back(text in any::<String>()) {
            let _ = parse_host(&text);
            if let Ok(address) = parse(&text) {
                prop_assert_eq!(parse(&address.to_string()), Ok(address));
            }
        }

        #[test]
        fn what_is_written_reads_as_the_same_address(
            host in prop_oneof!["[a-z][a-z0-9.-]{0,20}", any::<Ipv6Addr>().prop_map(|a| a.to_string())],
            port in any::<u16>(),
        ) {
            let address = tcp(&host, port);
            prop_assert_eq!(parse(&address.to_string()), Ok(address));
        }
    }
}
