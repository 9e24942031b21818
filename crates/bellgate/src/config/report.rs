//! What is said about values: where they come from, what was wrong with them, what stops a start.

use std::fmt;
use std::sync::Arc;

use bellgate_gate::{Notice, NoticeKind};

/// Where a value comes from, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// `.env` in the working directory.
    DotEnv,
    /// `bellgate.toml`, or the file that `--config` names.
    Toml,
    /// The table.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::DotEnv => super::files::DOTENV,
            Self::Toml => super::files::TOML,
            Self::Default => "default",
        })
    }
}

/// Where in a file something was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Something that the operator should know. It never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The value cannot be used; another one is.
    Invalid {
        /// The name under which it was set.
        name: String,
        /// The value, escaped.
        value: String,
        /// Why, as a fragment.
        reason: String,
        /// The value that is used; empty: none.
        used: &'static str,
    },
    /// One entry of a list cannot be used; the others are.
    Dropped {
        /// The name under which the list was set.
        name: String,
        /// The entry as written, or its place where it may be a secret.
        entry: String,
        /// Why, as a fragment.
        reason: String,
    },
    /// No setting has this name.
    Unknown {
        /// The name.
        name: String,
        /// The likely meant one.
        nearest: Option<String>,
    },
    /// An older name was used.
    Deprecated {
        /// The older name.
        alias: String,
        /// The name to use.
        name: &'static str,
    },
    /// A second name of a setting that is set already; its value is not read.
    Shadowed {
        /// The name that is not read.
        name: String,
        /// The name that is.
        by: String,
    },
    /// The setting is read and checked, and nothing heeds it yet.
    NoEffect {
        /// The name.
        name: String,
    },
    /// A name that other servers know and that means nothing here.
    Ignored {
        /// The name.
        name: String,
        /// Why, as a fragment.
        reason: &'static str,
    },
    /// A line of `.env` that nobody can read: it is passed over, as Flask does.
    Unreadable {
        /// Where.
        place: Place,
    },
    /// What the reader of origins or of networks has to say.
    Notice(Notice),
    /// A warning about what stands in a file.
    At {
        /// Where.
        place: Place,
        /// The warning.
        warning: Box<Warning>,
    },
}

impl Warning {
    /// The same warning, with the place in a file that it is about.
    pub(super) fn at(self, place: Option<&Place>) -> Self {
        match place {
            Some(place) => Self::At {
                place: place.clone(),
                warning: Box::new(self),
            },
            None => self,
        }
    }

    /// Whether `--strict` makes it stop the start: deprecations and advice do not.
    pub fn counts_when_strict(&self) -> bool {
        match self {
            Self::Invalid { .. }
            | Self::Dropped { .. }
            | Self::Unknown { .. }
            | Self::Unreadable { .. }
            | Self::NoEffect { .. } => true,
            Self::Deprecated { .. } | Self::Shadowed { .. } | Self::Ignored { .. } => false,
            Self::Notice(notice) => matches!(notice.kind, NoticeKind::Dropped | NoticeKind::Fatal),
            Self::At { warning, .. } => warning.counts_when_strict(),
        }
    }

    /// The name that the warning is about, as it was written.
    pub fn name(&self) -> &str {
        match self {
            Self::Invalid { name, .. }
            | Self::Dropped { name, .. }
            | Self::Unknown { name, .. }
            | Self::Shadowed { name, .. }
            | Self::NoEffect { name }
            | Self::Ignored { name, .. } => name,
            Self::Deprecated { alias, .. } => alias,
            Self::Unreadable { place } => &place.file,
            Self::Notice(notice) => notice.setting,
            Self::At { warning, .. } => warning.name(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid {
                name,
                value,
                reason,
                used: "",
            } => write!(f, "{name}={value} {reason}; it stays unset"),
            Self::Invalid {
                name,
                value,
                reason,
                used,
            } => write!(f, "{name}={value} {reason}; {used} is used instead"),
            Self::Dropped {
                name,
                entry,
                reason,
            } => {
                let entry = entry.escape_debug();
                write!(f, "{name}: {entry} {reason}; it is left out")
            }
            Self::Unknown {
                name,
                nearest: Some(nearest),
            } => {
                write!(f, "{name} is no setting; was {nearest} meant?")
            }
            Self::Unknown {
                name,
                nearest: None,
            } => write!(f, "{name} is no setting"),
            Self::Deprecated { alias, name } => {
                write!(f, "{alias} is an older name: use {name}")
            }
            Self::Shadowed { name, by } => {
                write!(f, "{name} is not read: {by} is set")
            }
            Self::NoEffect { name } => {
                write!(f, "{name} is read and checked, but has no effect yet")
            }
            Self::Ignored { name, reason } => write!(f, "{name} is ignored: {reason}"),
            Self::Unreadable { place } => {
                write!(f, "{place} is no NAME=value; the line is left out")
            }
            Self::Notice(notice) => notice.fmt(f),
            Self::At { place, warning } => write!(f, "{warning} ({place})"),
        }
    }
}

/// A fault with which going on would be unsafe. It never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fatal {
    /// A file of settings cannot be read: its settings would all be missing.
    File {
        /// The file, as it was named.
        file: String,
        /// Why, with line and column where they are known, as a fragment.
        reason: String,
    },
    /// The file that `NAME_FILE` names cannot be read.
    SecretFile {
        /// The name with `_FILE`.
        name: String,
        /// The file.
        path: String,
        /// Why, as a fragment.
        reason: String,
    },
    /// One of the two TLS files is set, the other is not.
    TlsIncomplete {
        /// The one that is set.
        set: &'static str,
        /// The one that is missing.
        missing: &'static str,
    },
    /// A TLS file cannot be read, or does not hold what it should.
    TlsFile {
        /// The setting.
        name: &'static str,
        /// The file.
        path: String,
        /// Why, as a fragment.
        reason: String,
    },
    /// The URL of a store or broker has an unknown scheme.
    Url {
        /// The setting.
        name: String,
        /// Why, as a fragment.
        reason: String,
    },
    /// The reader of origins refuses to start (a `*` in production).
    Notice(Notice),
    /// A listener's address is taken or cannot be had. The one who opens it reports this.
    Listen {
        /// The setting that names the address.
        name: &'static str,
        /// The address.
        address: String,
        /// Why, as a fragment.
        reason: String,
    },
    /// A fault of what stands in a file of settings.
    At {
        /// Where.
        place: Place,
        /// The fault.
        fatal: Box<Fatal>,
    },
}

impl Fatal {
    /// The same fault, with the place in a file that it is about.
    pub(super) fn at(self, place: Option<&Place>) -> Self {
        match place {
            Some(place) => Self::At {
                place: place.clone(),
                fatal: Box::new(self),
            },
            None => self,
        }
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, reason } => write!(f, "{file} cannot be read: {reason}"),
            Self::At { place, fatal } => write!(f, "{fatal} ({place})"),
            Self::SecretFile { name, path, reason } => {
                write!(f, "{name}={path} cannot be read: {reason}")
            }
            Self::TlsIncomplete { set, missing } => {
                write!(f, "{set} is set and {missing} is not: TLS needs both")
            }
            Self::TlsFile { name, path, reason } => {
                write!(f, "{name}={path} cannot be used: {reason}")
            }
            Self::Url { name, reason } => write!(f, "{name} {reason}"),
            Self::Notice(notice) => notice.fmt(f),
            Self::Listen {
                name,
                address,
                reason,
            } => write!(f, "cannot listen on {address} ({name}): {reason}"),
        }
    }
}

impl std::error::Error for Fatal {}
