//! Counts that several limiters keep together: what each tells, and what it makes of what it is told.

use std::time::{Duration, Instant};

use bellgate_gate::limits::{Bounds, KeySpace, Limiter, Strategy, Untold};

use crate::{ms, rates, s, start};

fn limiter(text: &str, strategy: Strategy) -> Limiter<u32> {
    let mut limiter = Limiter::new(&rates(text), strategy, Bounds::default());
    limiter.share(true);
    limiter
}

fn hit(limiter: &mut Limiter<u32>, now: Instant) -> Result<(), Duration> {
    let outcome = limiter.handle_hit(&1, 1, now);
    outcome.map_err(|breach| breach.retry_after)
}

fn untold(limiter: &mut Limiter<u32>) -> Vec<Vec<u64>> {
    let all = limiter.take_untold(usize::MAX);
    all.into_iter().map(|untold| untold.hits.into()).collect()
}

#[test]
fn each_hit_is_told_once_against_the_rates_that_it_was_counted_against() {
    let (mut limiter, t) = (
        limiter("100/hour; 2/minute", Strategy::FixedWindow),
        start(),
    );
    for _ in 0..3 {
        let _ = hit(&mut limiter, t);
    }
    // The third broke the shorter one, which counts it, and came no further.
    assert_eq!(untold(&mut limiter), [[3, 2]]);
    assert!(untold(&mut limiter).is_empty());
}

#[test]
fn a_refused_hit_is_told_only_where_it_counts() {
    for (strategy, told) in [
        (Strategy::FixedWindow, 3),
        (Strategy::SlidingWindowCounter, 2),
        (Strategy::MovingWindow, 2),
    ] {
        let (mut limiter, t) = (limiter("2/minute", strategy), start());
        for _ in 0..3 {
            let _ = hit(&mut limiter, t);
        }
        assert_eq!(untold(&mut limiter), [[told]], "{strategy:?}");
    }
}

#[test]
fn what_others_have_counted_counts_here() {
    for (strategy, answer, wait) in [
        (Strategy::FixedWindow, vec![4, 30_000], s(30)),
        (Strategy::SlidingWindowCounter, vec![0, 4, 90_000], s(30)),
        (
            Strategy::MovingWindow,
            vec![1_000, 2_000, 3_000, 20_000],
            s(40),
        ),
    ] {
        let (mut limiter, t) = (limiter("5/minute", strategy), start() + s(100));
        limiter.want(&1);
        assert_eq!(untold(&mut limiter), [[0]]);
        limiter.learn(&1, &[Some(answer)], t);
        assert_eq!(hit(&mut limiter, t), Ok(()), "{strategy:?}: the fifth");
        let waits = hit(&mut limiter, t).unwrap_err();
        assert!(waits.abs_diff(wait) < s(1), "{strategy:?}: {waits:?}");
        assert_eq!(hit(&mut limiter, t + wait + s(1)), Ok(()), "{strategy:?}");
    }
}

#[test]
fn hits_that_come_while_others_are_asked_are_not_lost() {
    for (strategy, answer) in [
        (Strategy::FixedWindow, vec![2, 60_000]),
        (Strategy::SlidingWindowCounter, vec![0, 2, 120_000]),
        (Strategy::MovingWindow, vec![0, 0]),
    ] {
        let (mut limiter, t) = (limiter("4/minute", strategy), start());
        let _ = (hit(&mut limiter, t), hit(&mut limiter, t));
        assert_eq!(untold(&mut limiter), [[2]]);
        let _ = hit(&mut limiter, t);
        limiter.learn(&1, &[Some(answer)], t);
        assert_eq!(hit(&mut limiter, t), Ok(()), "{strategy:?}: the fourth");
        assert!(hit(&mut limiter, t).is_err(), "{strategy:?}");
    }
}

#[test]
fn an_answer_that_is_none_changes_nothing() {
    let (mut limiter, t) = (limiter("2/minute", Strategy::FixedWindow), start());
    for answer in [None, Some(vec![]), Some(vec![9]), Some(vec![1, 2, 3])] {
        limiter.learn(&1, &[answer], t);
    }
    limiter.learn(&1, &[], t);
    assert_eq!(hit(&mut limiter, t), Ok(()));
    // The numbers may be anything; a time that is no time has ended.
    limiter.learn(&1, &[Some(vec![-5, -1])], t);
    assert_eq!(hit(&mut limiter, t), Ok(()));
    limiter.learn(&1, &[Some(vec![i64::MAX, i64::MAX])], t);
    assert!(hit(&mut limiter, t).is_err());
}

#[test]
fn a_limiter_that_shares_no_more_counts_alone_on_what_it_knows() {
    let (mut limiter, t) = (limiter("2/minute", Strategy::FixedWindow), start());
    let _ = hit(&mut limiter, t);
    limiter.share(false);
    let _ = hit(&mut limiter, t);
    assert!(hit(&mut limiter, t).is_err());
    assert!(untold(&mut limiter).is_empty());
    limiter.share(true);
    assert!(untold(&mut limiter).is_empty());
}

#[test]
fn so_many_are_told_at_a_time_as_are_asked_for() {
    let (mut limiter, t) = (limiter("2/minute", Strategy::FixedWindow), start());
    for caller in 0..5 {
        assert!(limiter.handle_hit(&caller, 1, t).is_ok());
    }
    let mut callers = Vec::new();
    for expected in [3, 2, 0] {
        let some = limiter.take_untold(3);
        assert_eq!(some.len(), expected);
        callers.extend(some.into_iter().map(|Untold { caller, .. }| caller));
    }
    callers.sort_unstable();
    assert_eq!(callers, [0, 1, 2, 3, 4]);
}

#[test]
fn questions_name_the_keys_of_flask_limiter() {
    let asks = |text, strategy| {
        let limiter = limiter(text, strategy);
        let hits = vec![1; 2];
        limiter.questions(&KeySpace::default(), ("7", "notify"), &hits, ms(1_500))
    };
    let fixed = asks("100/hour; 2 per 10 seconds", Strategy::FixedWindow);
    let keys: Vec<_> = fixed.iter().flatten().map(|of| of.keys.concat()).collect();
    assert_eq!(
        keys,
        [
            "LIMITS:LIMITER/7/notify/2/10/second",
            "LIMITS:LIMITER/7/notify/100/1/hour"
        ]
    );
    let sliding = asks("2/minute", Strategy::SlidingWindowCounter);
    assert_eq!(sliding[0].as_ref().map(|of| of.keys.len()), Some(2));
    let moving = asks("2/minute; 20000/hour", Strategy::MovingWindow);
    let args = moving[0].as_ref().map(|of| of.args.join(" "));
    assert_eq!(args.as_deref(), Some("1 60 1.500000 2"));
    assert_eq!(moving[1], None, "it is counted in another way here");
}
