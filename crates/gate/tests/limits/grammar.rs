//! Which texts are rates, and what is said of the others.

use std::time::Duration;

use bellgate_gate::limits::{Rates, Unit};
use proptest::prelude::*;

use crate::{rates, s};

#[test]
fn everything_that_limits_reads_is_read() {
    for (text, written) in [
        ("600/minute", "600 per 1 minute"),
        (
            "100/10 seconds;600/minute",
            "100 per 10 second; 600 per 1 minute",
        ),
        ("5 per hour", "5 per 1 hour"),
        (
            "5 per 2 hours, 10/day|1/year",
            "5 per 2 hour; 10 per 1 day; 1 per 1 year",
        ),
        ("1/1second", "1 per 1 second"),
        ("10perminute", "10 per 1 minute"),
        ("10per5minuteS", "10 per 5 minute"),
        (
            " 10\tPER\n5\u{a0}Minutes :; 1/MONTHS ",
            "10 per 5 minute; 1 per 1 month",
        ),
        ("007/010days", "7 per 10 day"),
        ("0/minute", "0 per 1 minute"),
        ("10 per 0 minutes", "10 per 1 minute"),
        ("99999999999999999999/day", "99999999999999999999 per 1 day"),
    ] {
        assert_eq!(rates(text).to_string(), written, "{text}");
    }
}

#[test]
fn an_error_says_where_it_is_and_what_to_write() {
    for (text, at, said) in [
        ("", 1, "write 600/minute"),
        ("  ", 3, "write 600/minute"),
        ("abc", 1, "lacks a number of hits"),
        ("-1/day", 1, "lacks a number of hits"),
        ("٣/day", 1, "lacks a number of hits"),
        ("600", 4, "lacks / or per"),
        ("600 minutes", 5, "lacks / or per"),
        ("10/", 4, "lacks a unit of time"),
        ("10/5", 5, "lacks a unit of time"),
        ("10/per minute", 4, "unknown unit of time"),
        ("10/min", 4, "write minute"),
        ("10/ s", 5, "write second"),
        ("10/week", 4, "write 7 days"),
        ("10/minutess", 4, "unknown unit of time"),
        ("10/minıte", 4, "unknown unit of time"),
        ("10/ſecond", 4, "unknown unit of time"),
        ("10/minute;", 11, "leave the separator out"),
        ("10/minute; ", 12, "leave the separator out"),
        ("10/minute;;5/day", 11, "lacks a number of hits"),
        ("10/minute 5/second", 11, "put ; between"),
        ("10/minute : ; 5/second", 11, "put ; between"),
        (";10/minute", 1, "lacks a number of hits"),
        ("10.5/minute", 3, "lacks / or per"),
        ("é10/minute", 1, "lacks a number of hits"),
        ("10/minute;é", 11, "lacks a number of hits"),
    ] {
        let error = text.parse::<Rates>().unwrap_err();
        assert_eq!(error.at, at, "{text:?}: {error}");
        assert!(error.to_string().contains(said), "{text:?}: {error}");
        assert!(error.to_string().contains(&format!("character {at}")));
    }
}

#[test]
fn windows_are_as_long_as_limits_has_them() {
    for (text, amount, window) in [
        ("1/second", 1, s(1)),
        ("2/3 minutes", 2, s(180)),
        ("3/hour", 3, s(3600)),
        ("4/day", 4, s(86_400)),
        ("5/month", 5, s(2_592_000)),
        ("6/year", 6, s(31_104_000)),
    ] {
        let rates = rates(text);
        let rate = &rates.as_slice()[0];
        assert_eq!((rate.amount(), rate.window()), (amount, window), "{text}");
    }
}

#[test]
fn numbers_beyond_all_bounds_count_as_the_largest() {
    let rates = rates("340282366920938463463374607431768211456/99999999999999999999999 years");
    let rate = &rates.as_slice()[0];
    assert_eq!(rate.amount(), u64::MAX);
    assert!(rate.window() > Duration::from_secs(900 * 365 * 86_400));
    assert!(
        rate.to_string()
            .starts_with("3402823669209384634633746074317682")
    );
}

fn rate_like() -> impl Strategy<Value = String> {
    let unit = prop_oneof![
        "(second|minute|hour|day|month|year)s?",
        "[a-zA-Z]{0,8}",
        "\\PC{0,3}"
    ];
    let per = prop_oneof![" ?/ ?", "(?i) ?per ?", "\\PC{0,2}"];
    ("[0-9]{0,30}", per, "[0-9]{0,25} ?", unit, "[:,;| ]{0,2}")
        .prop_map(|(amount, per, multiples, unit, end)| amount + &per + &multiples + &unit + &end)
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text: String) {
        let _ = text.parse::<Rates>();
    }

    #[test]
    fn what_was_read_reads_the_same_when_written(parts in proptest::collection::vec(rate_like(), 1..4)) {
        let text = parts.concat();
        match text.parse::<Rates>() {
            Ok(rates) => prop_assert_eq!(rates.to_string().parse::<Rates>(), Ok(rates)),
            Err(error) => prop_assert!(error.at <= text.chars().count() + 1),
        }
    }
}

#[test]
fn each_unit_is_known_by_its_name_with_and_without_s() {
    for unit in Unit::ALL {
        for end in ["", "s", "S"] {
            let rates = rates(&format!("1/{}{end}", unit.name()));
            assert_eq!(rates.as_slice()[0].window(), s(unit.seconds()));
        }
    }
}
