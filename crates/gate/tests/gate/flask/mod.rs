//! Flask's formats against hostile input. Values are signed by the tests' own signer, so that a mistake
//! in the gate's would show.

mod cookies;
mod csrf;
mod logins;
mod properties;
mod sessions;
mod stored;
