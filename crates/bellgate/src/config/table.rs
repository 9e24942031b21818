//! What a row of the settings table holds, and the table itself.
//!
//! The rows stand in [`groups`], one file a group, beside the typed fields that
//! are made of them. A default, a name or a bound is written there and nowhere else: parser,
//! environment names, flags, `bellgate config`, `.env.example` and `docs/settings.md` all read
//! the rows.

use std::time::Duration;

use super::groups;

/// One setting: a row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The name in the environment.
    pub name: &'static str,
    /// Names that are read where `name` is not set, and are as good (`FLASK_ENV`).
    pub also: &'static [&'static str],
    /// Older names; each use is answered by a line that names the new one.
    pub aliases: &'static [&'static str],
    /// Type, unit and bounds.
    pub kind: Kind,
    /// The default as one would write it; empty: unset.
    pub default: &'static str,
    /// Used instead of an invalid value where the default is weaker than what was meant.
    pub when_invalid: Option<&'static str>,
    /// What it takes for a new value to hold.
    pub reload: Reload,
    /// Never printed, has no flag, may come by `NAME_FILE`.
    pub secret: bool,
    /// Whether it has an effect; if not, it is read and checked only, and `config` says so.
    pub works: bool,
    /// The one-line meaning.
    pub short: &'static str,
    /// What helps to choose a value; empty: nothing to add.
    pub long: &'static str,
}

/// The members that most rows share; a row writes `..PLAIN` and says what differs.
pub(super) const PLAIN: Setting = Setting {
    name: "",
    also: &[],
    aliases: &[],
    kind: Kind::Text { not: &[] },
    default: "",
    when_invalid: None,
    reload: Reload::Restart,
    secret: false,
    works: true,
    short: "",
    long: "",
};

/// The members of a row that is read and checked, and has no effect yet.
pub(super) const LATER: Setting = Setting {
    works: false,
    ..PLAIN
};

/// What a value may look like.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Free text on one line, except the words in `not`.
    Text {
        /// Words that have a meaning of their own in the protocol.
        not: &'static [&'static str],
    },
    /// `true 1 yes on` or `false 0 no off`.
    Switch,
    /// A whole number.
    Integer {
        /// Smallest value.
        from: u64,
        /// Largest value.
        to: u64,
    },
    /// A number with `ms`, `s`, `m`, `h` or `d`, or bare.
    Duration {
        /// What a bare number counts.
        unit: Unit,
        /// Shortest value.
        from: Duration,
        /// Longest value.
        to: Duration,
    },
    /// A number of bytes, or with `KiB`, `MiB`, `GiB`.
    Size {
        /// Smallest value, bytes.
        from: u64,
        /// Largest value, bytes.
        to: u64,
    },
    /// One of a few words; the first of each list is its name, the others mean the same.
    Choice(&'static [&'static [&'static str]]),
    /// A comma list; an entry that cannot be used is dropped with a warning.
    List(Item),
    /// A host name or address to listen on, or `unix:/path`.
    Host,
    /// `host:port`, or `unix:/path`.
    Address,
    /// A URL path.
    Path,
    /// A file.
    File,
    /// Any text, to the letter.
    Secret,
    /// A comma list of such texts.
    Secrets,
    /// One or more rates, as Flask-Limiter writes them.
    Rate,
    /// A URL of a service, which may hold a password.
    Url {
        /// The schemes that are known.
        schemes: &'static [&'static str],
        /// Whether an unknown scheme stops the start: another service than the one that was
        /// meant would be used (contract §2).
        or_stop: bool,
    },
    /// A comma list of `name:key[:scope+scope]`.
    ApiKeys,
    /// One word, or what `other` says.
    Or {
        /// The word.
        word: &'static str,
        /// What else it may be.
        other: &'static Kind,
    },
}

/// What an entry of a comma list may look like.
#[derive(Debug, Clone, Copy)]
pub enum Item {
    /// Judged by the reader of the list, not here (origins, networks).
    Text,
    /// An HTTP method.
    Method,
    /// The name of an HTTP header.
    Header,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// The unit of a bare number. It is kept from the history of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Thousandths of a second.
    Millisecond,
    /// Seconds.
    Second,
}

/// What it takes for a new value to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// A reload; it holds for everything at once.
    Live,
    /// A reload; sessions that are open keep the old value.
    NewSessions,
    /// A restart.
    Restart,
}

/// Rows that belong together: a heading of `--help` and of the docs page.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// The rows in the order of the docs.
    pub rows: &'static [Setting],
}

/// The table.
pub const GROUPS: &[Group] = &[
    groups::app::GROUP,
    groups::listen::GROUP,
    groups::origins::GROUP,
    groups::sessions::GROUP,
    groups::limits::GROUP,
    groups::api::GROUP,
    groups::logging::GROUP,
    groups::identity::GROUP,
    groups::tokens::GROUP,
    groups::rates::GROUP,
    groups::clients::GROUP,
    groups::webhooks::GROUP,
    groups::cluster::GROUP,
    groups::inbox::GROUP,
];

/// All rows, in the order of the docs.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    GROUPS.iter().flat_map(|group| group.rows)
}

/// Prefixes that are ours: an unknown name that begins so is a slip.
pub(super) const OWN_PREFIXES: &[&str] = &["SOCKETIO_", "BELLGATE_", "WEBSOCKET_"];

impl Setting {
    /// The flag without its dashes, `None` for secrets: a process list shows arguments to everybody.
    pub fn flag(&self) -> Option<String> {
        (!self.secret).then(|| self.key().replace('_', "-"))
    }

    /// The key in `bellgate.toml`: the flag with underscores; a secret's is made the same way.
    pub fn key(&self) -> String {
        let stem = ["SOCKETIO_", "BELLGATE_"]
            .iter()
            .find_map(|prefix| self.name.strip_prefix(prefix))
            .unwrap_or(self.name);
        stem.to_ascii_lowercase()
    }

    /// The name that holds the path of a file with the value (`NAME_FILE`): for secrets, and for
    /// URLs, which may hold one.
    pub fn file_name(&self) -> Option<String> {
        let may_be_secret = self.secret || matches!(self.kind, Kind::Url { .. });
        may_be_secret.then(|| format!("{}_FILE", self.name))
    }
}

/// `n` thousandths of a second, for bounds.
pub(super) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// `n` seconds, for bounds.
pub(super) const fn s(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Bytes in a kibibyte, for bounds.
pub(super) const KIB: u64 = 1024;
/// Bytes in a mebibyte, for bounds.
pub(super) const MIB: u64 = 1024 * KIB;
/// Bytes in a gibibyte, for bounds.
pub(super) const GIB: u64 = 1024 * MIB;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_alias_or_flag_means_two_settings() {
        let mut names = BTreeSet::new();
        let mut keys = BTreeSet::from(["namespace".to_owned(), "category".to_owned()]);
        for row in settings() {
            for name in [&[row.name], row.also, row.aliases].concat() {
                assert!(names.insert(name.to_owned()), "{name} stands twice");
            }
            if let Some(file) = row.file_name() {
                assert!(names.insert(file), "{} as a file stands twice", row.name);
            }
            // Flags are made of keys.
            let file = row.file_name().map(|_| row.key() + "_file");
            for key in [Some(row.key()), file].into_iter().flatten() {
                assert!(keys.insert(key), "the key of {} stands twice", row.name);
            }
        }
    }

    #[test]
    fn every_row_has_a_one_line_meaning_without_a_full_stop() {
        for row in settings() {
            assert!(!row.short.is_empty(), "{} has no meaning", row.name);
            assert!(!row.short.ends_with('.'), "{} ends with a stop", row.name);
            assert!(!row.short.contains('\n'), "{} has lines", row.name);
            assert!(row.short.len() <= 100, "{} is long", row.name);
            assert!(
                row.long.is_empty() || row.long.ends_with('.'),
                "the long text of {} lacks its stop",
                row.name
            );
        }
    }

    #[test]
    fn flags_lose_the_prefix_and_secrets_have_none() {
        let flag = |name| settings().find(|row| row.name == name).unwrap().flag();
        assert_eq!(flag("SOCKETIO_CORS_ORIGINS").unwrap(), "cors-origins");
        assert_eq!(flag("FLASK_HOST").unwrap(), "flask-host");
        assert_eq!(flag("BELLGATE_API_KEYS"), None);
        let keys = settings().find(|row| row.name == "BELLGATE_API_KEYS");
        assert_eq!(keys.unwrap().key(), "api_keys");
    }
}
