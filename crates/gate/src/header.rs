//! The Origin header as it came: absent, `null`, one origin, or something else.

use http::header::{HeaderMap, ORIGIN};

use crate::canon::Origin;
use crate::escape_for_log;

/// How much of a malformed header is told, in bytes (hardening §3 row 39).
const TOLD: usize = 256;

/// The Origin header of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginHeader {
    /// There is none: a same-origin GET, or no browser.
    Absent,
    /// `null`: a file, a sandboxed frame, or a cross-origin redirect.
    Null,
    /// One origin, in canonical form.
    Valid(Origin),
    /// Anything else, several headers included.
    Malformed {
        /// What came, escaped, at most 256 bytes.
        received: String,
        /// What is wrong with it, a lower-case fragment.
        detail: String,
    },
}

impl OriginHeader {
    /// Reads the header; the work is bounded whatever it holds.
    pub fn read(headers: &HeaderMap) -> Self {
        let mut all = headers.get_all(ORIGIN).iter();
        let Some(first) = all.next() else {
            return Self::Absent;
        };
        let bytes = first.as_bytes();
        if all.next().is_some() {
            return Self::malformed(bytes, "there are several Origin headers");
        }
        if bytes == b"null" {
            return Self::Null;
        }
        if bytes.is_empty() {
            return Self::malformed(bytes, "it is empty");
        }
        // A browser sends an international name as punycode, so any other byte is none of its.
        let text = match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => text,
            _ => return Self::malformed(bytes, "it has bytes outside ASCII"),
        };
        match Origin::parse(text) {
            Ok(origin) => Self::Valid(origin),
            Err(detail) => Self::malformed(bytes, &detail),
        }
    }

    /// The origin, where the header holds exactly one.
    pub const fn valid(&self) -> Option<&Origin> {
        match self {
            Self::Valid(origin) => Some(origin),
            _ => None,
        }
    }

    fn malformed(received: &[u8], detail: &str) -> Self {
        Self::Malformed {
            received: escape_for_log(received, TOLD),
            detail: detail.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header::ORIGIN};

    use super::OriginHeader;

    fn read(values: &[&[u8]]) -> OriginHeader {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ORIGIN, HeaderValue::from_bytes(value).unwrap());
        }
        OriginHeader::read(&headers)
    }

    #[test]
    fn the_four_kinds_are_told_apart() {
        assert_eq!(read(&[]), OriginHeader::Absent);
        assert_eq!(read(&[b"null"]), OriginHeader::Null);
        let OriginHeader::Valid(origin) = read(&[b"HTTP://Localhost:5000"]) else {
            panic!("a plain origin was not read");
        };
        assert_eq!(origin.to_string(), "http://localhost:5000");
    }

    #[test]
    fn hostile_headers_are_malformed_and_told_in_short() {
        let spaces = vec![b' '; 32 * 1024];
        let commas = vec![b','; 1000];
        let high: Vec<u8> = (0x80..=0xff).collect();
        let long = [b"http://".as_slice(), &[b'a'; 4096]].concat();
        for value in [
            spaces.as_slice(),
            &commas,
            &high,
            &long,
            b"",
            b"NULL",
            b"null, null",
            b"http://a http://b",
            b"http://a, http://b",
            b"http://b\xc3\xbccher.example",
            b"https://a@example.com",
            b"http://localhost:5000/",
            b"*",
        ] {
            let OriginHeader::Malformed { received, detail } = read(&[value]) else {
                panic!("{:?} was taken", String::from_utf8_lossy(value));
            };
            assert!(received.len() <= 256 && !detail.is_empty());
        }
    }

    #[test]
    fn two_headers_are_malformed_even_if_they_agree() {
        let twice = read(&[b"http://localhost:5000", b"http://localhost:5000"]);
        assert!(
            matches!(twice, OriginHeader::Malformed { detail, .. } if detail.contains("several"))
        );
    }
}
