//! Origins that nobody has to write down: the web application's, the public URL's, our own.

use crate::canon::{Origin, Scheme};
use crate::escape_for_log;
use crate::host;
use crate::notice::Notice;
use crate::origin::settings::OriginSettings;

/// The three spellings of this machine; browsers take them for three hosts.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
const DEFAULT_HOST: &str = "localhost";
const DEFAULT_PORT: u16 = 5000;
const FLASK_HOST: &str = "FLASK_HOST";
const PUBLIC_URL: &str = "BELLGATE_PUBLIC_URL";

/// The origins of the web application: `http://H:P` and `https://H:P` for `FLASK_HOST:FLASK_PORT`.
pub(crate) fn of_application(settings: &OriginSettings, notices: &mut Vec<Notice>) -> Vec<Origin> {
    let (host, port) = application_address(settings, notices);
    if is_bind_all(&host) && settings.public_url.is_empty() {
        let advice = "0.0.0.0 and :: are no address of a page; set BELLGATE_PUBLIC_URL to where users open it";
        notices.push(Notice::advice(FLASK_HOST, advice));
    }
    let mut origins = of_address(&host, port, settings);
    if settings.require_https {
        notices.push(Notice::advice(
            "SOCKETIO_REQUIRE_HTTPS",
            "is on: no http origin is generated or admitted",
        ));
    }
    if settings.production {
        origins.retain(|origin| !origin.is_loopback());
    }
    origins
}

/// The origins of `BELLGATE_PUBLIC_URL`; a path is no part of an origin and is left out.
pub(crate) fn of_public_url(settings: &OriginSettings, notices: &mut Vec<Notice>) -> Vec<Origin> {
    let mut origins = Vec::new();
    for entry in settings
        .public_url
        .iter()
        .map(|entry| entry.trim())
        .filter(|entry| !entry.is_empty())
    {
        let detail = match origin_of_url(entry) {
            Ok(origin) if settings.require_https && origin.is_plaintext() => {
                "SOCKETIO_REQUIRE_HTTPS is on, write https".to_owned()
            }
            Ok(origin) => {
                origins.push(origin);
                continue;
            }
            Err(detail) => detail,
        };
        let shown = escape_for_log(entry.as_bytes(), 256);
        notices.push(Notice::dropped(
            PUBLIC_URL,
            format!("{shown} is left out: {detail}"),
        ));
    }
    origins
}

/// The origins of Bellgate's own listeners; in production not those of loopback.
pub(crate) fn of_own_address(settings: &OriginSettings) -> Vec<Origin> {
    let mut origins = Vec::new();
    for (host, port) in &settings.own {
        let host = host.trim().to_ascii_lowercase();
        origins.extend(of_address(unbracketed(&host), *port, settings));
    }
    if settings.production {
        origins.retain(|origin| !origin.is_loopback());
    }
    origins
}

/// Both schemes of an address; all three loopback hosts where it is loopback or bind-all.
fn of_address(host: &str, port: u16, settings: &OriginSettings) -> Vec<Origin> {
    let loopback = is_bind_all(host) || LOOPBACK.iter().any(|name| unbracketed(name) == host);
    let spelled = spell(host);
    let own = [spelled.as_str()];
    let hosts: &[&str] = if loopback { &LOOPBACK } else { &own };
    let schemes: &[Scheme] = if settings.require_https {
        &[Scheme::Https]
    } else {
        &[Scheme::Http, Scheme::Https]
    };
    let pairs = hosts
        .iter()
        .flat_map(|host| schemes.iter().map(move |scheme| (*host, *scheme)));
    pairs
        .filter_map(|(host, scheme)| Origin::from_parts(scheme, host, Some(port)).ok())
        .collect()
}

/// `FLASK_HOST` and `FLASK_PORT`, repaired where the meaning is plain, else the default.
fn application_address(settings: &OriginSettings, notices: &mut Vec<Notice>) -> (String, u16) {
    let mut port = settings.flask_port;
    if port == 0 {
        notices.push(Notice::dropped(
            "FLASK_PORT",
            format!("0 is no port; {DEFAULT_PORT} is used"),
        ));
        port = DEFAULT_PORT;
    }
    if settings.flask_host.is_empty() {
        return (DEFAULT_HOST.to_owned(), port);
    }
    let shown = escape_for_log(settings.flask_host.as_bytes(), 256);
    match repair(&settings.flask_host) {
        Ok(Repaired {
            host, plain: true, ..
        }) => (host, port),
        Ok(Repaired {
            host,
            port: written,
            ..
        }) => {
            // Two ports that differ: FLASK_PORT was chosen, unless it is the default.
            let used = written.filter(|_| port == DEFAULT_PORT).unwrap_or(port);
            let text = format!(
                "{shown} is read as the host {host} and the port {used}; write the host alone"
            );
            notices.push(Notice::repaired(FLASK_HOST, text));
            (host, used)
        }
        Err(detail) => {
            notices.push(Notice::dropped(
                FLASK_HOST,
                format!("{shown}: {detail}; {DEFAULT_HOST} is used"),
            ));
            (DEFAULT_HOST.to_owned(), port)
        }
    }
}

/// A host as it was meant.
struct Repaired {
    /// Canonical; an IPv6 address without brackets.
    host: String,
    /// The port that stood with it.
    port: Option<u16>,
    /// Nothing but the host was written.
    plain: bool,
}

/// Takes blanks around it, a scheme, a path and a port off a host.
fn repair(written: &str) -> Result<Repaired, String> {
    let text = written.trim();
    let text = match text.split_once("://") {
        Some((scheme, rest)) if is_web(scheme) => rest,
        Some(_) => return Err("its scheme is neither http nor https".to_owned()),
        None => text,
    };
    let text = text.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = if let Ok(address) = text.parse::<std::net::Ipv6Addr>() {
        (host::bracketed(&address), None)
    } else {
        let (host, port) = host::split_port(text)?;
        (host::canonical(host)?, port)
    };
    let plain = port.is_none() && text == written;
    Ok(Repaired {
        host: unbracketed(&host).to_owned(),
        port,
        plain,
    })
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn origin_of_url(entry: &str) -> Result<Origin, String> {
    let Some((scheme, rest)) = entry.split_once("://") else {
        return Err("it has no scheme, write http:// or https:// in front".to_owned());
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    Origin::parse(&format!("{scheme}://{authority}"))
}

fn is_bind_all(host: &str) -> bool {
    matches!(unbracketed(host), "0.0.0.0" | "::" | "")
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host)
}

fn spell(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}
