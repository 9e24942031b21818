//! Why a cookie, token or stored session is not believed.

use std::fmt;

/// Why a cookie, token or stored session is not believed. Reads well after "the session cookie ".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Longer than anything of its kind may be.
    TooLong {
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// It has not the parts of a signed value.
    Malformed,
    /// No key verifies it.
    Signature,
    /// It is signed; its time is no time.
    Timestamp,
    /// It is signed and older than allowed.
    Expired {
        /// Seconds since it was signed.
        age: u64,
        /// Seconds that are allowed.
        limit: u64,
    },
    /// It is signed, by a clock that runs ahead of ours.
    Ahead {
        /// By how many seconds.
        seconds: u64,
    },
    /// It is signed; what was signed cannot be used, and why.
    Content(&'static str),
    /// It is a pickle, which is never decoded: decoding runs code.
    Pickle,
}

impl Fault {
    /// Whether it was good, or will be: only its time is wrong.
    pub const fn is_of_time(self) -> bool {
        matches!(self, Self::Expired { .. } | Self::Ahead { .. })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { limit } => write!(f, "is longer than {limit} bytes"),
            Self::Malformed => f.write_str("has not the parts of a signed value"),
            Self::Signature => f.write_str("is not signed with a key that is known here"),
            Self::Timestamp => f.write_str("is signed, but not with a time"),
            Self::Expired { age, limit } => write!(f, "is {age} s old, {limit} s are allowed"),
            Self::Ahead { seconds } => write!(f, "was signed {seconds} s in the future"),
            Self::Content(why) => write!(f, "is signed, but cannot be read: {why}"),
            Self::Pickle => f.write_str("is a pickle, which is never decoded"),
        }
    }
}
