//! Switches, whole numbers and words of a closed list.

/// `true 1 yes on` or `false 0 no off`, any case.
///
/// # Errors
/// The reason, as a fragment.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    let text = text.trim();
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["true", "1", "yes", "on"]) {
        Ok(true)
    } else if is(&["false", "0", "no", "off"]) {
        Ok(false)
    } else {
        Err("is neither true (1, yes, on) nor false (0, no, off)".to_owned())
    }
}

/// A whole number within the bounds.
///
/// # Errors
/// The reason, as a fragment.
pub(super) fn integer(text: &str, from: u64, to: u64) -> Result<u64, String> {
    let text = text.trim();
    // `parse` admits a leading plus; nobody writes one on purpose.
    match text.parse::<u64>() {
        Ok(number) if !text.starts_with('+') && (from..=to).contains(&number) => Ok(number),
        _ if text.starts_with("tcp://") => Err(
            "is what Kubernetes sets for a Service of that name: set enableServiceLinks: false"
                .to_owned(),
        ),
        _ => Err(format!("is no whole number from {from} to {to}")),
    }
}

/// The name of the word that `text` is, or means the same as.
///
/// # Errors
/// The reason, as a fragment.
pub(super) fn choice(
    text: &str,
    choices: &'static [&'static [&'static str]],
) -> Result<&'static str, String> {
    let text = text.trim();
    choices
        .iter()
        .find(|words| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
        .and_then(|words| words.first().copied())
        .ok_or_else(|| format!("is none of {}", names(choices).join(", ")))
}

/// The names of the choices.
pub(super) fn names(choices: &'static [&'static [&'static str]]) -> Vec<&'static str> {
    choices
        .iter()
        .filter_map(|words| words.first().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_switch_is_one_of_eight_words_in_any_case(text in "[a-zA-Z0-9]{1,5}") {
            let lower = text.to_lowercase();
            let expected = match lower.as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" => Some(false),
                _ => None,
            };
            prop_assert_eq!(switch(&text).ok(), expected);
        }

        #[test]
        fn the_eight_words_are_known_in_any_case(
            word in prop::sample::select(vec!["true", "1", "yes", "on", "false", "0", "no", "off"]),
            upper in any::<u8>(),
        ) {
            let mixed: String = word
                .chars()
                .enumerate()
                .map(|(at, c)| if upper >> at & 1 == 1 { c.to_ascii_uppercase() } else { c })
                .collect();
            prop_assert_eq!(switch(&mixed), switch(word));
            prop_assert!(switch(word).is_ok());
        }

        #[test]
        fn numbers_keep_to_their_bounds(number in any::<u64>(), from in 0_u64..1000, span in 0_u64..1000) {
            let read = integer(&number.to_string(), from, from + span);
            prop_assert_eq!(read.is_ok(), (from..=from + span).contains(&number));
        }

        #[test]
        fn no_text_makes_them_panic(text in any::<String>()) {
            let _ = switch(&text);
            let _ = integer(&text, 0, u64::MAX);
            let _ = choice(&text, &[&["a", "b"]]);
        }
    }

    #[test]
    fn a_choice_is_found_by_each_of_its_words() {
        const LEVELS: &[&[&str]] = &[&["WARNING", "WARN"], &["ERROR"]];
        assert_eq!(choice("warn", LEVELS), Ok("WARNING"));
        assert_eq!(choice("Error", LEVELS), Ok("ERROR"));
        assert_eq!(
            choice("loud", LEVELS).unwrap_err(),
            "is none of WARNING, ERROR"
        );
    }

    #[test]
    fn a_service_link_of_kubernetes_is_recognised() {
        let reason = integer("tcp://10.0.0.1:5001", 0, 65535).unwrap_err();
        assert!(reason.contains("enableServiceLinks"), "{reason}");
        assert!(integer("+5", 0, 10).is_err());
    }
}
