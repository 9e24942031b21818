//! Compressed polling answers, where the settings and `Accept-Encoding` allow.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, VARY};
use http::{HeaderMap, Response};
use http_body_util::Full;

use super::answer;

/// The answer to a GET, compressed from `threshold` bytes on.
pub(crate) fn answer(
    body: Vec<u8>,
    headers: &HeaderMap,
    threshold: Option<usize>,
) -> Response<Full<Bytes>> {
    let wanted = threshold
        .filter(|threshold| body.len() >= *threshold)
        .and_then(|_| Encoding::choose(headers));
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
    if threshold.is_some() {
        // Another client would have got another answer (RFC 9110 §12.5.5).
        let accepted = HeaderValue::from_static("Accept-Encoding");
        response.headers_mut().insert(VARY, accepted);
    }
    response
}

#[derive(Clone, Copy)]
enum Encoding {
    Gzip,
    Deflate,
}

impl Encoding {
    /// The first encoding of ours that the client takes (RFC 9110 §12.5.3; `q=0` means never).
    fn choose(headers: &HeaderMap) -> Option<Self> {
        let accepted: Vec<String> = headers
            .get_all(ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(',').take(16))
            .map(|item| {
                item.split_whitespace()
                    .collect::<String>()
                    .to_ascii_lowercase()
            })
            .collect();
        let takes = |name: &str| {
            accepted.iter().any(|item| {
                let (encoding, weight) = item.split_once(';').unwrap_or((item, ""));
                encoding == name
                    && !matches!(weight, "q=0" | "q=0." | "q=0.0" | "q=0.00" | "q=0.000")
            })
        };
        [Self::Gzip, Self::Deflate]
            .into_iter()
            .find(|encoding| takes(encoding.name()))
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

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
    use http::{HeaderMap, HeaderValue};

    fn encoding(accept: &str, threshold: Option<usize>) -> Option<HeaderValue> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(accept).unwrap());
        super::answer(vec![b'a'; 2000], &headers, threshold)
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
        assert_eq!(encoding("br", Some(1024)), None);
    }

    #[test]
    fn small_answers_and_servers_without_compression_send_plain_text() {
        assert_eq!(encoding("gzip", None), None);
        assert_eq!(encoding("gzip", Some(4096)), None);
    }
}
