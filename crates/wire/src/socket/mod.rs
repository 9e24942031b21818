//! Socket.IO 5 packets: the inner of the two layers.
//!
//! [`SocketPacket`] is read by `decode`, a binary one waits in an [`Assembly`] for its attachments,
//! [`encode`] writes. Payloads stay raw JSON text all the way ([`crate::validate_json`]).

mod arguments;
mod assembly;
mod decode;
pub mod encode;
mod event;

pub use crate::json::validate_json;
pub use arguments::Arguments;
pub use assembly::{Assembled, Assembly};
pub use decode::{Kind, SocketPacket};
pub use event::{RESERVED, is_reserved};
