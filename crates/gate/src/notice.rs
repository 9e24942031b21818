//! What reading a setting has to say to the operator.

use std::fmt;

/// How much a notice weighs (contract §2: `--strict` stops at some of them only).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The start must not go on.
    Fatal,
    /// A value or an entry was dropped; `--strict` stops here.
    Dropped,
    /// A value was repaired, its meaning being plain.
    Repaired,
    /// The value is used as it stands; something better exists.
    Advice,
}

/// One line for the operator: which setting, what about it, and what is used instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How much it weighs.
    pub kind: Kind,
    /// The setting's name in the environment.
    pub setting: &'static str,
    /// The rest of the sentence; text from outside is escaped.
    pub text: String,
}

impl Notice {
    pub(crate) fn fatal(setting: &'static str, text: impl Into<String>) -> Self {
        Self::new(Kind::Fatal, setting, text)
    }

    pub(crate) fn dropped(setting: &'static str, text: impl Into<String>) -> Self {
        Self::new(Kind::Dropped, setting, text)
    }

    pub(crate) fn repaired(setting: &'static str, text: impl Into<String>) -> Self {
        Self::new(Kind::Repaired, setting, text)
    }

    pub(crate) fn advice(setting: &'static str, text: impl Into<String>) -> Self {
        Self::new(Kind::Advice, setting, text)
    }

    fn new(kind: Kind, setting: &'static str, text: impl Into<String>) -> Self {
        Self {
            kind,
            setting,
            text: text.into(),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.text)
    }
}

impl From<Notice> for String {
    fn from(notice: Notice) -> Self {
        notice.to_string()
    }
}
