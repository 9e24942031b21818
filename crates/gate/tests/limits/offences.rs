//! Who goes on is blocked, longer each time.

use std::time::{Duration, Instant};

use bellgate_gate::limits::{OffenceBook, OffenceRules, Subject};

use crate::{ms, s, start};

const DAY: Duration = Duration::from_secs(86_400);

fn book() -> OffenceBook {
    OffenceBook::new(OffenceRules::default())
}

/// Ten violations at one moment; what the last one led to.
fn offend(book: &mut OffenceBook, who: &Subject, now: Instant) -> Option<Duration> {
    let blocks: Vec<_> = (0..10).map(|_| book.handle_violation(who, now)).collect();
    assert!(blocks[..9].iter().all(Option::is_none));
    blocks[9]
}

#[test]
fn ten_violations_in_a_minute_block_for_five_minutes() {
    let (mut book, who, t) = (book(), Subject::user("u"), start());
    for index in 0..9 {
        assert_eq!(book.handle_violation(&who, t + s(index)), None);
        assert_eq!(book.blocked(&who, t + s(index)), None);
    }
    assert_eq!(book.handle_violation(&who, t + s(9)), Some(s(300)));
    assert_eq!(book.blocked(&who, t + s(9)), Some(s(300)));
    assert_eq!(book.blocked(&who, t + s(308)), Some(s(1)));
    assert_eq!(book.blocked(&who, t + s(309)), None);
}

#[test]
fn violations_far_apart_never_block() {
    let (mut book, who, t) = (book(), Subject::user("u"), start());
    for index in 0..1000 {
        assert_eq!(book.handle_violation(&who, t + s(7 * index)), None);
    }
}

#[test]
fn each_block_is_twice_as_long_up_to_a_day() {
    let (mut book, who) = (book(), Subject::user("u"));
    let mut now = start();
    let mut expected = s(300);
    for _ in 0..40 {
        assert_eq!(offend(&mut book, &who, now), Some(expected));
        now += expected;
        expected = (expected * 2).min(DAY);
    }
    assert_eq!(expected, DAY);
}

#[test]
fn a_day_without_a_block_makes_the_next_one_a_first_one() {
    let (mut book, who, t) = (book(), Subject::user("u"), start());
    assert_eq!(offend(&mut book, &who, t), Some(s(300)));
    assert_eq!(
        offend(&mut book, &who, t + s(299) + DAY + ms(999)),
        Some(s(600))
    );
    assert_eq!(offend(&mut book, &who, t + s(900) + DAY * 3), Some(s(300)));
}

#[test]
fn what_a_blocked_caller_does_changes_nothing() {
    let (mut book, who, t) = (book(), Subject::user("u"), start());
    offend(&mut book, &who, t);
    for _ in 0..100 {
        assert_eq!(book.handle_violation(&who, t + s(1)), None);
    }
    assert_eq!(book.blocked(&who, t + s(1)), Some(s(299)));
    assert_eq!(book.handle_violation(&who, t + s(300)), None);
}

#[test]
fn a_user_an_address_and_a_connection_of_the_same_name_are_three() {
    let (mut book, t) = (book(), start());
    offend(&mut book, &Subject::address([0, 0, 0, 7].into()), t);
    for other in [
        Subject::user("0.0.0.7"),
        Subject::user("7"),
        Subject::Connection(7),
        Subject::LocalPeer,
    ] {
        assert_eq!(book.blocked(&other, t), None);
    }
    // A sweep through a /64 is one caller.
    let ip = |last: &str| format!("2001:db8::{last}").parse().unwrap();
    for index in 0..10 {
        book.handle_violation(&Subject::address(ip(&index.to_string())), t);
    }
    assert_eq!(book.blocked(&Subject::address(ip("ffff")), t), Some(s(300)));
}

#[test]
fn the_book_is_bounded_and_a_blocked_caller_that_comes_back_stays_in_it() {
    let mut book = OffenceBook::new(OffenceRules {
        callers: 50,
        ..OffenceRules::default()
    });
    let mut now = start();
    for _ in 0..10 {
        book.handle_violation(&0, now);
    }
    for caller in 1..5000 {
        now += ms(1);
        book.handle_violation(&caller, now);
        assert!(book.blocked(&0, now).is_some());
        assert!(book.len() <= 50);
    }
}

#[test]
fn the_book_empties_by_itself() {
    let (mut book, t) = (book(), start());
    for index in 0..100 {
        book.handle_violation(&Subject::Connection(index), t);
    }
    offend(&mut book, &Subject::user("u"), t);
    assert_eq!(book.forget_over(t + s(61), usize::MAX), 100);
    assert_eq!(book.forget_over(t + s(300) + DAY, usize::MAX), 1);
    assert!(book.is_empty());
}

#[test]
fn an_operator_may_forgive() {
    let (mut book, who, t) = (book(), Subject::user("u"), start());
    offend(&mut book, &who, t);
    assert!(book.forgive(&who));
    assert_eq!(book.blocked(&who, t), None);
    assert!(!book.forgive(&who));
}
