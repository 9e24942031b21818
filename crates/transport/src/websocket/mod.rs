//! WebSockets: the task that reads one ([`lane`]) and the way one ends ([`linger`]).

pub(crate) mod lane;
pub(crate) mod linger;
