//! Flask's formats against hostile input. Values are signed here by a signer of its own, so that a
//! mistake in the gate's would show.

mod cookies;
mod csrf;
mod logins;
mod properties;
mod sessions;
pub(crate) mod signing;
mod stored;
