//! What a limiter remembers stays bounded, whatever callers do.

use std::collections::HashMap;
use std::time::Instant;

use bellgate_gate::limits::{Bounds, Limiter, MOST_MOVING, Strategy as Counting};
use proptest::prelude::*;

use crate::{ms, rates, s, start};

fn limiter(text: &str, strategy: Counting, callers: usize, hits: usize) -> Limiter<u32> {
    Limiter::new(&rates(text), strategy, Bounds { callers, hits })
}

#[test]
fn the_caller_that_was_silent_longest_is_forgotten_first() {
    let t = start();
    let mut limiter = limiter("1/minute", Counting::FixedWindow, 3, 0);
    for caller in [1, 2, 3] {
        assert!(limiter.handle_hit(&caller, 1, t).is_ok());
    }
    assert!(limiter.handle_hit(&1, 1, t).is_err());
    assert!(limiter.handle_hit(&4, 1, t).is_ok());
    assert_eq!((limiter.len(), limiter.forgotten()), (3, 1));
    for (caller, is_new) in [(1, false), (3, false), (4, false), (2, true)] {
        let outcome = limiter.handle_hit(&caller, 1, t);
        assert_eq!(outcome.is_ok(), is_new, "{caller}");
    }
}

#[test]
fn whoever_keeps_on_hitting_is_never_forgotten() {
    let mut now = start();
    let mut limiter = limiter("1/hour", Counting::SlidingWindowCounter, 100, 0);
    assert!(limiter.handle_hit(&0, 1, now).is_ok());
    for caller in 1..10_000 {
        now += ms(1);
        let _ = limiter.handle_hit(&caller, 1, now);
        assert!(limiter.handle_hit(&0, 1, now).is_err());
    }
    assert_eq!(limiter.len(), 100);
}

#[test]
fn old_windows_go_by_themselves() {
    for strategy in [
        Counting::FixedWindow,
        Counting::MovingWindow,
        Counting::SlidingWindowCounter,
    ] {
        let t = start();
        let mut limiter = limiter("5/second", strategy, 10_000, 1_000_000);
        for caller in 0..1000 {
            assert!(limiter.handle_hit(&caller, 1, t).is_ok());
        }
        // Each hit takes two old ones along.
        for caller in 2000..2400 {
            assert!(limiter.handle_hit(&caller, 1, t + s(10)).is_ok());
        }
        assert_eq!(limiter.len(), 600, "{strategy:?}");
        assert_eq!(limiter.forget_over(t + s(20), usize::MAX), 600);
        assert!(limiter.is_empty() && limiter.hits() == 0 && limiter.forgotten() == 0);
    }
}

#[test]
fn a_moving_window_of_very_many_hits_keeps_no_list() {
    let t = start();
    let text = format!("{}/minute", MOST_MOVING + 1);
    let mut limiter = limiter(&text, Counting::MovingWindow, 10, 1_000_000);
    for index in 0..=MOST_MOVING {
        assert!(limiter.handle_hit(&1, 1, t + ms(index)).is_ok());
    }
    assert!(limiter.handle_hit(&1, 1, t + s(11)).is_err());
    assert_eq!(limiter.hits(), 0);
}

/// What the text says, with nothing forgotten: all hits of a caller in a list.
#[derive(Default)]
struct Plain {
    kept: HashMap<u32, Vec<(Instant, u64)>>,
}

impl Plain {
    fn hit(&mut self, caller: u32, cost: u64, amount: u64, window_ms: u64, now: Instant) -> bool {
        let hits = self.kept.entry(caller).or_default();
        let live = hits.iter().filter(|(at, _)| *at + ms(window_ms) >= now);
        let used: u64 = live.map(|(_, cost)| cost).sum();
        let fits = used + cost <= amount;
        if fits {
            hits.push((now, cost));
        }
        fits
    }
}

fn steps() -> impl Strategy<Value = Vec<(u32, u64, u64)>> {
    proptest::collection::vec((0_u32..8, 0_u64..4, 0_u64..900), 1..300)
}

proptest! {
    #[test]
    fn bounds_hold_whatever_comes(
        steps in proptest::collection::vec((any::<u16>(), 0_u64..50, 0_u64..500), 1..400),
        callers in 1_usize..20, hits in 0_usize..40, which in 0_usize..3,
        text in "[0-9]{1,2}/[0-9]{1,2} (second|minute);[0-9]{1,3}/(hour|second)",
    ) {
        let strategy = [Counting::FixedWindow, Counting::MovingWindow, Counting::SlidingWindowCounter][which];
        let mut limiter = limiter(&text, strategy, callers, hits);
        let mut now = start();
        for (caller, cost, pause) in steps {
            now += ms(pause);
            let _ = limiter.handle_hit(&u32::from(caller % 64), cost, now);
            prop_assert!(limiter.len() <= callers);
            // One caller alone may hold as many as its rates have room for.
            prop_assert!(limiter.hits() <= hits.max(99 + 999));
            let _ = limiter.stats(&u32::from(caller % 64), now);
        }
        limiter.forget_over(now + s(1_000_000), usize::MAX);
        prop_assert_eq!((limiter.len(), limiter.hits()), (0, 0));
    }

    #[test]
    fn a_moving_window_counts_as_a_plain_list_does(steps in steps()) {
        let mut limiter = limiter("5/2 seconds", Counting::MovingWindow, 100, 10_000);
        let mut plain = Plain::default();
        let mut now = start();
        for (caller, cost, pause) in steps {
            now += ms(pause);
            let fits = limiter.handle_hit(&caller, cost, now).is_ok();
            // A hit that costs nothing is no hit.
            if cost > 0 {
                prop_assert_eq!(fits, plain.hit(caller, cost, 5, 2000, now));
            }
        }
    }

    #[test]
    fn no_strategy_lets_more_than_twice_the_amount_into_one_window(steps in steps(), which in 0_usize..3) {
        let (strategy, most) = [
            (Counting::FixedWindow, 10), (Counting::MovingWindow, 5), (Counting::SlidingWindowCounter, 10),
        ][which];
        let mut limiter = limiter("5/2 seconds", strategy, 100, 10_000);
        let mut admitted: Vec<(u32, Instant, u64)> = Vec::new();
        let mut now = start();
        for (caller, cost, pause) in steps {
            now += ms(pause);
            if limiter.handle_hit(&caller, cost, now).is_ok() {
                admitted.push((caller, now, cost));
            }
            let of_caller = admitted.iter().filter(|(who, at, _)| *who == caller && *at + ms(2000) > now);
            prop_assert!(of_caller.map(|(_, _, cost)| cost).sum::<u64>() <= most);
        }
    }
}
