//! socketioxide for the measuring stand: `peer PORT`. One thread, as its peers have one core.

use std::error::Error;

use axum::http::HeaderValue;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tower_http::cors::CorsLayer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).unwrap_or_default().parse()?;
    let (layer, io) = SocketIo::new_layer();
    let (everybody, rooms) = (io.clone(), io.clone());
    io.ns("/", async move |socket: SocketRef| {
        // A client that has gone needs no ack.
        socket.on("echo", async |Data(value): Data<Value>, ack: AckSender| {
            let _ = ack.send(&value);
        });
        socket.on("bcast", async move |Data(value): Data<Value>| {
            let _ = everybody.emit("msg", &value).await;
        });
        socket.on(
            "enter",
            async |socket: SocketRef, Data(room): Data<String>, ack: AckSender| {
                socket.join(room);
                let _ = ack.send(&());
            },
        );
        socket.on("tell", async move |Data(message): Data<Vec<Value>>| {
            if let [Value::String(room), value] = &message[..] {
                let _ = rooms.to(room.clone()).emit("msg", value).await;
            }
        });
    });
    let origin = HeaderValue::from_static("http://localhost:5000");
    let cors = CorsLayer::new()
        .allow_origin(origin)
        .allow_credentials(true);
    let app = axum::Router::new().layer(layer).layer(cors);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
