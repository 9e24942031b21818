//! Hosts and ports: the part of an origin that `Host`, proxies' headers and settings have too.
//!
//! [`canonical`] gives the one spelling of a name or address, [`split_port`] takes `host:port`
//! apart. Addresses are written as browsers write them (WHATWG URL, host serializing), so that
//! `[::ffff:127.0.0.1]` is not mistaken for `127.0.0.1`.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;

/// The canonical spelling: lower-case ASCII name, IPv4 address, or IPv6 address in brackets.
///
/// The error is a lower-case fragment that never repeats the text.
pub(crate) fn canonical(host: &str) -> Result<String, String> {
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|text| text.parse().ok());
        return address
            .map(|address| bracketed(&address))
            .ok_or_else(|| "its brackets hold no IPv6 address".to_owned());
    }
    let name = if is_plain(host) {
        host.into()
    } else {
        idna::domain_to_ascii_cow(host.as_bytes(), AsciiDenyList::URL)
            .map_err(|_| "its host is not a valid name".to_owned())?
    };
    check_name(&name)?;
    Ok(name.into_owned())
}

/// Whether a name is one that IDNA leaves as it is: lower-case ASCII without punycode. Nearly all
/// are, and each request has two.
fn is_plain(host: &str) -> bool {
    let is_left = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    !host.is_empty()
        && host.bytes().all(is_left)
        && !host.as_bytes().windows(4).any(|at| at == b"xn--")
}

/// Takes `host`, `host:port`, `[v6]` or `[v6]:port` apart; the host stays as it was written.
pub(crate) fn split_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    let end = if authority.starts_with('[') {
        authority
            .find(']')
            .map(|end| end + 1)
            .ok_or("its bracket is not closed")?
    } else {
        let colon = authority.bytes().position(|byte| byte == b':');
        colon.unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at_checked(end).unwrap_or((authority, ""));
    if host.is_empty() {
        return Err("it has no host".to_owned());
    }
    match rest.strip_prefix(':') {
        None if rest.is_empty() => Ok((host, None)),
        None => Err("something stands behind its bracket".to_owned()),
        Some(port) if port.as_bytes().contains(&b':') => {
            Err("it has two ports, or an IPv6 address without brackets".to_owned())
        }
        Some(port) => Ok((host, Some(parse_port(port)?))),
    }
}

/// The canonical spelling of `host` or `host:port`.
pub(crate) fn with_port(authority: &str) -> Result<String, String> {
    let (name, port) = split_port(authority)?;
    let mut name = canonical(name)?;
    if let Some(port) = port {
        // Writing to a String cannot fail.
        let _ = write!(name, ":{port}");
    }
    Ok(name)
}

/// Reads a port: 1 to 65535, digits only, no leading zero.
fn parse_port(text: &str) -> Result<u16, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    match text.parse::<u16>() {
        Ok(port) if plain => Ok(port),
        _ => Err("its port is not a number from 1 to 65535".to_owned()),
    }
}

/// Whether a canonical host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    address(host).is_some_and(|address| address.is_loopback())
}

/// The address that a canonical host is, if it is one.
pub(crate) fn address(host: &str) -> Option<IpAddr> {
    match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => host.parse().ok().map(IpAddr::V4),
    }
}

/// Letters, digits, `-`, `_` and single dots, with DNS's lengths (RFC 1035 §2.3.4). One trailing
/// dot is kept: browsers keep it too, and it makes another origin.
fn check_name(name: &str) -> Result<(), String> {
    let labels = name.strip_suffix('.').unwrap_or(name);
    // Bytes are compared for less than a search is set up for; names are short.
    let each = || labels.as_bytes().split(|byte| *byte == b'.');
    if labels.len() > 253 || each().any(|label| label.len() > 63) {
        return Err("its host is longer than a name can be".to_owned());
    }
    if each().any(<[u8]>::is_empty) {
        return Err("its host has an empty label".to_owned());
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !name.bytes().all(fits) {
        return Err("its host has a character that no name has".to_owned());
    }
    // A name whose last label is a number is an address to every resolver (WHATWG URL, "ends in
    // a number"), in spellings that differ; only the plain one is taken.
    if ends_in_number(labels.as_bytes()) && name.parse::<Ipv4Addr>().is_err() {
        return Err("its host is an IPv4 address in an odd spelling".to_owned());
    }
    Ok(())
}

fn ends_in_number(labels: &[u8]) -> bool {
    let mut from_right = labels.rsplit(|byte| *byte == b'.');
    let last = from_right.next().unwrap_or_default();
    let hex = last.strip_prefix(b"0x");
    last.iter().all(u8::is_ascii_digit)
        || hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
}

/// An IPv6 address as browsers write it: hexadecimal throughout, the first longest run of two or
/// more zero groups left out. The standard library writes mapped addresses with dots.
pub(crate) fn bracketed(address: &Ipv6Addr) -> String {
    let groups = address.segments();
    let (start, length) = longest_zeros(&groups);
    let mut text = String::from("[");
    for (index, group) in groups.iter().enumerate() {
        if length >= 2 && index == start {
            text.push_str("::");
        }
        if length >= 2 && (start..start + length).contains(&index) {
            continue;
        }
        if !text.ends_with([':', '[']) {
            text.push(':');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{group:x}");
    }
    text.push(']');
    text
}

fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let (mut best, mut run) = ((0, 0), (0, 0));
    for (index, group) in groups.iter().enumerate() {
        run = match (*group, run.1) {
            (0, 0) => (index, 1),
            (0, length) => (run.0, length + 1),
            _ => (0, 0),
        };
        if run.1 > best.1 {
            best = run;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use idna::AsciiDenyList;

    use super::{bracketed, is_loopback, is_plain};

    #[test]
    fn addresses_are_compressed_as_browsers_do() {
        for (written, form) in [
            ("::", "[::]"),
            ("::1", "[::1]"),
            ("1::", "[1::]"),
            ("1:0:0:2:0:0:0:3", "[1:0:0:2::3]"),
            ("1:0:2:0:3:0:4:0", "[1:0:2:0:3:0:4:0]"),
            ("::ffff:1.2.3.4", "[::ffff:102:304]"),
            ("fe80::1:2:3:4", "[fe80::1:2:3:4]"),
        ] {
            assert_eq!(bracketed(&written.parse().unwrap()), form);
        }
    }

    #[test]
    fn loopback_is_more_than_one_spelling() {
        for host in [
            "localhost",
            "app.localhost",
            "127.0.0.1",
            "127.8.9.1",
            "[::1]",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.com",
            "evillocalhost",
            "128.0.0.1",
            "[::2]",
            "[::ffff:7f00:1]",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
    proptest::proptest! {
        #[test]
        fn idna_leaves_plain_names_as_they_are(
            host in "[a-z0-9._-]{1,40}|[a-z0-9]{0,4}(-{0,3}|_|\\.{1,2})[a-z0-9._-]{0,8}",
        ) {
            if is_plain(&host) {
                let left = idna::domain_to_ascii_cow(host.as_bytes(), AsciiDenyList::URL);
                proptest::prop_assert_eq!(left.ok(), Some(Cow::Borrowed(host.as_str())));
            }
        }
    }
}
