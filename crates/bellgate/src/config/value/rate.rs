//! Rates in the gate's grammar, kept as they were written.

use bellgate_gate::limits::Rates;

/// The rates as written, with blanks trimmed; each one has to be readable.
///
/// # Errors
/// The reason, as a fragment.
pub(super) fn parse(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.parse::<Rates>() {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_rate_stays_as_it_was_written() {
        let text = " 100/10 seconds;600 per minute ";
        assert_eq!(parse(text), Ok(text.trim().to_owned()));
    }

    #[test]
    fn what_is_no_rate_is_told_with_its_place() {
        let reason = parse("600/minute;5/fortnight").unwrap_err();
        assert!(reason.contains("at character 14"), "{reason}");
    }
}
