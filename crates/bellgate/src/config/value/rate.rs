//! Rates in Flask-Limiter's grammar: `100/10 seconds;600/minute`, `5 per hour`.

const UNITS: [&str; 6] = ["second", "minute", "hour", "day", "month", "year"];

/// The rates as written, with blanks trimmed; each one has to be readable.
///
/// # Errors
/// The reason, as a fragment.
pub(super) fn parse(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.split([';', ',', '|']).all(is_rate) {
        Ok(text.to_owned())
    } else {
        Err("is no rate: write 600/minute, 100/10 seconds, or several with ; between".to_owned())
    }
}

/// `N/unit`, `N/M unit`, `N per unit`, `N per M unit`.
fn is_rate(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let Some((count, span)) = text.split_once('/').or_else(|| text.split_once(" per ")) else {
        return false;
    };
    let span = span.trim();
    let unit = span.trim_start_matches(|c: char| c.is_ascii_digit());
    let (multiple, _) = span.split_at(span.len() - unit.len());
    let unit = unit.trim_start();
    let unit = unit.strip_suffix('s').unwrap_or(unit);
    let is_positive = |digits: &str| digits.parse::<u32>().is_ok_and(|number| number > 0);
    is_positive(count.trim())
        && (multiple.is_empty() || is_positive(multiple))
        && UNITS.contains(&unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_grammar_of_flask_limiter_is_known() {
        for text in [
            "600/minute",
            "100/10 seconds;600/minute",
            "5 per hour",
            "5 per 2 hours, 10/day",
            "1/1second",
        ] {
            assert_eq!(parse(text), Ok(text.to_owned()));
        }
        for text in [
            "",
            "600",
            "0/minute",
            "x/minute",
            "5/fortnight",
            "5/minute;",
            "5/0 hours",
            "-1/day",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
