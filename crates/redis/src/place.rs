//! Where a Redis is, as a setting says it.

use redis::{Client, ConnectionAddr, IntoConnectionInfo as _};

/// The schemes of URLs that are understood. Sockets: `redis+unix:///run/redis.sock?db=1`.
pub const SCHEMES: [&str; 7] = [
    "redis",
    "rediss",
    "valkey",
    "valkeys",
    "unix",
    "redis+unix",
    "valkey+unix",
];

/// Where a Redis is.
#[derive(Clone)]
pub struct Place {
    setting: &'static str,
    client: Client,
}

/// A URL that names no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPlace {
    setting: &'static str,
    reason: String,
}

impl Place {
    /// Reads the URL that a setting holds.
    ///
    /// # Errors
    /// What is wrong with it, naming the setting and telling nothing of a password.
    pub fn parse(setting: &'static str, url: &str) -> Result<Self, BadPlace> {
        let client = client(url).map_err(|reason| BadPlace { setting, reason })?;
        Ok(Self { setting, client })
    }

    /// Whether a URL names a place.
    ///
    /// # Errors
    /// The reason, which tells nothing of a password.
    pub fn check(url: &str) -> Result<(), String> {
        client(url).map(|_| ())
    }

    /// The setting that names it.
    pub const fn setting(&self) -> &'static str {
        self.setting
    }

    /// The number of the database.
    pub fn database(&self) -> i64 {
        self.client.get_connection_info().redis_settings().db()
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn is_secure(&self) -> bool {
        let addr = self.client.get_connection_info().addr();
        matches!(addr, ConnectionAddr::TcpTls { .. })
    }
}

fn client(url: &str) -> Result<Client, String> {
    let info = url
        .into_connection_info()
        .map_err(|error| error.to_string())?;
    if let ConnectionAddr::TcpTls { insecure: true, .. } = info.addr() {
        return Err("a certificate is always verified".to_owned());
    }
    Client::open(info).map_err(|error| error.to_string())
}

/// The setting and the address; neither user nor password.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let addr = self.client.get_connection_info().addr();
        write!(f, "{} ({addr}/{})", self.setting, self.database())
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Place({self})")
    }
}

impl std::fmt::Display for BadPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} names no Redis: {}. Write redis://user:password@host:6379/0, rediss:// for TLS, or \
             redis+unix:///path?db=0",
            self.setting, self.reason
        )
    }
}

impl std::error::Error for BadPlace {}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: &str = "BELLGATE_SESSION_REDIS_URL";

    #[test]
    fn each_scheme_names_a_place() {
        for (url, shown) in [
            ("redis://h", "h:6379/0"),
            ("valkey://h:1/2", "h:1/2"),
            ("rediss://u:p@h/3", "h:6379/3"),
            ("valkeys://h", "h:6379/0"),
            ("unix:///run/r.sock", "/run/r.sock/0"),
            ("redis+unix:///run/r.sock?db=4", "/run/r.sock/4"),
            ("valkey+unix:///run/r.sock", "/run/r.sock/0"),
        ] {
            let place = Place::parse(SETTING, url).unwrap();
            assert_eq!(place.to_string(), format!("{SETTING} ({shown})"));
            let scheme = url.split_once(':').unwrap().0;
            assert!(SCHEMES.contains(&scheme), "{scheme}");
        }
    }

    #[test]
    fn a_password_is_told_neither_by_a_place_nor_by_a_fault() {
        let place = Place::parse(SETTING, "redis://bell:p4ss@h/0").unwrap();
        assert!(!format!("{place} {place:?}").contains("p4ss"));
        for url in [
            "redis://bell:p4ss@h/x",
            "redis://bell:p4ss@",
            "redis://bell:p4ss@0.0.0.0",
            "kafka://bell:p4ss@h",
            "rediss://bell:p4ss@h/0#insecure",
            "rediss://bell:p4ss@h/0#p4ss",
        ] {
            let bad = Place::parse(SETTING, url).unwrap_err().to_string();
            assert!(bad.starts_with(SETTING), "{bad}");
            assert!(!bad.contains("p4ss"), "{bad}");
        }
    }
}
