//! The catalogue of refusals and ends, provoked: each code by a real request or socket (contract §5).
//!
//! [`CASES`] has a function for each code. It returns the name that somebody was told: a body's `error`,
//! `data.code` of a CONNECT_ERROR or an ack, the reason of a close frame, or, where no client hears of it,
//! the counter in `/metrics`. [`lab`] starts servers in this process; each other file has the cases of one
//! part of the table.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that cannot go on fails the test that runs it"
)]

mod lab;

mod ends;
mod events;
mod load;
mod logins;
mod operators;
mod origins;
mod packets;
mod requests;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use bellgate::Code;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, StreamExt as _};

/// Servers that run at once. Some cases wait for a fixed time of the protocol, beside the others.
const AT_ONCE: usize = 8;

/// A code, and what makes a server tell it.
type Case = (Code, fn() -> LocalBoxFuture<'static, String>);

macro_rules! cases {
    ($($code:ident: $provoke:path,)+) => { &[$((Code::$code, || $provoke().boxed_local())),+] };
}

/// The slowest first.
const CASES: &[Case] = cases! {
    MessageTimeout: packets::a_message_that_never_becomes_whole,

    OriginSchemeMismatch: origins::another_scheme,
    OriginPortMismatch: origins::another_port,
    OriginHostNotAllowed: origins::another_host,
    OriginNull: origins::a_page_without_an_origin_of_its_own,
    OriginMissing: origins::none_where_one_is_required,
    OriginMalformed: origins::what_is_no_origin,
    OriginCrossSiteNoCors: origins::another_site_without_cors,
    OriginChanged: origins::another_one_within_a_session,
    PreflightMethod: origins::a_method_that_is_not_listed,
    PreflightHeader: origins::a_header_that_is_not_listed,
    CredentialsWithWildcard: origins::cookies_where_every_page_may_connect,
    InsecureOrigin: origins::plain_http_where_https_is_required,

    TransportUnknown: requests::a_transport_that_nobody_knows,
    SessionUnknown: requests::a_sid_that_nobody_gave,
    HandshakeMethod: requests::a_handshake_by_post,
    BadRequest: requests::jsonp,
    ProtocolVersion: requests::an_older_version,
    WebsocketHandshake: requests::a_websocket_without_its_headers,
    PayloadTooLarge: requests::a_body_above_the_limit,
    ContentType: requests::a_binary_body,
    ContentEncoding: requests::a_compressed_body,
    BodyIncomplete: requests::a_body_that_breaks_off,
    PollOverlap: requests::two_polls_at_once,
    PostOverlap: requests::two_posts_at_once,
    UpgradeRefused: requests::an_upgrade_where_there_are_none,
    UpgradeTimeout: requests::a_probe_that_says_nothing,

    PacketMalformed: packets::a_type_that_there_is_not,
    PacketOutOfPlace: packets::an_event_before_its_connect,
    PacketLimit: packets::too_many_packets_in_a_body,
    HeartbeatFlood: packets::pongs_that_nobody_asked_for,
    FrameMalformed: packets::a_frame_without_a_mask,
    TextNotUtf8: packets::text_in_latin_1,

    AuthRequired: logins::a_visitor_where_users_are_wanted,
    ForbiddenRole: logins::a_user_without_the_role,
    CredentialsNotSent: logins::a_page_elsewhere_without_cookies,
    SessionInvalid: logins::a_forged_session,
    SessionExpired: logins::an_old_session,
    TokenInvalid: logins::a_token_that_is_none,
    TokenExpired: logins::an_old_token,
    AuthRefused: logins::a_login_that_the_application_refuses,
    AuthUnavailable: logins::a_handshake_while_the_key_set_cannot_be_had,
    IdentityChanged: logins::another_users_cookie,
    SessionRefresh: logins::a_login_that_the_application_changed,
    CsrfMissing: logins::no_csrf_token,
    CsrfInvalid: logins::another_sessions_csrf_token,
    CsrfExpired: logins::an_old_csrf_token,

    NamespaceUnknown: events::a_namespace_that_there_is_not,
    ConnectTimeout: events::no_connect_in_time,
    ConnectRefused: events::a_connect_that_the_program_refuses,
    EventsUnavailable: events::an_event_without_a_handler,
    SocketLimit: events::one_namespace_too_many,
    Internal: events::a_handler_that_panics,

    TransportClosed: ends::a_client_that_closes,
    TransportFailed: ends::a_connection_that_is_reset,
    PingTimeout: ends::a_ping_without_an_answer,
    ClientDisconnect: ends::a_client_that_leaves,
    ServerDisconnect: ends::a_user_who_is_sent_away,
    ServerShutdown: ends::a_server_that_goes_down,
    SlowConsumer: ends::a_client_that_does_not_read,

    ServerFull: load::one_session_too_many,
    UserCapped: load::one_session_too_many_of_a_user,
    AddressCapped: load::one_session_too_many_of_an_address,
    ServerDraining: load::a_handshake_while_the_server_goes_down,
    Overloaded: load::more_of_bodies_than_a_shard_holds,
    RateLimited: load::events_that_come_too_fast,
    Blocked: load::an_address_that_is_kept_out,

    ApiKeyInvalid: operators::no_key,
    ApiKeyScope: operators::a_key_that_may_do_less,
    NotFound: operators::a_path_that_there_is_not,
    MethodNotAllowed: operators::a_method_that_a_path_has_not,
    MediaType: operators::a_body_of_another_type,
    BodyNotJson: operators::a_body_that_is_no_json,
    FieldInvalid: operators::a_field_that_there_is_not,
    HostMisdirected: operators::another_name_for_the_operators_listener,
    AdminCrossSite: operators::a_page_that_asks_the_operators_listener,
    ReloadRefused: operators::settings_that_cannot_be_read,
};

/// Codes that nothing from outside provokes, each with the reason.
const BEYOND_REACH: &[(Code, &str)] = &[];

/// Runs a case; what went wrong.
async fn fault((code, provoke): &Case) -> Option<String> {
    let name = code.name();
    match AssertUnwindSafe(provoke()).catch_unwind().await {
        Ok(told) => (told != name).then(|| format!("{name}: {told:?} was told instead")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
            Some(format!("{name}: {}", text.unwrap_or_default()))
        }
    }
}

#[tokio::test]
async fn each_code_is_told_to_whom_it_concerns() {
    let faults = stream::iter(CASES).map(fault).buffer_unordered(AT_ONCE);
    let faults: Vec<String> = faults.filter_map(async |fault| fault).collect().await;
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_code_of_the_catalogue_has_a_case_or_a_reason_why_not() {
    let provoked = CASES.iter().map(|(code, _)| *code);
    let listed: Vec<Code> = provoked
        .chain(BEYOND_REACH.iter().map(|(code, _)| *code))
        .collect();
    let once: BTreeSet<Code> = listed.iter().copied().collect();
    assert_eq!(listed.len(), once.len(), "a code stands twice");
    let lacking: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !once.contains(code))
        .map(|code| code.name())
        .collect();
    assert!(lacking.is_empty(), "add a case for {lacking:?}");
}
