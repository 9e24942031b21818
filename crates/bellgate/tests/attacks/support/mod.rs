//! What the attacks are made with: raw clients, a server in this process, one of its own.
//!
//! [`lab::Lab`] is a server whose ends are looked at after each attack, [`process::Process`] one whose
//! memory and log are. [`http`], [`polling`] and [`ws`] speak to either; they may also break the rules.
//! [`logins`] is who gets in with what; its clients keep the rules, what they bring does not.

pub(crate) mod http;
pub(crate) mod issuer;
pub(crate) mod lab;
pub(crate) mod logins;
pub(crate) mod polling;
pub(crate) mod process;
pub(crate) mod wait;
pub(crate) mod ways;
pub(crate) mod ws;

/// Where the server under attack listens.
pub(crate) type Target = std::net::SocketAddr;

/// A tenth of a number, or all of it when `BELLGATE_TEST_FULL` is set.
#[expect(
    clippy::disallowed_methods,
    reason = "how much is tested is no setting of the server"
)]
pub(crate) fn tenth(full: usize) -> usize {
    if std::env::var_os("BELLGATE_TEST_FULL").is_some() {
        full
    } else {
        full / 10
    }
}
