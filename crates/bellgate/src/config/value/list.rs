//! Comma lists. An entry that cannot be used is dropped, and the others hold.

use super::parse::Dropped;
use crate::config::table::Item;

/// The entries that `item` admits, in order, without blanks and repeats, and the dropped ones.
pub(super) fn parse(text: &str, item: Item) -> (Vec<String>, Vec<Dropped>) {
    let mut entries: Vec<String> = Vec::new();
    let mut dropped = Vec::new();
    for entry in split(text) {
        match admit(entry, item) {
            Ok(entry) if entries.contains(&entry) => {}
            Ok(entry) => entries.push(entry),
            Err(reason) => dropped.push(Dropped {
                entry: entry.to_owned(),
                reason,
            }),
        }
    }
    (entries, dropped)
}

/// The entries of a comma list, trimmed; empty ones (a comma at the end) are nothing.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

fn admit(entry: &str, item: Item) -> Result<String, String> {
    match item {
        Item::Text => Ok(entry.to_owned()),
        Item::Method if is_token(entry) => Ok(entry.to_ascii_uppercase()),
        Item::Method => Err("is no HTTP method".to_owned()),
        Item::Header if is_token(entry) => Ok(entry.to_owned()),
        Item::Header => Err("is no name of a header".to_owned()),
        Item::OneOf(words) => words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(entry))
            .map(|word| (*word).to_owned())
            .ok_or_else(|| format!("is none of {}", words.join(", "))),
    }
}

/// RFC 9110 §5.6.2. `*` alone would be a wildcard in a preflight's answer, which is never meant
/// literally.
fn is_token(entry: &str) -> bool {
    entry != "*"
        && entry
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blanks_and_repeats_leave_a_list_without_a_word() {
        let (entries, dropped) = parse(" get ,POST,, get,", Item::Method);
        assert_eq!(entries, ["GET", "POST"]);
        assert!(dropped.is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_dropped_and_the_rest_holds() {
        let (entries, dropped) = parse("websocket,carrier-pigeon", Item::OneOf(&["websocket"]));
        assert_eq!(entries, ["websocket"]);
        assert_eq!(dropped.len(), 1);
        assert_eq!(dropped[0].entry, "carrier-pigeon");
        let (entries, dropped) = parse("X-A,b c,*", Item::Header);
        assert_eq!(entries, ["X-A"]);
        assert_eq!(dropped.len(), 2);
    }

    proptest! {
        #[test]
        fn every_entry_is_kept_repeated_or_dropped(text in any::<String>()) {
            let (entries, dropped) = parse(&text, Item::Header);
            for entry in split(&text) {
                let kept = entries.iter().any(|kept| kept == entry);
                let gone = dropped.iter().any(|gone| gone.entry == entry);
                prop_assert!(kept != gone, "{}", entry);
            }
        }

        #[test]
        fn a_list_of_tokens_survives_being_written(tokens in prop::collection::vec("[a-zA-Z-]{1,8}", 0..8)) {
            let (entries, dropped) = parse(&tokens.join(","), Item::Header);
            prop_assert!(dropped.is_empty());
            let (again, _) = parse(&entries.join(","), Item::Header);
            prop_assert_eq!(entries, again);
        }
    }
}
