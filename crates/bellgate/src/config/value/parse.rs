//! One entrance to all parsers: a row's kind and a text.

use std::path::PathBuf;

use super::{Value, address, duration, list, path, rate, size, url, word};
use crate::config::secret::{self, Secret};
use crate::config::table::Kind;

/// A value, and what had to be left out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What holds.
    pub value: Value,
    /// Entries of a list that cannot be used.
    pub dropped: Vec<Dropped>,
}

/// An entry of a list that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The entry as written; for secrets only its place in the list.
    pub entry: String,
    /// Why, as a fragment.
    pub reason: String,
}

/// Longest text and longest name; nobody writes more on purpose.
const TEXT_MAX: usize = 256;

/// What `kind` makes of `text`; the empty text is unset, whatever the kind.
///
/// # Errors
/// The reason why nothing of it can be used, as a fragment that reads well after the value.
/// It never contains the text itself, which may be a secret.
pub fn parse(kind: Kind, text: &str) -> Result<Parsed, (String, Vec<Dropped>)> {
    if text.is_empty() {
        return Ok(Parsed {
            value: Value::Unset,
            dropped: Vec::new(),
        });
    }
    let one = match kind {
        Kind::List(item) => return list_value(text, item),
        Kind::ApiKeys => {
            let (keys, dropped) = secret::parse_api_keys(text);
            let value = Value::ApiKeys(keys);
            return Ok(Parsed { value, dropped });
        }
        Kind::Or { word, .. } if word.eq_ignore_ascii_case(text.trim()) => Ok(Value::Word(word)),
        Kind::Or { word, other } => {
            return parse(*other, text)
                .map_err(|(reason, dropped)| (format!("{reason}; or write {word}"), dropped));
        }
        Kind::Text { not } => free_text(text, not).map(Value::Text),
        Kind::Switch => word::switch(text).map(Value::Bool),
        Kind::Integer { from, to } => word::integer(text, from, to).map(Value::Integer),
        Kind::Duration { unit, from, to } => {
            duration::parse(text, unit, from, to).map(Value::Duration)
        }
        Kind::Size { from, to } => size::parse(text, from, to).map(Value::Size),
        Kind::Choice(choices) => word::choice(text, choices).map(Value::Word),
        Kind::Host => address::parse_host(text).map(Value::Address),
        Kind::Address => address::parse(text).map(Value::Address),
        Kind::Path => path::parse(text).map(Value::Text),
        Kind::Secret => Ok(Value::Secret(Secret::new(text))),
        Kind::Secrets => Ok(Value::Secrets(list::split(text).map(Secret::new).collect())),
        Kind::Rate => rate::parse(text).map(Value::Text),
        Kind::Url { schemes, .. } => url::parse(text, schemes).map(Value::Url),
        Kind::File => free_text(text, &[]).map(|text| Value::File(PathBuf::from(text))),
    };
    one.map(|value| Parsed {
        value,
        dropped: Vec::new(),
    })
    .map_err(|reason| (reason, Vec::new()))
}

fn list_value(
    text: &str,
    item: crate::config::table::Item,
) -> Result<Parsed, (String, Vec<Dropped>)> {
    let (entries, dropped) = list::parse(text, item);
    if entries.is_empty() {
        return Err(("has no entry that can be used".to_owned(), dropped));
    }
    Ok(Parsed {
        value: Value::List(entries),
        dropped,
    })
}

fn free_text(text: &str, not: &[&str]) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        Err("is blank".to_owned())
    } else if text.len() > TEXT_MAX {
        Err(format!("is longer than {TEXT_MAX} bytes"))
    } else if text.chars().any(char::is_control) {
        Err("has control characters".to_owned())
    } else if not.contains(&text) {
        Err("has a meaning of its own in the protocol".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::render;
    use super::*;
    use crate::config::table::settings;

    #[test]
    fn every_default_is_what_its_row_admits() {
        for row in settings() {
            for text in [Some(row.default), row.when_invalid].into_iter().flatten() {
                let parsed = parse(row.kind, text).unwrap_or_else(|(reason, _)| {
                    panic!("{}={text} {reason}", row.name);
                });
                assert!(parsed.dropped.is_empty(), "{}", row.name);
                assert_eq!(render(row, &parsed.value), text, "{}", row.name);
            }
        }
    }

    #[test]
    fn a_word_beside_another_kind_is_known_in_any_case() {
        const KIND: Kind = Kind::Or {
            word: "off",
            other: &Kind::Size { from: 0, to: 9 },
        };
        assert_eq!(parse(KIND, "OFF").unwrap().value, Value::Word("off"));
        assert_eq!(parse(KIND, "7").unwrap().value, Value::Size(7));
        let (reason, _) = parse(KIND, "on").unwrap_err();
        assert!(reason.ends_with("; or write off"), "{reason}");
    }

    proptest! {
        #[test]
        fn no_text_makes_any_row_panic_and_what_is_read_is_written_back(text in any::<String>()) {
            // What may hold a secret is not written back.
            for row in settings().filter(|row| row.file_name().is_none()) {
                if let Ok(parsed) = parse(row.kind, &text) {
                    let again = parse(row.kind, &render(row, &parsed.value));
                    prop_assert_eq!(again.unwrap().value, parsed.value);
                }
            }
        }
    }
}
