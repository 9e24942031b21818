//! Many steps that block, some at once.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// How many are under way at once: fewer than any server's queue of new connections holds.
const AT_ONCE: usize = 32;

/// Makes so many things in the order of their numbers; the first failure is the whole's.
pub fn gather<T: Send>(
    count: usize,
    make: impl Fn(usize) -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let each = count.div_ceil(AT_ONCE).max(1);
    let make = &make;
    thread::scope(|scope| {
        let parts: Vec<_> = (0..count)
            .step_by(each)
            .map(|from| {
                let to = count.min(from + each);
                scope.spawn(move || (from..to).map(make).collect::<io::Result<Vec<T>>>())
            })
            .collect();
        let mut all = Vec::with_capacity(count);
        for part in parts {
            let part = part.join();
            all.extend(part.map_err(|_| io::Error::other("a thread of the load panicked"))??);
        }
        Ok(all)
    })
}

/// Makes things for so long, and one of each [`AT_ONCE`] at least; the first failure is the whole's.
pub fn gather_for<T: Send>(
    time: Duration,
    make: impl Fn() -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let begun = Instant::now();
    let parts = gather(AT_ONCE, |_| {
        let mut part = vec![make()?];
        while begun.elapsed() < time {
            part.push(make()?);
        }
        Ok(part)
    });
    Ok(parts?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gathered_stands_in_its_order() {
        for count in [0, 1, 31, 32, 33, 100] {
            let all = gather(count, Ok).unwrap();
            assert!(all.into_iter().eq(0..count), "{count}");
        }
    }

    #[test]
    fn what_is_gathered_for_a_time_is_one_of_each_at_least() {
        assert_eq!(
            gather_for(Duration::ZERO, || Ok(())).unwrap().len(),
            AT_ONCE
        );
        let begun = Instant::now();
        let time = Duration::from_millis(20);
        assert!(gather_for(time, || Ok(())).unwrap().len() > AT_ONCE);
        assert!(begun.elapsed() >= time);
    }

    #[test]
    fn one_failure_fails_the_whole() {
        let failing = |index| match index {
            40 => Err(io::Error::other("the fortieth")),
            _ => Ok(index),
        };
        assert!(gather(100, failing).is_err());
    }
}
