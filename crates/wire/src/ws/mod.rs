//! WebSocket, server side (RFC 6455), with permessage-deflate (RFC 7692).
//!
//! [`Reader`] turns what clients send into messages; [`crate::Message`] frames what servers send.
//! The HTTP handshake's two values come from [`accept_key`] and [`negotiate_deflate`]. [`client`]
//! is the other end, for tests and simulated peers.

pub mod client;
mod close;
pub(crate) mod deflate;
pub(crate) mod frame;
mod handshake;
mod mask;
mod offer;
mod reader;

pub use close::{close_frame, pong_frame};
pub use handshake::accept_key;
pub use offer::negotiate_deflate;
pub use reader::{Incoming, Reader};
