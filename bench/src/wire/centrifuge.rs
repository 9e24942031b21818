//! The client's side of Centrifugo's protocol in JSON over WebSocket, as its library speaks it
//! (centrifugal/protocol, `client.proto`): a frame has one packet on each line.
//!
//! The server subscribes a client to the channel `all` as it connects, so one command joins, and what a
//! client publishes there comes to everybody, itself included.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::dialect::Heard;
use super::session::{dial, shake, until};
use super::{frame, parse};

/// The answer to a ping: either is a packet with nothing in it.
pub(super) const PONG: &str = "{}";
/// Where the WebSocket opens.
const PATH: &str = "/connection/websocket";
/// The first command.
const CONNECT: &str = r#"{"id":1,"connect":{}}"#;
/// How the answer to it begins, where it is none that refuses.
const CONNECTED: &[u8] = br#"{"id":1,"connect":{"#;
/// How a publication begins; what else may be pushed is no message.
const PUBLICATION: &[u8] = br#"{"push":{"channel":"all","pub":{"#;
/// How the answer to a publish command begins.
const PUBLISHED: &[u8] = br#"{"id":2,"publish":{"#;

/// Connects, which subscribes to `all`.
pub(super) fn join(server: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = dial(server)?;
    let mut read = Vec::new();
    shake(&mut stream, &mut read, PATH, None)?;
    stream.write_all(&frame(CONNECT.as_bytes()))?;
    until(&mut stream, &mut read, |read| {
        let (text, length) = parse(read)?;
        text.starts_with(CONNECTED).then_some(length)
    })?;
    Ok(stream)
}

/// A publish command. Servers answer each by its id and do not mind that all have the same.
pub(super) fn to_all(text: &str) -> String {
    format!(r#"{{"id":2,"publish":{{"channel":"all","data":"{text}"}}}}"#)
}

/// The packets of a frame.
pub(super) fn packets(frame: &[u8]) -> impl Iterator<Item = &[u8]> {
    frame.split(|byte| *byte == b'\n')
}

/// What a packet is to a crowd.
pub(super) fn hear(packet: &[u8]) -> Option<Heard> {
    if packet.starts_with(PUBLICATION) {
        Some(Heard::Event)
    } else if packet.starts_with(PUBLISHED) {
        Some(Heard::Ack)
    } else if packet == PONG.as_bytes() {
        Some(Heard::Ping)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_of_a_frame_is_heard_as_what_it_is() {
        let frame = concat!(
            r#"{"push":{"channel":"all","pub":{"data":"x"}}}"#,
            "\n",
            r#"{"id":2,"publish":{}}"#,
            "\n{}\n",
            r#"{"id":2,"error":{"code":103,"message":"permission denied"}}"#,
            "\n",
            r#"{"push":{"channel":"all","join":{"info":{"user":"","client":"c"}}}}"#,
            "\n",
            r#"{"push":{"channel":"all","pub":{"data":"y"}}}"#,
        );
        let heard: Vec<_> = packets(frame.as_bytes()).map(hear).collect();
        let wanted = [
            Some(Heard::Event),
            Some(Heard::Ack),
            Some(Heard::Ping),
            None,
            None,
            Some(Heard::Event),
        ];
        assert_eq!(heard, wanted);
    }
}
