//! Engine.IO 4 and Socket.IO 5 packets, and the WebSocket frames around them.
//!
//! Bytes in, packets out, and the other way round. Nothing here waits, reads a clock or knows a
//! session: what a packet means in a given state is for `engine` and `hub` to say. Whatever a peer
//! can send ends in a value or in a [`Refusal`](bellgate_codes::Refusal), never in a panic, and
//! every limit is a parameter ([`Limits`]).
//!
//! The way in: [`ws::Reader`] (frames) or [`packets`] (a polling body), then [`Packet`], then
//! [`SocketPacket`] and, for binary ones, [`Assembly`]. The way out: [`encode`] and [`Message`],
//! which is framed once and shared by all receivers.
//!
//! ```
//! use bellgate_wire::{Kind, Limits, Message, Packet, SocketPacket, packets};
//!
//! let limits = Limits::default();
//! let body = "3\u{1e}42/news,7[\"read\",{\"id\":1}]";
//! let mut packets = packets(body, &limits);
//! assert_eq!(packets.next(), Some(Ok(Packet::Pong(""))));
//! let Some(Ok(Packet::Text(text))) = packets.next() else { panic!("a message follows") };
//!
//! let packet = SocketPacket::decode(text, &limits)?;
//! assert_eq!((packet.kind, packet.namespace, packet.id), (Kind::Event, "/news", Some(7)));
//! assert_eq!((packet.name.as_deref(), packet.args.as_slice()), (Some("read"), &["{\"id\":1}"][..]));
//!
//! let answer = Message::ack("/news", 7, "[true]", &[]);
//! assert_eq!(answer.polling(), b"43/news,7[true]");
//! assert_eq!(answer.ws(), b"\x81\x0f43/news,7[true]");
//! # Ok::<(), bellgate_codes::Refusal>(())
//! ```

mod json;
mod limits;
mod message;
mod packet;
mod payload;
pub mod socket;
pub mod ws;

pub use limits::Limits;
pub use message::Message;
pub use packet::Packet;
pub use payload::{Packets, packets};
pub use socket::{Arguments, Assembled, Assembly, Kind, SocketPacket, encode, validate_json};
pub use ws::{Incoming, Reader, accept_key, close_frame, negotiate_deflate, pong_frame};
