//! Packets and frames that break the protocol: told by the close frame, or by the answer to the POST.

use std::time::Duration;

use bellgate_peer::{Frame, Polling};
use bellgate_wire::ws::client::frame;
use tokio::time::timeout;

use crate::lab::{Lab, close_reason, closed, told};

const TEXT: u8 = 1;
const MASK: [u8; 4] = [7, 11, 13, 17];

/// The end of a session that sends these texts.
async fn after(texts: impl IntoIterator<Item = &str>) -> String {
    let lab = Lab::start(&[]).await;
    let mut session = lab.open().await;
    for text in texts {
        session.socket().unwrap().text(text).await;
    }
    closed(&mut session).await
}

pub(crate) async fn a_type_that_there_is_not() -> String {
    after(["9"]).await
}

pub(crate) async fn an_event_before_its_connect() -> String {
    after([r#"42["early"]"#]).await
}

pub(crate) async fn too_many_packets_in_a_body() -> String {
    let lab = Lab::start(&[]).await;
    let session = Polling::open(&lab.reach).await;
    assert!(session.post("40").await.is_ok());
    // A thousand are taken.
    let packets = vec![r#"42["x"]"#; 1001];
    told(&session.post(packets.join("\u{1e}")).await)
}

pub(crate) async fn pongs_that_nobody_asked_for() -> String {
    after(std::iter::repeat_n("3", 33)).await
}

/// The end of a session that sends these bytes.
async fn after_bytes(bytes: &[u8]) -> String {
    let lab = Lab::start(&[]).await;
    let mut session = lab.open().await;
    let socket = session.socket().unwrap();
    socket.raw(bytes).await;
    close_reason(socket).await
}

pub(crate) async fn a_frame_without_a_mask() -> String {
    after_bytes(&[0x81, 1, b'3']).await
}

pub(crate) async fn text_in_latin_1() -> String {
    after_bytes(&frame(TEXT, b"42[\"\xfc\"]", MASK, true)).await
}

/// Ten seconds are the protocol's, no setting's.
pub(crate) async fn a_message_that_never_becomes_whole() -> String {
    let lab = Lab::start(&[]).await;
    let mut session = lab.open().await;
    let socket = session.socket().unwrap();
    socket.raw(&frame(TEXT, b"4", MASK, false)).await;
    let end = timeout(Duration::from_secs(60), socket.wait()).await;
    match end.expect("a message is given up after 10 s") {
        Frame::Close(_, reason) => reason,
        other => panic!("{other:?}"),
    }
}
