//! Who is counted.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// Whose hits are counted together. Kinds never meet, whatever their texts (hardening §3 row 32).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Everybody at one address.
    Address(AddressBlock),
    /// One user, from wherever.
    User(Arc<str>),
    /// One connection without a user.
    Connection(u64),
    /// Everybody behind a loopback or unix peer whose forwarded headers are not believed; only failed
    /// credentials are counted by it (contract §4, limits).
    LocalPeer,
}

impl Subject {
    /// Everybody at this address, or in its block.
    pub fn address(ip: IpAddr) -> Self {
        Self::Address(AddressBlock::of(ip))
    }

    /// A user by its id.
    pub fn user(id: &str) -> Self {
        Self::User(id.into())
    }
}

/// An IPv4 address, or a /64 of IPv6: what one caller can choose its address from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressBlock(IpAddr);

impl AddressBlock {
    /// The block that holds `ip`; an IPv4 address in IPv6 clothes is undressed first.
    pub fn of(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & NETWORK)),
        })
    }

    /// The first address of the block.
    pub fn first(&self) -> IpAddr {
        self.0
    }
}

/// `192.0.2.7`, `2001:db8::/64`.
impl fmt::Display for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

/// The network half of an IPv6 address.
const NETWORK: u128 = !(u64::MAX as u128);

#[cfg(test)]
mod tests {
    use super::AddressBlock;

    #[test]
    fn addresses_of_one_subscriber_fold_into_one_block() {
        for (ip, block) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
            ("2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
            ("2001:db8:0:2::1", "2001:db8:0:2::/64"),
            ("::1", "::/64"),
        ] {
            assert_eq!(AddressBlock::of(ip.parse().unwrap()).to_string(), block);
        }
    }
}
