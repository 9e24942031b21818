//! The table: one row for everything that can be refused and every reason why a session ends.
//!
//! A row reads
//!
//! ```text
//! Name { fields } = Category, retry, severity, http STATUS, close CODE, engine ENGINE_CODE,
//!     reason "the disconnect reason that Socket.IO handlers get",
//!     cause  "one plain sentence without capital and full stop, reads well after `refused: `",
//!     log    "what only the log may say",
//!     fix    "what to change, where",
//!     user   "the text for people";
//! ```

use crate::kinds::{Category, EngineCode, Retry, Severity};

/// What all refusals of one code have in common.
#[derive(Debug)]
pub struct Row {
    /// The stable name, in snake case.
    pub name: &'static str,
    /// Which part of the system it belongs to.
    pub category: Category,
    /// Whether trying again can help.
    pub retry: Retry,
    /// How loudly the log tells it.
    pub severity: Severity,
    /// HTTP status where the refusal is an HTTP answer.
    pub status: u16,
    /// WebSocket close code where the refusal ends a WebSocket (RFC 6455 §7.4).
    pub close: u16,
    /// Engine.IO's own number, for answers under the Engine.IO path.
    pub engine: EngineCode,
    /// The reason that a `disconnect` handler gets, in Socket.IO's words.
    pub reason: &'static str,
    /// The text for people, free of jargon.
    pub user_text: &'static str,
    /// What the code means, for its documentation page.
    pub about: &'static str,
    /// The template of the cause, with `{fields}`.
    pub cause: &'static str,
    /// The template of the fix, with `{fields}`; `{aside}` is what some requests add, or nothing.
    pub fix: &'static str,
}

/// Snake case of a variant's name is written out in the table, so that a search finds it.
macro_rules! refusals {
    ($(
        $(#[doc = $about:literal])+
        $variant:ident $name:literal { $( $(#[$mark:ident])? $field:ident ),* $(,)? }
            = $category:ident, $retry:ident, $severity:ident, http $status:literal, close $close:literal, engine $engine:ident,
            reason $reason:literal,
            cause $cause:literal,
            log $log:literal,
            fix $fix:literal,
            user $user:expr;
    )+) => {
        /// The stable name of a refusal or close reason, without its values.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $( $(#[doc = $about])+ $variant, )+ }

        /// A refusal or close reason with the values of its cause.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "a field is named for the value it holds; its row's texts show it in use")]
        pub enum Refusal { $( $(#[doc = $about])+ $variant { $( $field: String ),* }, )+ }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// The row of this code.
            pub const fn row(self) -> &'static Row {
                match self { $( Self::$variant => &Row {
                    name: $name, category: Category::$category, retry: Retry::$retry, severity: Severity::$severity,
                    status: $status, close: $close, engine: EngineCode::$engine, reason: $reason, user_text: $user,
                    about: concat!($($about),+), cause: $cause, fix: $fix,
                }, )+ }
            }
        }

        #[expect(unused_variables, reason = "not every text names every field")]
        impl Refusal {
            /// The code of this refusal.
            pub const fn code(&self) -> Code {
                match self { $( Self::$variant { .. } => Code::$variant, )+ }
            }

            /// Why, in one plain sentence that may reach a page.
            pub fn cause(&self) -> String {
                match self { $( Self::$variant { $($field),* } => format!($cause), )+ }
            }

            /// What the log and the command line say beside the cause; empty where there is nothing more.
            pub fn log_detail(&self) -> String {
                match self { $( Self::$variant { $($field),* } => format!($log), )+ }
            }

            /// What to change, and where.
            pub fn fix(&self) -> String {
                match self { $( Self::$variant { $($field),* } => format!($fix), )+ }
            }
        }

        #[cfg(test)]
        pub(crate) const SAMPLES: &[fn() -> (Refusal, &'static [&'static str])] = &[ $( || {
            #[allow(unused_mut)]
            let mut secrets: Vec<&'static str> = Vec::new();
            $( $( let _ = stringify!($mark); secrets.push(concat!("<", stringify!($field), ">")); )? )*
            (
                Refusal::$variant { $( $field: concat!("<", stringify!($field), ">").to_owned() ),* },
                Vec::leak(secrets),
            )
        } ),+ ];
    };
}

impl Code {
    /// The stable name: `origin_port_mismatch`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The path of the page that explains this code.
    pub fn doc(self) -> String {
        format!("/bellgate/errors/{}", self.name())
    }
}

const PAUSED: &str = "Live updates are paused. Reconnecting…";
const REFUSED: &str = "Live updates are not available on this page.";
const BUSY: &str = "The service is busy. Trying again shortly…";
const BROKEN: &str = "Live updates stopped because of an error in this page.";
const UNUSABLE: &str = "The request could not be used.";

refusals! {
    // --- Origins (contract: origins) -------------------------------------------------------------
    /// The origin has an admitted host and port, but another scheme.
    OriginSchemeMismatch "origin_scheme_mismatch" { origin, aside, #[log_only] nearest } = Cors, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "origin {origin} is not allowed: the scheme differs",
        log   "the nearest entry is {nearest}",
        fix   "open the page with the scheme that is allowed, or add {origin} to SOCKETIO_CORS_ORIGINS{aside}",
        user  REFUSED;
    /// The origin has an admitted scheme and host, but another port.
    OriginPortMismatch "origin_port_mismatch" { origin, aside, #[log_only] nearest } = Cors, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "origin {origin} is not allowed: the port differs",
        log   "the nearest entry is {nearest}",
        fix   "open the page on the port that is allowed, or add {origin} to SOCKETIO_CORS_ORIGINS{aside}",
        user  REFUSED;
    /// No admitted origin has this host.
    OriginHostNotAllowed "origin_host_not_allowed" { origin, aside, #[log_only] nearest } = Cors, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "origin {origin} is not allowed: its host is not in the list",
        log   "the nearest entry is {nearest}",
        fix   "add {origin} to SOCKETIO_CORS_ORIGINS, or set FLASK_HOST and FLASK_PORT to where the page is served{aside}",
        user  REFUSED;
    /// A sandboxed frame, a file or a redirect sends the origin `null`.
    OriginNull "origin_null" {} = Cors, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the origin null is not allowed: the page is a file, a sandboxed frame or came by a cross-origin redirect",
        log   "",
        fix   "serve the page from an http or https address, or set SOCKETIO_ALLOW_NULL_ORIGIN=true",
        user  REFUSED;
    /// A request without Origin where the settings ask for one.
    OriginMissing "origin_missing" {} = Cors, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the request has no Origin header, and SOCKETIO_REQUIRE_ORIGIN is on",
        log   "",
        fix   "send an Origin, or set SOCKETIO_REQUIRE_ORIGIN=false",
        user  REFUSED;
    /// The Origin header is not an origin, or there are several.
    OriginMalformed "origin_malformed" { received, detail } = Cors, Never, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the Origin header {received} is not an origin: {detail}",
        log   "",
        fix   "send one Origin of the form scheme://host[:port]",
        user  REFUSED;
    /// A request of another site that the browser made without CORS, so without an Origin.
    OriginCrossSiteNoCors "origin_cross_site_no_cors" { site } = Cors, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the request comes from another site ({site}) and carries no Origin",
        log   "",
        fix   "load it with fetch or XMLHttpRequest in CORS mode",
        user  REFUSED;
    /// A request of a session carries another origin than the one that the session is bound to.
    OriginChanged "origin_changed" { origin, #[log_only] bound } = Cors, Never, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "origin {origin} is not the one that opened this session",
        log   "the session is bound to {bound}",
        fix   "open a session of its own from each origin",
        user  REFUSED;
    /// A preflight asks for a method that is not listed.
    PreflightMethod "preflight_method" { method } = Cors, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the method {method} is not allowed across origins",
        log   "",
        fix   "use GET or POST, or add {method} to SOCKETIO_CORS_METHODS",
        user  REFUSED;
    /// A preflight asks for a header that is not listed.
    PreflightHeader "preflight_header" { header } = Cors, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the header {header} is not allowed across origins",
        log   "",
        fix   "leave it out of extraHeaders, or add {header} to SOCKETIO_CORS_HEADERS",
        user  REFUSED;
    /// A page sends cookies where `*` admits every origin, so that none is read.
    CredentialsWithWildcard "credentials_with_wildcard" { origin } = Cors, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "origin {origin} sends cookies, and with SOCKETIO_CORS_ORIGINS=* none is read",
        log   "",
        fix   "list {origin} in SOCKETIO_CORS_ORIGINS instead of *, or leave withCredentials out of the client's options",
        user  REFUSED;
    /// A plaintext origin where only HTTPS is admitted.
    InsecureOrigin "insecure_origin" { origin } = Cors, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "origin {origin} is not allowed: only https pages may connect",
        log   "",
        fix   "open the page by https, or set SOCKETIO_REQUIRE_HTTPS=false outside production",
        user  REFUSED;

    // --- Engine.IO requests ----------------------------------------------------------------------
    /// The `transport` parameter is missing, unknown or turned off.
    TransportUnknown "transport_unknown" { transport } = Protocol, Never, Routine, http 400, close 1002, engine TransportUnknown,
        reason "transport error",
        cause "the transport {transport} is unknown or turned off",
        log   "",
        fix   "ask for transport=polling or transport=websocket, or allow it in SOCKETIO_TRANSPORTS",
        user  BROKEN;
    /// The session id is unknown: never given, closed, or from before a restart.
    SessionUnknown "session_unknown" {} = Protocol, Backoff, Routine, http 400, close 1002, engine SessionUnknown,
        reason "transport error",
        cause "the session is unknown here: it has ended, or the server was restarted",
        log   "",
        fix   "open a new session; clients do so by themselves",
        user  PAUSED;
    /// A session must be opened by GET.
    HandshakeMethod "handshake_method" { method } = Protocol, Never, Routine, http 400, close 1002, engine BadHandshakeMethod,
        reason "transport error",
        cause "a request with the method {method} cannot open a session",
        log   "",
        fix   "open the session by GET; further data goes by POST with its sid",
        user  BROKEN;
    /// The request is not one of the protocol.
    BadRequest "bad_request" { detail } = Protocol, Never, Routine, http 400, close 1002, engine BadRequest,
        reason "transport error",
        cause "the request is not one of the Engine.IO protocol: {detail}",
        log   "",
        fix   "use a Socket.IO client of version 3 or newer",
        user  BROKEN;
    /// The client speaks another version of Engine.IO than 4.
    ProtocolVersion "protocol_version" { version } = Protocol, Never, Routine, http 400, close 1002, engine UnsupportedVersion,
        reason "transport error",
        cause "the Engine.IO version {version} is not supported, this server speaks version 4",
        log   "",
        fix   "use socket.io-client 3 or newer (python-socketio 5 or newer)",
        user  BROKEN;
    /// A WebSocket handshake lacks a header or carries a bad one.
    WebsocketHandshake "websocket_handshake" { detail } = Transport, Never, Routine, http 400, close 1002, engine BadRequest,
        reason "transport error",
        cause "this is not a WebSocket handshake: {detail}",
        log   "",
        fix   "have the proxy pass Upgrade and Connection on, and use HTTP/1.1 to this server",
        user  BROKEN;
    /// A body, message or frame is larger than the server takes.
    PayloadTooLarge "payload_too_large" { size, limit } = Capacity, Never, Routine, http 413, close 1009, engine BadRequest,
        reason "transport error",
        cause "{size} bytes are more than one message may have, the limit is {limit}",
        log   "",
        fix   "send less at once, or raise SOCKETIO_MAX_HTTP_BUFFER_SIZE",
        user  BROKEN;
    /// A polling body is not text.
    ContentType "content_type" { content_type } = Protocol, Never, Routine, http 400, close 1002, engine BadRequest,
        reason "transport error",
        cause "a body of type {content_type} is not taken, polling bodies are text",
        log   "",
        fix   "send text/plain; binary goes as b and base64",
        user  BROKEN;
    /// A body is compressed.
    ContentEncoding "content_encoding" { encoding } = Protocol, Never, Routine, http 415, close 1002, engine BadRequest,
        reason "transport error",
        cause "a body in the encoding {encoding} is not taken",
        log   "",
        fix   "send the body as it is",
        user  BROKEN;
    /// A body did not arrive whole, or too slowly.
    BodyIncomplete "body_incomplete" { detail } = Network, Backoff, Routine, http 400, close 1002, engine BadRequest,
        reason "transport error",
        cause "the body did not arrive whole: {detail}",
        log   "",
        fix   "",
        user  PAUSED;
    /// Two polls of one session wait at once.
    PollOverlap "poll_overlap" {} = Protocol, Never, Routine, http 400, close 1002, engine BadRequest,
        reason "transport error",
        cause "another GET of this session is waiting already",
        log   "",
        fix   "use one client for one session",
        user  BROKEN;
    /// Two posts of one session overlap, so their order is undefined.
    PostOverlap "post_overlap" {} = Protocol, Never, Routine, http 400, close 1002, engine BadRequest,
        reason "transport error",
        cause "another POST of this session is under way",
        log   "",
        fix   "send the next POST when the one before was answered",
        user  BROKEN;
    /// An upgrade is tried while upgrades are turned off or another probe is under way.
    UpgradeRefused "upgrade_refused" { detail } = Protocol, Never, Routine, http 400, close 1002, engine BadRequest,
        reason "transport error",
        cause "this session cannot be upgraded: {detail}",
        log   "",
        fix   "stay on the transport that works",
        user  BROKEN;
    /// A probe did not finish in time.
    UpgradeTimeout "upgrade_timeout" { after } = Network, Backoff, Routine, http 400, close 1002, engine BadRequest,
        reason "transport error",
        cause "the upgrade did not finish within {after}",
        log   "",
        fix   "look at what the proxy does to WebSockets, or raise SOCKETIO_UPGRADE_TIMEOUT",
        user  PAUSED;

    // --- Packets ---------------------------------------------------------------------------------
    /// A packet cannot be parsed.
    PacketMalformed "packet_malformed" { layer, detail } = Protocol, Never, Routine, http 400, close 1002, engine BadRequest,
        reason "parse error",
        cause "a packet of {layer} cannot be read: {detail}",
        log   "",
        fix   "use a Socket.IO client of version 3 or newer",
        user  BROKEN;
    /// A packet is valid but has no place in the session's state.
    PacketOutOfPlace "packet_out_of_place" { packet, state } = Protocol, Never, Routine, http 400, close 1002, engine BadRequest,
        reason "parse error",
        cause "a packet {packet} has no place in the state {state}",
        log   "",
        fix   "use a Socket.IO client of version 3 or newer",
        user  BROKEN;
    /// One of the limits on packets was passed.
    PacketLimit "packet_limit" { what, limit } = Protocol, Never, Routine, http 400, close 1008, engine BadRequest,
        reason "parse error",
        cause "too many {what}, the limit is {limit}",
        log   "",
        fix   "send fewer at once",
        user  BROKEN;
    /// Heartbeats or control frames come far faster than asked for.
    HeartbeatFlood "heartbeat_flood" { what } = RateLimit, Never, Warning, http 429, close 1008, engine BadRequest,
        reason "transport error",
        cause "{what} come faster than any client sends them",
        log   "",
        fix   "use an unmodified client",
        user  BROKEN;
    /// A WebSocket frame breaks RFC 6455.
    FrameMalformed "frame_malformed" { detail } = Transport, Never, Routine, http 400, close 1002, engine BadRequest,
        reason "transport error",
        cause "a WebSocket frame breaks the protocol: {detail}",
        log   "",
        fix   "",
        user  BROKEN;
    /// A text message is not UTF-8.
    TextNotUtf8 "text_not_utf8" {} = Transport, Never, Routine, http 400, close 1007, engine BadRequest,
        reason "transport error",
        cause "a text is not UTF-8",
        log   "",
        fix   "",
        user  BROKEN;
    /// A message, or its attachments, did not become whole in time.
    MessageTimeout "message_timeout" { what, after } = Network, Backoff, Routine, http 408, close 1008, engine BadRequest,
        reason "transport error",
        cause "{what} did not become whole within {after}",
        log   "",
        fix   "",
        user  PAUSED;

    // --- Who may connect ---
    /// The namespace asks for a login, and the connection has none.
    AuthRequired "auth_required" { namespace } = Authentication, Reauth, Routine, http 401, close 1008, engine Forbidden,
        reason "forced close",
        cause "the namespace {namespace} is for people who are logged in",
        log   "",
        fix   "log in first, or set up an identity provider",
        user  "Please log in to get live updates.";
    /// The namespace is for a role that the caller does not have.
    ForbiddenRole "forbidden_role" { namespace, role } = Authorization, AfterFix, Routine, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the namespace {namespace} is for the role {role}, which this login does not have",
        log   "",
        fix   "log in as somebody with the role {role}, or give it to this user",
        user  "Your account may not see this.";
    /// The page's browser was not asked to send cookies, or nobody is logged in there.
    CredentialsNotSent "credentials_not_sent" { origin } = Authentication, Reauth, Routine, http 401, close 1008, engine Forbidden,
        reason "forced close",
        cause "the page at {origin} sent no cookie: nobody is logged in there, or withCredentials is missing",
        log   "",
        fix   "log in; a page of another origin than the server's adds io(url, {{ withCredentials: true }})",
        user  "Please log in to get live updates.";
    /// The cookie or session that should log in cannot be verified or read.
    SessionInvalid "session_invalid" { detail } = Authentication, Reauth, Routine, http 401, close 1008, engine Forbidden,
        reason "forced close",
        cause "the login cannot be used: {detail}",
        log   "",
        fix   "log in again; where nobody can, SECRET_KEY, BELLGATE_SESSION_SALT or BELLGATE_SESSION_DIGEST differs from the application's",
        user  "Please log in again to get live updates.";
    /// The session that should log in is too old.
    SessionExpired "session_expired" { detail } = Authentication, Reauth, Routine, http 401, close 1008, engine Forbidden,
        reason "forced close",
        cause "the login has expired: {detail}",
        log   "",
        fix   "log in again; where that comes too soon, PERMANENT_SESSION_LIFETIME or the clock differs from the application's",
        user  "Please log in again to get live updates.";
    /// The token that should log in is not believed.
    TokenInvalid "token_invalid" { detail } = Authentication, Reauth, Routine, http 401, close 1008, engine Forbidden,
        reason "forced close",
        cause "{detail}",
        log   "",
        fix   "get a new token; where none is accepted, BELLGATE_JWT_SECRET, BELLGATE_JWT_PUBLIC_KEY or another of BELLGATE_JWT_... differs from what makes them",
        user  "Please log in again to get live updates.";
    /// The token that should log in is too old.
    TokenExpired "token_expired" { detail } = Authentication, Reauth, Routine, http 401, close 1008, engine Forbidden,
        reason "forced close",
        cause "{detail}",
        log   "",
        fix   "get a new token; where that comes too soon, clocks differ by more than BELLGATE_JWT_LEEWAY",
        user  "Please log in again to get live updates.";
    /// The web application was asked who this is, and says no.
    AuthRefused "auth_refused" { message } = Authentication, Reauth, Routine, http 401, close 1008, engine Forbidden,
        reason "forced close",
        cause "{message}",
        log   "",
        fix   "log in again; it is the application's answer at BELLGATE_AUTH_URL, which names the reason",
        user  "Please log in again to get live updates.";
    /// Whoever knows the users does not answer: the application, its Redis, the key set.
    AuthUnavailable "auth_unavailable" { what } = Server, Backoff, Warning, http 503, close 1013, engine BadRequest,
        reason "forced close",
        cause "{what} does not answer, and without it nobody can be let in",
        log   "",
        fix   "see that it runs and can be reached from here; clients come back by themselves",
        user  PAUSED;
    /// A credential proves another user than the connection's own.
    IdentityChanged "identity_changed" {} = Authentication, Backoff, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the login changed while this connection was open; a connection never changes its user",
        log   "",
        fix   "connect anew",
        user  PAUSED;
    /// The application has changed somebody's login, whose connections are to come back with it.
    SessionRefresh "session_refresh" {} = Authentication, Backoff, Routine, http 401, close 1012, engine Forbidden,
        reason "forced close",
        cause "the application has changed this login",
        log   "",
        fix   "connect anew; clients do so by themselves",
        user  PAUSED;
    /// A login by cookie came without the page's CSRF token.
    CsrfMissing "csrf_missing" {} = Csrf, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "a login by cookie needs the page's CSRF token, and CONNECT brings none",
        log   "",
        fix   "add io(url, {{ auth: {{ csrf_token: \"{{{{ csrf_token() }}}}\" }} }}) to the page's template, or send it as X-CSRFToken; beside a token in a cookie it is the value of csrf_access_token",
        user  REFUSED;
    /// The CSRF token is not one of this session.
    CsrfInvalid "csrf_invalid" { detail } = Csrf, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the CSRF token cannot be used: {detail}",
        log   "",
        fix   "send the token that the page's own session got; SECRET_KEY or WTF_CSRF_SECRET_KEY must be the application's",
        user  "Please load this page again to get live updates.";
    /// The CSRF token is older than allowed.
    CsrfExpired "csrf_expired" {} = Csrf, Reauth, Routine, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the CSRF token is older than WTF_CSRF_TIME_LIMIT allows",
        log   "",
        fix   "load the page again, or unset WTF_CSRF_TIME_LIMIT: tokens live as long as the session then",
        user  "Please load this page again to get live updates.";

    // --- Namespaces and events -------------------------------------------------------------------
    /// A CONNECT to a namespace that does not exist.
    NamespaceUnknown "namespace_unknown" { namespace } = Authorization, AfterFix, Routine, http 404, close 1008, engine BadRequest,
        reason "forced close",
        cause "the namespace {namespace} does not exist",
        log   "",
        fix   "connect to / or to a namespace that the server has",
        user  REFUSED;
    /// No namespace was joined in time.
    ConnectTimeout "connect_timeout" { after } = Protocol, Backoff, Routine, http 408, close 1008, engine BadRequest,
        reason "forced close",
        cause "no namespace was joined within {after}",
        log   "",
        fix   "send CONNECT right after the session opens, or raise SOCKETIO_CONNECT_TIMEOUT",
        user  PAUSED;
    /// The application refused a CONNECT without saying more.
    ConnectRefused "connect_refused" { message } = Authorization, Never, Routine, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "{message}",
        log   "",
        fix   "",
        user  REFUSED;
    /// Nobody answers this event here.
    EventsUnavailable "events_unavailable" { event } = Configuration, AfterFix, Routine, http 404, close 1008, engine BadRequest,
        reason "forced close",
        cause "nobody answers the event {event}",
        log   "",
        fix   "add a handler for it",
        user  "That is not available right now.";
    /// One socket waits for too much of the server at once.
    SocketLimit "socket_limit" { what, limit } = Capacity, Never, Warning, http 429, close 1008, engine BadRequest,
        reason "forced close",
        cause "one connection may have {limit} {what}",
        log   "",
        fix   "leave some first",
        user  UNUSABLE;

    // --- Ends of sessions ------------------------------------------------------------------------
    /// The client closed the transport, or the network did.
    TransportClosed "transport_closed" {} = Network, Backoff, Routine, http 400, close 1000, engine BadRequest,
        reason "transport close",
        cause "the connection was closed by the client or the network",
        log   "",
        fix   "",
        user  PAUSED;
    /// Reading or writing the connection failed.
    TransportFailed "transport_failed" { detail } = Network, Backoff, Routine, http 400, close 1011, engine BadRequest,
        reason "transport error",
        cause "the connection failed: {detail}",
        log   "",
        fix   "",
        user  PAUSED;
    /// A ping was not answered.
    PingTimeout "ping_timeout" { after } = Network, Backoff, Routine, http 400, close 1000, engine BadRequest,
        reason "ping timeout",
        cause "no answer to a ping within {after}",
        log   "",
        fix   "raise SOCKETIO_PING_TIMEOUT where networks are slow",
        user  PAUSED;
    /// The client left the namespace.
    ClientDisconnect "client_disconnect" {} = Network, Never, Routine, http 400, close 1000, engine BadRequest,
        reason "client namespace disconnect",
        cause "the client left",
        log   "",
        fix   "",
        user  "";
    /// The server disconnected the client.
    ServerDisconnect "server_disconnect" {} = Server, Never, Routine, http 400, close 1000, engine BadRequest,
        reason "server namespace disconnect",
        cause "the server ended the connection",
        log   "",
        fix   "",
        user  REFUSED;
    /// The server is going down.
    ServerShutdown "server_shutdown" {} = Server, Backoff, Routine, http 503, close 1001, engine BadRequest,
        reason "server shutting down",
        cause "the server is going down",
        log   "",
        fix   "reconnect; clients do so by themselves",
        user  PAUSED;
    /// A client does not read what is sent to it.
    SlowConsumer "slow_consumer" { queued, limit } = Capacity, Backoff, Warning, http 503, close 1013, engine BadRequest,
        reason "transport close",
        cause "{queued} bytes wait for this client, the limit is {limit}",
        log   "",
        fix   "raise SOCKETIO_SEND_BUFFER, or send less to each client",
        user  PAUSED;

    // --- Load ------------------------------------------------------------------------------------
    /// The server holds as many connections as it may.
    ServerFull "server_full" { limit } = Capacity, Backoff, Warning, http 503, close 1013, engine BadRequest,
        reason "forced close",
        cause "the server holds {limit} connections, its limit",
        log   "",
        fix   "raise SOCKETIO_MAX_CONNECTIONS and the descriptor limit, or add a server",
        user  BUSY;
    /// The server takes no new sessions because it is going down.
    ServerDraining "server_draining" {} = Server, Backoff, Routine, http 503, close 1001, engine BadRequest,
        reason "server shutting down",
        cause "the server is going down and takes no new sessions",
        log   "",
        fix   "try again; another server takes over",
        user  PAUSED;
    /// A queue or budget of the server is used up.
    Overloaded "overloaded" { what } = Capacity, Backoff, Warning, http 503, close 1013, engine BadRequest,
        reason "forced close",
        cause "the server is busy: {what}",
        log   "",
        fix   "add a server, or send less",
        user  BUSY;

    /// A client does something more often than it may.
    RateLimited "rate_limited" { what, rate, setting } = RateLimit, Backoff, Routine, http 429, close 1008, engine Forbidden,
        reason "forced close",
        cause "{what} come faster than {rate}",
        log   "",
        fix   "wait as long as retry_after_ms says, or raise {setting}",
        user  BUSY;
    /// A user has as many sessions as one may have.
    UserCapped "user_capped" { limit, setting } = RateLimit, AfterFix, Routine, http 429, close 1008, engine Forbidden,
        reason "forced close",
        cause "this user has {limit} connections, as many as one may have",
        log   "",
        fix   "close other pages, or raise {setting}; BELLGATE_USER_CAP_POLICY=evict-oldest lets the new one in",
        user  "This is open in too many places. Close some of them to get live updates here.";
    /// An address has as many sessions as one may have.
    AddressCapped "address_capped" { limit } = RateLimit, Backoff, Routine, http 429, close 1008, engine Forbidden,
        reason "forced close",
        cause "this address has {limit} connections, as many as one may have",
        log   "",
        fix   "close some first, or raise SOCKETIO_MAX_CONNECTIONS_PER_IP; behind a proxy, name it in BELLGATE_TRUSTED_PROXIES",
        user  BUSY;
    /// Somebody is kept out: an operator wants it so, or rates were broken again and again.
    Blocked "blocked" { who, left, because } = RateLimit, Backoff, Routine, http 429, close 1008, engine Forbidden,
        reason "forced close",
        cause "this {who} is blocked {left}: {because}",
        log   "",
        fix   "wait for its end; DELETE /api/v1/blocks lifts a block, and SOCKETIO_RATE_LIMITING=false turns those of broken rates off",
        user  BUSY;

    // --- The HTTP API ----------------------------------------------------------------------------
    /// No API key, or one that is not known.
    ApiKeyInvalid "api_key_invalid" {} = Authentication, Reauth, Warning, http 401, close 1008, engine Forbidden,
        reason "forced close",
        cause "the request carries no valid API key",
        log   "",
        fix   "send Authorization: Bearer KEY with a key of BELLGATE_API_KEYS",
        user  UNUSABLE;
    /// The API key lacks the scope of the request.
    ApiKeyScope "api_key_scope" { key, scope } = Authorization, AfterFix, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the API key {key} lacks the scope {scope}",
        log   "",
        fix   "add +{scope} to the key's scopes in BELLGATE_API_KEYS",
        user  UNUSABLE;
    /// There is nothing at this path.
    NotFound "not_found" { path } = Transport, Never, Routine, http 404, close 1008, engine BadRequest,
        reason "forced close",
        cause "there is nothing at {path}",
        log   "",
        fix   "check the path; Engine.IO is served at SOCKETIO_PATH, byte for byte",
        user  UNUSABLE;
    /// The path exists, the method is wrong.
    MethodNotAllowed "method_not_allowed" { method, allowed } = Transport, Never, Routine, http 405, close 1008, engine BadRequest,
        reason "forced close",
        cause "the method {method} has no meaning here",
        log   "",
        fix   "use {allowed}",
        user  UNUSABLE;
    /// The body is not declared as JSON.
    MediaType "media_type" { content_type } = Transport, Never, Routine, http 415, close 1008, engine BadRequest,
        reason "forced close",
        cause "a body of type {content_type} is not taken here",
        log   "",
        fix   "send Content-Type: application/json",
        user  UNUSABLE;
    /// The body is not JSON.
    BodyNotJson "body_not_json" { detail } = Transport, Never, Routine, http 400, close 1008, engine BadRequest,
        reason "forced close",
        cause "the body is not JSON: {detail}",
        log   "",
        fix   "send one JSON value in UTF-8",
        user  UNUSABLE;
    /// A field of the body is missing, unknown or out of its limits.
    FieldInvalid "field_invalid" { pointer, detail } = Transport, Never, Routine, http 422, close 1008, engine BadRequest,
        reason "forced close",
        cause "the field {pointer} cannot be used: {detail}",
        log   "",
        fix   "change {pointer}",
        user  UNUSABLE;
    /// The request names a host that this listener does not answer for.
    HostMisdirected "host_misdirected" { host } = Transport, Never, Warning, http 421, close 1008, engine BadRequest,
        reason "forced close",
        cause "this listener does not answer for the host {host}",
        log   "",
        fix   "use the address of BELLGATE_ADMIN_ADDR as it is written there",
        user  UNUSABLE;
    /// A page of another origin asks the operator's listener.
    AdminCrossSite "admin_cross_site" { origin } = Cors, Never, Warning, http 403, close 1008, engine Forbidden,
        reason "forced close",
        cause "the operator's listener takes no requests of pages at {origin}",
        log   "",
        fix   "open the listener's own address",
        user  UNUSABLE;
    /// Settings were read anew and cannot be used; the old ones hold.
    ReloadRefused "reload_refused" { detail } = Configuration, AfterFix, Warning, http 422, close 1008, engine BadRequest,
        reason "forced close",
        cause "the settings stay as they are: {detail}",
        log   "",
        fix   "correct what is named, see what `bellgate check` says, and reload again",
        user  UNUSABLE;
    /// A fault of the server.
    Internal "internal" { #[log_only] detail } = Server, Backoff, Warning, http 500, close 1011, engine BadRequest,
        reason "transport error",
        cause "the server made an error",
        log   "{detail}",
        fix   "report it with the request id",
        user  BUSY;
}
