//! The measuring stand. A load generator and the servers that it drives run pinned to different
//! cores; what is measured is the server's processor time for a unit of work.
//!
//! [`scenario`] has the kinds of work, [`crowd`] the clients that do it, [`wire`] their side of what
//! servers speak, [`candidate`] the servers, [`process`] one under test and what the kernel says of it,
//! [`report`] the table, [`tls`] a certificate, [`gauges`] what Bellgate says of itself, [`chart`] the table as a
//! picture, [`results`] what is kept of a run, [`agreement`] whether two runs say the same, [`progress`] how far
//! one is.
//! The program `target` is Bellgate as any load generator may drive it, `limit` the least that a
//! server can do for the same work, which every figure is held against.

#![expect(
    clippy::cast_precision_loss,
    reason = "counts and nanoseconds become figures with three digits"
)]

pub mod agreement;
pub mod candidate;
pub mod chart;
pub mod crowd;
pub mod gauges;
pub mod process;
pub mod progress;
pub mod report;
pub mod results;
pub mod scenario;
pub mod tls;
pub mod wire;
