//! The cookies of a request, read as Werkzeug 3.1 reads them for Flask.
//!
//! Gateway and application must agree on every header, else each may see another user: so this
//! follows `werkzeug.sansio.http.parse_cookie`, its leniency included, and is tested against it.
//! One thing differs: a cookie with bytes outside ASCII is left out, where Werkzeug would take each
//! for a character of latin-1; Flask itself writes such values quoted and in octal.

mod pair;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// The cookies of one request, in the order in which they came.
///
/// ```
/// use bellgate_gate::Cookies;
///
/// let cookies = Cookies::parse(br#"session=first; session=second; name="Zo\303\253""#);
/// assert_eq!(cookies.first("session"), Some("first"));
/// assert_eq!(cookies.first("name"), Some("Zoë"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cookies {
    pairs: Vec<(String, String)>,
}

impl Cookies {
    /// Reads the `Cookie` headers of a request; several are taken as one (RFC 9113 §8.2.3).
    pub fn read(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(COOKIE).iter();
        Self::of_lines(lines.map(HeaderValue::as_bytes))
    }

    /// Reads the value of one `Cookie` header. What cannot be read is left out; never fails.
    pub fn parse(header: &[u8]) -> Self {
        Self::of_lines([header])
    }

    /// Of the values of all `Cookie` headers.
    pub(crate) fn of_lines<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut pairs = Vec::new();
        for line in lines {
            pair::read_all(line, &mut pairs);
        }
        Self { pairs }
    }

    /// The value of a cookie; of several with this name the first, as in Flask. Names are
    /// case-sensitive.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of this name, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.iter()
            .filter(move |(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// All names and values, in order, repeated ones included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Names only: a value may be what logs somebody in.
impl std::fmt::Debug for Cookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}
