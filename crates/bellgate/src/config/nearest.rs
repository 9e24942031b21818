//! The known name that an unknown one was probably meant to be.

use super::table::OWN_PREFIXES;

/// The nearest of `known`, if it is near enough to be a help.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (cost(name, candidate), candidate))
        .min()
        .filter(|(cost, _)| *cost <= 1 + stem(name).len() / 4)
        .map(|(_, candidate)| candidate)
}

/// How far two names are from each other: slips of the fingers, or words too many or too few
/// (`SOCKETIO_CORS_ALLOWED_ORIGINS`), whichever explains it better; a wrong prefix costs one.
fn cost(name: &str, candidate: &str) -> usize {
    let (left, right) = (stem(name), stem(candidate));
    let prefix = usize::from(name.len() - left.len() != candidate.len() - right.len());
    let slips = distance(left.as_bytes(), right.as_bytes());
    words_apart(left, right).map_or(slips, |words| slips.min(words)) + prefix
}

fn stem(name: &str) -> &str {
    OWN_PREFIXES
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name)
}

/// Words that one has and the other lacks, where one has all words of the other.
fn words_apart(left: &str, right: &str) -> Option<usize> {
    let has_all = |long: &str, short: &str| {
        short
            .split('_')
            .all(|word| long.split('_').any(|w| w == word))
    };
    let count = |name: &str| name.split('_').count();
    let shared_is_telling = left.len().min(right.len()) >= 5;
    (shared_is_telling && (has_all(left, right) || has_all(right, left)))
        .then(|| 1 + count(left).abs_diff(count(right)))
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous = None;
    for (i, a) in left.iter().enumerate() {
        let mut row = Vec::with_capacity(last.len());
        row.push(i + 1);
        let mut left_of = i + 1;
        for (j, b) in right.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&last, j) + usize::from(a != b))
                .min(at(&last, j + 1) + 1)
                .min(left_of + 1);
            let is_swap = j > 0 && previous == Some(b) && right.get(j - 1) == Some(a);
            if is_swap {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
            left_of = best;
        }
        before = std::mem::replace(&mut last, row);
        previous = Some(a);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::table::settings;

    fn likely(name: &str) -> Option<&'static str> {
        nearest(name, settings().map(|row| row.name))
    }

    #[test]
    fn slips_of_the_fingers_are_recognised() {
        for (written, meant) in [
            ("SOCKETIO_CORS_ORIGIN", "SOCKETIO_CORS_ORIGINS"),
            ("SOCKETIO_PING_TIMOUT", "SOCKETIO_PING_TIMEOUT"),
            ("SOCKETIO_PNIG_INTERVAL", "SOCKETIO_PING_INTERVAL"),
            ("BELLGATE_PORT", "SOCKETIO_PORT"),
            ("BELLGATE_CORS_ORIGINS", "SOCKETIO_CORS_ORIGINS"),
            ("SOCKETIO_CORS_ALLOWED_ORIGINS", "SOCKETIO_CORS_ORIGINS"),
            ("BELLGATE_APIKEYS", "BELLGATE_API_KEYS"),
            ("BELLGATE_TRUSTED_PROXY", "BELLGATE_TRUSTED_PROXIES"),
        ] {
            assert_eq!(likely(written), Some(meant), "{written}");
        }
    }

    #[test]
    fn a_name_like_no_other_gets_no_guess() {
        assert_eq!(likely("SOCKETIO_XYZZY_FROBNICATE"), None);
        assert_eq!(likely("BELLGATE_"), None);
    }

    proptest! {
        #[test]
        fn one_slip_is_a_distance_of_one_at_most(
            name in "[A-Z_]{2,20}", at in any::<prop::sample::Index>(), letter in "[A-Z]", slip in 0..4,
        ) {
            let mut slipped: Vec<u8> = name.bytes().collect();
            let at = at.index(slipped.len() - 1);
            match slip {
                0 => slipped.insert(at, letter.as_bytes()[0]),
                1 => { slipped.remove(at); }
                2 => slipped[at] = letter.as_bytes()[0],
                _ => slipped.swap(at, at + 1),
            }
            prop_assert!(distance(name.as_bytes(), &slipped) <= 1);
        }

        #[test]
        fn distance_is_symmetric_and_zero_only_for_equals(a in "[A-C]{0,8}", b in "[A-C]{0,8}") {
            let there = distance(a.as_bytes(), b.as_bytes());
            prop_assert_eq!(there, distance(b.as_bytes(), a.as_bytes()));
            prop_assert_eq!(there == 0, a == b);
            prop_assert!(there <= a.len().max(b.len()));
        }
    }
}
