//! Calls that the web application can tell from anybody else's: `Bellgate-Signature` and `Bellgate-Id`
//! (contract §6).

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, Request};
use http_body_util::Full;
use ring::hmac::{Context, HMAC_SHA256, Key};
use uuid::Uuid;

/// `t=<unix seconds>,v1=<hex hmac-sha256(secret, t + "." + body)>`.
const SIGNATURE: HeaderName = HeaderName::from_static("bellgate-signature");

/// A name for the call, the same where it is tried again.
const ID: HeaderName = HeaderName::from_static("bellgate-id");

/// The program, as servers' logs know it.
const AGENT: &str = concat!("bellgate/", env!("CARGO_PKG_VERSION"));

/// A POST of this JSON text, signed at `now` in Unix seconds.
///
/// # Errors
/// Where the URL is none that can be asked.
pub(super) fn post(
    url: &str,
    body: Bytes,
    secret: &[u8],
    now: u64,
) -> Result<Request<Full<Bytes>>, http::Error> {
    Request::post(url)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, AGENT)
        .header(SIGNATURE, signature(secret, &body, now))
        .header(ID, Uuid::now_v7().to_string())
        .body(Full::new(body))
}

fn signature(secret: &[u8], body: &[u8], now: u64) -> String {
    let mut context = Context::with_key(&Key::new(HMAC_SHA256, secret));
    context.update(format!("{now}.").as_bytes());
    context.update(body);
    let hex = context
        .sign()
        .as_ref()
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    format!("t={now},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::signature;

    /// As `hmac.new(b"secret", b'1764000000.{"user":"7"}', "sha256").hexdigest()` in Python.
    #[test]
    fn the_signature_is_the_one_that_python_makes() {
        assert_eq!(
            signature(b"secret", br#"{"user":"7"}"#, 1_764_000_000),
            "t=1764000000,v1=4539897d87775543b513a679afb5d539725245febd7801d3e5d3b057767f9c47"
        );
    }
}
