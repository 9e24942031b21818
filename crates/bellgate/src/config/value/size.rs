//! Sizes: a number of bytes, or with `KiB`, `MiB`, `GiB`.

use crate::config::table::{GIB, KIB, MIB};

const SUFFIXES: [(&str, u64); 4] = [("GiB", GIB), ("MiB", MIB), ("KiB", KIB), ("B", 1)];

/// Reads `text` within the bounds, in bytes.
///
/// # Errors
/// The reason, as a fragment.
pub(super) fn parse(text: &str, from: u64, to: u64) -> Result<u64, String> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let suffix = suffix.trim_start();
    let number: u64 = number
        .parse()
        .map_err(|_| "is no size: write a number of bytes, or one with KiB or MiB")?;
    let scale = scale(suffix).ok_or_else(|| reason(suffix))?;
    match number.checked_mul(scale) {
        Some(bytes) if bytes < from => Err(format!("is below the minimum of {}", written(from))),
        Some(bytes) if bytes <= to => Ok(bytes),
        _ => Err(format!("is above the maximum of {}", written(to))),
    }
}

fn scale(suffix: &str) -> Option<u64> {
    if suffix.is_empty() {
        return Some(1);
    }
    SUFFIXES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(suffix))
        .map(|(_, scale)| *scale)
}

/// `1MB` is read as 1000000 by some and 1048576 by others: it is refused, not guessed.
fn reason(suffix: &str) -> String {
    let meant = match suffix.to_ascii_lowercase().as_str() {
        "k" | "kb" => "KiB",
        "m" | "mb" => "MiB",
        "g" | "gb" => "GiB",
        _ => return "has an unknown unit: KiB and MiB are known".to_owned(),
    };
    format!("has an ambiguous unit: write {meant}, or a number of bytes")
}

/// Bytes in the largest unit that divides them.
pub(super) fn written(bytes: u64) -> String {
    SUFFIXES
        .iter()
        .find(|(_, scale)| *scale > 1 && bytes > 0 && bytes.is_multiple_of(*scale))
        .map_or_else(
            || bytes.to_string(),
            |(suffix, scale)| format!("{}{suffix}", bytes / scale),
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_and_binary_units_mean_what_they_say() {
        for (text, bytes) in [
            ("1000000", 1_000_000),
            ("1KiB", 1024),
            ("1MiB", 1_048_576),
            ("2 mib", 2_097_152),
            ("1GiB", 1_073_741_824),
            ("7B", 7),
            ("0", 0),
        ] {
            assert_eq!(parse(text, 0, u64::MAX), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "",
            "MiB",
            "-1",
            "1.5MiB",
            "1XiB",
            "99999999999999999999",
            "99999999999GiB",
        ] {
            assert!(parse(text, 0, u64::MAX).is_err(), "{text}");
        }
        assert_eq!(
            parse("1MB", 0, GIB).unwrap_err(),
            "has an ambiguous unit: write MiB, or a number of bytes"
        );
    }

    #[test]
    fn bounds_are_part_of_the_range() {
        assert_eq!(parse("1KiB", KIB, MIB), Ok(KIB));
        assert_eq!(parse("1MiB", KIB, MIB), Ok(MIB));
        assert_eq!(
            parse("1023", KIB, MIB).unwrap_err(),
            "is below the minimum of 1KiB"
        );
        assert_eq!(
            parse("2MiB", KIB, MIB).unwrap_err(),
            "is above the maximum of 1MiB"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = parse(&text, 0, u64::MAX);
        }

        #[test]
        fn what_is_written_reads_as_the_same_value(number in 0_u64..1 << 30, shift in 0_u32..30) {
            let bytes = number << shift;
            prop_assert_eq!(parse(&written(bytes), 0, u64::MAX), Ok(bytes));
        }
    }
}
