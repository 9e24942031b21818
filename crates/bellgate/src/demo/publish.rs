//! Publishing as a web application does it: one POST to the gateway's HTTP API, with the key that
//! no page ever sees.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const PATH: &str = "/api/v1/notifications";
/// The gateway answers in milliseconds, or is being restarted.
const PATIENCE: Duration = Duration::from_secs(5);

/// Hands `body` on; the answer's status and body. The error says that there was none.
pub(super) async fn post(
    address: &str,
    key: &str,
    body: Bytes,
) -> Result<(StatusCode, Bytes), String> {
    match tokio::time::timeout(PATIENCE, exchange(address, key, body)).await {
        Ok(answer) => answer.map_err(|error| format!("the gateway does not answer: {error}")),
        Err(_) => Err("the gateway does not answer".to_owned()),
    }
}

async fn exchange(
    address: &str,
    key: &str,
    body: Bytes,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends when `sender` is dropped; what went wrong, the answer below says too.
    tokio::spawn(connection);
    let request = Request::post(PATH)
        .header(HOST, address)
        .header(AUTHORIZATION, format!("Bearer {key}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body))?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}
