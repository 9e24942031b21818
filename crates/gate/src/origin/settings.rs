//! What the policy is made from: the values of the settings table, already typed.

use std::time::Duration;

/// The settings that decide about origins, by the names of contract §2.
///
/// [`Default`] is development with nothing set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own, by its own name"
)]
pub struct OriginSettings {
    /// `FLASK_HOST`, as written.
    pub flask_host: String,
    /// `FLASK_PORT`.
    pub flask_port: u16,
    /// `BELLGATE_PUBLIC_URL`, one URL an entry, as written.
    pub public_url: Vec<String>,
    /// `SOCKETIO_CORS_ORIGINS`, one entry each, as written; none where it is unset.
    pub cors_origins: Option<Vec<String>>,
    /// Host and port of each public listener (`SOCKETIO_HOST`, `SOCKETIO_PORT`); unix sockets left out.
    pub own: Vec<(String, u16)>,
    /// `SOCKETIO_CORS_CREDENTIALS`.
    pub credentials: bool,
    /// Whether that was set, or is the default.
    pub credentials_set: bool,
    /// `SOCKETIO_CORS_METHODS`.
    pub methods: Vec<String>,
    /// `SOCKETIO_CORS_HEADERS`.
    pub headers: Vec<String>,
    /// `SOCKETIO_CORS_MAX_AGE`; sent in whole seconds.
    pub max_age: Duration,
    /// `SOCKETIO_ALLOW_NULL_ORIGIN`.
    pub allow_null: bool,
    /// `SOCKETIO_REQUIRE_ORIGIN`.
    pub require_origin: bool,
    /// `SOCKETIO_REQUIRE_HTTPS`.
    pub require_https: bool,
    /// `SOCKETIO_PRIVATE_NETWORK`.
    pub private_network: bool,
    /// `SOCKETIO_CORS_MODE`.
    pub mode: CorsMode,
    /// `BELLGATE_ALLOW_REPORT`: the mode may be `report` in production.
    pub allow_report: bool,
    /// `BELLGATE_ALLOW_ANY_ORIGIN`: `*` may be used in production.
    pub allow_any_origin: bool,
    /// Whether `BELLGATE_ENV` has production's rules.
    pub production: bool,
}

/// What a verdict does (`SOCKETIO_CORS_MODE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorsMode {
    /// Who is not admitted is refused.
    Enforce,
    /// Who is not admitted comes in, and the log tells who would be refused.
    Report,
    /// As `Enforce`, but a proxy writes the CORS headers.
    Off,
}

impl Default for OriginSettings {
    fn default() -> Self {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Self {
            flask_host: "localhost".to_owned(),
            flask_port: 5000,
            public_url: Vec::new(),
            cors_origins: None,
            own: vec![("127.0.0.1".to_owned(), 5001)],
            credentials: true,
            credentials_set: false,
            methods: owned(&["GET", "POST"]),
            headers: owned(&[
                "Content-Type",
                "Authorization",
                "X-CSRFToken",
                "X-CSRF-Token",
            ]),
            max_age: Duration::from_secs(600),
            allow_null: false,
            require_origin: false,
            require_https: false,
            private_network: false,
            mode: CorsMode::Enforce,
            allow_report: false,
            allow_any_origin: false,
            production: false,
        }
    }
}
