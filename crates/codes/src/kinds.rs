//! The closed vocabularies that a row of the table chooses from.

/// What part of the system a refusal belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// The origin of a page, preflights and CORS headers.
    Cors,
    /// Who the caller is.
    Authentication,
    /// What the caller may do.
    Authorization,
    /// Whether the caller's own page asks, or another that borrows its cookies.
    Csrf,
    /// Too many requests from one caller.
    RateLimit,
    /// The server or one client's queue is full.
    Capacity,
    /// HTTP and WebSocket below the protocol.
    Transport,
    /// Engine.IO and Socket.IO.
    Protocol,
    /// The path between client and server.
    Network,
    /// A setting of the operator.
    Configuration,
    /// The server itself.
    Server,
}

impl Category {
    /// The name that bodies, logs and metrics carry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cors => "cors",
            Self::Authentication => "authentication",
            Self::Authorization => "authorization",
            Self::Csrf => "csrf",
            Self::RateLimit => "rate_limit",
            Self::Capacity => "capacity",
            Self::Transport => "transport",
            Self::Protocol => "protocol",
            Self::Network => "network",
            Self::Configuration => "configuration",
            Self::Server => "server",
        }
    }
}

/// Whether and when the same attempt may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It will never succeed as it was made.
    Never,
    /// It succeeds once somebody has changed a page or a setting.
    AfterFix,
    /// It may succeed later; wait longer each time.
    Backoff,
    /// It succeeds with a fresh credential.
    Reauth,
}

impl Retry {
    /// The name that bodies carry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::AfterFix => "after_fix",
            Self::Backoff => "backoff",
            Self::Reauth => "reauth",
        }
    }
}

/// How loudly the log tells a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Part of a normal day: clients leave, networks break.
    Routine,
    /// Somebody has to change something.
    Warning,
}

/// Engine.IO's own error numbers, which existing clients know
/// (`engine.io/lib/server.ts`, `Server.errors`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EngineCode {
    /// 0
    TransportUnknown = 0,
    /// 1
    SessionUnknown = 1,
    /// 2
    BadHandshakeMethod = 2,
    /// 3
    BadRequest = 3,
    /// 4
    Forbidden = 4,
    /// 5
    UnsupportedVersion = 5,
}

impl EngineCode {
    /// The message that belongs to the number in Engine.IO.
    pub const fn message(self) -> &'static str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::SessionUnknown => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedVersion => "Unsupported protocol version",
        }
    }
}
