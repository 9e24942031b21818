//! Durations: `25s`, `25000ms`, `2m`, `1h`, `30d`, and bare numbers in the unit of the row.

use std::time::Duration;

use crate::config::table::Unit;

/// Suffixes and their nanoseconds, longest first.
const SUFFIXES: [(&str, u64); 5] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

/// What the bounds and the unit of a row make of `text`.
///
/// # Errors
/// The reason, as a fragment. A bare number that fits the bounds only in another unit is told so.
pub(super) fn parse(
    text: &str,
    unit: Unit,
    from: Duration,
    to: Duration,
) -> Result<Duration, String> {
    let (number, suffix) = split(text);
    let value =
        read(number, suffix, unit).ok_or("is no duration: write a number with ms, s, m, h or d")?;
    if (from..=to).contains(&value) {
        return Ok(value);
    }
    let bound = if value < from {
        format!("is below the minimum of {}", written(from))
    } else {
        format!("is above the maximum of {}", written(to))
    };
    let meant = suffix.is_empty().then(|| slip(number, unit, from, to));
    Err(match meant.flatten() {
        Some(other) => format!(
            "{bound}: a bare number counts {}, was {number}{other} meant?",
            unit.plural()
        ),
        None => bound,
    })
}

/// Digits (with a fraction) and what follows them.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    (number, suffix.trim_start())
}

fn read(number: &str, suffix: &str, unit: Unit) -> Option<Duration> {
    let suffix = if suffix.is_empty() {
        unit.suffix()
    } else {
        suffix
    };
    let (_, scale) = SUFFIXES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(suffix))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let whole: u128 = whole.parse::<u64>().ok()?.into();
    let tenths = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let fraction: u128 = fraction.parse::<u64>().ok()?.into();
    let nanos = whole * u128::from(*scale) + fraction * u128::from(*scale) / tenths;
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, rest))
}

/// The suffix with which the number would have been within the bounds.
fn slip(number: &str, unit: Unit, from: Duration, to: Duration) -> Option<&'static str> {
    let other = match unit {
        Unit::Millisecond => "s",
        Unit::Second => "ms",
    };
    let value = read(number, other, unit)?;
    (from..=to).contains(&value).then_some(other)
}

/// A duration in the largest unit that divides it.
pub(super) fn written(value: Duration) -> String {
    let nanos = value.as_nanos();
    SUFFIXES
        .iter()
        .find(|(_, scale)| nanos > 0 && nanos.is_multiple_of(u128::from(*scale)))
        .map_or_else(
            || bare(value, Unit::Second) + "s",
            |(suffix, scale)| format!("{}{suffix}", nanos / u128::from(*scale)),
        )
}

/// A duration as a bare number of `unit`, with a fraction where it needs one.
pub(super) fn bare(value: Duration, unit: Unit) -> String {
    let scale = match unit {
        Unit::Millisecond => 1_000_000,
        Unit::Second => 1_000_000_000,
    };
    let (whole, rest) = (value.as_nanos() / scale, value.as_nanos() % scale);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = if scale == 1_000_000 { 6 } else { 9 };
    let fraction = format!("{rest:0digits$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

impl Unit {
    /// The suffix of a number in this unit.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Millisecond => "ms",
            Self::Second => "s",
        }
    }

    /// The unit's name, for sentences.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Millisecond => "milliseconds",
            Self::Second => "seconds",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::table::{ms, s};

    const DAY: Duration = s(86_400);
    const DAY_NANOS: u64 = 86_400_000_000_000;

    fn seconds(text: &str) -> Result<Duration, String> {
        parse(text, Unit::Second, Duration::ZERO, DAY * 365)
    }

    #[test]
    fn suffixes_and_bare_numbers_mean_what_they_say() {
        for (text, millis) in [
            ("25", 25_000),
            ("25s", 25_000),
            ("25000ms", 25_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("30d", 2_592_000_000),
            ("0.3", 300),
            ("1.5s", 1_500),
            (" 25 s ", 25_000),
            ("25S", 25_000),
            ("0", 0),
        ] {
            assert_eq!(seconds(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        let bare = parse("300", Unit::Millisecond, Duration::ZERO, DAY);
        assert_eq!(bare, Ok(Duration::from_millis(300)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "s",
            "-1",
            "+1",
            "1e3",
            "1.2.3",
            ".5",
            "5.",
            "1w",
            "1 minute",
            "∞",
            "1_000",
            "99999999999999999999",
            "0x10",
            "1.0000000001",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_slip_of_the_unit_is_named_in_both_directions() {
        let (from, to) = (ms(100), s(600));
        let reason = parse("60000", Unit::Second, from, to).unwrap_err();
        assert!(reason.contains("was 60000ms meant?"), "{reason}");
        let reason = parse("5", Unit::Millisecond, from, to).unwrap_err();
        assert!(reason.contains("was 5s meant?"), "{reason}");
        let reason = parse("60000s", Unit::Second, from, to).unwrap_err();
        assert_eq!(reason, "is above the maximum of 10m");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = seconds(&text);
        }

        #[test]
        fn what_is_written_reads_as_the_same_value(nanos in 0_u64..=DAY_NANOS) {
            let value = Duration::from_nanos(nanos);
            prop_assert_eq!(seconds(&written(value)), Ok(value));
            prop_assert_eq!(seconds(&bare(value, Unit::Second)), Ok(value));
        }

        #[test]
        fn milliseconds_are_written_back_exactly(nanos in 0_u64..=DAY_NANOS) {
            let value = Duration::from_nanos(nanos);
            let read = parse(&bare(value, Unit::Millisecond), Unit::Millisecond, Duration::ZERO, DAY);
            prop_assert_eq!(read, Ok(value));
        }

        #[test]
        fn nothing_outside_the_bounds_gets_through(number in any::<u64>(), suffix in "(ms|s|m|h|d|)") {
            let (from, to) = (ms(100), s(300));
            if let Ok(value) = parse(&format!("{number}{suffix}"), Unit::Second, from, to) {
                prop_assert!((from..=to).contains(&value));
            }
        }
    }
}
