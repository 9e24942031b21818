//! Blocks by hand end by themselves or are lifted.

use std::time::Instant;

use bellgate_gate::limits::{Block, Blocks, Subject};

use crate::{s, start};

fn until(until: Option<Instant>) -> Block {
    Block {
        until,
        reason: None,
    }
}

#[test]
fn a_block_holds_until_its_end_or_until_it_is_lifted() {
    let begun = start();
    let at = |seconds| begun + s(seconds);
    let (seven, eight) = (Subject::user("7"), Subject::user("8"));
    let mut blocks = Blocks::new(10);
    assert!(blocks.set(seven.clone(), until(Some(at(60))), begun));
    assert!(blocks.set(eight.clone(), until(None), begun));
    assert!(blocks.find(&seven, at(59)).is_some());
    assert_eq!(blocks.iter(at(59)).count(), 2);
    assert!(blocks.find(&seven, at(60)).is_none());
    assert_eq!(blocks.iter(at(60)).count(), 1);
    assert!(blocks.find(&eight, at(1_000_000)).is_some());
    assert!(blocks.lift(&eight, at(60)));
    assert!(!blocks.lift(&seven, at(60)), "over already");
    assert!(blocks.find(&eight, at(60)).is_none());
}

#[test]
fn there_is_room_for_so_many_and_those_that_are_over_make_some() {
    let begun = start();
    let later = begun + s(10);
    let mut blocks = Blocks::new(2);
    assert!(blocks.set(Subject::user("1"), until(Some(later)), begun));
    assert!(blocks.set(Subject::user("2"), until(None), begun));
    assert!(!blocks.set(Subject::user("3"), until(None), begun));
    assert!(
        blocks.set(Subject::user("2"), until(Some(later)), begun),
        "another end"
    );
    assert!(blocks.set(Subject::user("3"), until(None), later));
    assert_eq!(blocks.iter(later).count(), 1);
}
