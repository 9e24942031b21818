//! Servers that work in turns.
//!
//! What else the host of a machine does comes and goes in phases of about a second, and a server that is measured
//! in one of them seems slow or fast. Turns much shorter than that have all servers of a round meet the same phases;
//! and work for a time, whatever comes of it, takes a slow server as long as a fast one.
//!
//! Whoever has not worked for a while begins with cold caches and connections that acknowledge at once, which is worth
//! a fifth of a turn of a tenth of a second. So a turn begins before it is counted, and all come in the same order: one
//! with two turns in a row would be ahead.

use std::io;
use std::time::{Duration, Instant};

use super::{Figures, Spent};

/// Turns that each server has at most.
const TURNS: u32 = 5;
/// The part of a turn that it works before what is counted.
const RUN_UP: u32 = 4;

/// A server that has been made ready to work.
pub trait Stand {
    /// Has it work for about so long, and at least once.
    fn turn(&mut self, time: Duration) -> io::Result<Spent>;

    /// What came of all its turns.
    fn figures(&mut self, spent: Spent) -> io::Result<Figures> {
        Ok(spent.figures())
    }
}

/// Has all of them work in turns until each has worked for so long. One that takes longer for a turn has fewer.
pub fn in_turns(stands: Vec<Box<dyn Stand + '_>>, time: Duration) -> Vec<io::Result<Figures>> {
    let turn = time / TURNS;
    let mut runs: Vec<Run<'_>> = stands.into_iter().map(Run::of).collect();
    for run in &mut runs {
        run.warm_up(turn);
    }
    for _ in 0..TURNS {
        for run in &mut runs {
            run.turn(turn, time);
        }
    }
    runs.into_iter().map(Run::end).collect()
}

/// A server, what it has spent and how long that took; or how it failed.
struct Run<'a> {
    stand: Box<dyn Stand + 'a>,
    spent: io::Result<Spent>,
    worked: Duration,
    /// Whether the least that it does takes it longer than a turn.
    is_slow: bool,
}

impl<'a> Run<'a> {
    fn of(stand: Box<dyn Stand + 'a>) -> Self {
        Self {
            stand,
            spent: Ok(Spent::default()),
            worked: Duration::ZERO,
            is_slow: false,
        }
    }

    /// The first turn, which makes memory what it stays.
    fn warm_up(&mut self, time: Duration) {
        let begun = Instant::now();
        self.work(time);
        self.is_slow = begun.elapsed() > 2 * time;
    }

    /// A turn, unless it has worked for the whole time.
    fn turn(&mut self, time: Duration, whole: Duration) {
        if self.worked >= whole {
            return;
        }
        // A slow one is warm before it has done the least.
        if !self.is_slow {
            self.work(time / RUN_UP);
        }
        let begun = Instant::now();
        let more = self.work(time);
        self.worked += begun.elapsed();
        if let (Ok(spent), Some(more)) = (&mut self.spent, more) {
            spent.add(more);
        }
    }

    /// Has it work, unless it has failed.
    fn work(&mut self, time: Duration) -> Option<Spent> {
        self.spent.as_ref().ok()?;
        match self.stand.turn(time) {
            Ok(spent) => Some(spent),
            Err(error) => {
                self.spent = Err(error);
                None
            }
        }
    }

    fn end(mut self) -> io::Result<Figures> {
        self.stand.figures(self.spent?)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// One that writes down whose turn it is; its turns take so long.
    struct Telling<'a> {
        name: char,
        told: &'a RefCell<String>,
        takes: Duration,
    }

    impl Stand for Telling<'_> {
        fn turn(&mut self, _: Duration) -> io::Result<Spent> {
            self.told.borrow_mut().push(self.name);
            std::thread::sleep(self.takes);
            if self.name == '!' {
                return Err(io::Error::other("it has ended"));
            }
            Ok(Spent {
                nanoseconds: 3_000,
                units: 2,
                times: vec![self.takes],
            })
        }
    }

    fn told(names: &str, takes: Duration, time: Duration) -> (String, Vec<io::Result<Figures>>) {
        let told = RefCell::default();
        let stand = |name| {
            let told = &told;
            Box::new(Telling { name, told, takes }) as Box<dyn Stand>
        };
        let figures = in_turns(names.chars().map(stand).collect(), time);
        (told.into_inner(), figures)
    }

    #[test]
    fn all_have_their_turns_in_the_same_order_and_what_is_before_a_turn_is_not_counted() {
        let (told, figures) = told("ab", Duration::ZERO, Duration::from_secs(60));
        assert_eq!(told, format!("ab{}", "aabb".repeat(5)));
        for figures in figures {
            let cost = figures.unwrap().cost;
            assert!((cost - 1.5).abs() < 1e-9, "{cost}");
        }
    }

    #[test]
    fn one_that_is_slow_has_fewer_turns_and_goes_into_them_at_once() {
        let (told, figures) = told("ab", Duration::from_millis(2), Duration::from_millis(1));
        assert_eq!(told, "abab");
        assert!(figures.iter().all(Result::is_ok));
    }

    #[test]
    fn one_that_fails_leaves_the_others_their_turns() {
        let (told, figures) = told("a!", Duration::ZERO, Duration::from_secs(60));
        assert_eq!(told, format!("a!{}", "aa".repeat(5)));
        assert!(figures[0].is_ok() && figures[1].is_err());
    }
}
