//! Requests and policies for the tests of this crate.

use bellgate_gate::origin::{OriginPolicy, OriginSettings};
use bellgate_gate::{Notice, NoticeKind, Peer, PeerAddr, RequestFacts, TrustedProxies};
use http::{HeaderValue, Method};

/// A peer that nobody trusts.
pub(crate) fn stranger() -> Peer {
    peer("198.51.100.9")
}

/// A peer at an address.
pub(crate) fn peer(ip: &str) -> Peer {
    let ip = ip.parse().expect("a test writes an address");
    Peer {
        addr: PeerAddr::Ip(std::net::SocketAddr::new(ip, 40000)),
        tls: false,
    }
}

/// The facts of a request from `peer` with these headers, in this order.
pub(crate) fn request_from(
    peer: &Peer,
    proxies: &str,
    method: &Method,
    headers: &[(&str, &[u8])],
) -> RequestFacts {
    let mut request = http::Request::new(());
    *request.method_mut() = method.clone();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().expect("a test writes a header name");
        let value = HeaderValue::from_bytes(value).expect("a test writes a header value");
        request.headers_mut().append(name, value);
    }
    RequestFacts::read(
        &request.into_parts().0,
        peer,
        &TrustedProxies::parse(proxies).0,
    )
}

/// The facts of a GET with these headers.
pub(crate) fn get(headers: &[(&str, &str)]) -> RequestFacts {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    request_from(&stranger(), "", &Method::GET, &headers)
}

/// The facts of a preflight.
pub(crate) fn preflight(origin: &str, method: &str, headers: &str) -> RequestFacts {
    let mut lines: Vec<(&str, &[u8])> = vec![
        ("origin", origin.as_bytes()),
        ("access-control-request-method", method.as_bytes()),
    ];
    if !headers.is_empty() {
        lines.push(("access-control-request-headers", headers.as_bytes()));
    }
    request_from(&stranger(), "", &Method::OPTIONS, &lines)
}

/// A policy and its notices.
pub(crate) fn build(change: impl FnOnce(&mut OriginSettings)) -> (OriginPolicy, Vec<Notice>) {
    let mut settings = OriginSettings::default();
    change(&mut settings);
    OriginPolicy::build(&settings)
}

/// A policy of development with an explicit list.
pub(crate) fn listing(entries: &[&str]) -> OriginPolicy {
    build(|settings| {
        settings.cors_origins = Some(entries.iter().map(|entry| (*entry).to_owned()).collect());
    })
    .0
}

/// The kinds of notices.
pub(crate) fn kinds(notices: &[Notice]) -> Vec<NoticeKind> {
    notices.iter().map(|notice| notice.kind).collect()
}
