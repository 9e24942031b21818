//! One HTTP request on a connection of its own.

use std::io;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::reach::Reach;
use crate::within;

/// A request that is being put together.
#[must_use = "a request goes out when it is sent"]
pub struct Request {
    reach: Reach,
    builder: http::request::Builder,
    body: Bytes,
    has_host: bool,
}

impl Request {
    pub(crate) fn new(reach: &Reach, method: &str, path: &str) -> Self {
        let mut builder = http::Request::builder().method(method).uri(path);
        for (name, value) in &reach.headers {
            builder = builder.header(name, value);
        }
        Self {
            reach: reach.clone(),
            builder,
            body: Bytes::new(),
            has_host: false,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.has_host |= name.eq_ignore_ascii_case("host");
        self.builder = self.builder.header(name, value);
        self
    }

    /// Carries this key.
    pub fn bearer(self, key: &str) -> Self {
        self.header("Authorization", &format!("Bearer {key}"))
    }

    /// Carries this body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Carries this JSON body, declared as such.
    pub fn json(self, body: &Value) -> Self {
        self.header(CONTENT_TYPE.as_str(), "application/json")
            .body(body.to_string())
    }

    /// Sends it; the answer. Fails the test where there is none.
    pub async fn send(self) -> Answer {
        within("an HTTP answer", self.attempt())
            .await
            .expect("the server answers")
    }

    /// Sends it; the answer, or why there is none.
    pub async fn attempt(mut self) -> io::Result<Answer> {
        if !self.has_host {
            self.builder = self.builder.header(HOST, &self.reach.host);
        }
        let stream = TokioIo::new(self.reach.connect().await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream)
            .await
            .map_err(io::Error::other)?;
        let request = self
            .builder
            .body(Full::new(self.body))
            .map_err(io::Error::other)?;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, hyper::Error>(Answer(Response::from_parts(parts, body)))
        };
        // The connection is driven beside the exchange, and goes with it: the next request is
        // accepted by whichever shard the kernel chooses.
        tokio::pin!(exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            ended = connection => { ended.map_err(io::Error::other)?; exchange.await }
        }
        .map_err(io::Error::other)
    }
}

/// An HTTP answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer(pub(crate) Response<Bytes>);

impl Answer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// Whether the status is one of success.
    pub fn is_ok(&self) -> bool {
        self.0.status() == StatusCode::OK
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// One header, empty where it is not there; fails the test where it is there twice.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers().get_all(name).iter();
        let first = values.next();
        assert!(values.next().is_none(), "{name} stands twice");
        first.map_or("", |value| value.to_str().expect("headers are ASCII"))
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        self.0.body()
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.bytes()).expect("the body is text")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.bytes())
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.bytes()))
    }
}
