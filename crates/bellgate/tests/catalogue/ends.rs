//! Ends of sessions: told by a close frame, by the reason that a handler gets, or counted where the client
//! has gone already.

use std::sync::{Arc, Mutex};

use bellgate::{Args, Code, Connect, Refused, Target, Welcome};
use bellgate_peer::{Engine, Over, eventually};

use crate::lab::{KEY, Lab, close_reason, reason};

pub(crate) async fn a_client_that_closes() -> String {
    let lab = Lab::start(&[]).await;
    lab.join().await.engine.close().await;
    lab.counted(Code::TransportClosed).await
}

pub(crate) async fn a_connection_that_is_reset() -> String {
    let lab = Lab::start(&[]).await;
    drop(Engine::open(&lab.reach.clone().abruptly(), Over::Websocket).await);
    lab.counted(Code::TransportFailed).await
}

pub(crate) async fn a_ping_without_an_answer() -> String {
    let quick = [
        ("SOCKETIO_PING_INTERVAL", "100ms"),
        ("SOCKETIO_PING_TIMEOUT", "100ms"),
    ];
    let lab = Lab::start(&quick).await;
    let mut session = lab.open().await;
    close_reason(session.socket().unwrap()).await
}

/// The transport stays; the handler is told in Socket.IO's words, which no other code has.
pub(crate) async fn a_client_that_leaves() -> String {
    let left: Arc<Mutex<Option<&'static str>>> = Arc::default();
    let leaving = Arc::clone(&left);
    let lab = Lab::built(&[], |server| {
        server.on_disconnect("/", move |gone| {
            *leaving.lock().unwrap() = Some(gone.reason);
            async {}
        })
    })
    .await;
    let mut client = lab.join().await;
    client.leave("/").await;
    eventually("the handler to be told", async || {
        left.lock().unwrap().is_some()
    })
    .await;
    let reason = left.lock().unwrap().unwrap();
    let mut codes = Code::ALL.iter().filter(|code| code.row().reason == reason);
    let code = codes.next().unwrap_or_else(|| panic!("{reason}"));
    assert_eq!(codes.next(), None, "{reason} is the reason of several");
    code.name().to_owned()
}

pub(crate) async fn a_user_who_is_sent_away() -> String {
    let lab = Lab::built(&[], |server| {
        server.on_connect("/", async |_: Connect| Ok::<_, Refused>(Welcome::user("7")))
    })
    .await;
    let mut client = lab.join().await;
    let away = lab.reach.post("/api/v1/users/7/disconnect").bearer(KEY);
    assert!(away.send().await.is_ok());
    reason(&client.closed().await)
}

pub(crate) async fn a_server_that_goes_down() -> String {
    let lab = Lab::start(&[]).await;
    let mut client = lab.join().await;
    lab.running.drain();
    reason(&client.closed().await)
}

pub(crate) async fn a_client_that_does_not_read() -> String {
    let lab = Lab::start(&[("SOCKETIO_SEND_BUFFER", "1KiB")]).await;
    let mut client = lab.join().await;
    let everybody = || lab.running.emitter().to(Target::All);
    // More than a socket takes at once: some of it waits, and what comes then is too much.
    everybody().emit("much", Args::new().binary(vec![0; 16 << 20]));
    everybody().emit("more", Args::new().binary(vec![0; 2 << 10]));
    eventually("the session to end", async || lab.running.sessions() == 0).await;
    close_reason(client.engine.socket().unwrap()).await
}
