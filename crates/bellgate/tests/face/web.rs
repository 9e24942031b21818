//! A small web server of the tests: it answers what a test tells it, and notes what it is asked.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use bellgate_peer::eventually;
use bytes::Bytes;
use http::request::Parts;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::lab::Notes;

/// It runs as long as the test's runtime does.
pub(crate) struct Web {
    pub(crate) url: String,
    pub(crate) asked: Arc<Notes<(Parts, Bytes)>>,
    /// A permit for each answer, where the test holds them back.
    pub(crate) gate: Arc<Semaphore>,
}

/// More answers than any test waits for.
const OPEN: usize = 1 << 20;

impl Web {
    /// Answers each request by `answer`.
    pub(crate) async fn start(
        answer: impl Fn(&Parts, &Bytes) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, gate) = (Arc::new(Notes::new()), Arc::new(Semaphore::new(OPEN)));
        let web = Self {
            url,
            asked: Arc::clone(&asked),
            gate: Arc::clone(&gate),
        };
        let answer = Arc::new(answer);
        let app = axum::Router::new().fallback(move |request: Request| {
            let (asked, gate, answer) = (asked.clone(), gate.clone(), answer.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let answer = answer(&parts, &body);
                asked.add((parts, body));
                gate.acquire().await.unwrap().forget();
                answer
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        web
    }

    /// Holds all answers back.
    pub(crate) fn hold(&self) {
        self.gate.forget_permits(OPEN);
    }

    /// Lets all answers go.
    pub(crate) fn release(&self) {
        self.gate.add_permits(OPEN);
    }

    /// Waits until it was asked so often, and forgets that.
    pub(crate) async fn until_asked(&self, times: usize) -> Vec<(Parts, Bytes)> {
        eventually("the web server to be asked", async || {
            self.asked.len() >= times
        })
        .await;
        self.asked.take()
    }
}

/// An answer with this status and body.
pub(crate) fn answer(status: u16, body: impl Into<Body>) -> Response<Body> {
    let answer = Response::builder().status(status);
    answer.body(body.into()).unwrap()
}
