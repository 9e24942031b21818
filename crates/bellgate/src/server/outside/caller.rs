//! The one HTTP client: for addresses that the settings name, and no others.
//!
//! It keeps connections alive, follows no redirect, and reads no more of an answer than it is told. See
//! `docs/decisions/0009-http-client.md`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

/// Connections that are kept for the next call to the same host.
const IDLE: usize = 10;

/// Pauses before a call is tried again to which no connection could be made.
const RETRIES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(200)];

/// Calls by HTTP.
pub(super) struct Caller {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Where calls run: their connections live as long as it does.
    pub(super) runtime: Handle,
}

/// Why there is no answer. Reads well after "the call failed: ".
#[derive(Debug)]
pub(super) enum CallFault {
    /// Nothing could be sent.
    Connect(String),
    /// It took too long.
    Late,
    /// The answer is longer than it may be.
    Long,
    /// The connection broke.
    Broken(String),
}

impl Caller {
    /// A client that believes the system's certificate authorities.
    ///
    /// # Errors
    /// When TLS cannot be set up at all.
    pub(super) fn new(runtime: &Handle) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE)
            .build(connector);
        Ok(Self {
            client,
            runtime: runtime.clone(),
        })
    }

    /// The answer to `request` within `within`, its body of `most` bytes at most. Where no connection can be
    /// made it is tried twice more: nothing was sent then.
    pub(super) async fn call(
        &self,
        request: Request<Full<Bytes>>,
        within: Duration,
        most: usize,
    ) -> Result<Response<Bytes>, CallFault> {
        let answer = async {
            for pause in RETRIES {
                match self.attempt(request.clone(), most).await {
                    Err(CallFault::Connect(_)) => sleep(pause).await,
                    answered => return answered,
                }
            }
            self.attempt(request, most).await
        };
        timeout(within, answer)
            .await
            .unwrap_or(Err(CallFault::Late))
    }

    async fn attempt(
        &self,
        request: Request<Full<Bytes>>,
        most: usize,
    ) -> Result<Response<Bytes>, CallFault> {
        let answer = self.client.request(request).await.map_err(|error| {
            let text = whole(&error);
            if error.is_connect() {
                CallFault::Connect(text)
            } else {
                CallFault::Broken(text)
            }
        })?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, most).collect().await;
        let body = body.map_err(|error| {
            if error.is::<LengthLimitError>() {
                CallFault::Long
            } else {
                CallFault::Broken(error.to_string())
            }
        })?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

/// What is to be said of an answer whose status is none of those that are meant.
pub(super) fn unmeant(status: StatusCode) -> String {
    if status.is_redirection() {
        format!("it answers {status}, and redirects are not followed")
    } else {
        format!("it answers {status}")
    }
}

/// An error with what caused it: the first alone says "client error" only.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

impl fmt::Display for CallFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(text) | Self::Broken(text) => f.write_str(text),
            Self::Late => f.write_str("no answer came in time"),
            Self::Long => f.write_str("the answer is too long"),
        }
    }
}
