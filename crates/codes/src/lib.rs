//! Every refusal and every close reason of Bellgate, in one table.
//!
//! A row of [`table`] says what is refused, why, and what to change. From it come HTTP bodies,
//! Socket.IO `CONNECT_ERROR` payloads, WebSocket close codes, disconnect reasons, log lines and
//! the documentation page of each code; nothing else in the workspace words a refusal.
//!
//! Fields marked `#[log_only]` in the table reach the log and the command line, never a page.
//!
//! ```
//! use bellgate_codes::{Code, Refusal};
//!
//! let refusal = Refusal::OriginPortMismatch {
//!     origin: "http://localhost:3000".into(),
//!     aside: String::new(),
//!     nearest: "http://localhost:5000".into(),
//! };
//! assert_eq!(refusal.code(), Code::OriginPortMismatch);
//! assert_eq!(refusal.code().name(), "origin_port_mismatch");
//! assert_eq!(refusal.cause(), "origin http://localhost:3000 is not allowed: the port differs");
//! assert!(!refusal.http_body("r-1", None).contains("localhost:5000"), "the list stays in the log");
//! ```
//!
//! Start reading in [`table`], then [`render`] for the faces a row has.

mod kinds;
mod page;
pub mod render;
pub mod table;

pub use kinds::{Category, EngineCode, Retry, Severity};
pub use table::{Code, Refusal, Row};
