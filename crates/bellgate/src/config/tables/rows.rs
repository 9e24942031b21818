//! The rows of the two tables: which members there are, and what each may be.

use std::fmt::Write as _;

use crate::config::table::{Item, Kind};
use crate::config::toml_file::key_text;
use crate::config::value::bounds;

/// One of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Table {
    /// `[namespace."/x"]`
    Namespace,
    /// `[category.x]`
    Category,
}

/// A member of a table's row.
#[derive(Debug)]
pub(in crate::config) struct MemberRow {
    /// The key.
    pub(in crate::config) name: &'static str,
    /// Type and bounds.
    pub(in crate::config) kind: Kind,
    /// Used instead of an invalid text; empty: it stays unset.
    pub(in crate::config) when_invalid: &'static str,
    /// The one-line meaning.
    pub(in crate::config) short: &'static str,
    /// Whether it has an effect; if not, it is read and checked only, and `config` says so.
    pub(in crate::config) works: bool,
}

impl Table {
    pub(in crate::config) const ALL: [Self; 2] = [Self::Namespace, Self::Category];

    pub(in crate::config) const fn key(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Category => "category",
        }
    }

    pub(in crate::config) const fn members(self) -> &'static [MemberRow] {
        match self {
            Self::Namespace => NAMESPACE,
            Self::Category => CATEGORY,
        }
    }

    pub(in crate::config) fn member(self, name: &str) -> Option<&'static MemberRow> {
        self.members().iter().find(|row| row.name == name)
    }

    /// `namespace."/admin"`
    pub(in crate::config) fn path(self, of: &str) -> String {
        format!("{}.{}", self.key(), key_text(of))
    }

    /// Whether a row may have this name; the error is the path that was likely meant.
    pub(in crate::config) fn check(self, of: &str) -> Result<(), Option<String>> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.len() <= 128
                && !name.chars().any(|c| c.is_control() || c == ',')
        };
        match self {
            Self::Namespace if of.starts_with('/') && is_name(of) => Ok(()),
            Self::Namespace => {
                let meant = format!("/{of}");
                Err(is_name(&meant).then(|| self.path(&meant)))
            }
            Self::Category if is_name(of) => Ok(()),
            Self::Category => Err(None),
        }
    }
}

const AUTH: &[&[&str]] = &[&["required"], &["optional"], &["none"]];

const fn switch(name: &'static str, short: &'static str) -> MemberRow {
    MemberRow {
        name,
        kind: Kind::Switch,
        when_invalid: "",
        short,
        works: false,
    }
}

const NAMESPACE: &[MemberRow] = &[
    MemberRow {
        name: "auth",
        kind: Kind::Choice(AUTH),
        when_invalid: "required",
        short: "required: users only; optional: visitors too; none: nobody is asked",
        works: true,
    },
    MemberRow {
        name: "roles",
        kind: Kind::List(Item::Text),
        when_invalid: "",
        short: "roles of which a user needs one; a list that cannot be used admits nobody",
        works: true,
    },
    MemberRow {
        name: "max_connections_per_user",
        kind: Kind::Integer {
            from: 0,
            to: 1_000_000,
        },
        when_invalid: "",
        short: "sessions that a user may have in it; 0 is no limit",
        works: true,
    },
    MemberRow {
        name: "rate",
        kind: Kind::Rate,
        when_invalid: "",
        short: "a user's messages, as SOCKETIO_RATE_LIMIT_MESSAGES",
        works: true,
    },
];

const CATEGORY: &[MemberRow] = &[
    MemberRow {
        name: "label",
        kind: Kind::Text { not: &[] },
        when_invalid: "",
        short: "its name for people",
        works: false,
    },
    switch("required", "users cannot switch it off"),
    switch("inbox", "kept in the inbox"),
    switch("toast", "pops up"),
    switch("webpush", "may go by Web Push"),
    switch("email", "may go by mail"),
];

/// The members as two tables of the reference page.
pub(in crate::config) fn docs(out: &mut String) {
    for table in Table::ALL {
        let of = match table {
            Table::Namespace => "\"/x\"",
            Table::Category => "x",
        };
        let _ = write!(
            out,
            "\n| `[{}.{of}]` | value | meaning |\n|---|---|---|\n",
            table.key()
        );
        for row in table.members() {
            let _ = writeln!(
                out,
                "| `{}` | {} | {} |",
                row.name,
                bounds(row.kind),
                row.short
            );
        }
    }
}
