//! Which pages may connect.
//!
//! One function decides for polling, WebSocket, preflight and the HTTP API: [`judge()`]. It compares
//! canonical forms only (contract §3). [`OriginPolicy::build`] makes the list from the settings
//! and tells what it dropped; [`cors_headers`] writes the CORS headers, and [`page_headers`] those of a refusal that
//! its page may read; [`explain()`] says to the log what no page is told; a [`Binding`] keeps a session with the origin that opened it.

mod binding;
mod cors;
mod explain;
mod generate;
mod judge;
mod list;
mod nearest;
mod page;
mod pattern;
mod policy;
mod settings;

pub use binding::Binding;
pub use cors::{Reader, cors_headers};
pub use explain::{Explanation, Nearest, explain};
pub use judge::{Rule, Verdict, judge};
pub use page::{Telling, page_headers};
pub use pattern::Pattern;
pub use policy::OriginPolicy;
pub use settings::{CorsMode, OriginSettings};
