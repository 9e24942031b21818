//! Bellgate: the real-time side of a web application.
//!
//! The library behind the `bellgate` binary, for programs that embed it: build a [`Server`] from
//! [`Settings`], add handlers, then [`Server::start`] it on shards of its own or
//! [`Server::mount`] it in an axum application. An [`Emitter`] sends from anywhere.
//!
//! Start reading in [`server`]; [`config`] is the one table of settings, [`http`] the routes beside
//! Engine.IO, [`cli`] the command line.

/// The guide's example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/library.md")]
struct LibraryGuide;

pub mod cli;
pub mod config;
mod http;
pub mod server;

pub use bellgate_codes::{Code, Refusal};
pub use bellgate_gate::identity::{Identity, Provider};
pub use bellgate_hub::{Member, Target};
pub use compact_str::CompactString;
pub use config::Settings;
pub use server::{
    Address, Answers, Args, Connect, Emitter, EnginePeer, Frame, Gone, Handshake, Mounted,
    Received, Refused, Reloaded, Reply, Running, Server, Socket, StartError, Welcome,
};
