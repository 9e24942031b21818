//! Who is at the other end of the socket, and whether it is a proxy that is believed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use crate::escape_for_log;
use crate::notice::Notice;

const SETTING: &str = "BELLGATE_TRUSTED_PROXIES";

/// Where a connection came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The other end of the socket.
    pub addr: PeerAddr,
    /// Whether Bellgate itself ended TLS on it.
    pub tls: bool,
}

/// The other end of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerAddr {
    /// An address and port.
    Ip(SocketAddr),
    /// A unix socket.
    Unix,
}

impl PeerAddr {
    /// The address, where there is one; an IPv4 address in IPv6 clothes is undressed.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(addr) => Some(addr.ip().to_canonical()),
            Self::Unix => None,
        }
    }
}

/// The peers whose forwarded headers are believed: `BELLGATE_TRUSTED_PROXIES`.
///
/// ```
/// use bellgate_gate::{PeerAddr, TrustedProxies};
///
/// let (proxies, notices) = TrustedProxies::parse("10.0.0.0/8, loopback, unix");
/// assert!(notices.is_empty());
/// assert!(proxies.contains(&PeerAddr::Unix));
/// assert!(proxies.contains(&PeerAddr::Ip("10.1.2.3:4711".parse().unwrap())));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    nets: Vec<IpNet>,
    loopback: bool,
    unix: bool,
}

impl TrustedProxies {
    /// Reads a comma list of networks, addresses, `loopback` and `unix`. An entry that is none of
    /// these is dropped with a notice; nobody is trusted by default.
    pub fn parse(text: &str) -> (Self, Vec<Notice>) {
        let mut proxies = Self::default();
        let mut notices = Vec::new();
        for entry in text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            match parse_entry(entry) {
                Some(Entry::Loopback) => proxies.loopback = true,
                Some(Entry::Unix) => proxies.unix = true,
                Some(Entry::Net(net)) => {
                    if net.prefix_len() == 0 {
                        notices.push(Notice::advice(
                            SETTING,
                            format!("{entry} trusts everybody: any client may then choose its address"),
                        ));
                    }
                    proxies.nets.push(net);
                }
                None => notices.push(Notice::dropped(
                    SETTING,
                    format!(
                        "{} is neither an address, a network such as 10.0.0.0/8, loopback nor unix; it is left out",
                        escape_for_log(entry.as_bytes(), 128)
                    ),
                )),
            }
        }
        (proxies, notices)
    }

    /// Whether this peer is one of them.
    pub fn contains(&self, peer: &PeerAddr) -> bool {
        match peer.ip() {
            Some(ip) => self.contains_ip(ip),
            None => self.unix,
        }
    }

    /// Whether an address, as a forwarded header names it, is one of them.
    pub fn contains_ip(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        (self.loopback && ip.is_loopback()) || self.nets.iter().any(|net| net.contains(&ip))
    }
}

enum Entry {
    Loopback,
    Unix,
    Net(IpNet),
}

fn parse_entry(entry: &str) -> Option<Entry> {
    if entry.eq_ignore_ascii_case("loopback") {
        return Some(Entry::Loopback);
    }
    if entry.eq_ignore_ascii_case("unix") {
        return Some(Entry::Unix);
    }
    if let Ok(ip) = entry.parse::<IpAddr>() {
        return Some(Entry::Net(IpNet::from(ip.to_canonical())));
    }
    entry
        .parse::<IpNet>()
        .ok()
        .map(|net| Entry::Net(undress(net)))
}

/// Peers are compared in their IPv4 form, so a network of mapped addresses takes that form too.
fn undress(net: IpNet) -> IpNet {
    if let IpNet::V6(v6) = net
        && let Some(v4) = v6.addr().to_ipv4_mapped()
        && let Some(prefix) = v6.prefix_len().checked_sub(96)
    {
        return IpNet::new(IpAddr::V4(Ipv4Addr::from(v4.octets())), prefix).unwrap_or(net);
    }
    net
}

#[cfg(test)]
mod tests {
    use super::{PeerAddr, TrustedProxies};
    use crate::notice::Kind;

    fn ip(text: &str) -> PeerAddr {
        PeerAddr::Ip(std::net::SocketAddr::new(text.parse().unwrap(), 1))
    }

    #[test]
    fn nobody_is_trusted_by_default() {
        let (proxies, notices) = TrustedProxies::parse("");
        assert!(notices.is_empty());
        assert!(!proxies.contains(&ip("127.0.0.1")) && !proxies.contains(&PeerAddr::Unix));
    }

    #[test]
    fn networks_addresses_and_names_are_taken() {
        let (proxies, notices) = TrustedProxies::parse(
            " 10.0.0.0/8,192.0.2.7 , Loopback,2001:db8::/32,::ffff:198.51.100.0/120",
        );
        assert_eq!(notices, []);
        for inside in [
            "10.255.0.1",
            "192.0.2.7",
            "127.0.0.9",
            "::1",
            "2001:db8::5",
            "::ffff:10.0.0.1",
            "198.51.100.9",
        ] {
            assert!(proxies.contains(&ip(inside)), "{inside}");
        }
        for outside in [
            "11.0.0.1",
            "192.0.2.8",
            "2001:db9::5",
            "::ffff:11.0.0.1",
            "198.51.101.9",
        ] {
            assert!(!proxies.contains(&ip(outside)), "{outside}");
        }
        assert!(!proxies.contains(&PeerAddr::Unix));
    }

    #[test]
    fn an_entry_that_is_no_address_is_dropped_and_told() {
        let (proxies, notices) = TrustedProxies::parse("*,10.0.0.0/33,localhost,10.0.0.1\x1b[31m");
        assert_eq!(proxies, TrustedProxies::default());
        assert_eq!(notices.len(), 4);
        assert!(notices.iter().all(|notice| notice.kind == Kind::Dropped));
        assert!(notices.iter().all(|notice| !notice.text.contains('\x1b')));
    }

    #[test]
    fn trusting_everybody_is_advised_against() {
        let (proxies, notices) = TrustedProxies::parse("0.0.0.0/0");
        assert!(proxies.contains(&ip("203.0.113.1")));
        assert_eq!(notices[0].kind, Kind::Advice);
    }
}
