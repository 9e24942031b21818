//! Notifications that wait until they are seen, and the ways they go otherwise.

use super::webhooks::HTTP;
use crate::config::table::{Group, Kind, LATER, Reload, Setting, Unit, s};

/// Seconds, from nothing up to `to`.
const fn seconds(to: u64) -> Kind {
    Kind::Duration {
        unit: Unit::Second,
        from: s(0),
        to: s(to),
    }
}

/// The rows.
pub const GROUP: Group = Group {
    title: "Inbox and fallbacks",
    rows: &[
        Setting {
            name: "BELLGATE_INBOX_MAX",
            kind: Kind::Integer {
                from: 1,
                to: 1_000_000,
            },
            default: "1000",
            reload: Reload::Live,
            short: "most entries that one user's inbox keeps",
            ..LATER
        },
        Setting {
            name: "BELLGATE_INBOX_RETENTION",
            kind: seconds(315_360_000),
            default: "2592000",
            reload: Reload::Live,
            short: "how long an entry is kept",
            ..LATER
        },
        Setting {
            name: "BELLGATE_RESUME_MAX",
            kind: Kind::Integer {
                from: 0,
                to: 10_000,
            },
            default: "200",
            reload: Reload::Live,
            short: "most unread entries that a client gets again when it connects",
            ..LATER
        },
        Setting {
            name: "BELLGATE_NOTIFY_RATE",
            kind: Kind::Rate,
            default: "60/minute",
            reload: Reload::Live,
            short: "toasts of one user and category; more become a count",
            ..LATER
        },
        Setting {
            name: "BELLGATE_ACTIVE_WINDOW",
            kind: seconds(86_400),
            default: "120",
            reload: Reload::Live,
            short: "how long push and mail wait while the user has a visible page",
            ..LATER
        },
        Setting {
            name: "BELLGATE_FALLBACK_CRITICAL",
            kind: seconds(86_400),
            default: "30",
            reload: Reload::Live,
            short: "how long a critical notification waits before it goes another way",
            ..LATER
        },
        Setting {
            name: "BELLGATE_FALLBACK_HIGH",
            kind: seconds(86_400),
            default: "300",
            reload: Reload::Live,
            short: "how long one of high priority waits before it goes another way",
            ..LATER
        },
        Setting {
            name: "BELLGATE_FALLBACK_URL",
            kind: HTTP,
            reload: Reload::Live,
            short: "URL that gets notifications which go by webhook",
            ..LATER
        },
        Setting {
            name: "BELLGATE_RECEIPTS_URL",
            kind: HTTP,
            reload: Reload::Live,
            short: "URL that gets what became of notifications",
            ..LATER
        },
        Setting {
            name: "BELLGATE_WEBPUSH_SUBJECT",
            reload: Reload::Live,
            short: "mailto: or https: address that push services may write to",
            ..LATER
        },
        Setting {
            name: "BELLGATE_PUSH_CONTENT",
            kind: Kind::Choice(&[&["full"], &["title"], &["none"]]),
            default: "full",
            when_invalid: Some("none"),
            reload: Reload::Live,
            short: "how much of a notification a push holds",
            ..LATER
        },
        Setting {
            name: "BELLGATE_SMTP_URL",
            kind: Kind::Url {
                schemes: &["smtp", "smtps"],
                or_stop: false,
            },
            reload: Reload::Live,
            short: "mail server",
            ..LATER
        },
        Setting {
            name: "BELLGATE_SMTP_FROM",
            reload: Reload::Live,
            short: "sender of mails",
            ..LATER
        },
        Setting {
            name: "BELLGATE_EMAIL_WINDOW",
            kind: seconds(86_400),
            default: "600",
            reload: Reload::Live,
            short: "time in which one user gets one mail at most",
            ..LATER
        },
    ],
};
