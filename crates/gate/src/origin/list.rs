//! The list that the operator wrote: `SOCKETIO_CORS_ORIGINS`.

use crate::canon::Origin;
use crate::escape_for_log;
use crate::notice::Notice;
use crate::origin::pattern::Pattern;

const SETTING: &str = "SOCKETIO_CORS_ORIGINS";

/// What is left of the list, and what there is to say of the rest.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) origins: Vec<Origin>,
    pub(crate) patterns: Vec<Pattern>,
    /// `*` stands in the list.
    pub(crate) any: bool,
    pub(crate) notices: Vec<Notice>,
}

impl Written {
    /// Whether nothing usable stands in it, so that the generated list is used.
    pub(crate) fn is_empty(&self) -> bool {
        self.origins.is_empty() && self.patterns.is_empty() && !self.any
    }
}

/// Reads the entries; those that cannot be used are dropped with a notice each.
pub(crate) fn read(entries: &[String], require_https: bool) -> Written {
    let mut written = Written::default();
    for entry in entries
        .iter()
        .map(|entry| entry.trim())
        .filter(|entry| !entry.is_empty())
    {
        if let Err(detail) = take(&mut written, entry, require_https) {
            let shown = escape_for_log(entry.as_bytes(), 256);
            written.notices.push(Notice::dropped(
                SETTING,
                format!("the entry {shown} is left out: {detail}"),
            ));
        }
    }
    if written.any && entries.len() > 1 {
        written
            .notices
            .push(Notice::advice(SETTING, "beside * no other entry counts"));
    }
    written
}

fn take(written: &mut Written, entry: &str, require_https: bool) -> Result<(), String> {
    if entry == "*" {
        written.any = true;
        return Ok(());
    }
    if entry.eq_ignore_ascii_case("null") {
        return Err("null is admitted by SOCKETIO_ALLOW_NULL_ORIGIN=true".to_owned());
    }
    if let Some(pattern) = Pattern::parse(entry) {
        let pattern = pattern?;
        check_scheme(pattern.base(), require_https)?;
        if !pattern.base().host().contains('.') && !pattern.base().is_loopback() {
            written.notices.push(Notice::advice(
                SETTING,
                format!("{pattern} admits every host under a top-level name"),
            ));
        }
        written.patterns.push(pattern);
        return Ok(());
    }
    let origin = Origin::parse_entry(entry)?;
    check_scheme(&origin, require_https)?;
    written.origins.push(origin);
    Ok(())
}

fn check_scheme(origin: &Origin, require_https: bool) -> Result<(), String> {
    if require_https && origin.is_plaintext() {
        return Err("SOCKETIO_REQUIRE_HTTPS is on, write https".to_owned());
    }
    Ok(())
}
