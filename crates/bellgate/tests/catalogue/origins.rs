//! Origins that are refused, told to their page by the answer to its first request or inside the protocol.

use bellgate_peer::{Polling, Reach, Request};
use serde_json::Value;

use crate::lab::{HANDSHAKE, Lab, PAGE, text, told};

const ONE: (&str, &str) = ("SOCKETIO_CORS_ORIGINS", "https://app.example:8443");

/// What the handshake of a page is answered with.
async fn handshake(settings: &[(&str, &str)], origin: &str) -> String {
    let lab = Lab::start(settings).await;
    let page = lab.reach.clone().from_origin(origin);
    told(&page.get(HANDSHAKE).send().await)
}

pub(crate) async fn another_scheme() -> String {
    handshake(&[ONE], "http://app.example:8443").await
}

/// What a page of a browser reads inside the protocol.
async fn connect_error(page: &Reach) -> String {
    let answer = page.get(HANDSHAKE).send().await;
    let mut packets = answer.text().split('\u{1e}');
    let error = packets.find_map(|packet| packet.strip_prefix("44"));
    let error: Value = serde_json::from_str(error.unwrap()).unwrap();
    text(&error["data"]["code"])
}

pub(crate) async fn another_port() -> String {
    let lab = Lab::start(&[ONE]).await;
    connect_error(&lab.page_at("https://app.example")).await
}

pub(crate) async fn another_host() -> String {
    handshake(&[ONE], "https://evil.example:8443").await
}

pub(crate) async fn a_page_without_an_origin_of_its_own() -> String {
    handshake(&[], "null").await
}

pub(crate) async fn none_where_one_is_required() -> String {
    let lab = Lab::start(&[("SOCKETIO_REQUIRE_ORIGIN", "true")]).await;
    told(&lab.reach.get(HANDSHAKE).send().await)
}

pub(crate) async fn what_is_no_origin() -> String {
    handshake(&[], "localhost:5000").await
}

pub(crate) async fn another_site_without_cors() -> String {
    let lab = Lab::start(&[]).await;
    let image = lab.reach.get(HANDSHAKE);
    told(&image.header("Sec-Fetch-Site", "cross-site").send().await)
}

pub(crate) async fn another_one_within_a_session() -> String {
    let lab = Lab::start(&[]).await;
    let mut session = Polling::open(&lab.page()).await;
    session.reach = lab.reach.clone().from_origin("http://127.0.0.1:5000");
    told(&session.get().await)
}

fn preflight(lab: &Lab, method: &str, headers: &str) -> Request {
    lab.page()
        .request("OPTIONS", HANDSHAKE)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", headers)
}

pub(crate) async fn a_method_that_is_not_listed() -> String {
    let lab = Lab::start(&[]).await;
    told(&preflight(&lab, "DELETE", "content-type").send().await)
}

pub(crate) async fn a_header_that_is_not_listed() -> String {
    let lab = Lab::start(&[]).await;
    told(&preflight(&lab, "POST", "x-own").send().await)
}

pub(crate) async fn cookies_where_every_page_may_connect() -> String {
    let lab = Lab::start(&[("SOCKETIO_CORS_ORIGINS", "*")]).await;
    let page = lab.page_at("https://app.example");
    connect_error(&page.with_header("Cookie", "session=x")).await
}

pub(crate) async fn plain_http_where_https_is_required() -> String {
    handshake(&[("SOCKETIO_REQUIRE_HTTPS", "true")], PAGE).await
}
