//! Points and lengths of time as the JSON writes them.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since 1970-01-01T00:00Z.
pub type UnixMillis = i64;

/// A year, the longest that a publish may look ahead (contract §9).
pub(crate) const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

/// A point in time as the envelope writes it: RFC 3339, UTC, always three decimals.
///
/// Times outside the years 0 to 9999 come out as the nearest end of that range.
pub fn rfc3339(at: UnixMillis) -> String {
    const FIRST: i64 = -62_167_219_200_000;
    const LAST: i64 = 253_402_300_799_999;
    let nanos = i128::from(at.clamp(FIRST, LAST)) * 1_000_000;
    let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

/// Reads a length of time: `"5m"`, `"1h"`, `"30d"`, `"500ms"`, or a number of seconds.
pub fn duration(value: &Value) -> Option<Duration> {
    if let Some(seconds) = value.as_u64() {
        return Some(Duration::from_secs(seconds));
    }
    let text = value.as_str()?.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

/// Reads a point in time: RFC 3339, or a length of time from `now`.
pub(crate) fn point(value: &Value, now: UnixMillis) -> Option<UnixMillis> {
    if let Some(ahead) = duration(value) {
        return now.checked_add(millis(ahead)?);
    }
    let at = OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}

/// A length of time in milliseconds; none where it is beyond all bounds.
pub(crate) fn millis(length: Duration) -> Option<i64> {
    i64::try_from(length.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{duration, point, rfc3339};

    #[test]
    fn points_are_written_with_three_decimals_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_735_787_045_678), "2025-01-02T03:04:05.678Z");
        assert_eq!(rfc3339(1_709_164_800_000), "2024-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(rfc3339(i64::MAX), "9999-12-31T23:59:59.999Z");
        assert_eq!(rfc3339(i64::MIN), "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn lengths_have_a_unit_or_are_seconds() {
        for (value, expected) in [
            (json!("500ms"), Some(Duration::from_millis(500))),
            (json!("25s"), Some(Duration::from_secs(25))),
            (json!("5m"), Some(Duration::from_secs(300))),
            (json!("1h"), Some(Duration::from_secs(3600))),
            (json!("30d"), Some(Duration::from_secs(2_592_000))),
            (json!(90), Some(Duration::from_secs(90))),
            (json!("90"), None),
            (json!("1.5h"), None),
            (json!("-5m"), None),
            (json!("m"), None),
            (json!("5 m"), None),
            (json!("99999999999999999999s"), None),
            (json!("18446744073709551615d"), None),
            (json!(-1), None),
            (json!(1.5), None),
            (json!(true), None),
            (json!(null), None),
        ] {
            assert_eq!(duration(&value), expected, "{value}");
        }
    }

    #[test]
    fn points_are_rfc_3339_or_a_length_from_now() {
        assert_eq!(
            point(&json!("2025-01-02T04:04:05.678+01:00"), 0),
            Some(1_735_787_045_678)
        );
        assert_eq!(point(&json!("5m"), 1_000), Some(301_000));
        assert_eq!(point(&json!("5m"), i64::MAX), None);
        assert_eq!(point(&json!("2025-01-02"), 0), None);
        assert_eq!(point(&json!("tomorrow"), 0), None);
    }
}
