//! The WebSocket handshake: what a request must hold, and its `101` (RFC 6455 §4.2).

use bellgate_codes::Refusal;
use bytes::Bytes;
use http::header::{
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, Response};
use http_body_util::Full;

use super::answer;

/// The `101` to a WebSocket handshake, and whether its frames may be compressed: where there is a
/// size from which on the server compresses, and the client offers it.
pub(super) fn upgrade(
    headers: &HeaderMap,
    compressed: Option<usize>,
) -> Result<(Response<Full<Bytes>>, bool), Refusal> {
    let accept = websocket_accept(headers)?;
    let offer = headers
        .get(SEC_WEBSOCKET_EXTENSIONS)
        .filter(|_| compressed.is_some());
    let deflate = offer
        .and_then(|offer| offer.to_str().ok())
        .and_then(bellgate_wire::ws::negotiate_deflate);
    Ok((answer::switching(&accept, deflate), deflate.is_some()))
}

pub(super) fn wants_websocket(headers: &HeaderMap) -> bool {
    headers
        .get(UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Checks a WebSocket handshake (RFC 6455 §4.2.1) and makes its `Sec-WebSocket-Accept`.
fn websocket_accept(headers: &HeaderMap) -> Result<String, Refusal> {
    if !wants_websocket(headers) {
        return Err(Refusal::WebsocketHandshake {
            detail: "the header Upgrade: websocket is missing".into(),
        });
    }
    check_list(headers, &SEC_WEBSOCKET_PROTOCOL)?;
    check_list(headers, &SEC_WEBSOCKET_EXTENSIONS)?;
    if single(headers, &SEC_WEBSOCKET_VERSION)? != "13" {
        return Err(Refusal::WebsocketHandshake {
            detail: "Sec-WebSocket-Version is not 13".into(),
        });
    }
    bellgate_wire::ws::accept_key(single(headers, &SEC_WEBSOCKET_KEY)?)
}

/// A list without holes in visible ASCII (RFC 6455 §9.1), or nothing at all: proxies blank headers.
fn check_list(headers: &HeaderMap, name: &HeaderName) -> Result<(), Refusal> {
    let is_list =
        |text: &str| text.trim().is_empty() || text.split(',').all(|item| !item.trim().is_empty());
    let mut values = headers.get_all(name).iter();
    if values.all(|value| value.to_str().is_ok_and(is_list)) {
        return Ok(());
    }
    Err(Refusal::WebsocketHandshake {
        detail: format!("{name} is not a list"),
    })
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(|value| value.to_str()), values.next()) {
        (Some(Ok(value)), None) => Ok(value),
        (None, _) => Err(Refusal::WebsocketHandshake {
            detail: format!("{name} is missing"),
        }),
        _ => Err(Refusal::WebsocketHandshake {
            detail: format!("{name} is not one ASCII value"),
        }),
    }
}
