//! The server half of one Engine.IO session, without sockets and without a clock.
//!
//! A driver (the transport crate, or the simulated pair of the tests) reads and writes sockets; a
//! [`Session`] says what bytes mean and which bytes come next. The driver calls `handle_*` with
//! what arrived and the present time, answers polls from [`Session::take_payload`], writes what
//! [`Session::gather`] shows, and sleeps until [`Session::poll_deadline`].
//!
//! Start reading at [`Session`], then `phase` for the table of transitions, `outbox` for the send
//! queue, `heartbeat` for pings, `upgrade` for probes and `tombstone` for what outlives a session.
//! Namespaces and rooms are the hub's; the parsing of bytes is the wire crate's.
//!
//! ```
//! use std::rc::Rc;
//! use std::time::{Duration, Instant};
//! use bellgate_engine::{Delivery, EngineConfig, Session, Transport, Transports};
//! use bellgate_wire::Message;
//!
//! let config = Rc::new(EngineConfig {
//!     ping_interval: Duration::from_secs(25),
//!     ping_timeout: Duration::from_secs(60),
//!     upgrade_timeout: Duration::from_secs(10),
//!     send_buffer: 1 << 20,
//!     max_payload: 1_000_000,
//!     transports: Transports { polling: true, websocket: true },
//!     allow_upgrades: true,
//!     deflate_threshold: None,
//! });
//! let now = Instant::now();
//! let mut session = Session::open(Transport::Polling, "example", &config, now);
//! assert!(session.take_payload().is_some_and(|opening| opening.starts_with(b"0{")));
//!
//! session.handle_poll(now)?;
//! assert_eq!(session.take_payload(), None, "nothing to say yet: the poll waits");
//! session.send(Rc::new(Message::text("2[\"hello\"]")), Delivery::Regular)?;
//! assert_eq!(session.take_payload(), Some(b"42[\"hello\"]".to_vec()));
//! # Ok::<(), bellgate_codes::Refusal>(())
//! ```

mod config;
mod conn;
mod handshake;
mod heartbeat;
mod outbox;
mod phase;
mod session;
mod slots;
mod spare;
mod table;
mod tombstone;
mod upgrade;

pub use config::{EngineConfig, Transport, Transports};
pub use conn::{ConnId, Delivery, Outlet};
pub use handshake::handshake_json;
pub use phase::Lane;
pub use session::{Handled, Session};
pub use slots::Slots;
pub use spare::{Ebb, take};
pub use table::Table;

#[cfg(test)]
mod testing {
    //! The one place where a test takes a moment from the real clock; it moves time by hand from there.
    use std::time::Instant;

    /// Some moment to count from.
    #[expect(clippy::disallowed_methods, reason = "virtual time needs a beginning")]
    pub(crate) fn beginning() -> Instant {
        Instant::now()
    }
}
