//! What fits and what does not, strategy by strategy.

use std::time::{Duration, Instant};

use bellgate_gate::limits::{Bounds, Limiter, Stats, Strategy};

use crate::{ms, rates, s, start};

const ALL: [Strategy; 3] = [
    Strategy::FixedWindow,
    Strategy::MovingWindow,
    Strategy::SlidingWindowCounter,
];

fn limiter(text: &str, strategy: Strategy) -> Limiter<u32> {
    Limiter::new(&rates(text), strategy, Bounds::default())
}

fn hit(limiter: &mut Limiter<u32>, now: Instant) -> Result<(), Duration> {
    let outcome = limiter.handle_hit(&1, 1, now);
    outcome.map_err(|breach| breach.retry_after)
}

fn stats(limiter: &Limiter<u32>, now: Instant) -> Stats {
    limiter.stats(&1, now)[0].1
}

#[test]
fn a_fixed_window_opens_with_the_first_hit_and_forgets_all_at_its_end() {
    let (mut limiter, t) = (limiter("2/minute", Strategy::FixedWindow), start());
    assert_eq!(hit(&mut limiter, t), Ok(()));
    assert_eq!(hit(&mut limiter, t + s(59)), Ok(()));
    assert_eq!(hit(&mut limiter, t + s(59)), Err(s(1)));
    assert_eq!(hit(&mut limiter, t + s(60)), Ok(()));
    assert_eq!(
        stats(&limiter, t + s(61)),
        Stats {
            remaining: 1,
            reset_in: s(59)
        }
    );
}

#[test]
fn a_moving_window_gives_each_hit_back_after_its_own_time() {
    let (mut limiter, t) = (limiter("2/minute", Strategy::MovingWindow), start());
    assert_eq!(hit(&mut limiter, t), Ok(()));
    assert_eq!(hit(&mut limiter, t + s(59)), Ok(()));
    assert_eq!(hit(&mut limiter, t + s(59)), Err(s(1)));
    // Up to and with its end: `e >= now - window` in the script.
    assert_eq!(hit(&mut limiter, t + s(60)), Err(s(0)));
    assert_eq!(hit(&mut limiter, t + s(60) + ms(1)), Ok(()));
    assert_eq!(hit(&mut limiter, t + s(61)), Err(s(58)));
}

#[test]
fn a_sliding_window_weighs_the_one_before_by_its_overlap() {
    let (mut limiter, t) = (
        limiter("10/minute", Strategy::SlidingWindowCounter),
        start(),
    );
    for _ in 0..10 {
        assert_eq!(hit(&mut limiter, t), Ok(()));
    }
    // Half of the next window in: five of the ten still count.
    let half = t + s(90);
    assert_eq!(stats(&limiter, half).remaining, 5);
    for _ in 0..5 {
        assert_eq!(hit(&mut limiter, half), Ok(()));
    }
    let wait = hit(&mut limiter, half).unwrap_err();
    assert!(wait <= s(6), "{wait:?}");
    assert_eq!(hit(&mut limiter, half + wait), Ok(()));
    assert_eq!(stats(&limiter, t + s(400)).remaining, 10);
}

#[test]
fn a_wait_that_was_told_is_long_enough() {
    for strategy in ALL {
        for text in ["3/minute", "7/10 seconds", "1/second", "100/2 hours"] {
            let mut limiter = limiter(text, strategy);
            let mut now = start();
            for round in 0..500 {
                if let Err(wait) = hit(&mut limiter, now) {
                    // The moment itself still counts in a moving window.
                    now += wait + ms(1);
                    assert_eq!(
                        hit(&mut limiter, now),
                        Ok(()),
                        "{strategy:?} {text} {round}"
                    );
                }
                now += ms(37);
            }
        }
    }
}

#[test]
fn refused_hits_count_in_a_fixed_window_only() {
    for (strategy, remaining_of_five) in [
        (Strategy::FixedWindow, 0),
        (Strategy::MovingWindow, 1),
        (Strategy::SlidingWindowCounter, 1),
    ] {
        let (mut limiter, t) = (limiter("5/minute", strategy), start());
        assert!(limiter.handle_hit(&1, 2, t).is_ok());
        assert!(limiter.handle_hit(&1, 2, t).is_ok());
        assert!(limiter.handle_hit(&1, 2, t).is_err());
        assert_eq!(
            stats(&limiter, t).remaining,
            remaining_of_five,
            "{strategy:?}"
        );
    }
}

#[test]
fn an_amount_of_nothing_refuses_everything() {
    for strategy in ALL {
        let mut limiter = limiter("0/minute", strategy);
        assert!(hit(&mut limiter, start()).is_err(), "{strategy:?}");
    }
}

#[test]
fn the_shortest_window_is_asked_first_and_a_breach_ends_the_asking() {
    let t = start();
    let mut limiter = limiter("100/hour;2/minute", Strategy::FixedWindow);
    for _ in 0..2 {
        assert!(limiter.handle_hit(&1, 1, t).is_ok());
    }
    let breach = limiter.handle_hit(&1, 1, t).unwrap_err();
    assert_eq!(breach.rate.to_string(), "2 per 1 minute");
    let left: Vec<u64> = (limiter.stats(&1, t).iter())
        .map(|(_, stats)| stats.remaining)
        .collect();
    assert_eq!(left, [0, 98]);
}

#[test]
fn all_rates_count_where_that_is_asked_for() {
    let t = start();
    let mut limiter = limiter("1/minute;1/hour", Strategy::FixedWindow).with_all_counted();
    assert!(limiter.handle_hit(&1, 1, t).is_ok());
    let breach = limiter.handle_hit(&1, 1, t).unwrap_err();
    assert_eq!(breach.rate.to_string(), "1 per 1 minute");
    // The hour was broken too: after the minute it still refuses.
    let breach = limiter.handle_hit(&1, 1, t + s(61)).unwrap_err();
    assert_eq!(breach.rate.to_string(), "1 per 1 hour");
}

#[test]
fn callers_do_not_share_a_budget() {
    let t = start();
    let mut limiter = limiter("1/minute", Strategy::FixedWindow);
    assert!(limiter.handle_hit(&1, 1, t).is_ok());
    assert!(limiter.handle_hit(&2, 1, t).is_ok());
    assert!(limiter.handle_hit(&1, 1, t).is_err());
}

#[test]
fn new_rates_start_anew_and_the_same_ones_go_on() {
    let t = start();
    let mut limiter = limiter("1/minute", Strategy::FixedWindow);
    assert_eq!(hit(&mut limiter, t), Ok(()));
    limiter.set_rates(&rates("1 per 1 minutes"), Strategy::FixedWindow);
    assert!(hit(&mut limiter, t).is_err());
    limiter.set_rates(&rates("1/minute"), Strategy::MovingWindow);
    assert_eq!(hit(&mut limiter, t), Ok(()));
    limiter.set_rates(&rates("2/minute"), Strategy::MovingWindow);
    assert_eq!(hit(&mut limiter, t), Ok(()));
    assert_eq!(hit(&mut limiter, t), Ok(()));
}
