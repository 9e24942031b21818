//! Bellgate inside an axum application: one port for pages and for live updates.
//!
//! `cargo run -p bellgate --example mounted`, then open <http://localhost:5001/>.

use std::net::SocketAddr;

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};
use bellgate::config::{Sources, environment};
use bellgate::{Received, Server, Settings};

/// Counts clicks of everybody who has the page open. The client library is the stock one.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>Clicks</title>
<button id="button">click</button> <output id="clicks">…</output>
<script type="module">
  import { io } from "https://cdn.socket.io/4.8.1/socket.io.esm.min.js";
  const socket = io();
  socket.on("clicks", (n) => (clicks.textContent = n));
  button.onclick = () => socket.emit("click", (n) => console.log("you made it", n));
</script>"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The page comes from where Bellgate is, so its origin is the server's own.
    let own = [("FLASK_PORT", "5001")];
    let sources = Sources::new()
        .with_environment(environment())
        .with_environment(own);
    let clicks = std::sync::atomic::AtomicU64::new(0);
    let server = Server::from_settings(Settings::load(&sources).settings).on(
        "/",
        "click",
        move |event: Received| {
            let now = clicks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            event
                .socket
                .emitter()
                .to_all()
                .emit("clicks", serde_json::json!(now));
            async move { serde_json::json!(now) }
        },
    );
    let mounted = server.mount()?;
    let emitter = mounted.emitter().clone();
    let application = Router::new()
        .route("/", get(async || Html(PAGE)))
        // Any route of the application can send.
        .route(
            "/reset",
            post(async move || emitter.to_all().emit("clicks", serde_json::json!(0))),
        )
        .merge(mounted.router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:5001").await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Bellgate wants to know who connects.
    let service = application.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async {
            // Without a signal handler the program simply does not end in order.
            let _ = tokio::signal::ctrl_c().await;
            mounted.shut_down().await;
        })
        .await?;
    Ok(())
}
