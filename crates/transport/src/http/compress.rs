//! Compressed polling answers, where the settings and `Accept-Encoding` allow.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, VARY};
use http::{HeaderMap, Response};
use http_body_util::Full;

use super::answer;

/// How the answer to a GET may be compressed, told from its request, which need not be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compressing(
    /// None where the settings compress nothing.
    Option<Offer>,
);

/// What the settings offer, and a client takes of it. A poll that waits keeps this, so it is small.
#[derive(Debug, Clone, Copy)]
struct Offer {
    /// From how many bytes on.
    threshold: u32,
    encoding: Option<Encoding>,
}

impl Compressing {
    /// As the client accepts.
    pub(crate) fn of(headers: &HeaderMap, threshold: Option<usize>) -> Self {
        Self(threshold.map(|threshold| Offer {
            threshold: u32::try_from(threshold).unwrap_or(u32::MAX),
            encoding: Encoding::choose(headers),
        }))
    }

    /// The answer.
    pub(crate) fn answer(self, body: Vec<u8>) -> Response<Full<Bytes>> {
        let is_long = |offer: &Offer| body.len() >= offer.threshold as usize;
        let wanted = self.0.filter(is_long).and_then(|offer| offer.encoding);
        let encoded = wanted.and_then(|encoding| Some((encoding, encoding.encode(&body).ok()?)));
        let mut response = match encoded {
            Some((encoding, compressed)) => {
                let mut response = answer::text(compressed);
                let name = HeaderValue::from_static(encoding.name());
                response.headers_mut().insert(CONTENT_ENCODING, name);
                response
            }
            None => answer::text(body),
        };
        if self.0.is_some() {
            // Another client would have got another answer (RFC 9110 §12.5.5).
            let accepted = HeaderValue::from_static("Accept-Encoding");
            response.headers_mut().insert(VARY, accepted);
        }
        response
    }
}

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Gzip,
    Deflate,
}

impl Encoding {
    /// The first encoding of ours that the client takes (RFC 9110 §12.5.3; `q=0` means never).
    fn choose(headers: &HeaderMap) -> Option<Self> {
        let accepted = || {
            headers
                .get_all(ACCEPT_ENCODING)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(',').take(16))
        };
        let takes = |encoding: &Self| {
            accepted().any(|item| {
                let (name, weight) = item.split_once(';').unwrap_or((item, ""));
                name.trim().eq_ignore_ascii_case(encoding.name()) && !is_nought(weight)
            })
        };
        [Self::Gzip, Self::Deflate].into_iter().find(takes)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    fn encode(self, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let level = Compression::fast();
        match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(body)?;
                encoder.finish()
            }
            // HTTP's "deflate" is the zlib format (RFC 9110 §8.4.1.2).
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(body)?;
                encoder.finish()
            }
        }
    }
}

/// Whether a weight is `q=0`, with up to three noughts behind a dot.
fn is_nought(weight: &str) -> bool {
    weight.split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("q")
            && matches!(value.trim(), "0" | "0." | "0.0" | "0.00" | "0.000")
    })
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
    use http::{HeaderMap, HeaderValue};

    fn encoding(accept: &str, threshold: Option<usize>) -> Option<HeaderValue> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(accept).unwrap());
        super::Compressing::of(&headers, threshold)
            .answer(vec![b'a'; 2000])
            .headers()
            .get(CONTENT_ENCODING)
            .cloned()
    }

    #[test]
    fn an_answer_is_compressed_as_the_client_accepts() {
        assert_eq!(encoding("gzip, deflate, br", Some(1024)).unwrap(), "gzip");
        assert_eq!(encoding("deflate", Some(1024)).unwrap(), "deflate");
        assert_eq!(
            encoding("gzip;q=0, deflate;q=0.5", Some(1024)).unwrap(),
            "deflate"
        );
        assert_eq!(encoding("GZip ; Q = 0.00, br", Some(1024)), None);
        assert_eq!(encoding("br", Some(1024)), None);
    }

    #[test]
    fn small_answers_and_servers_without_compression_send_plain_text() {
        assert_eq!(encoding("gzip", None), None);
        assert_eq!(encoding("gzip", Some(4096)), None);
    }
}
