//! Why a question has no answer.

use redis::RedisError;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The Redis does not answer: it is away, too slow, loading, or lets nobody in. A probe finds out when
    /// that is over; the text is the cause.
    Down(String),
    /// It answers, and refuses this question: a key of another type, a command that the user may not give.
    Refused(String),
}

impl Fault {
    /// Whether it is the Redis that does not answer, rather than the question that is wrong.
    pub const fn is_down(&self) -> bool {
        matches!(self, Self::Down(_))
    }

    /// Past its deadline.
    pub(crate) fn late() -> Self {
        let seconds = crate::DEADLINE.as_secs();
        Self::Down(format!("no answer within {seconds} s"))
    }
}

/// States of the server in which nobody is answered.
const UNFIT: [&str; 7] = [
    "LOADING",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "NOAUTH",
    "WRONGPASS",
    "MISCONF",
    "BUSY",
];

impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        let text = error.to_string();
        let is_answer = matches!(
            error.kind(),
            redis::ErrorKind::Server(_)
                | redis::ErrorKind::Extension
                | redis::ErrorKind::UnexpectedReturnType
        );
        let is_unfit = error.code().is_some_and(|code| UNFIT.contains(&code));
        if is_answer && !is_unfit {
            Self::Refused(text)
        } else {
            Self::Down(text)
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Down(cause) => write!(f, "it does not answer: {cause}"),
            Self::Refused(cause) => write!(f, "it refuses: {cause}"),
        }
    }
}

impl std::error::Error for Fault {}
